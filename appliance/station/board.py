"""What the station shows: its state for the socket, and the same on OLED, lamps and buzzer."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable

from appliance.config import Settings
from appliance.errors import FocuscheckError
from appliance.station.display_keeper import DisplayKeeper
from appliance.station.events import Devices
from appliance.station.face import Face
from appliance.station.screens import Screen
from appliance.station.state import Phase, StationState
from appliance.store import StoredCheck


class Board:
    """State and face, kept the same; changed by the station's loop, read by any thread."""

    def __init__(
        self, settings: Settings, devices: Devices, address: str, describe: Callable[[], tuple[str, ...]]
    ) -> None:
        times = settings.oled_shift_s, settings.oled_dim_after_s, settings.oled_dark_after_s
        keeper = DisplayKeeper(devices.open_display, settings.oled_size_px, *times)
        self.face = Face(keeper, devices.panel, address, settings.station_name)
        self.state = StationState(str(uuid.uuid4()), 0, Phase.STARTING, simulated=devices.simulated)
        self.last: StoredCheck | None = None
        """The last check of this run."""
        self._describe = describe
        self._changed = threading.Condition()
        self._fault_title = ""

    def wait_for(self, condition: Callable[[StationState], bool], timeout_s: float) -> StationState:
        """Wait until the state meets ``condition``.

        Raises
        ------
        TimeoutError
            If it does not in ``timeout_s``.
        """
        with self._changed:
            if not self._changed.wait_for(lambda: condition(self.state), timeout_s):
                raise TimeoutError(f"the station is still {self.state.phase} after {timeout_s:g} s")
            return self.state

    def set(self, **changes: object) -> None:
        """Change the state, not what is shown."""
        with self._changed:
            self.state = self.state.changed(**changes)
            self._changed.notify_all()

    def enter(self, phase: Phase, **changes: object) -> None:
        """Enter a phase and show it."""
        changes |= {"phase": phase, "devices": self._describe()}
        if phase is not Phase.FAULT:
            changes["fault"] = ""
        coming = self.state.changed(**changes)
        result = None if self.last is None else self.last.result
        self.face.enter(coming, result, self._fault_title, time.monotonic())
        self.set(**changes, **self.face.told())

    def fail(self, error: Exception) -> str:
        """Show what went wrong; returns it in words."""
        text, self._fault_title = str(error), "FAULT"
        if isinstance(error, FocuscheckError):
            self._fault_title = error.oled_text
        else:
            text = "The measurement failed inside and nothing was stored. Test again; the station's log says more."
        self.enter(Phase.FAULT, stage="", fault=text, live=None)
        return text

    def show(self) -> None:
        """Show the state as it is now."""
        result = None if self.last is None else self.last.result
        self.face.show(self.state, result, self._fault_title, time.monotonic())
        self.set(**self.face.told())

    def note(self, screen: Screen, beeps: int = 0, seconds: float = 1.5) -> None:
        """Show ``screen`` for ``seconds``."""
        self.face.note(screen, time.monotonic(), beeps, seconds)
        self.set(**self.face.told())

    def tick(self, now: float) -> None:
        """Do what time asks of the face."""
        result = None if self.last is None else self.last.result
        self.face.tick(self.state, result, self._fault_title, now)
        self.set(**self.face.told())
