"""The ``focuscheck`` command as tests give it: in this process, or as one of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from typing import Any

import pytest

from appliance import cli


def bench(pixel_pitch_um: float) -> list[str]:
    """Options for a bench that is simulated throughout, with pixels of that pitch, µm: coarser ones are faster."""
    parts = [word for part in ("camera", "panel", "display") for word in (f"--{part}", "simulated")]
    return [*parts, "--pixel-pitch-um", str(pixel_pitch_um)]


@dataclass(frozen=True)
class Said:
    """How a command ended and what it said."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Its standard output, which is JSON."""
        return json.loads(self.out)


@dataclass(frozen=True)
class Focuscheck:
    """Gives the command in this process."""

    capsys: pytest.CaptureFixture[str]

    def __call__(self, *arguments: str) -> Said:
        try:
            status = cli.main(arguments)
        except SystemExit as ended:
            status = int(ended.code or 0)
        said = self.capsys.readouterr()
        return Said(status, said.out, said.err)


def start(*arguments: str, **how: Any) -> subprocess.Popen[Any]:
    """Give the command as a process; ``how`` is subprocess's."""
    return subprocess.Popen([sys.executable, "-m", "appliance", *arguments], **how)
