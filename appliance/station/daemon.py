"""The station: one loop that owns buttons, lamps and display, and jobs that use the camera.

The loop takes events from a queue (contacts, requests from the socket, what jobs report) and is the only one that
changes the state. A check is on the disk before the loop hears of it.
"""

from __future__ import annotations

import logging
import queue
import time
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from typing import Any

from appliance.config import Settings
from appliance.errors import (
    CameraError,
    CameraHangsError,
    FocuscheckError,
    StationBusyError,
    StationDownError,
)
from appliance.station import events, screens, screens_live
from appliance.station.board import Board
from appliance.station.button import Buttons
from appliance.station.events import Devices, LiveKind, Request
from appliance.station.housekeeping import Housekeeping, take_reason, write_reason
from appliance.station.jobs import Jobs
from appliance.station.measure import Wanted
from appliance.station.notify import Notifier
from appliance.station.presses import Presses
from appliance.station.state import LIVE_PHASES, Phase, StationState
from appliance.station.wishes import Wishes
from appliance.store import Store

IDLE_S = 1.0
"""Longest sleep of the loop: it proves its life this often."""
NOTE_SLEEP_S = 0.25
STOP_WAIT_S = 5.0
"""A check under way when the station is stopped gets this long to finish; after it, it was never counted."""
_LIVE_PHASE: dict[LiveKind, Phase] = {"assist": Phase.ASSIST, "align": Phase.ALIGN}

log = logging.getLogger(__name__)


class Station(Presses, Wishes):
    """The state machine; :meth:`run` is its loop, every other public method may be called from any thread."""

    def __init__(
        self,
        settings: Settings,
        devices: Devices,
        store: Store,
        address: str = "",
        notifier: Notifier | None = None,
    ) -> None:
        super().__init__()
        self._settings, self._devices, self._store = settings, devices, store
        self._stuck_s = settings.stuck_button_s
        self._notifier = notifier or Notifier({})
        self._board = Board(settings, devices, address, self._describe)
        self._face = self._board.face
        self._jobs = Jobs(settings, devices, store, self._events.put)
        self._buttons = Buttons(settings)
        self._housekeeping = Housekeeping(settings, devices, self._events.put)
        self._request: Request | None = None
        self._phase_ends = 0.0
        self._pin_ends = 0.0
        self.exit_status = 0
        """What the process should end with after :meth:`run`; not 0 if a hanging camera ended it."""

    # What other threads may call

    @property
    def state(self) -> StationState:
        """The state at this moment."""
        return self._board.state

    def wait_for(self, condition: Callable[[StationState], bool], timeout_s: float) -> StationState:
        """Wait until the state meets ``condition``; raises TimeoutError if it does not in ``timeout_s``."""
        return self._board.wait_for(condition, timeout_s)

    def _describe(self) -> tuple[str, ...]:
        own = (self._jobs.description, self._devices.panel.description, self._face.description)
        return own + self._housekeeping.descriptions

    # The loop

    def run(self) -> None:
        """Open the devices, wait for presses and answer them until stopped or broken; see ``exit_status``."""
        try:
            self._loop()
        except Exception:
            log.exception("The station failed.")
            self.exit_status = FocuscheckError.exit_status
            self._board.set(
                phase=Phase.FAULT,
                stage="",
                fault="The station failed inside; the log says more. Start it again.",
            )
        finally:
            self._close()

    def _loop(self) -> None:
        self._board.enter(Phase.STARTING, notice=take_reason(self._settings.data_dir))
        self._devices.panel.listen(
            lambda button, closed, at: self._events.put(events.Contact(button, closed, at))
        )
        self._housekeeping.start()
        try:
            self._jobs.open()
            self._board.enter(Phase.READY)
            if self.state.notice:
                note = screens.fault(self._face.size, "STARTED AFRESH", self.state.notice)
                self._face.note(note, time.monotonic(), seconds=5.0)
        except FocuscheckError as error:
            self._fail(error)
        stopping = False
        while not stopping:
            with suppress(queue.Empty):
                stopping = self._handle(self._events.get(timeout=self._sleep_s()))
            stopping = self._tick(time.monotonic()) or stopping

    def _sleep_s(self) -> float:
        wake_in = self._buttons.wake_in(time.monotonic())
        return min(IDLE_S if wake_in is None else wake_in, NOTE_SLEEP_S if self.state.stage else IDLE_S)

    def _handle(self, event: object) -> bool:
        match event:
            case events.Contact(button, closed, at):
                self._buttons.edge(button, closed, at)
                self._face.wake(time.monotonic())
            case Request():
                self._start(event)
            case events.Stage(text):
                self._board.set(stage=text)
                self._board.show()
            case events.Outcome():
                self._finish(event)
            case events.SetLive(kind, on, accepted):
                self._answer(accepted, lambda: self._set_live(kind, on))
            case events.Live(session, figures) if session == self._jobs.session:
                self._jobs.alive()
                self._board.set(live=figures)
                self._board.show()
            case events.LiveEnded(session, error) if session == self._jobs.session:
                self._jobs.done()
                self._fail(error) if error is not None else self._board.enter(Phase.READY)
            case events.ResetPeak():
                self._jobs.reset_peak()
            case events.FocusNow(accepted):
                self._answer(accepted, self._focus)
            case events.Focused(position, error):
                self._jobs.done()
                self._board.enter(
                    Phase.READY, stage="", lens_position_dpt=position
                ) if error is None else self._fail(error)
            case events.SelectLens(tag, scanned):
                self._select(tag, scanned)
            case events.SelectBody(tag):
                self._select_body(tag)
            case events.BadScan(text):
                self._board.note(screens.fault(self._face.size, "NOT A TAG", f"Scanned: {text}"), beeps=3)
            case events.ShowPin(pin, seconds):
                self._show_pin(pin, seconds)
            case events.Checkup(health):
                self._jobs.bench_c = health.bench_c
                self._board.set(health=health.to_dict())
            case events.Stop():
                return True
        return False

    def _tick(self, now: float) -> bool:
        for button, press in self._buttons.poll(now):
            self._pressed(button, press)
        before = self.state.stuck_button
        self._board.set(button_down=self._buttons.test.down, stuck_button=self._buttons.stuck)
        if self.state.stuck_button != before:
            self._board.show()
        if self.state.pin_shown and now >= self._pin_ends:
            self._board.set(pin_shown=False)
        if self.state.phase in (Phase.SHUTDOWN, *LIVE_PHASES) and now >= self._phase_ends:
            self._leave_live()
        self._board.tick(now)
        self._notifier.alive()
        self._notifier.status(self.state.oled_text)
        return self._job_hangs(now)

    # One check, one focus, one live session

    def _busy(self) -> StationBusyError | None:
        if self._request is None and self.state.stage == "":
            return None
        self._face.busy(time.monotonic())
        self._board.set(busy_presses=self.state.busy_presses + 1, **self._face.told())
        return StationBusyError("The station is measuring just now; wait for the verdict, then press again.")

    def _start(self, request: Request) -> None:
        busy = self._busy()
        if busy is not None:
            request.accepted.set_exception(busy)
            return
        self._request = request
        self._jobs.end_live()
        self._board.enter(Phase.MEASURING, stage="starting", verdict=None, live=None, notice="")
        self._jobs.check(self._wanted(request))
        request.accepted.set_result(None)

    def _wanted(self, request: Request) -> Wanted:
        """A press about another lens than the one on the bench says nothing of a body."""
        on_bench, state = request.lens_tag in (None, self.state.lens_tag), self.state
        return Wanted(request.lens_tag or state.lens_tag, state.body_tag if on_bench else None)

    def _finish(self, outcome: events.Outcome) -> None:
        request, self._request = self._request, None
        self._jobs.done()
        assert request is not None
        if outcome.check is not None:
            self._board.last = check = outcome.check
            self._board.enter(
                Phase.RESULT, stage="", check=check.sequence, verdict=check.result.verdict.value
            )
            request.done.set_result(outcome.check)
        elif outcome.error is not None:
            self._fail(outcome.error)
            request.done.set_exception(outcome.error)

    def _set_live(self, kind: LiveKind, on: bool) -> None:
        if (busy := self._busy()) is not None:
            raise busy
        if on:
            self._phase_ends = time.monotonic() + self._settings.live_timeout_s
            self._board.enter(_LIVE_PHASE[kind], live=None, verdict=None)
            self._jobs.live(kind)
        else:
            self._leave_live()

    def _leave_live(self) -> None:
        self._jobs.end_live()
        if self.state.phase in (Phase.SHUTDOWN, *LIVE_PHASES):
            self._board.enter(Phase.READY, live=None)

    def _focus(self) -> None:
        if (busy := self._busy()) is not None:
            raise busy
        self._jobs.end_live()
        self._board.enter(Phase.MEASURING, stage="focusing", verdict=None, live=None)
        self._jobs.focus()

    def _select(self, tag: str | None, scanned: bool) -> None:
        if scanned and tag is not None and self._store.is_body(tag):
            self._select_body(tag)
            self._devices.panel.buzz(1)
            return
        changes: dict[str, Any] = {"lens_tag": tag, "scans": self.state.scans + int(scanned)}
        if tag != self.state.lens_tag:
            changes["body_tag"] = None  # it was named for the lens before
        if self.state.phase in (Phase.READY, Phase.RESULT):
            self._board.enter(Phase.READY, verdict=None, **changes)
        else:
            self._board.set(**changes)
        self._face.wake(time.monotonic())
        if scanned:
            self._devices.panel.buzz(1)

    def _select_body(self, tag: str | None) -> None:
        self._board.set(body_tag=tag)
        self._face.wake(time.monotonic())

    def _show_pin(self, pin: str | None, seconds: float) -> None:
        self._pin_ends = time.monotonic() + (seconds if pin else 0.0)
        if pin:
            self._board.set(pin_shown=True)
            self._board.note(screens_live.pairing(self._face.size, pin), beeps=1, seconds=seconds)
        elif self.state.pin_shown:
            self._face.take_down_note(time.monotonic())

    def _answer(self, accepted: Future[None], act: Callable[[], None]) -> None:
        try:
            act()
            accepted.set_result(None)
        except FocuscheckError as error:
            accepted.set_exception(error)

    def _job_hangs(self, now: float) -> bool:
        if self._jobs.deadline is None or now < self._jobs.deadline:
            return self.exit_status != 0
        self._fail(
            CameraHangsError("Camera or measurement hangs. The station ends itself and starts afresh.")
        )
        return True

    def _fail(self, error: Exception) -> None:
        text = self._board.fail(error)
        if isinstance(error, CameraHangsError):
            self.exit_status = CameraError.exit_status
            write_reason(self._settings.data_dir, text)

    def _close(self) -> None:
        self._notifier.stopping()
        self._housekeeping.close()
        if self.exit_status == 0 and not self._jobs.join(STOP_WAIT_S):
            self.exit_status = StationDownError.exit_status
        if self._request is not None:
            self._request.done.set_exception(
                StationDownError("The station was stopped before the check was done.")
            )
        self._face.close()
        if self.exit_status == 0:
            self._jobs.drop()
