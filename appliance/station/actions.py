"""What a station does when a button, the socket or a job asks for it: a check, focus, a live session, a lens, a PIN."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from appliance.config import Settings
from appliance.errors import (
    CameraHangsError,
    FocuscheckError,
    RecordsDamagedError,
    StationBusyError,
    StationDownError,
    UsageError,
)
from appliance.station import screens, screens_live
from appliance.station.board import Board
from appliance.station.events import Devices, LiveKind, Outcome, Request
from appliance.station.faults import note_fault
from appliance.station.guiding import Guiding
from appliance.station.housekeeping import write_reason
from appliance.station.jobs import Jobs
from appliance.station.measure import Wanted
from appliance.station.setting import WHICH_S, Setting
from appliance.station.state import LIVE_PHASES, Phase
from appliance.store import Store, StoredCheck

_LIVE_PHASE: dict[LiveKind, Phase] = {"assist": Phase.ASSIST, "align": Phase.ALIGN}
_PHASES_THAT_END = (Phase.SHUTDOWN, Phase.WHICH, *LIVE_PHASES)


class Actions:
    """Called by the station's loop only; what it does shows on the board, and takes the camera through the jobs."""

    def __init__(self, settings: Settings, devices: Devices, store: Store, board: Board, jobs: Jobs) -> None:
        self._settings, self._devices, self._store = settings, devices, store
        self._board, self._jobs = board, jobs
        self.request: Request | None = None
        """Who wants the check under way; None if there is none."""
        self.phase_ends = 0.0
        """Monotonic time in s at which a live session, or the question whether to switch off, ends by itself."""
        self._pin_ends = 0.0
        self.guiding = Guiding(settings, store)
        self._setting = Setting(store)
        self.exit_status = 0
        """What the process should end with; not 0 once the camera hangs."""

    # A check

    def start(self, request: Request) -> None:
        """Begin the check that ``request`` asks for, or answer it with busy.

        While a guided check is on the bench a press is a press about its step; a check of a lens named otherwise is a
        check of its own.
        """
        busy = self._busy()
        if busy is not None:
            request.accepted.set_exception(busy)
            return
        if request.lens_tag is None and self.guiding.view is not None and not self.guiding.waits_for_photo:
            self._press_guide(request)
            return
        if not self.guiding.waits_for_photo and (asked := self._which(request)) is not None:
            request.accepted.set_exception(asked)
            return
        self.request = request
        self._jobs.end_live()
        self._board.enter(Phase.MEASURING, stage="starting", verdict=None, live=None, notice="")
        self._jobs.check(self._wanted(request))
        request.accepted.set_result(None)

    @property
    def busy(self) -> bool:
        """Whether a check or an autofocus is under way."""
        return self.request is not None or self._board.state.stage != ""

    def _busy(self) -> StationBusyError | None:
        if not self.busy:
            return None
        self._board.face.busy(time.monotonic())
        self._board.set(busy_presses=self._board.state.busy_presses + 1, **self._board.face.told())
        return StationBusyError("The station is measuring just now; wait for the verdict, then press again.")

    def _press_guide(self, request: Request) -> None:
        """A press that a guided check takes without a photo."""
        error = self._guided(self.guiding.press)
        if error is not None:
            self._board.note(screens.notice(self._board.face.size, "ANSWER FIRST", str(error)), beeps=2)
            request.accepted.set_exception(error)
            return
        request.accepted.set_result(None)
        request.done.set_exception(
            UsageError("A guided check took this press for its step; no photo was due.")
        )

    def guide(self, do: str, fields: Mapping[str, Any]) -> dict[str, Any]:
        """Begin, answer or end a guided check; returns what it shows then (``{}`` if none is on the bench).

        Raises
        ------
        StationBusyError, UsageError
            If it cannot be done now.
        """
        if do != "view":
            if (busy := self._busy()) is not None:
                raise busy
            state = self._board.state
            self._jobs.end_live()
            error = self._guided(lambda: self.guiding.act(do, fields, state.lens_tag, state.body_tag))
            if error is not None:
                raise error
        return self.guiding.view or {}

    def _guided(self, act: Callable[[], None]) -> FocuscheckError | None:
        """Do something with the guided check and show it; what went wrong changes nothing and is returned."""
        try:
            act()
        except FocuscheckError as error:
            return error
        self.show_guide()
        return None

    def show_guide(self) -> None:
        """Show the guided check on the bench, or that the station is ready for the next lens."""
        view = self.guiding.view
        self._board.enter(Phase.READY if view is None else Phase.GUIDE, guide=view, stage="", live=None)

    def _wanted(self, request: Request) -> Wanted:
        """A press about another lens than the one on the bench says nothing of a body."""
        state = self._board.state
        if request.lens_tag is None and self.guiding.waits_for_photo:
            wanted = self.guiding.photo_wanted(state.lens_tag, state.body_tag)
            focal_mm = wanted.focal_length_mm or state.focal_length_mm
            return replace(wanted, focal_length_mm=focal_mm, f_number=wanted.f_number or state.f_number)
        if request.lens_tag not in (None, state.lens_tag):
            return Wanted(request.lens_tag)
        return Wanted(state.lens_tag, state.body_tag, state.focal_length_mm, state.f_number)

    def finish(self, outcome: Outcome) -> None:
        """Show how the check under way ended, and tell who asked for it."""
        request, self.request = self.request, None
        self._jobs.done()
        assert request is not None
        if outcome.check is not None:
            self._show_check(request, outcome.check)
            request.done.set_result(outcome.check)
        elif outcome.error is not None:
            self.fail(outcome.error)
            request.done.set_exception(outcome.error)

    def _show_check(self, request: Request, check: StoredCheck) -> None:
        self._board.last = check
        told = {"check": check.sequence, "verdict": check.result.verdict.value}
        if request.lens_tag is None and self.guiding.waits_for_photo:
            self._board.set(**told)
            self.guiding.photographed()
            self.show_guide()
        else:
            self._board.enter(Phase.RESULT, stage="", **told)

    def fail(self, error: Exception) -> None:
        """Show what went wrong; a camera that hangs ends the process, and the next one says why."""
        text = self._board.fail(error)
        note_fault(self._settings.data_dir, getattr(error, "oled_text", FocuscheckError.oled_text), text)
        if isinstance(error, CameraHangsError | RecordsDamagedError):
            self.exit_status = error.exit_status
            write_reason(self._settings.data_dir, text)

    def abandon(self) -> None:
        """Tell who waits for a check that it will not come: the station was stopped."""
        if self.request is not None:
            self.request.done.set_exception(
                StationDownError("The station was stopped before the check was done.")
            )

    # Focus and live sessions

    def focus(self) -> None:
        """Let the camera's motor focus; raises StationBusyError while a check is under way."""
        if (busy := self._busy()) is not None:
            raise busy
        self._jobs.end_live()
        self._board.enter(Phase.MEASURING, stage="focusing", verdict=None, live=None)
        self._jobs.focus()

    def focused(self, position_dpt: float | None, error: Exception | None) -> None:
        """Show where the motor was locked, in dioptres, or what went wrong."""
        self._jobs.done()
        if error is not None:
            self.fail(error)
        else:
            self._board.set(stage="", lens_position_dpt=position_dpt)
            self.show_guide()

    def set_live(self, kind: LiveKind, on: bool) -> None:
        """Begin or end focus assist or alignment; raises StationBusyError while a check is under way."""
        if (busy := self._busy()) is not None:
            raise busy
        if on:
            self.phase_ends = time.monotonic() + self._settings.live_timeout_s
            self._board.enter(_LIVE_PHASE[kind], live=None, verdict=None)
            self._jobs.live(kind)
        else:
            self.leave_phase()

    def live_ended(self, error: Exception | None) -> None:
        """The live session that counts is over, by itself if there is an error."""
        self._jobs.done()
        self.fail(error) if error is not None else self.show_guide()

    def ask_to_switch_off(self, seconds: float) -> None:
        """Ask for so long whether to switch the machine off; a live session ends."""
        self._jobs.end_live()
        self.phase_ends = time.monotonic() + seconds
        self._board.enter(Phase.SHUTDOWN, live=None)

    def leave_phase(self) -> None:
        """End a live session, or the question whether to switch off."""
        self._jobs.end_live()
        if self._board.state.phase in _PHASES_THAT_END:
            self.show_guide()

    # Lens, body, PIN

    def select_lens(self, tag: str | None, scanned: bool) -> None:
        """The next presses are about this lens; a scanned tag may be a camera body's as well."""
        if scanned and tag is not None and self._store.is_body(tag):
            self.select_body(tag)
            self._devices.panel.buzz(1)
            return
        state = self._board.state
        changes: dict[str, Any] = {"lens_tag": tag, "scans": state.scans + int(scanned)}
        if tag != state.lens_tag:
            changes |= {
                "body_tag": None,
                "focal_length_mm": None,
                "f_number": None,
            }  # said of the lens before
        if self.guiding.scanned(tag):
            self._board.note(
                screens.notice(self._board.face.size, "GUIDE PAUSED", "Go on with it on the phone.")
            )
        changes["guide"] = self.guiding.view
        if self.guiding.view is None and state.phase in (Phase.READY, Phase.RESULT, Phase.GUIDE, Phase.WHICH):
            self._board.enter(Phase.READY, verdict=None, **changes)
        else:
            self._board.set(**changes)
        self._board.face.wake(time.monotonic())
        if scanned:
            self._devices.panel.buzz(1)

    def select_body(self, tag: str | None) -> None:
        """The next presses name this camera body."""
        self._board.set(body_tag=tag)
        self._board.face.wake(time.monotonic())

    # What the lens is set to

    def _which(self, request: Request) -> FocuscheckError | None:
        """Ask for the focal length of a zoom of which nobody said it; None where a check can be made."""
        state = self._board.state
        tag = request.lens_tag or state.lens_tag
        missing = self._setting.missing(state, tag)
        if missing is not None and tag == state.lens_tag and state.phase is not Phase.WHICH:
            self._jobs.end_live()
            self.phase_ends = time.monotonic() + WHICH_S
            first = self._setting.choices_mm(tag)[0]
            self._board.enter(Phase.WHICH, which_mm=first, verdict=None, live=None)
        return missing

    def next_focal(self) -> None:
        """Offer the zoom's next focal length."""
        self.phase_ends = time.monotonic() + WHICH_S
        self._board.enter(Phase.WHICH, which_mm=self._setting.following(self._board.state))

    def take_focal(self) -> None:
        """The zoom stands at the focal length that is offered."""
        self.set_up(self._board.state.which_mm, self._board.state.f_number)

    def set_up(self, focal_length_mm: float | None, f_number: float | None) -> None:
        """The lens on the bench is set so, until another lens is there; None: as records and settings say.

        Raises
        ------
        UsageError
            If its records say that it cannot be.
        """
        state = self._board.state
        self._setting.checked(state.lens_tag, focal_length_mm, f_number)
        changes = {"focal_length_mm": focal_length_mm, "f_number": f_number, "which_mm": None}
        if state.phase in (Phase.READY, Phase.RESULT, Phase.WHICH) and not self.busy:
            self._board.enter(Phase.READY, verdict=None, **changes)
        else:
            self._board.set(**changes)
        self._board.face.wake(time.monotonic())

    def show_pin(self, pin: str | None, seconds: float) -> None:
        """Show a pairing PIN for so long; None takes it down."""
        self._pin_ends = time.monotonic() + (seconds if pin else 0.0)
        if pin:
            self._board.set(pin_shown=True)
            self._board.note(screens_live.pairing(self._board.face.size, pin), beeps=1, seconds=seconds)
            if self._board.state.simulated:  # there is no display but the terminal
                print(f"PIN for the phone: {pin[:3]} {pin[3:]}", flush=True)
        elif self._board.state.pin_shown:
            self._board.face.take_down_note(time.monotonic())

    def tick(self, now: float) -> None:
        """End what ends by itself at ``now``, monotonic time in s."""
        state = self._board.state
        if state.pin_shown and now >= self._pin_ends:
            self._board.set(pin_shown=False)
        if state.phase in _PHASES_THAT_END and now >= self.phase_ends:
            self.leave_phase()
