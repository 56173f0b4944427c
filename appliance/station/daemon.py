"""The station: one loop that owns buttons, lamps and display, and jobs that use the camera.

The loop takes events from a queue (contacts, requests from the socket, what jobs report) and is the only one that
changes the state; what it does then stands in :mod:`~appliance.station.actions`. A check is on the disk before the
loop hears of it.
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
from appliance.errors import CameraHangsError, FocuscheckError, RecordsDamagedError, StationDownError
from appliance.station import events, screens
from appliance.station.actions import Actions
from appliance.station.board import Board
from appliance.station.button import Buttons
from appliance.station.events import Devices, Request
from appliance.station.housekeeping import Housekeeping, take_reason
from appliance.station.jobs import Jobs
from appliance.station.keeping import RecordsKeeper
from appliance.station.notify import Notifier
from appliance.station.presses import Presses
from appliance.station.state import Phase, StationState
from appliance.station.wishes import Wishes
from appliance.store import Store
from appliance.store.report import Report

IDLE_S = 1.0
"""Longest sleep of the loop: it proves its life this often."""
NOTE_SLEEP_S = 0.25
STOP_WAIT_S = 5.0
"""A check under way when the station is stopped gets this long to finish; after it, it was never counted."""

log = logging.getLogger(__name__)


class Station(Wishes):
    """The state machine; :meth:`run` is its loop, every other public method may be called from any thread."""

    def __init__(
        self,
        settings: Settings,
        devices: Devices,
        store: Store,
        address: str = "",
        notifier: Notifier | None = None,
        mended: Report | None = None,
    ) -> None:
        super().__init__()
        self._mended = mended
        self._settings, self._devices = settings, devices
        self._notifier = notifier or Notifier({})
        self._board = Board(settings, devices, address, self._describe)
        self._face = self._board.face
        self._jobs = Jobs(settings, devices, store, self._events.put)
        self._actions = Actions(settings, devices, store, self._board, self._jobs)
        self._buttons = Buttons(settings)
        self._presses = Presses(settings, devices, self._board, self._jobs, self._actions)
        self._housekeeping = Housekeeping(settings, devices, self._events.put)
        self._keeper = RecordsKeeper(settings, self._events.put)

    # What other threads may call

    @property
    def state(self) -> StationState:
        """The state at this moment."""
        return self._board.state

    @property
    def exit_status(self) -> int:
        """What the process should end with after :meth:`run`; not 0 if a hanging camera or a failure ended it."""
        return self._actions.exit_status

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
            self._actions.exit_status = FocuscheckError.exit_status
            self._board.set(
                phase=Phase.FAULT,
                stage="",
                fault="The station failed inside; the log says more. Start it again.",
            )
        finally:
            self._close()

    def _loop(self) -> None:
        afresh = take_reason(self._settings.data_dir, self._mended)
        self._board.enter(Phase.STARTING, notice=afresh.whole)
        self._devices.panel.listen(
            lambda button, closed, at: self._events.put(events.Contact(button, closed, at))
        )
        self._housekeeping.start()
        self._keeper.start()
        try:
            self._jobs.open()
            self._actions.guiding.restore()
            self._actions.show_guide()
            if afresh.title:
                note = screens.fault(self._face.size, afresh.title, afresh.short)
                self._face.note(note, time.monotonic(), seconds=5.0)
        except FocuscheckError as error:
            self._actions.fail(error)
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
                self._actions.start(event)
            case events.Stage(text):
                self._board.set(stage=text)
                self._board.show()
            case events.Outcome():
                self._actions.finish(event)
            case events.SetLive(kind, on, accepted):
                self._answer(accepted, lambda: self._actions.set_live(kind, on))
            case events.Live(session, figures) if session == self._jobs.session:
                self._board.set(live=figures)
                self._board.show()
                self._jobs.alive()
            case events.LiveEnded(session, error) if session == self._jobs.session:
                self._actions.live_ended(error)
            case events.ResetPeak():
                self._jobs.reset_peak()
            case events.Guide(do, fields, answered):
                self._answer_with(answered, lambda: self._actions.guide(do, fields))
            case events.FocusNow(accepted):
                self._answer(accepted, self._actions.focus)
            case events.Focused(position, error):
                self._actions.focused(position, error)
            case events.SelectLens(tag, scanned):
                self._actions.select_lens(tag, scanned)
            case events.SelectBody(tag):
                self._actions.select_body(tag)
            case events.SetUp(focal_mm, f_number, accepted):
                self._answer(accepted, lambda: self._actions.set_up(focal_mm, f_number))
            case events.BadScan(text):
                self._board.note(screens.fault(self._face.size, "NOT A TAG", f"Scanned: {text}"), beeps=3)
            case events.ShowPin(pin, seconds):
                self._actions.show_pin(pin, seconds)
            case events.Checkup(health):
                self._jobs.bench_c = health.bench_c
                self._board.set(health=health.to_dict())
            case events.RecordsBad(problem):
                self._actions.fail(
                    RecordsDamagedError(f"{problem}. The station starts afresh and puts it right.")
                )
            case events.Stop():
                return True
        return False

    def _tick(self, now: float) -> bool:
        for button, press in self._buttons.poll(now):
            self._presses.answer(button, press)
        before = self.state.stuck_button
        self._board.set(button_down=self._buttons.test.down, stuck_button=self._buttons.stuck)
        if self.state.stuck_button != before:
            self._board.show()
        self._actions.tick(now)
        self._board.tick(now)
        self._notifier.alive()
        self._notifier.status(self.state.oled_text)
        return self._job_hangs(now)

    def _answer_with(self, answered: Future[dict[str, Any]], act: Callable[[], dict[str, Any]]) -> None:
        try:
            answered.set_result(act())
        except FocuscheckError as error:
            answered.set_exception(error)

    def _answer(self, accepted: Future[None], act: Callable[[], None]) -> None:
        try:
            act()
            accepted.set_result(None)
        except FocuscheckError as error:
            accepted.set_exception(error)

    def _job_hangs(self, now: float) -> bool:
        if self._jobs.deadline is None or now < self._jobs.deadline:
            return self.exit_status != 0
        self._actions.fail(
            CameraHangsError("Camera or measurement hangs. The station ends itself and starts afresh.")
        )
        return True

    def _close(self) -> None:
        self._notifier.stopping()
        self._housekeeping.close()
        self._keeper.close()
        if self.exit_status == 0 and not self._jobs.join(STOP_WAIT_S):
            self._actions.exit_status = StationDownError.exit_status
        self._actions.abandon()
        self._face.close()
        if self.exit_status == 0:
            self._jobs.drop()
