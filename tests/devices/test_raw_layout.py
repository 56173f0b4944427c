"""Raw frames in the real byte layouts."""

import numpy as np
import numpy.typing as npt
import pytest

from appliance.devices.raw import layout_of
from appliance.errors import CameraError

BLACK = {"SensorBlackLevels": (4096, 4096, 4096, 4096)}


def padded(rows: list[bytes], stride: int) -> npt.NDArray[np.uint8]:
    """Rows of bytes as the driver lays them into memory, with whatever was there in the padding."""
    return np.array([list(row + b"\xaa" * (stride - len(row))) for row in rows], np.uint8)


def test_twelve_bits_stand_at_the_low_end_of_sixteen_little_endian() -> None:
    layout = layout_of({"format": "SBGGR12", "size": (3, 2), "stride": 32}, 12)
    data = padded([b"\x00\x01\xff\x0f\x34\x02", b"\x01\x00\x00\x08\xfe\x0f"], 32)
    assert layout.unpack(data).tolist() == [[256, 4095, 0x234], [1, 2048, 4094]]
    assert (layout.bayer, layout.white, layout.black(BLACK)) == ("bggr", 4095.0, 256.0)


def test_a_pi_5_puts_twelve_bits_at_the_high_end_of_sixteen() -> None:
    layout = layout_of({"format": "SRGGB16", "size": (2, 1), "stride": 64}, 12)
    assert layout.unpack(padded([b"\x00\x10\xf0\xff"], 64)).tolist() == [[4096, 65520]]
    assert (layout.bayer, layout.white, layout.black(BLACK)) == ("rggb", 65520.0, 4096.0)


def test_ten_bits_low_and_high() -> None:
    low = layout_of({"format": "SGBRG10", "size": (2, 1), "stride": 4}, 10)
    assert low.unpack(padded([b"\xff\x03\x40\x00"], 4)).tolist() == [[1023, 64]]
    assert (low.bayer, low.white, low.black(BLACK)) == ("gbrg", 1023.0, 64.0)
    high = layout_of({"format": "SBGGR16", "size": (2, 1), "stride": 8}, 10)
    assert high.unpack(padded([b"\xc0\xff\x00\x10"], 8)).tolist() == [[65472, 4096]]
    assert high.white == 65472.0


def test_eight_bits_are_bytes_and_mono_has_no_bayer_order() -> None:
    layout = layout_of({"format": "R8", "size": (3, 1), "stride": 16})
    assert layout.unpack(padded([b"\x00\x10\xff"], 16)).tolist() == [[0, 16, 255]]
    assert (layout.bayer, layout.white, layout.black(BLACK)) == (None, 255.0, 16.0)
    assert layout_of({"format": "R10", "size": (2, 1), "stride": 4}).bayer is None
    assert layout_of({"format": "R16", "size": (2, 1), "stride": 4}, 10).white == 65472.0


def test_the_frame_is_its_own_memory_and_not_the_camera_s() -> None:
    layout = layout_of({"format": "SRGGB12", "size": (2, 2), "stride": 8})
    data = np.zeros((2, 8), np.uint8)
    plane = layout.unpack(data)
    data[:] = 255
    assert plane.flags["C_CONTIGUOUS"]
    assert not plane.any()


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("SBGGR12_CSI2P", "packed"),
        ("SRGGB10_CSI2P", "packed"),
        ("R10_CSI2P", "packed"),
        ("BGGR_PISP_COMP1", "compressed"),
        ("BGGR16_PISP_COMP1", "compressed"),
        ("MONO_PISP_COMP1", "compressed"),
        ("YUV420", "no raw format"),
        ("NV12", "no raw format"),
    ],
)
def test_what_cannot_be_measured_is_refused_by_name(name: str, why: str) -> None:
    with pytest.raises(CameraError, match=f"{name}, which cannot be measured: .*{why}"):
        layout_of({"format": name, "size": (4, 2), "stride": 64})


def test_a_frame_of_another_size_than_said_is_refused() -> None:
    layout = layout_of({"format": "SBGGR12", "size": (4, 2), "stride": 16})
    for shape in ((2, 8), (1, 16), (2, 32)):
        with pytest.raises(CameraError, match="instead of 2×16"):
            layout.unpack(np.zeros(shape, np.uint8))
    with pytest.raises(CameraError, match="rows of 6 bytes"):
        layout_of({"format": "SBGGR12", "size": (4, 2), "stride": 6})


@pytest.mark.parametrize("levels", [None, (), (-5,) * 4, (60000,) * 4])
def test_a_black_level_that_is_missing_or_cannot_be_is_refused(levels: object) -> None:
    layout = layout_of({"format": "SBGGR12", "size": (4, 2), "stride": 16})
    with pytest.raises(CameraError, match="black level"):
        layout.black({"SensorBlackLevels": levels})
