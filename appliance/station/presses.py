"""What the station does when a button was pressed, held or stuck."""

from __future__ import annotations

import logging
import time

from appliance.errors import StationBusyError
from appliance.station import screens, screens_live
from appliance.station.board import Board
from appliance.station.button import Press
from appliance.station.events import Devices, LiveKind, Request
from appliance.station.jobs import Jobs
from appliance.station.state import LIVE_PHASES, Phase

CONFIRM_S = 10.0
"""After TEST was held very long, a press within this time switches the machine off."""

log = logging.getLogger(__name__)


class Presses:
    """The part of a station's loop that answers its buttons."""

    _board: Board
    _jobs: Jobs
    _devices: Devices
    _request: Request | None
    _phase_ends: float
    _stuck_s: float

    def _start(self, request: Request) -> None:
        raise NotImplementedError

    def _set_live(self, kind: LiveKind, on: bool) -> None:
        raise NotImplementedError

    def _focus(self) -> None:
        raise NotImplementedError

    def _pressed(self, button: str, press: Press) -> None:
        phase = self._board.state.phase
        if press is Press.STUCK:
            log.warning("The %s button has been down for %g s.", button, self._stuck_s)
            if phase is Phase.SHUTDOWN:
                self._board.enter(Phase.READY)
        elif button == "focus":
            if press is Press.SHORT:
                self._focus_pressed()
        elif press is Press.SHORT:
            self._power_off() if phase is Phase.SHUTDOWN else self._start(Request(None))
        elif self._request is not None:
            self._board.face.busy(time.monotonic())
        elif press is Press.LONG:
            self._set_live("assist", phase not in LIVE_PHASES)
        else:
            self._jobs.end_live()
            self._phase_ends = time.monotonic() + CONFIRM_S
            self._board.enter(Phase.SHUTDOWN, live=None)

    def _focus_pressed(self) -> None:
        try:
            self._focus() if self._jobs.has_motor else self._set_live(
                "assist", self._board.state.phase not in LIVE_PHASES
            )
        except StationBusyError:
            self._board.face.busy(time.monotonic())

    def _power_off(self) -> None:
        self._board.enter(Phase.READY)
        if self._devices.power_off is None:
            self._board.note(
                screens.fault(self._board.face.size, "STAYS ON", "This station only simulates switching off.")
            )
            return
        self._board.note(screens_live.off(self._board.face.size), seconds=60.0)
        try:
            self._devices.power_off()
        except OSError as error:
            self._board.note(
                screens.fault(self._board.face.size, "STAYS ON", f"It cannot be switched off: {error}"),
                beeps=3,
            )
