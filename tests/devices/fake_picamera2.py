"""A stand-in for picamera2 that keeps to the real one's contract; test_picamera2_contract.py holds it to that.

Controls take four frames to reach the sensor, rows are padded, the Bayer order is not the one asked for, a control
that the sensor lacks is refused, and a capture that times out leaves its job behind: as the real library does.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

LATENCY = 4
BLACK_16 = 4096
COUNTS_PER_US = 0.35
"""Raw 12-bit counts above black that the paper gives per µs of exposure."""


class FakeRequest:
    def __init__(self, camera: FakePicamera2, data: npt.NDArray[np.uint8], metadata: dict[str, Any]) -> None:
        self._camera, self._data, self._metadata = camera, data, metadata
        self.references = 1

    def make_array(self, name: str) -> npt.NDArray[np.uint8]:
        if name not in self._camera.configuration or self._camera.configuration[name] is None:
            raise RuntimeError(f"Stream {name!r} is not defined")
        return self._data.copy()

    def get_metadata(self) -> dict[str, Any]:
        assert self.references > 0
        return dict(self._metadata)

    def release(self) -> None:
        self.references -= 1
        if self.references < 0:
            raise RuntimeError("CompletedRequest: lock now has negative ref_count")


class FakePicamera2:
    """One camera; class attributes say what it is and what goes wrong with it."""

    model = "imx477"
    full_size = (64, 48)
    native_format = "SRGGB12_CSI2P"
    given_format: str | None = "SBGGR12"
    given_size: tuple[int, int] | None = None
    motor = False
    hangs = False
    obeys = True
    says_exposure = True
    says_black = True
    brightness = 1.0
    in_use = False
    af_result: bool | None = True

    def __init__(self, camera_num: int = 0) -> None:
        if type(self).in_use:
            raise RuntimeError("Camera __init__ sequence did not complete.")
        self.sensor_resolution, self.sensor_format = self.full_size, self.native_format
        self.camera_properties: dict[str, Any] = {"Model": self.model}
        self.camera_controls: dict[str, tuple[Any, Any, Any]] = {
            "ExposureTime": (60, 600_000, 20_000),
            "AnalogueGain": (1.0, 16.0, 1.0),
            "AeEnable": (False, True, True),
            "NoiseReductionMode": (0, 4, 0),
            "FrameDurationLimits": (16_000, 10_000_000, 33_000),
        }
        if self.motor:
            self.camera_controls |= {"AfMode": (0, 2, 0), "LensPosition": (0.0, 15.0, 1.0)}
        self.configuration: dict[str, Any] = {}
        self.requests: list[FakeRequest] = []
        self.log: list[dict[str, Any]] = []
        self.configured = 0
        self._queue: list[dict[str, Any]] = []
        self._now: dict[str, Any] = {"ExposureTime": 20_000, "AnalogueGain": 1.0, "LensPosition": 1.0}
        self.started = self.closed = False

    @staticmethod
    def global_camera_info() -> list[dict[str, Any]]:
        return [{"Model": "imx477", "Id": "/base/soc/i2c0mux/i2c@1/imx477@1a", "Num": 0}]

    @staticmethod
    def load_tuning_file(tuning_file: str, dir: str | None = None) -> dict[str, Any]:
        if tuning_file != "imx477.json":
            raise RuntimeError("Tuning file not found")
        return {"version": 2.0, "target": "bcm2835", "algorithms": []}

    def create_still_configuration(
        self,
        main: dict[str, Any] | None = None,
        lores: Any = None,
        raw: dict[str, Any] | None = None,
        transform: Any = None,
        colour_space: Any = None,
        buffer_count: int = 1,
        controls: dict[str, Any] | None = None,
        display: Any = None,
        encode: Any = None,
        queue: bool = True,
        sensor: dict[str, Any] | None = None,
        use_case: str = "still",
    ) -> dict[str, Any]:
        return {"main": main, "raw": raw, "lores": lores, "buffer_count": buffer_count, "queue": queue} | {
            "sensor": sensor,
            "controls": controls or {},
        }

    def configure(self, camera_config: dict[str, Any] | None = None) -> None:
        if self.started:
            raise RuntimeError("Camera must be stopped before configuring")
        assert camera_config is not None
        self.configured += 1
        self._check(camera_config["controls"])
        raw = dict(camera_config["raw"])
        raw["size"] = self.given_size or raw["size"]
        raw["format"] = self.given_format or raw["format"]
        raw["stride"] = raw["size"][0] * (1 if raw["format"].endswith("8") else 2) + 32
        raw["framesize"] = raw["stride"] * raw["size"][1]
        self.configuration = {**camera_config, "raw": raw if self.given_format != "" else None}
        self._now |= camera_config["controls"]

    def camera_configuration(self) -> dict[str, Any]:
        return self.configuration

    def start(self, config: Any = None, show_preview: bool = False) -> None:
        self.started = True

    def stop(self) -> None:
        self.started = False

    def close(self) -> None:
        self.stop()
        self.closed = True

    def _check(self, controls: dict[str, Any]) -> None:
        for name in controls:
            if name not in self.camera_controls:
                raise RuntimeError(f"Control {name} is not advertised by libcamera")

    def set_controls(self, controls: dict[str, Any]) -> None:
        self._check(controls)
        self.log.append(controls)
        if self.obeys:
            known = self._queue[-1] if self._queue else self._now
            self._queue += [known] * (LATENCY - 1 - len(self._queue)) + [{**known, **controls}]

    def capture_request(
        self, wait: Any = None, signal_function: Any = None, flush: bool | None = None
    ) -> FakeRequest:
        if self.hangs or not self.started:
            raise TimeoutError
        if flush and not self.says_exposure:
            raise KeyError("ExposureTime")  # it is what a frame's beginning is worked out from
        if self._queue:
            self._now = self._queue.pop(0)
        raw = self.configuration["raw"]
        metadata: dict[str, Any] = {"AnalogueGain": self._now["AnalogueGain"], "SensorTemperature": 31.0}
        metadata |= {"ColourGains": (1.0, 1.0), "ScalerCrops": [(0, 0, 64, 48)], "FocusFoM": 1234}
        if self.says_exposure:
            metadata["ExposureTime"] = self._now["ExposureTime"]
        if self.says_black:
            metadata["SensorBlackLevels"] = (BLACK_16,) * 4
        if self.motor:
            metadata["LensPosition"] = self._now["LensPosition"]
        self.requests.append(FakeRequest(self, self._frame(raw), metadata))
        return self.requests[-1]

    def _frame(self, raw: dict[str, Any]) -> npt.NDArray[np.uint8]:
        """Paper of one brightness, in the layout's bytes; the padding holds what was in memory."""
        bits = int("".join(c for c in raw["format"].split("_")[0][1:] if c.isdigit()) or 8)
        sensor_bits = 12 if self.model == "imx477" else 10
        light = COUNTS_PER_US * self._now["ExposureTime"] * self.brightness
        count = min(int((BLACK_16 / 16 + light) / 2 ** (12 - sensor_bits)), 2**sensor_bits - 1)
        width, height = raw["size"]
        data = np.full((height, raw["stride"]), 0xAA, np.uint8)
        if bits == 8:
            data[:, :width] = count >> (sensor_bits - 8)
        else:
            values = np.full((height, width), count << (bits - sensor_bits), "<u2")
            data[:, : 2 * width] = values.view(np.uint8)
        return data

    def autofocus_cycle(self, wait: Any = None, signal_function: Any = None) -> bool:
        self.set_controls({"AfMode": 1})
        if self.af_result is None:
            raise TimeoutError
        self._now, self._queue = {**self._now, "LensPosition": 2.5}, []
        return self.af_result

    def cancel_all_and_flush(self) -> None:
        self.log.append({"cancelled": True})
