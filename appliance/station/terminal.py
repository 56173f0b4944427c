"""The OLED and the button in a terminal, for a station without either."""

from __future__ import annotations

import base64
import io
import shutil
import sys

import numpy as np
import numpy.typing as npt
from PIL import Image

_BRAILLE = 0x2800
_DOT_BITS = np.array([[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]])
"""Unicode's braille patterns: the bit of each dot, by row and column."""
_HALF_BLOCKS = np.array([" ", "▀", "▄", "█"])


def picture_of(oled_png: str) -> npt.NDArray[np.bool_]:
    """(height, width) lit pixels of the OLED's picture as the station tells it."""
    with Image.open(io.BytesIO(base64.b64decode(oled_png))) as picture:
        return np.array(picture.convert("1"), dtype=bool)


def half_blocks(lit: npt.NDArray[np.bool_]) -> list[str]:
    """Two pixels a character, one above the other: 128 columns for an OLED."""
    pairs = lit[0::2].astype(int) + 2 * lit[1::2].astype(int)
    return ["".join(row) for row in _HALF_BLOCKS[pairs]]


def braille(lit: npt.NDArray[np.bool_]) -> list[str]:
    """2 × 4 pixels a character: 64 columns for an OLED, for ordinary terminals."""
    height, width = lit.shape
    cells = lit.reshape(height // 4, 4, width // 2, 2).transpose(0, 2, 1, 3)
    codes = _BRAILLE + np.sum(cells * _DOT_BITS, axis=(2, 3))
    return ["".join(chr(code) for code in row) for row in codes]


def framed(oled_png: str, columns: int) -> str:
    """The OLED's picture in a frame, as large as the terminal allows."""
    lit = picture_of(oled_png)
    lines = half_blocks(lit) if columns >= lit.shape[1] + 2 else braille(lit)
    bar = "─" * len(lines[0])
    return "\n".join([f"╭{bar}╮", *(f"│{line}│" for line in lines), f"╰{bar}╯"])


def can_draw() -> bool:
    """Whether standard output is a terminal that shows such characters."""
    return sys.stdout.isatty() and "utf" in (sys.stdout.encoding or "").lower()


def columns() -> int:
    """Width of the terminal in characters."""
    return shutil.get_terminal_size().columns
