"""The Raspberry Pi's camera through picamera2: raw frames at full size with fixed exposure and gains."""

from __future__ import annotations

import importlib
import re
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from appliance.config import Settings
from appliance.errors import CameraError
from appliance.frame import BAYER_ORDERS, Frame

TARGET_WHITE = 0.65
"""Share of the range between black and white that the chart's white is exposed to: clear of clipping and of noise."""
FRAMES_TO_SETTLE = 12
"""A changed control reaches the sensor a few frames later; only the frame's own metadata proves it."""
_RAW_FORMAT = re.compile(r"S(RGGB|BGGR|GRBG|GBRG)(8|10|12|14|16)")


class Picamera2Camera:
    """A :class:`~appliance.devices.Camera` on libcamera. One process may hold it; configured once, for good."""

    def __init__(self, settings: Settings) -> None:
        self._timeout_s = settings.capture_timeout_s
        self._exposure_us = settings.exposure_us
        library = _library()
        if not library.global_camera_info():
            raise CameraError(
                "No camera is connected. Switch the Pi off, check both ends of the ribbon cable, and start again."
            )
        try:
            self._camera = library()
        except RuntimeError as error:
            raise CameraError(
                f"The camera cannot be opened ({error}). End other programs that use it."
            ) from None
        self._raw = self._configure()
        model = self._camera.camera_properties.get("Model", "camera")
        self.description = f"{model} through picamera2, {self._raw['format']}"
        self._camera.start()

    def _configure(self) -> Mapping[str, Any]:
        camera = self._camera
        size = camera.sensor_resolution
        formats = [mode["unpacked"] for mode in camera.sensor_modes if tuple(mode["size"]) == tuple(size)]
        if not formats:
            raise CameraError(
                f"The camera offers no raw format at its full size {size}; it cannot be measured with."
            )
        controls = {
            "AeEnable": False,
            "AwbEnable": False,
            "AnalogueGain": 1.0,
            "ColourGains": (1.0, 1.0),
            "Sharpness": 0.0,
            "NoiseReductionMode": 0,
            "ExposureTime": self._exposure_us or 10_000,
        }
        known = {name: value for name, value in controls.items() if name in camera.camera_controls}
        configuration = camera.create_still_configuration(
            main={"size": (640, 480)},
            raw={"size": size, "format": formats[-1]},
            buffer_count=3,
            queue=False,
            controls=known,
        )
        camera.configure(configuration)
        raw: Mapping[str, Any] = camera.camera_configuration()["raw"]
        if not _RAW_FORMAT.fullmatch(raw["format"]):
            raise CameraError(f"The camera gives raw format {raw['format']}, which cannot be measured.")
        return raw

    def capture(self) -> Frame:
        """Take one photo, exposed after this call began."""
        if self._exposure_us is None:
            self._exposure_us = self._search_exposure()
        return self._capture(self._exposure_us)

    def _search_exposure(self) -> int:
        low, high, _ = self._camera.camera_controls["ExposureTime"]
        exposure_us = 10_000
        for _ in range(6):
            frame = self._capture(exposure_us)
            height, width = frame.plane.shape
            middle = frame.plane[height // 4 : -height // 4, width // 4 : -width // 4]
            white = (float(np.percentile(middle, 98)) - frame.black) / (frame.white - frame.black)
            if abs(white - TARGET_WHITE) < 0.08:
                break
            step = 0.25 if white > 0.95 else TARGET_WHITE / max(white, 0.02)
            exposure_us = int(np.clip(exposure_us * step, max(low, 30), min(high or 1_000_000, 1_000_000)))
        return exposure_us

    def _capture(self, exposure_us: int) -> Frame:
        self._camera.set_controls({"ExposureTime": exposure_us})
        for _ in range(FRAMES_TO_SETTLE):
            plane, metadata = self._request()
            if abs(metadata.get("ExposureTime", 0) - exposure_us) <= max(0.02 * exposure_us, 30):
                return self._frame(plane, metadata)
        raise CameraError(
            f"The camera did not take the exposure of {exposure_us} µs within {FRAMES_TO_SETTLE} frames. Restart it."
        )

    def _request(self) -> tuple[npt.NDArray[np.uint8], dict[str, Any]]:
        try:
            request = self._camera.capture_request(flush=True, wait=self._timeout_s)
        except TimeoutError:
            raise CameraError(
                f"The camera gave no frame within {self._timeout_s:g} s. "
                "Check the ribbon cable, then test again."
            ) from None
        try:
            return request.make_array("raw"), request.get_metadata()
        finally:
            request.release()

    def _frame(self, data: npt.NDArray[np.uint8], metadata: dict[str, Any]) -> Frame:
        width, height = self._raw["size"]
        order, bits = _RAW_FORMAT.fullmatch(self._raw["format"]).groups()  # type: ignore[union-attr]
        plane = (data if bits == "8" else data.view(np.uint16))[:height, :width].astype(np.uint16)
        levels = metadata.get("SensorBlackLevels") or (0,)
        bayer = next(name for name in BAYER_ORDERS if name == order.lower())
        scale = 2 ** int(bits)
        return Frame(
            plane, bayer, levels[0] * scale / 65536, scale - 1.0, {**metadata, "camera": self.description}
        )

    def close(self) -> None:
        """Let the camera go."""
        self._camera.stop()
        self._camera.close()


def _library() -> Any:
    try:
        return importlib.import_module("picamera2").Picamera2
    except ImportError:
        raise CameraError(
            "picamera2 is not installed. On a Raspberry Pi: sudo apt install python3-picamera2, then run again; "
            "elsewhere use --camera simulated."
        ) from None
