"""Which pixels of a photo are green is known in one place, and rightly."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import appliance
from appliance.frame import BAYER_ORDERS, Bayer, Frame, green_column, greens


@pytest.mark.parametrize("bayer", BAYER_ORDERS)
@pytest.mark.parametrize("shape", [(4, 6), (5, 7)])
def test_greens_are_where_the_order_says_g(bayer: Bayer, shape: tuple[int, int]) -> None:
    letters = np.array(list(bayer)).reshape(2, 2)
    row, column = np.indices(shape)
    plane = (letters[row % 2, column % 2] == "g").astype(np.float32) * (1 + row * 100 + column)
    even, odd = Frame(plane, bayer).greens()
    assert even.shape == odd.shape == (shape[0] // 2, shape[1] // 2)
    assert (even > 0).all()
    assert (odd > 0).all()
    whole = plane[: shape[0] // 2 * 2, : shape[1] // 2 * 2]
    assert {*even.ravel(), *odd.ravel()} == set(whole[whole > 0])
    assert letters[0, green_column(bayer) or 0] == "g"


def test_a_grey_plane_gives_two_halves_of_its_pixels_with_noise_of_their_own() -> None:
    plane = np.arange(24, dtype=np.float32).reshape(4, 6)
    even, odd = greens(plane, None)
    assert not set(even.ravel()) & set(odd.ravel())
    assert green_column(None) is None


def test_no_other_module_works_out_which_pixels_are_green() -> None:
    root = Path(appliance.__file__).parent
    knowing = {
        str(path.relative_to(root))
        for path in root.rglob("*.py")
        if 'index("g")' in path.read_text() and "bench" not in path.parts
    }
    assert knowing == {"frame.py"}
