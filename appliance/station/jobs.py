"""What the station does with its camera, each in a thread: one check, one autofocus, or a live session.

Only one runs at a time; one that begins waits for the one before it to let go of the camera.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Any

from appliance.checks.focus_assist import FocusAssist
from appliance.config import Settings
from appliance.devices import Camera, Focusing
from appliance.errors import CameraError, FocuscheckError, NoFocusMotorError
from appliance.frame import Frame
from appliance.station.events import Devices, Focused, Live, LiveEnded, LiveKind, Outcome, Stage
from appliance.station.measure import Wanted, keep_raw, measure_and_store
from appliance.station.view import view
from appliance.store import Store, StoredCheck

log = logging.getLogger(__name__)


class Jobs:
    """Owns the camera and the thread that uses it; events go to ``put``."""

    def __init__(
        self, settings: Settings, devices: Devices, store: Store, put: Callable[[object], None]
    ) -> None:
        self._settings, self._devices, self._store, self._put = settings, devices, store, put
        self._camera: Camera | None = None
        self._thread: threading.Thread | None = None
        self._stop_live = threading.Event()
        self._shown = threading.Event()
        self._reset_peak = threading.Event()
        self.session = 0
        """Number of the live session that counts; figures of others are stale."""
        self.deadline: float | None = None
        """Monotonic time after which what runs now must be taken to hang."""
        self.bench_c: float | None = None
        """Last temperature of the thermometer, °C, kept with each check."""

    @property
    def description(self) -> str:
        """The camera in words."""
        return "no camera" if self._camera is None else self._camera.description

    @property
    def has_motor(self) -> bool:
        """Whether FOCUS can drive the lens."""
        return isinstance(self._camera, Focusing) and self._camera.has_motor

    def open(self) -> None:
        """Open the camera now; raises CameraError if it cannot be."""
        self._camera = self._devices.open_camera()

    def check(self, wanted: Wanted) -> None:
        """Begin a check; ends in an :class:`Outcome`."""
        settings = self._settings
        limit = settings.capture_timeout_s * (settings.frames_at_most + 1) + settings.score_timeout_s
        self._begin(lambda: self._check(wanted), "measure", limit)

    def focus(self) -> None:
        """Begin an autofocus; ends in :class:`Focused`."""
        self._begin(
            self._focus, "focus", 3 * self._settings.capture_timeout_s + self._settings.score_timeout_s
        )

    def live(self, kind: LiveKind) -> None:
        """Begin a live session; gives :class:`Live` events until :meth:`end_live`, then :class:`LiveEnded`.

        Every frame of the camera is looked at. Its figures are given once those before are shown (:meth:`alive`): a
        display slower than the camera skips some, and no press of a button waits behind a queue of them.
        """
        self.end_live()
        stop = self._stop_live = threading.Event()
        shown = self._shown = threading.Event()
        shown.set()
        session = self.session
        self._begin(lambda: self._live(kind, stop, shown, session), kind, self._live_limit_s)

    @property
    def _live_limit_s(self) -> float:
        return self._settings.capture_timeout_s * 3 + self._settings.score_timeout_s

    def alive(self) -> None:
        """A live frame's figures are shown: the session does not hang, and the next may come."""
        self._shown.set()
        self.deadline = time.monotonic() + self._live_limit_s

    def end_live(self) -> None:
        """End a live session soon; its figures count no longer."""
        self._stop_live.set()
        self.session += 1
        self.deadline = None

    def reset_peak(self) -> None:
        """Let focus assist forget its best sharpness."""
        self._reset_peak.set()

    def done(self) -> None:
        """What ran has said how it ended."""
        self.deadline = None

    def _begin(self, work: Callable[[], None], name: str, limit_s: float) -> None:
        self._stop_live.set() if name not in ("assist", "align") else None
        before = self._thread

        def run() -> None:
            if before is not None:
                before.join()
            self._devices.panel.strobe(True)
            try:
                work()
            finally:
                self._devices.panel.strobe(False)

        self.deadline = time.monotonic() + limit_s
        self._thread = threading.Thread(target=run, name=name, daemon=True)
        self._thread.start()

    def _opened(self) -> Camera:
        if self._camera is None:
            self._camera = self._devices.open_camera()
        return self._camera

    def _check(self, wanted: Wanted) -> None:
        def progress(text: str) -> None:
            self._put(Stage(text))

        kept: list[tuple[StoredCheck, Frame]] = []

        def work() -> None:
            camera, simulated = self._opened(), self._devices.simulated
            check, frame = measure_and_store(
                camera, self._settings, self._store, wanted, simulated, progress, self.bench_c
            )
            kept.append((check, frame))
            self._put(Outcome(check, None))

        self._guarded(work, lambda error: Outcome(None, error))
        for check, frame in kept:  # the verdict is out: what goes wrong here is not the check's failure
            keep_raw(self._store, check, frame)

    def _focus(self) -> None:
        def work() -> None:
            camera = self._opened()
            if not isinstance(camera, Focusing):
                raise NoFocusMotorError("The lens on this camera is focused by hand: it has no motor.")
            self._put(Focused(camera.focus(), None))

        self._guarded(work, lambda error: Focused(None, error))

    def _live(self, kind: LiveKind, stop: threading.Event, shown: threading.Event, session: int) -> None:
        def work() -> None:
            camera, look = self._opened(), self._look(kind)
            frame = (
                camera.capture()
            )  # which searches the exposure anew if lens or light are others than at the last
            while not stop.is_set():
                figures = look(frame)
                if shown.is_set():
                    shown.clear()
                    self._put(Live(session, figures))
                frame = camera.glance()
            self._put(LiveEnded(session, None))

        self._guarded(work, lambda error: LiveEnded(session, error))

    def _look(self, kind: LiveKind) -> Callable[[Frame], dict[str, Any]]:
        setup = self._store.setup_for(None, self._settings.setup())
        if kind == "align":
            return lambda frame: view(frame, setup)
        assist = FocusAssist(setup)

        def look(frame: Frame) -> dict[str, Any]:
            if self._reset_peak.is_set():
                self._reset_peak.clear()
                assist.reset_peak()
            return assist.look(frame).to_dict()

        return look

    def _guarded(self, work: Callable[[], None], failed: Callable[[Exception], object]) -> None:
        try:
            work()
        except FocuscheckError as error:
            if isinstance(error, CameraError):
                self.drop()
            self._put(failed(error))
        except Exception as error:
            log.exception("The measurement failed.")
            self._put(failed(error))

    def drop(self) -> None:
        """Let the camera go; it is opened anew when it is needed."""
        camera, self._camera = self._camera, None
        if camera is not None:
            try:
                camera.close()
            except CameraError as error:
                log.warning("The camera could not be closed (%s).", error)

    def join(self, limit_s: float) -> bool:
        """Wait for what runs; whether it ended."""
        self._stop_live.set()
        if self._thread is not None:
            self._thread.join(limit_s)
            return not self._thread.is_alive()
        return True
