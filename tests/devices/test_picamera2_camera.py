"""The Pi's camera, against a stand-in that keeps to picamera2's documented behaviour."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from conftest import SettingsFactory

from appliance.devices import picamera2_camera
from appliance.devices.picamera2_camera import Picamera2Camera
from appliance.errors import CameraError

SIZE = (64, 48)
PAPER_E_PER_US = 0.35
"""Raw 12-bit counts above black that the paper gives per µs of exposure."""


class Request:
    def __init__(self, data: npt.NDArray[np.uint8], metadata: dict[str, Any]) -> None:
        self._data, self._metadata, self.released = data, metadata, False

    def make_array(self, name: str) -> npt.NDArray[np.uint8]:
        assert name == "raw"
        return self._data

    def get_metadata(self) -> dict[str, Any]:
        return self._metadata

    def release(self) -> None:
        self.released = True


class Picamera2:
    """Controls take four frames to reach the sensor; rows are padded to the stride."""

    given_format = "SBGGR12"
    cameras: list[dict[str, Any]] = [{"Model": "imx477"}]  # noqa: RUF012
    hangs = False
    obeys = True

    sensor_resolution = SIZE
    sensor_modes = [  # noqa: RUF012
        {"size": (32, 24), "unpacked": "SRGGB10", "bit_depth": 10},
        {"size": SIZE, "unpacked": "SRGGB12", "bit_depth": 12},
    ]
    camera_properties = {"Model": "imx477"}  # noqa: RUF012
    camera_controls = {  # noqa: RUF012
        "ExposureTime": (60, 600_000, None),
        "AnalogueGain": (1.0, 16.0, None),
        "AeEnable": (False, True, None),
        "NoiseReductionMode": (0, 4, 0),
    }

    def __init__(self) -> None:
        self.exposures: list[int] = [5000] * 4
        self.asked: dict[str, Any] = {}
        self.requests: list[Request] = []
        self.running = False

    @classmethod
    def global_camera_info(cls) -> list[dict[str, Any]]:
        return cls.cameras

    def create_still_configuration(self, **parts: Any) -> dict[str, Any]:
        self.asked = parts
        assert set(parts["controls"]) <= set(self.camera_controls), "a control this sensor does not have"
        return parts

    def configure(self, configuration: dict[str, Any]) -> None:
        self.exposures = [configuration["controls"]["ExposureTime"]] * 4

    def camera_configuration(self) -> dict[str, Any]:
        return {"raw": {"format": self.given_format, "size": SIZE, "stride": 2 * SIZE[0] + 32}}

    def start(self) -> None:
        self.running = True

    def set_controls(self, controls: dict[str, Any]) -> None:
        if self.obeys and controls["ExposureTime"] != self.exposures[-1]:
            self.exposures += [self.exposures[-1]] * 3 + [controls["ExposureTime"]]

    def capture_request(self, flush: bool, wait: float) -> Request:
        assert flush
        assert wait > 0
        assert self.running
        if self.hangs:
            raise TimeoutError
        exposure = self.exposures.pop(0) if len(self.exposures) > 1 else self.exposures[0]
        count = np.uint16(min(256 + PAPER_E_PER_US * exposure, 4095))
        shift = 4 if self.given_format.endswith("16") else 0
        plane = np.full((SIZE[1], SIZE[0] + 16), count << shift, np.uint16)
        plane[:, SIZE[0] :] = 0xAAAA
        self.requests.append(
            Request(plane.view(np.uint8), {"ExposureTime": exposure, "SensorBlackLevels": (4096,) * 4})
        )
        return self.requests[-1]

    def stop(self) -> None:
        self.running = False

    def close(self) -> None:
        assert not self.running


@pytest.fixture
def library(monkeypatch: pytest.MonkeyPatch) -> type[Picamera2]:
    class Fresh(Picamera2):
        pass

    monkeypatch.setattr(picamera2_camera, "_library", lambda: Fresh)
    return Fresh


@pytest.mark.parametrize(("given", "bayer", "white", "black"), [
    ("SBGGR12", "bggr", 4095.0, 256.0),
    ("SRGGB16", "rggb", 65535.0, 4096.0),
])  # fmt: skip
def test_depth_order_black_level_and_stride_are_what_the_camera_says(
    library: type[Picamera2],
    make_settings: SettingsFactory,
    given: str,
    bayer: str,
    white: float,
    black: float,
) -> None:
    library.given_format = given
    frame = Picamera2Camera(make_settings(exposure_us=4000)).capture()
    assert frame.plane.shape == (SIZE[1], SIZE[0])
    assert (frame.bayer, frame.white, frame.black) == (bayer, white, black)
    paper = (float(frame.plane.max()) - frame.black) / (frame.white - frame.black)
    assert frame.plane.min() == frame.plane.max()
    assert abs(paper - PAPER_E_PER_US * 4000 / 3839) < 0.01


def test_the_exposure_is_searched_once_and_then_stays(
    library: type[Picamera2], make_settings: SettingsFactory
) -> None:
    camera = Picamera2Camera(make_settings())
    first, second = camera.capture(), camera.capture()
    paper = (float(np.median(first.plane)) - first.black) / (first.white - first.black)
    assert 0.55 < paper < 0.75
    assert first.metadata["ExposureTime"] == second.metadata["ExposureTime"]


def test_a_frame_counts_only_when_its_own_metadata_show_the_exposure(
    library: type[Picamera2], make_settings: SettingsFactory
) -> None:
    camera = Picamera2Camera(make_settings(exposure_us=3000))
    camera._exposure_us = 5000
    assert camera.capture().metadata["ExposureTime"] == 5000
    library.obeys = False
    camera._exposure_us = 9000
    with pytest.raises(CameraError, match="did not take the exposure"):
        camera.capture()
    assert all(request.released for request in camera._camera.requests)


@pytest.mark.parametrize("given", ["SBGGR12_CSI2P", "BGGR_PISP_COMP1", "YUV420"])
def test_packed_and_compressed_raw_is_refused_by_name(
    library: type[Picamera2], make_settings: SettingsFactory, given: str
) -> None:
    library.given_format = given
    with pytest.raises(CameraError, match=given):
        Picamera2Camera(make_settings())


def test_no_camera_and_no_frame_are_sentences(
    library: type[Picamera2], make_settings: SettingsFactory
) -> None:
    camera = Picamera2Camera(make_settings(exposure_us=3000))
    library.hangs = True
    with pytest.raises(CameraError, match="gave no frame within 10 s"):
        camera.capture()
    camera.close()
    library.cameras = []
    with pytest.raises(CameraError, match="No camera is connected"):
        Picamera2Camera(make_settings())
