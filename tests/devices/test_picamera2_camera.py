"""The Pi's camera, against a stand-in that is held to picamera2's own contract."""

import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import SettingsFactory
from fake_picamera2 import COUNTS_PER_US, FakePicamera2

from appliance.config import Settings
from appliance.devices import picamera2_camera, sensors
from appliance.devices.picamera2_camera import Picamera2Camera
from appliance.devices.sensors import SensorProfile, defect_correction, profile_of
from appliance.errors import CameraError, CameraHangsError, NoFocusMotorError, UsageError
from appliance.frame import Frame

SIZE = FakePicamera2.full_size


@pytest.fixture
def library(monkeypatch: pytest.MonkeyPatch) -> type[FakePicamera2]:
    class Fresh(FakePicamera2):
        pass

    small = SensorProfile("imx477", SIZE, 12, "SRGGB12", 1.55, 100_000)
    binned = SensorProfile("imx708", (32, 18), 10, "SBGGR10", 2.8, 20_000)
    monkeypatch.setattr(sensors, "PROFILES", (small, binned))
    monkeypatch.setattr(picamera2_camera, "_library", lambda: Fresh)
    return Fresh


@pytest.fixture
def hq(make_settings: SettingsFactory) -> SettingsFactory:
    def make(**values: Any) -> Settings:
        return make_settings(**{"pixel_pitch_um": 1.55, **values})

    return make


def paper(frame: Frame) -> float:
    return (float(np.median(frame.plane)) - frame.black) / (frame.white - frame.black)


def test_one_resident_configuration_raw_beside_main_with_everything_fixed(
    library: type[FakePicamera2], hq: SettingsFactory
) -> None:
    camera = Picamera2Camera(hq(exposure_us=4000))
    for _ in range(3):
        camera.capture()
    fake = camera._camera
    asked = fake.configuration
    assert fake.configured == 1
    assert (asked["buffer_count"], asked["queue"]) == (3, False)
    assert asked["main"] is not None
    assert asked["sensor"] == {"output_size": SIZE, "bit_depth": 12}
    fixed = asked["controls"]
    assert fixed["AeEnable"] is False
    assert (fixed["NoiseReductionMode"], fixed["AnalogueGain"], fixed["ExposureTime"]) == (0, 1.0, 4000)
    assert fixed["FrameDurationLimits"] == (100_000, 100_000)
    assert "Sharpness" not in fixed, "a control that this sensor does not have"
    assert all(request.references == 0 for request in fake.requests)


@pytest.mark.parametrize(("given", "bayer", "white", "black"), [
    ("SBGGR12", "bggr", 4095.0, 256.0),
    ("SRGGB16", "rggb", 65520.0, 4096.0),
])  # fmt: skip
def test_depth_order_black_level_and_stride_are_what_the_camera_says(
    library: type[FakePicamera2],
    hq: SettingsFactory,
    given: str,
    bayer: str,
    white: float,
    black: float,
) -> None:
    library.given_format = given
    frame = Picamera2Camera(hq(exposure_us=4000)).capture()
    assert frame.plane.shape == (SIZE[1], SIZE[0])
    assert (frame.bayer, frame.white, frame.black) == (bayer, white, black)
    assert frame.plane.min() == frame.plane.max()
    assert abs(paper(frame) - COUNTS_PER_US * 4000 / 3839) < 0.01


@pytest.mark.parametrize("brightness", [0.05, 0.3, 1.0, 20.0, 60.0])
def test_the_exposure_is_searched_once_and_then_stays(
    library: type[FakePicamera2], hq: SettingsFactory, brightness: float
) -> None:
    library.brightness = brightness
    camera = Picamera2Camera(hq())
    first = camera.capture()
    sent = len(camera._camera.log)
    second = camera.capture()
    assert 0.55 < paper(first) < 0.75
    assert first.metadata["ExposureTime"] == second.metadata["ExposureTime"]
    assert len(camera._camera.log) == sent


def test_another_light_is_met_by_another_search_but_a_given_exposure_never_changes(
    library: type[FakePicamera2], hq: SettingsFactory
) -> None:
    camera, given = Picamera2Camera(hq()), Picamera2Camera(hq(exposure_us=3000))
    camera.capture()
    given.capture()
    library.brightness = 8.0
    assert 0.55 < paper(camera.capture()) < 0.75
    assert given.capture().metadata["ExposureTime"] == 3000


def test_a_search_in_the_dark_ends(library: type[FakePicamera2], hq: SettingsFactory) -> None:
    library.brightness = 0.0
    camera = Picamera2Camera(hq())
    assert camera.capture().metadata["ExposureTime"] == 250_000
    assert len(camera._camera.requests) < 40


def test_a_frame_counts_only_when_its_own_metadata_show_the_settings(
    library: type[FakePicamera2], hq: SettingsFactory
) -> None:
    camera = Picamera2Camera(hq(exposure_us=3000))
    camera._exposure_us = 5000
    assert camera.capture().metadata["ExposureTime"] == 5000
    library.obeys = False
    camera._exposure_us = 9000
    with pytest.raises(CameraError, match=r"did not take ExposureTime 9000 \(its frames say 5000\)"):
        camera.capture()
    library.says_exposure = False
    with pytest.raises(CameraError, match="do not say their 'ExposureTime'"):
        camera.capture()
    assert all(request.references == 0 for request in camera._camera.requests)


def test_a_frame_with_another_gain_is_not_accepted(library: type[FakePicamera2], hq: SettingsFactory) -> None:
    camera = Picamera2Camera(hq(exposure_us=3000))
    library.obeys = False
    camera._camera._now["AnalogueGain"] = 2.0
    with pytest.raises(CameraError, match="did not take AnalogueGain 1"):
        camera.capture()


@pytest.mark.parametrize("given", ["SBGGR12_CSI2P", "BGGR_PISP_COMP1", "YUV420"])
def test_packed_and_compressed_raw_is_refused_by_name(
    library: type[FakePicamera2], hq: SettingsFactory, given: str
) -> None:
    library.given_format = given
    with pytest.raises(CameraError, match=given):
        Picamera2Camera(hq())


def test_no_raw_another_size_and_no_black_level_are_refused(
    library: type[FakePicamera2], hq: SettingsFactory
) -> None:
    library.says_black = False
    with pytest.raises(CameraError, match="does not say its black level"):
        Picamera2Camera(hq(exposure_us=3000)).capture()
    library.given_size = (32, 24)
    with pytest.raises(CameraError, match="32×24 px instead of 64×48"):
        Picamera2Camera(hq())
    library.given_format = ""
    with pytest.raises(CameraError, match="no raw frames"):
        Picamera2Camera(hq())


def test_no_camera_and_a_camera_in_use_are_sentences(
    library: type[FakePicamera2], hq: SettingsFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    library.in_use = True
    with pytest.raises(CameraError, match="End other programs"):
        Picamera2Camera(hq())
    monkeypatch.setattr(library, "global_camera_info", staticmethod(lambda: []))
    with pytest.raises(CameraError, match="No camera is connected"):
        Picamera2Camera(hq())


def test_a_camera_that_hangs_is_named_and_closing_it_does_not_wait(
    library: type[FakePicamera2], hq: SettingsFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    camera = Picamera2Camera(hq(exposure_us=3000))
    library.hangs = True
    with pytest.raises(CameraHangsError, match="stopped answering"):
        camera.capture()
    monkeypatch.setattr(library, "stop", lambda self: threading.Event().wait())
    camera.close()


def test_a_camera_that_blocks_on_opening_is_named(
    library: type[FakePicamera2], hq: SettingsFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = threading.Event()
    monkeypatch.setattr(library, "start", lambda self: gate.wait())
    monkeypatch.setattr(picamera2_camera, "OPEN_TIMEOUT_S", 0.05)
    with pytest.raises(CameraHangsError, match="starting"):
        Picamera2Camera(hq())
    gate.set()


def test_versions_and_settings_are_kept_with_every_frame(
    library: type[FakePicamera2], hq: SettingsFactory
) -> None:
    kept = Picamera2Camera(hq(exposure_us=3000)).capture().metadata
    for name in ("picamera2_version", "libcamera_version", "tuning", "raw_format", "ExposureTime"):
        assert kept[name]
    assert kept["tuning"].startswith("imx477.json version 2.0, ")
    assert kept["defective_pixel_correction"] in ("on", "off", "unknown")
    assert kept["ScalerCrops"] == [[0, 0, 64, 48]]


def test_a_pixel_pitch_that_is_not_the_sensor_s_is_refused(
    library: type[FakePicamera2], hq: SettingsFactory
) -> None:
    with pytest.raises(UsageError, match=r"Set pixel_pitch_um = 1\.55"):
        Picamera2Camera(hq(pixel_pitch_um=3.45))


@pytest.mark.parametrize(
    ("model", "size", "bits", "pitch"),
    [
        ("imx477", (4056, 3040), 12, 1.55),
        ("imx296", (1456, 1088), 10, 3.45),
        ("imx708_wide_noir", (2304, 1296), 10, 2.8),
    ],
)
def test_every_supported_sensor_has_its_mode(
    model: str, size: tuple[int, int], bits: int, pitch: float
) -> None:
    profile = profile_of(model)
    assert profile is not None
    assert (profile.size_px, profile.bit_depth, profile.pixel_pitch_um) == (size, bits, pitch)
    assert profile_of("ov5647") is None


def test_a_sensor_that_is_not_known_is_measured_at_its_full_size(
    library: type[FakePicamera2], hq: SettingsFactory
) -> None:
    library.model = "ov9999"
    camera = Picamera2Camera(hq(exposure_us=3000, pixel_pitch_um=2.2))
    assert camera.capture().plane.shape == (SIZE[1], SIZE[0])
    assert camera._camera.configuration["sensor"] == {}


def test_camera_module_3_focuses_locks_and_says_its_lens_position(
    library: type[FakePicamera2], hq: SettingsFactory
) -> None:
    library.model, library.motor, library.given_format = "imx708", True, "SBGGR10"
    camera = Picamera2Camera(hq(pixel_pitch_um=2.8, exposure_us=3000, lens_position_dpt=1.8))
    assert camera._camera.configuration["raw"]["size"] == (32, 18)
    assert camera.capture().metadata["LensPosition"] == 1.8
    assert camera.focus() == 2.5
    assert camera.capture().metadata["LensPosition"] == 2.5
    locked = [controls for controls in camera._camera.log if "AfMode" in controls][-1]
    assert locked == {"AfMode": 0, "LensPosition": 2.5}


@pytest.mark.parametrize("result", [False, None])
def test_an_autofocus_that_finds_nothing_is_a_sentence_and_the_lens_goes_back(
    library: type[FakePicamera2], hq: SettingsFactory, result: bool | None
) -> None:
    library.model, library.motor, library.given_format = "imx708", True, "SBGGR10"
    camera = Picamera2Camera(hq(pixel_pitch_um=2.8, exposure_us=3000, lens_position_dpt=1.8))
    library.af_result = result
    with pytest.raises(CameraError, match="nothing to focus on"):
        camera.focus()
    assert camera.capture().metadata["LensPosition"] == 1.8


def test_a_lens_without_motor_is_said_to_have_none(library: type[FakePicamera2], hq: SettingsFactory) -> None:
    with pytest.raises(NoFocusMotorError, match="by hand"):
        Picamera2Camera(hq()).focus()


@pytest.mark.parametrize(("text", "said"), [("0\n", "off"), ("1\n", "on"), (None, "unknown")])
def test_the_sensor_s_own_mending_of_pixels_is_read_from_its_driver(
    tmp_path: Path, text: str | None, said: str
) -> None:
    file = tmp_path / "dpc_enable"
    if text is not None:
        file.write_text(text)
    assert defect_correction(file) == said
