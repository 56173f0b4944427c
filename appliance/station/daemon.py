"""The station: one loop that owns button, lamps and display, and a worker that measures.

The loop takes events from a queue (contacts, requests from the socket, what the worker reports) and is the only one
that changes the state. The worker captures, scores and stores; a check is on the disk before the loop hears of it.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
import uuid
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from typing import Any

from appliance.config import Settings
from appliance.devices import Camera
from appliance.errors import CameraError, FocuscheckError, StationBusyError, StationDownError
from appliance.station import screens
from appliance.station.button import ButtonReader, Press
from appliance.station.display_keeper import DisplayKeeper
from appliance.station.events import Contact, Devices, Outcome, Request, SelectLens, Stage, Stop
from appliance.station.face import Face
from appliance.station.measure import measure_and_store
from appliance.station.state import Phase, StationState
from appliance.store import Store, StoredCheck

IDLE_S = 1.0
"""Longest sleep of the loop: it proves its life this often."""
NOTE_SLEEP_S = 0.25
STOP_WAIT_S = 5.0
"""A check under way when the station is stopped gets this long to finish; after it, it was never counted."""

log = logging.getLogger(__name__)


class Station:
    """The state machine; :meth:`run` is its loop, every other public method may be called from any thread."""

    def __init__(self, settings: Settings, devices: Devices, store: Store, address: str = "") -> None:
        self._settings, self._devices, self._store = settings, devices, store
        self._events: queue.SimpleQueue[object] = queue.SimpleQueue()
        self._camera: Camera | None = None
        self._face = Face(DisplayKeeper(devices.open_display, settings.oled_size_px), devices.panel, address)
        self._reader = ButtonReader(
            settings.debounce_ms / 1000,
            settings.hold_focus_ms / 1000,
            settings.hold_shutdown_ms / 1000,
            settings.stuck_button_s,
        )
        self._state = StationState(str(uuid.uuid4()), 0, Phase.STARTING, simulated=devices.simulated)
        self._changed = threading.Condition()
        self._last: StoredCheck | None = None
        self._fault_title = ""
        self._request: Request | None = None
        self._worker: threading.Thread | None = None
        self._worker_deadline = 0.0
        self.exit_status = 0
        """What the process should end with after :meth:`run`; not 0 if a hanging camera ended it."""

    # What other threads may call

    @property
    def state(self) -> StationState:
        """The state at this moment."""
        return self._state

    def wait_for(self, condition: Callable[[StationState], bool], timeout_s: float) -> StationState:
        """Wait until the state meets ``condition``.

        Raises
        ------
        TimeoutError
            If it does not in ``timeout_s``.
        """
        with self._changed:
            if not self._changed.wait_for(lambda: condition(self._state), timeout_s):
                raise TimeoutError(f"the station is still {self._state.phase} after {timeout_s:g} s")
            return self._state

    def press(self, lens_tag: str | None = None) -> Future[StoredCheck]:
        """Start a check as the TEST button does; the future holds the stored check or what went wrong.

        ``lens_tag`` is the lens of this check only; None for the one selected.

        Raises
        ------
        StationBusyError
            If a check is under way; presses are never queued.
        """
        request = Request(lens_tag)
        self._events.put(request)
        request.accepted.result()
        return request.done

    def select_lens(self, tag: str | None) -> None:
        """Say which lens the next presses are about."""
        self._events.put(SelectLens(tag))

    def stop(self) -> None:
        """End :meth:`run` soon."""
        self._events.put(Stop())

    # The loop

    def run(self) -> None:
        """Open the devices, wait for presses and answer them until stopped or broken; see ``exit_status``."""
        try:
            self._loop()
        except Exception:
            log.exception("The station failed.")
            self.exit_status = FocuscheckError.exit_status
            self._set(
                phase=Phase.FAULT,
                stage="",
                fault="The station failed inside; the log says more. Start it again.",
            )
        finally:
            self._close()

    def _loop(self) -> None:
        self._enter(Phase.STARTING)
        self._devices.panel.listen(lambda button, closed, at: self._events.put(Contact(button, closed, at)))
        try:
            self._camera = self._devices.open_camera()
            self._enter(Phase.READY)
        except FocuscheckError as error:
            self._fail(error)
        stopping = False
        while not stopping:
            with suppress(queue.Empty):
                stopping = self._handle(self._events.get(timeout=self._sleep_s()))
            stopping = self._tick(time.monotonic()) or stopping

    def _sleep_s(self) -> float:
        wake_in = self._reader.wake_in(time.monotonic())
        return min(IDLE_S if wake_in is None else wake_in, NOTE_SLEEP_S if self._state.stage else IDLE_S)

    def _handle(self, event: object) -> bool:
        match event:
            case Contact("test", closed, at):
                self._reader.edge(closed, at)
            case Request():
                self._start(event)
            case Stage(text):
                self._set(stage=text)
                self._show()
            case Outcome():
                self._finish(event)
            case SelectLens(tag):
                if self._state.phase in (Phase.READY, Phase.RESULT):
                    self._enter(Phase.READY, lens_tag=tag, verdict=None)
                else:
                    self._set(lens_tag=tag)
            case Stop():
                return True
        return False

    def _tick(self, now: float) -> bool:
        press = self._reader.poll(now)
        self._set(button_down=self._reader.down)
        if press is not None:
            self._pressed(press, now)
        self._face.tick(self._state, self._result, self._fault_title, now)
        self._set(**self._face.told())
        return self._worker_hangs(now)

    def _pressed(self, press: Press, now: float) -> None:
        if press is Press.SHORT:
            self._start(Request(None))
        elif press is Press.STUCK:
            log.warning("The TEST button has been down for %g s.", self._settings.stuck_button_s)
            self._face.note(
                screens.fault(self._face.size, "BUTTON STUCK?", "TEST is held down; check its wires."), now
            )
        else:
            self._face.note(screens.fault(self._face.size, "LET GO", "A short press starts a test."), now)

    # One check

    def _start(self, request: Request) -> None:
        if self._request is not None:
            self._face.busy(time.monotonic())
            self._set(busy_presses=self._state.busy_presses + 1, **self._face.told())
            busy = StationBusyError(
                "The station is measuring just now; wait for the verdict, then press again."
            )
            request.accepted.set_exception(busy)
            return
        self._request = request
        self._enter(Phase.MEASURING, stage="starting", verdict=None)
        settings = self._settings
        limit_s = settings.capture_timeout_s * (settings.frames_at_most + 1) + settings.score_timeout_s
        self._worker_deadline = time.monotonic() + limit_s
        lens_tag = request.lens_tag or self._state.lens_tag
        self._worker = threading.Thread(target=self._work, args=(lens_tag,), name="measure", daemon=True)
        self._worker.start()
        request.accepted.set_result(None)

    def _work(self, lens_tag: str | None) -> None:
        try:
            if self._camera is None:
                self._camera = self._devices.open_camera()
            progress = lambda text: self._events.put(Stage(text))  # noqa: E731
            simulated = self._devices.simulated
            check = measure_and_store(
                self._camera, self._settings, self._store, lens_tag, simulated, progress
            )
            self._events.put(Outcome(check, None))
        except FocuscheckError as error:
            if isinstance(error, CameraError):
                self._drop_camera()
            self._events.put(Outcome(None, error))
        except Exception as error:
            log.exception("The measurement failed.")
            self._events.put(Outcome(None, error))

    def _finish(self, outcome: Outcome) -> None:
        request, self._request, self._worker = self._request, None, None
        assert request is not None
        if outcome.check is not None:
            self._last = check = outcome.check
            self._enter(Phase.RESULT, stage="", check=check.sequence, verdict=check.result.verdict.value)
            request.done.set_result(outcome.check)
        elif outcome.error is not None:
            self._fail(outcome.error)
            request.done.set_exception(outcome.error)

    def _worker_hangs(self, now: float) -> bool:
        if self._worker is None or now < self._worker_deadline:
            return False
        self.exit_status = CameraError.exit_status
        self._fail(CameraError("Camera or measurement hangs. The station ends itself; start it again."))
        return True

    def _drop_camera(self) -> None:
        if self._camera is not None:
            self._camera.close()
            self._camera = None

    # States and what they look like

    @property
    def _result(self) -> Any:
        return None if self._last is None else self._last.result

    def _enter(self, phase: Phase, **changes: object) -> None:
        camera = "no camera" if self._camera is None else self._camera.description
        devices = (camera, self._devices.panel.description, self._face.description)
        changes |= {"phase": phase, "devices": devices}
        if phase is not Phase.FAULT:
            changes["fault"] = ""
        coming = self._state.changed(**changes)
        self._face.enter(coming, self._result, self._fault_title, time.monotonic())
        self._set(**changes, **self._face.told())

    def _fail(self, error: Exception) -> None:
        text, self._fault_title = str(error), "FAULT"
        if isinstance(error, FocuscheckError):
            self._fault_title = error.oled_text
        else:
            text = "The measurement failed inside and nothing was stored. Test again; the station's log says more."
        self._enter(Phase.FAULT, stage="", fault=text)

    def _show(self) -> None:
        self._face.show(self._state, self._result, self._fault_title, time.monotonic())
        self._set(**self._face.told())

    def _set(self, **changes: object) -> None:
        with self._changed:
            self._state = self._state.changed(**changes)
            self._changed.notify_all()

    def _close(self) -> None:
        if self._worker is not None and self.exit_status == 0:
            self._worker.join(STOP_WAIT_S)
            if self._worker.is_alive():
                self.exit_status = StationDownError.exit_status
        if self._request is not None:
            self._request.done.set_exception(
                StationDownError("The station was stopped before the check was done.")
            )
        self._face.close()
        if self.exit_status == 0:
            self._drop_camera()
