"""Two thousand presses on mock pins: nothing grows."""

import gc
import os
import resource
import threading
from collections import Counter
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from conftest import PATIENCE_S, HeldCamera, SettingsFactory, rig_of, scoring_by, until

from appliance.focus.result import Reason, Result, Verdict
from appliance.frame import Frame
from appliance.station import housekeeping
from appliance.station.state import Phase

PRESSES = 2000
WARM = 200
MOST_GROWTH_MB = 8.0


def size_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 1e6


def open_files() -> Counter[str]:
    """What every descriptor of this process stands for, but for the one that lists them."""
    files: Counter[str] = Counter()
    for descriptor in os.listdir("/proc/self/fd"):
        with suppress(FileNotFoundError):
            files[os.readlink(f"/proc/self/fd/{descriptor}")] += 1
    return files


def test_2000_presses_leave_no_memory_threads_or_descriptors_behind(
    make_settings: SettingsFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    passed = Result(Verdict.PASS, (Reason("TEST", "Said by the test."),), 3.0, 1.0, None, 5.6, 1.9, 43.8)
    scoring_by(monkeypatch, lambda frames, setup: passed)
    monkeypatch.setattr(housekeeping, "CHECKUP_S", 1e6)  # a look at the machine opens files for a moment
    camera = HeldCamera(Frame(np.full((48, 64), 900, np.uint16), "rggb", 256, 4095))
    camera.gate.set()
    settings = make_settings(debounce_ms=1)
    with rig_of(settings, camera) as rig:
        idle = set(threading.enumerate())

        def settle() -> None:
            """A verdict is shown before its raw photo is kept and its beep is over; wait for the threads that do it."""
            until(lambda: idle.issuperset(threading.enumerate()))
            gc.collect()

        for number in range(1, PRESSES + 1):
            rig.press()
            rig.station.wait_for(
                lambda state, n=number: state.phase is Phase.RESULT and state.check == n, PATIENCE_S
            )
            if number == WARM:
                settle()
                files, size = open_files(), size_mb()
        settle()
        assert open_files() - files == Counter()
        assert size_mb() - size < MOST_GROWTH_MB
        assert rig.store.count() == PRESSES
