"""What the station takes for granted of picamera2: asked of the real library where there is one, and of the stand-in.

The real one runs on libcamera's virtual camera, which has no raw stream and no exposure; scripts/test-picamera2 makes
the system that has both. What concerns raw streams is asked of the real library's own helper functions there.
"""

from __future__ import annotations

import importlib
import inspect
import sys
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from conftest import SettingsFactory
from fake_picamera2 import FakePicamera2

from appliance.devices import picamera2_camera, picamera2_versions
from appliance.devices.picamera2_camera import Picamera2Camera
from appliance.errors import CameraError

NEEDED = (
    "__init__",
    "autofocus_cycle",
    "camera_configuration",
    "cancel_all_and_flush",
    "capture_request",
    "close",
    "configure",
    "create_still_configuration",
    "global_camera_info",
    "load_tuning_file",
    "set_controls",
    "start",
    "stop",
)
PATIENCE_S = 10.0


def real_library() -> Any:
    try:
        return importlib.import_module("virtual_picamera2")
    except ImportError as error:
        pytest.skip(
            f"picamera2 with libcamera's virtual camera is not here ({error}): scripts/test-picamera2"
        )


@pytest.fixture(params=["stand-in", "real"])
def camera(request: pytest.FixtureRequest) -> Iterator[Any]:
    opened = FakePicamera2() if request.param == "stand-in" else real_library().open_camera()
    yield opened
    opened.close()


def configured(camera: Any) -> Any:
    """The camera with the configuration calls that the station makes; the virtual camera has no raw."""
    raw = {"size": (64, 48), "format": "SRGGB12"} if isinstance(camera, FakePicamera2) else None
    main = {"size": (640, 480)} if raw else {"size": (1920, 1080), "format": "NV12"}
    configuration = camera.create_still_configuration(
        main=main, raw=raw, buffer_count=3, queue=False, sensor={}, controls={}
    )
    camera.configure(configuration)
    return camera


def test_the_camera_says_who_it_is(camera: Any) -> None:
    info = type(camera).global_camera_info()
    assert isinstance(info, list)
    assert {"Model", "Id", "Num"} <= set(info[0])
    assert camera.camera_properties["Model"]
    assert len(camera.sensor_resolution) == 2
    assert isinstance(str(camera.sensor_format), str)
    for limits in camera.camera_controls.values():
        assert len(limits) == 3


def test_a_camera_that_another_holds_cannot_be_opened(camera: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    if isinstance(camera, FakePicamera2):
        monkeypatch.setattr(FakePicamera2, "in_use", True)
    with pytest.raises(RuntimeError):
        type(camera)()


def test_a_control_that_is_not_there_is_refused(camera: Any) -> None:
    assert "LensPosition" not in camera.camera_controls
    with pytest.raises(RuntimeError, match="LensPosition is not advertised"):
        camera.set_controls({"LensPosition": 1.0})


def test_the_configuration_is_read_back_with_format_size_and_stride(camera: Any) -> None:
    read = configured(camera).camera_configuration()
    stream = read["raw"] or read["main"]
    assert {"format", "size", "stride", "framesize"} <= set(stream)
    assert stream["stride"] >= stream["size"][0]
    assert (read["buffer_count"], read["queue"]) == (3, False)


def test_a_running_camera_cannot_be_configured_anew(camera: Any) -> None:
    configured(camera).start()
    with pytest.raises(RuntimeError, match="must be stopped"):
        configured(camera)
    camera.stop()


def test_array_and_metadata_come_from_one_request_that_is_given_back_once(camera: Any) -> None:
    configured(camera).start()
    stream = "raw" if camera.camera_configuration()["raw"] else "main"
    # frames that do not say their exposure cannot be told to be fresh; the virtual camera's do not
    for flush in (True, None) if stream == "raw" else (None,):
        request = camera.capture_request(flush=flush, wait=PATIENCE_S)
        array, metadata = request.make_array(stream), request.get_metadata()
        with pytest.raises(RuntimeError, match="not defined"):
            request.make_array("nonsense")
        request.release()
        assert array.dtype == np.uint8
        assert isinstance(metadata, dict)
    with pytest.raises(RuntimeError):
        request.release()
    camera.stop()


def test_a_fresh_frame_is_told_by_its_exposure_and_refused_without_it(camera: Any) -> None:
    if isinstance(camera, FakePicamera2):
        camera.says_exposure = False
    configured(camera).start()
    with pytest.raises(KeyError, match="ExposureTime"):
        camera.capture_request(flush=True, wait=PATIENCE_S)
    camera.stop()


def test_a_frame_that_does_not_come_is_a_time_out(camera: Any) -> None:
    configured(camera).start()
    camera.stop()
    with pytest.raises(TimeoutError):
        camera.capture_request(flush=True, wait=0.2)


def test_versions_and_tuning_are_strings(camera: Any) -> None:
    kept = picamera2_versions.versions(camera, "imx477")
    assert {"picamera2_version", "libcamera_version", "tuning"} == set(kept)
    if not isinstance(camera, FakePicamera2):
        assert kept["picamera2_version"] != "unknown"
        assert kept["libcamera_version"] != "unknown"


@pytest.mark.parametrize("name", NEEDED)
def test_the_stand_in_s_calls_have_the_real_ones_parameters(name: str) -> None:
    real = getattr(real_library().Picamera2, name)
    wanted = list(inspect.signature(real).parameters)
    given = list(inspect.signature(getattr(FakePicamera2, name)).parameters)
    assert given == wanted[: len(given)], (given, wanted)


@pytest.mark.parametrize(("name", "bits"), [("SBGGR12", 16), ("SRGGB16", 16), ("SBGGR10", 16), ("R8", 8)])
def test_raw_frames_are_rows_of_bytes_padding_included(name: str, bits: int) -> None:
    real_library()
    helpers = importlib.import_module("picamera2.request").Helpers(None)
    stride = 6 * bits // 8 + 20
    buffer = np.arange(stride * 4, dtype=np.uint8)
    array = helpers.make_array(buffer, {"format": name, "size": (6, 4), "stride": stride})
    assert array.shape == (4, stride)
    assert array.dtype == np.uint8
    fake = FakePicamera2()
    fake.given_format, fake.model = name, "imx708" if name.endswith("10") else "imx477"
    fake.configure({"controls": {}, "raw": {"size": (6, 4), "format": name}})
    assert fake._frame(fake.configuration["raw"]).shape == (4, 6 * bits // 8 + 32)


def test_sensor_formats_are_named_as_the_station_reads_them() -> None:
    real_library()
    formats = importlib.import_module("picamera2.formats")
    sensor_format = importlib.import_module("picamera2.sensor_format").SensorFormat
    for name in ("SRGGB12_CSI2P", "SBGGR10_CSI2P", "R10_CSI2P", "BGGR_PISP_COMP1"):
        assert formats.is_raw(name) or "PISP" in name
        if "PISP" not in name:
            assert picamera2_camera._unpacked(name) == sensor_format(name).unpacked
    assert picamera2_camera._unpacked("BGGR16_PISP_COMP1") == "SBGGR16"
    assert picamera2_camera._unpacked("R16") == "R16"
    assert picamera2_camera._unpacked("BGGR_PISP_COMP1") == "SBGGR16"


def test_the_station_refuses_the_virtual_camera_for_it_has_no_raw_frames(
    make_settings: SettingsFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    virtual = real_library()
    monkeypatch.setattr(picamera2_camera, "_library", lambda: virtual.VirtualPicamera2)
    with pytest.raises(CameraError, match="no raw"):
        Picamera2Camera(make_settings())
    assert "picamera2" in sys.modules
