"""What the station does when a button was pressed, held or stuck."""

from __future__ import annotations

import logging
import time
from contextlib import suppress

from appliance.config import Settings
from appliance.devices.protocols import Button
from appliance.errors import StationBusyError
from appliance.station import screens, screens_live
from appliance.station.actions import Actions
from appliance.station.board import Board
from appliance.station.button import Press
from appliance.station.events import Devices, Request
from appliance.station.jobs import Jobs
from appliance.station.state import LIVE_PHASES, Phase

CONFIRM_S = 10.0
"""After TEST was held very long, a press within this time switches the machine off."""

log = logging.getLogger(__name__)


class Presses:
    """Answers the buttons; called by the station's loop only."""

    def __init__(
        self, settings: Settings, devices: Devices, board: Board, jobs: Jobs, actions: Actions
    ) -> None:
        self._devices, self._board, self._jobs, self._actions = devices, board, jobs, actions
        self._stuck_s = settings.stuck_button_s

    def answer(self, button: Button, press: Press) -> None:
        """Do what this press of this button asks for, in the phase that the station is in."""
        phase = self._board.state.phase
        if press is Press.STUCK:
            log.warning("The %s button has been down for %g s.", button, self._stuck_s)
            if phase is Phase.SHUTDOWN:
                self._board.enter(Phase.READY)
        elif phase is Phase.WHICH and press is Press.SHORT:
            self._actions.next_focal() if button == "focus" else self._actions.take_focal()
        elif button == "focus":
            if press is Press.SHORT:
                self._focus_pressed()
        elif press is Press.SHORT:
            self._power_off() if phase is Phase.SHUTDOWN else self._actions.start(Request(None))
        elif self._actions.busy:
            self._board.face.busy(time.monotonic())
        elif press is Press.LONG:
            self._actions.set_live("assist", phase not in LIVE_PHASES)
        else:
            self._actions.ask_to_switch_off(CONFIRM_S)

    def _focus_pressed(self) -> None:
        with suppress(StationBusyError):  # it is answered: shown and counted
            if self._jobs.has_motor:
                self._actions.focus()
            else:
                self._actions.set_live("assist", self._board.state.phase not in LIVE_PHASES)

    def _power_off(self) -> None:
        size = self._board.face.size
        self._board.enter(Phase.READY)
        if self._devices.power_off is None:
            self._board.note(screens.fault(size, "STAYS ON", "This station only simulates switching off."))
            return
        self._board.note(screens_live.off(size), seconds=60.0)
        try:
            self._devices.power_off()
        except OSError as error:
            said = f"It cannot be switched off: {error}"
            self._board.note(screens.fault(size, "STAYS ON", said), beeps=3)
