"""Presses the button of a whole station and notes when each stage began; prints seconds by stage as JSON."""

from __future__ import annotations

import json
import sys
import tempfile
import threading
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

from appliance.config import Settings, load_settings
from appliance.devices.oled import SimulatedOled
from appliance.devices.simulated_camera import SimulatedCamera
from appliance.frame import Frame
from appliance.station.state import Phase

FRAME_S = 0.1
"""The HQ camera's time from one full-size frame to the next."""
PATIENCE_S = 120.0
BACK_FOCUS_MM = 30.0
NAMES = {
    "": "contact steady, press told",
    "starting": "job begun",
    "taking the photo": "frame exposed and read out",
    "measuring the edges": "scored",
    "storing": "preview made, check on the disk",
    "stored": "verdict drawn and shown",
}


class PacedCamera:
    """Gives one frame over and over, at the boundaries of a camera's clock."""

    description = "stand-in at the HQ camera's pace"

    def __init__(self, frame: Frame) -> None:
        self._frame = frame

    def capture(self) -> Frame:
        """A frame whose exposure began after the call: the second boundary from now."""
        now = time.monotonic()
        time.sleep((now // FRAME_S + 2) * FRAME_S - now)
        return self._frame

    def glance(self) -> Frame:
        """The same; nothing is live here."""
        return self.capture()

    def close(self) -> None:
        """There is nothing to let go."""


class TimedOled(SimulatedOled):
    """A display that notes when it last changed."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self.changed_at = 0.0

    def show(self, picture: Any) -> None:
        """Show it, then look at the clock."""
        super().show(picture)
        self.changed_at = time.perf_counter()


def press(rig: Any, display: TimedOled) -> dict[str, float]:
    """Seconds by stage of one press."""
    station = rig.station
    marks: list[tuple[float, str]] = []
    shown_at: list[float] = []
    done = threading.Event()
    set_state, add_check = station._board.set, rig.store.add_check

    def noted(**changes: object) -> None:
        set_state(**changes)
        stage = station.state.stage
        if stage and (not marks or marks[-1][1] != stage):
            marks.append((time.perf_counter(), stage))
        if changes.get("phase") is Phase.RESULT:
            shown_at.append(display.changed_at)
            done.set()

    def stored(record: Any) -> Any:
        check = add_check(record)
        marks.append((time.perf_counter(), "stored"))
        return check

    for thread in threading.enumerate():
        if thread.name == "measure":
            thread.join()  # the check before keeps its photo after its verdict; nobody presses as soon as that
    rig.push(True)
    time.sleep(0.1)
    station._board.set, rig.store.add_check = noted, stored
    began = time.perf_counter()
    rig.pins.pin(rig.settings.button_pin).drive_high()
    assert done.wait(PATIENCE_S)
    station._board.set, rig.store.add_check = set_state, add_check
    times = [(began, ""), *marks, (shown_at[0], "")]
    spent: dict[str, float] = {}
    for (start, stage), (end, _) in pairwise(times):
        spent[NAMES[stage]] = spent.get(NAMES[stage], 0.0) + end - start
    return spent


def main() -> None:
    """Press so many times, after one press that is not counted."""
    sys.path.insert(0, str(Path(__file__).parents[1]))
    from conftest import rig_of

    count, seed = int(sys.argv[1]), int(sys.argv[2])
    with tempfile.TemporaryDirectory() as folder:
        given = {
            "data_dir": folder,
            "camera": "simulated",
            "simulated_focus_error_mm": BACK_FOCUS_MM,
            "simulated_seed": seed,
        }
        settings = load_settings(overrides=given, environment={})
        display = TimedOled(settings)
        camera = PacedCamera(SimulatedCamera(settings).capture())
        with rig_of(settings, camera, lambda: display) as rig:
            press(rig, display)
            presses = [press(rig, display) for _ in range(count)]
            assert rig.station.state.verdict == "FAIL_BACK"
    print(json.dumps(presses))


if __name__ == "__main__":
    main()
