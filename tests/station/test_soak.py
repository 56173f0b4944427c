"""Two thousand presses on mock pins: nothing grows."""

import gc
import os
import resource
import threading
from pathlib import Path

import numpy as np
import pytest
from conftest import PATIENCE_S, HeldCamera, SettingsFactory, rig_of

from appliance.focus import score
from appliance.focus.result import Reason, Result, Verdict
from appliance.frame import Frame
from appliance.station.state import Phase

PRESSES = 2000
WARM = 200
MOST_GROWTH_MB = 8.0


def size_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 1e6


def test_2000_presses_leave_no_memory_threads_or_descriptors_behind(
    make_settings: SettingsFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    passed = Result(Verdict.PASS, (Reason("TEST", "Said by the test."),), 3.0, 1.0, None, 5.6, 1.9, 43.8)
    monkeypatch.setattr(score, "score_frames", lambda frames, setup: passed)
    camera = HeldCamera(Frame(np.full((48, 64), 900, np.uint16), "rggb", 256, 4095))
    camera.gate.set()
    settings = make_settings(debounce_ms=1)
    with rig_of(settings, camera) as rig:
        before = (0, 0, 0.0)
        for number in range(1, PRESSES + 1):
            rig.press()
            rig.station.wait_for(
                lambda state, n=number: state.phase is Phase.RESULT and state.check == n, PATIENCE_S
            )
            if number == WARM:
                gc.collect()
                before = threading.active_count(), len(os.listdir("/proc/self/fd")), size_mb()
        gc.collect()
        assert rig.store.count() == PRESSES
        assert threading.active_count() <= before[0] + 1
        assert len(os.listdir("/proc/self/fd")) <= before[1] + 2
        assert size_mb() - before[2] < MOST_GROWTH_MB
