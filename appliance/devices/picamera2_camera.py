"""The Raspberry Pi's camera through picamera2: raw frames of one resident configuration, exposure and gains fixed."""

from __future__ import annotations

import importlib
import logging
import re
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from appliance.config import Settings
from appliance.devices import picamera2_versions
from appliance.devices.deadline import within
from appliance.devices.exposure import ExposureSearch, white_share
from appliance.devices.picamera2_metadata import differs
from appliance.devices.raw import RawLayout, layout_of
from appliance.devices.sensors import check_pitch, defect_correction, profile_of
from appliance.errors import CameraError, CameraHangsError, NoFocusMotorError
from appliance.frame import Frame

T = TypeVar("T")

FRAMES_TO_SETTLE = 12
"""A changed control reaches the sensor a few frames later; only the frame's own metadata proves it."""
OPEN_TIMEOUT_S = 20.0
AF_TIMEOUT_S = 15.0
MANUAL, AUTO = 0, 1
"""libcamera's AfMode."""
EXPOSURE_MARGIN_US = 2_000

log = logging.getLogger(__name__)


class Picamera2Camera:
    """A :class:`~appliance.devices.Camera` on libcamera. One process may hold it; configured once, for good.

    Raises
    ------
    CameraError
        If there is no camera, another process holds it, or its raw frames cannot be measured; by name.
    CameraHangsError
        If the library does not answer in time.
    UsageError
        If ``pixel_pitch_um`` is not this sensor's.
    """

    def __init__(self, settings: Settings) -> None:
        self._timeout_s = settings.capture_timeout_s
        self._hangs = False
        library = _library()
        self._camera = self._limited(lambda: _opened(library), OPEN_TIMEOUT_S, "opening")
        try:
            self._start(settings)
        except Exception:
            self.close()
            raise

    def _start(self, settings: Settings) -> None:
        camera = self._camera
        properties = camera.camera_properties
        model = str(properties.get("Model", "camera"))
        self.profile = profile_of(model)
        if self.profile is not None:
            check_pitch(self.profile, settings.pixel_pitch_um)
        self._frame_us = self.profile.frame_us if self.profile else 100_000
        self._exposure_us: int | None = settings.exposure_us
        self._searched = False
        self._asked: dict[str, Any] = {"AnalogueGain": 1.0}
        self._set: Mapping[str, Any] = {}
        self.layout = self._limited(lambda: self._configure(), OPEN_TIMEOUT_S, "configuring")
        self.description = f"{model} through picamera2, {self.layout.format}"
        self._about = {
            "camera": self.description,
            "sensor": model,
            "raw_format": self.layout.format,
            "raw_stride_bytes": self.layout.stride_bytes,
            "defective_pixel_correction": defect_correction(),
            **picamera2_versions.versions(camera, model),
        }
        self._limited(camera.start, OPEN_TIMEOUT_S, "starting")
        if self.has_motor:
            self._hold_lens(settings.lens_position_dpt)

    # Configuration

    def _configure(self) -> RawLayout:
        camera, profile = self._camera, self.profile
        size = profile.size_px if profile else tuple(camera.sensor_resolution)
        wanted = profile.raw_format if profile else _unpacked(str(camera.sensor_format))
        sensor = {"output_size": size, "bit_depth": profile.bit_depth} if profile else {}
        configuration = camera.create_still_configuration(
            main={"size": (640, 480)},
            raw={"size": size, "format": wanted},
            buffer_count=3,
            queue=False,
            sensor=sensor,
            controls=self._first_controls(),
        )
        camera.configure(configuration)
        raw = camera.camera_configuration().get("raw")
        if raw is None:
            raise CameraError(
                "The camera gives no raw frames; only a camera on the ribbon cable can be measured."
            )
        layout = layout_of(raw, profile.bit_depth if profile else None)
        if layout.size_px != size:
            raise CameraError(
                f"The camera gives raw frames of {layout.size_px[0]}×{layout.size_px[1]} px instead of "
                f"{size[0]}×{size[1]}; the pixel pitch would not be true."
            )
        return layout

    def _first_controls(self) -> dict[str, Any]:
        exposure_us = self._exposure_us or ExposureSearch.FIRST_US
        controls = {
            "AeEnable": False,
            "AwbEnable": False,
            "AnalogueGain": 1.0,
            "ColourGains": (1.0, 1.0),
            "Sharpness": 0.0,
            "NoiseReductionMode": 0,
            "ExposureTime": exposure_us,
            "FrameDurationLimits": self._frame_duration(exposure_us),
            "AfMode": MANUAL,
        }
        return {name: value for name, value in controls.items() if name in self._camera.camera_controls}

    def _frame_duration(self, exposure_us: int) -> tuple[int, int]:
        duration = max(self._frame_us, exposure_us + EXPOSURE_MARGIN_US)
        return duration, duration

    # Photos

    def capture(self) -> Frame:
        """Take one photo, exposed after this call began; the first one, and one in other light, is searched for.

        Raises
        ------
        CameraHangsError
            If the library does not answer in time; only the end of the process helps then.
        CameraError
            If the frames' own metadata do not show the settings asked for, or not their exposure and black level.
        """
        if self._exposure_us is None:
            return self._search_exposure()
        frame = self._accepted(self._exposure_us)
        if self._searched and not ExposureSearch.still_good(white_share(frame)):
            return self._search_exposure()  # another lens or other light since the search
        return frame

    def glance(self) -> Frame:
        """The next frame of the live picture, not waiting for one exposed after the call; raises as :meth:`capture`."""
        if self._exposure_us is None:
            return self._search_exposure()
        return self._accepted(self._exposure_us, fresh=False)

    def _search_exposure(self) -> Frame:
        low, high, _ = self._camera.camera_controls["ExposureTime"]
        search = ExposureSearch(int(low), int(high or ExposureSearch.LONGEST_US))
        while True:
            frame = self._accepted(search.exposure_us)
            if search.learn(white_share(frame)):
                break
        self._exposure_us, self._searched = search.exposure_us, True
        log.info("The exposure is %d µs.", search.exposure_us)
        return frame

    def _accepted(self, exposure_us: int, fresh: bool = True) -> Frame:
        """A frame whose own metadata show the settings asked for."""
        asked = {**self._asked, "ExposureTime": exposure_us}
        controls = self._camera.camera_controls
        if self._set != asked:
            changed = {**asked, "FrameDurationLimits": self._frame_duration(exposure_us)}
            self._camera.set_controls({name: value for name, value in changed.items() if name in controls})
            self._set = asked
        wrong = ""
        for _ in range(FRAMES_TO_SETTLE):
            data, metadata = self._request(fresh)
            wrong = differs(asked, metadata)
            if not wrong:
                return self._frame(data, metadata)
        self._set = {}
        raise CameraError(
            f"The camera did not take {wrong} within {FRAMES_TO_SETTLE} frames; nothing was measured. Test again."
        )

    def _request(self, fresh: bool) -> tuple[npt.NDArray[np.uint8], dict[str, Any]]:
        def take() -> tuple[npt.NDArray[np.uint8], dict[str, Any]]:
            try:
                request = self._camera.capture_request(flush=fresh or None, wait=self._timeout_s)
            except KeyError as error:
                raise CameraError(
                    f"The camera's frames do not say their {error}; none can be trusted."
                ) from None
            try:
                return request.make_array("raw"), request.get_metadata()
            finally:
                request.release()

        return self._limited(take, 2 * self._timeout_s, f"taking a photo, {self._timeout_s:g} s")

    def _frame(self, data: npt.NDArray[np.uint8], metadata: dict[str, Any]) -> Frame:
        layout = self.layout
        kept = {name: picamera2_versions.plain(value) for name, value in metadata.items()}
        black = layout.black(metadata)
        return Frame(layout.unpack(data), layout.bayer, black, layout.white, {**kept, **self._about})

    # Focus motor

    @property
    def has_motor(self) -> bool:
        """Whether this camera can focus by itself."""
        return "LensPosition" in self._camera.camera_controls

    def focus(self) -> float:
        """Focus once by the camera's own autofocus, then lock; returns the lens position in dioptres.

        Raises
        ------
        NoFocusMotorError
            If there is no motor.
        CameraError
            If the autofocus found nothing to focus on.
        """
        if not self.has_motor:
            raise NoFocusMotorError("The lens on this camera is focused by hand: it has no motor.")
        try:
            found = self._camera.autofocus_cycle(wait=AF_TIMEOUT_S)
        except TimeoutError:
            self._camera.cancel_all_and_flush()
            found = False
        if not found:
            self._hold_lens(self._asked.get("LensPosition"))
            raise CameraError(
                "The autofocus found nothing to focus on. See that the chart is lit and in view."
            )
        _, metadata = self._request(fresh=True)
        position = float(metadata["LensPosition"])
        self._hold_lens(position)
        return position

    def _hold_lens(self, position_dpt: float | None) -> None:
        if position_dpt is not None:
            self._asked["LensPosition"] = position_dpt
        held = {} if position_dpt is None else {"LensPosition": position_dpt}
        self._camera.set_controls({"AfMode": MANUAL, **held})

    # Life

    def _limited(self, call: Callable[[], T], limit_s: float, doing: str) -> T:
        try:
            return within(limit_s, call)
        except TimeoutError:
            self._hangs = True
            raise CameraHangsError(
                f"The camera stopped answering ({doing}; no answer in time). The station starts afresh; if it happens "
                "again, switch the Pi off and check both ends of the ribbon cable."
            ) from None

    def close(self) -> None:
        """Let the camera go; one that hangs is left to the end of the process, which alone can end it."""
        if self._hangs:
            return
        self._limited(lambda: (self._camera.stop(), self._camera.close()), OPEN_TIMEOUT_S, "closing")


def _library() -> Any:
    try:
        return importlib.import_module("picamera2").Picamera2
    except ImportError:
        raise CameraError(
            "picamera2 is not installed. On a Raspberry Pi: sudo apt install python3-picamera2, then run again; "
            "elsewhere use --camera simulated."
        ) from None


def _opened(library: Any) -> Any:
    if not library.global_camera_info():
        raise CameraError(
            "No camera is connected. Switch the Pi off, check both ends of the ribbon cable, and start again."
        )
    try:
        return library()
    except RuntimeError as error:
        raise CameraError(f"The camera cannot be opened ({error}). End other programs that use it.") from None


def _unpacked(sensor_format: str) -> str:
    """The unpacked name of a sensor's native format: ``SRGGB12`` for ``SRGGB12_CSI2P``."""
    name = sensor_format.split("_", 1)[0]
    if not re.match(r"S|R\d", name):  # the Pi 5's compressed formats leave out the S, and some the depth
        name = "S" + name
    return name if name[-1:].isdigit() else f"{name}16"
