"""Barcode scanner on recorded input events, and thermometers on their files and registers."""

import os
import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from conftest import until

from appliance.devices import scanner, thermometer
from appliance.devices.keys import LAYOUTS, DecodeKeys
from appliance.devices.scanner import EVENT, EvdevScanner, codes, find_scanner, tag_of
from appliance.devices.thermometer import Bme280, Ds18b20, SimulatedThermometer, compensated

SHIFT, ENTER = 42, 28
RECORDED = (
    # a scanner set to US layout reading "FC-0042": scan code (type 4), key down, sync, key up
    "4:4:458785 1:42:1 0:0:0 1:33:1 0:0:0 1:33:0 1:42:0 0:0:0 1:42:1 1:46:1 0:0:0 1:46:0 1:42:0 0:0:0 "
    "1:12:1 1:12:0 0:0:0 1:11:1 1:11:0 1:11:1 1:11:0 1:5:1 1:5:0 1:3:1 1:3:0 0:0:0 1:28:1 0:0:0 1:28:0"
)


def recorded(text: str = RECORDED) -> list[tuple[int, int, int]]:
    return [tuple(int(part) for part in event.split(":")) for event in text.split()]  # type: ignore[misc]


def typed(text: str, layout: str) -> list[tuple[int, int, int]]:
    """Events of a keyboard of ``layout`` that types ``text``."""
    keys = DecodeKeys(layout)
    plain, shifted = ({c: code for code, c in table.items()} for table in keys._tables)
    events = []
    for character in text:
        if character in plain:
            events += [(1, plain[character], 1), (1, plain[character], 0)]
        else:
            code = shifted[character]
            events += [(1, SHIFT, 1), (1, code, 1), (1, code, 0), (1, SHIFT, 0)]
    return [*events, (1, ENTER, 1), (1, ENTER, 0)]


def test_a_recorded_scan_gives_its_tag() -> None:
    assert list(codes(recorded(), "us")) == ["FC-0042"]


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_layout_reads_tags_and_addresses(layout: str) -> None:
    for text in ("FC-0042", "http://10.0.0.9:8080/l/FC-0042", "abcxyz.QWAZ_1234567890"):
        assert list(codes(typed(text, layout), layout)) == [text]


def test_a_wrong_layout_is_seen_in_the_tag() -> None:
    assert list(codes(typed("XYZ-1", "us"), "de")) != ["XYZ-1"]


def test_caps_lock_repeats_and_an_endless_code_do_no_harm() -> None:
    held = [(1, 30, 1)] + [(1, 30, 2)] * 50 + [(1, 30, 0), (1, 58, 1), (1, 48, 1), (1, ENTER, 1)]
    assert list(codes(held, "us")) == ["aB"]
    assert len(next(codes(typed("a" * 5000, "us"), "us"))) == scanner.LONGEST_CODE
    assert list(codes([(1, ENTER, 1)] * 3, "us")) == []


@pytest.mark.parametrize(
    ("code", "tag"),
    [
        ("FC-0042", "FC-0042"),
        ("http://10.0.0.9:8080/l/FC-0042", "FC-0042"),
        ("https://bench.local/l/FC%2042/", "FC 42"),
        ("http://elsewhere.example/other", "http://elsewhere.example/other"),
    ],
)
def test_a_tag_is_taken_bare_or_from_the_end_of_an_address(code: str, tag: str) -> None:
    assert tag_of(code) == tag


def test_the_scanner_is_found_by_its_name_and_not_an_ordinary_keyboard(tmp_path: Path) -> None:
    (tmp_path / "usb-Logitech_Keyboard-event-kbd").touch()
    assert find_scanner("auto", tmp_path) is None
    (tmp_path / "usb-Honeywell_Scanner_1400-event-kbd").touch()
    assert find_scanner("auto", tmp_path) == tmp_path / "usb-Honeywell_Scanner_1400-event-kbd"
    assert find_scanner(str(tmp_path / "none")) is None


def test_a_scanner_unplugged_and_plugged_in_again_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scanner, "RETRY_S", 0.01)
    device, heard = tmp_path / "event7", []
    data = b"".join(EVENT.pack(0, 0, *event) for event in recorded())
    reader = EvdevScanner(str(device), "us")
    reader.listen(heard.append)
    for count in (1, 2):
        os.mkfifo(device)
        with device.open("wb", buffering=0) as plugged_in:
            until(lambda: reader.present)
            plugged_in.write(data[: 3 * EVENT.size + 5])  # the kernel gives whole events, a test need not
            plugged_in.write(data[3 * EVENT.size + 5 :])
            until(lambda count=count: len(heard) == count)  # type: ignore[misc]
            device.unlink()
        until(lambda: not reader.present)
    reader.close()
    assert heard == ["FC-0042", "FC-0042"]
    assert not any(thread.name == "scanner" for thread in threading.enumerate())


def test_a_scanner_is_grabbed_so_that_it_types_nowhere_else_and_is_read_even_if_it_cannot_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    device, heard, asked = tmp_path / "event7", [], []

    def ioctl(descriptor: int, request: int, value: int) -> None:
        asked.append((os.readlink(f"/proc/self/fd/{descriptor}"), request, value))
        raise OSError(16, "Device or resource busy")

    monkeypatch.setattr(scanner.fcntl, "ioctl", ioctl)
    os.mkfifo(device)
    reader = EvdevScanner(str(device), "us")
    reader.listen(heard.append)
    with device.open("wb", buffering=0) as plugged_in:
        plugged_in.write(b"".join(EVENT.pack(0, 0, *event) for event in recorded()))
        until(lambda: heard == ["FC-0042"])
    reader.close()
    write_int = 1 << 30 | 4 << 16  # linux/ioctl.h: _IOW('E', 0x90, int)
    assert asked[0] == (str(device), write_int | ord("E") << 8 | 0x90, 1)
    assert "The scanner cannot be grabbed" in caplog.text


def test_a_ds18b20_is_read_and_its_failures_are_told(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="no DS18B20"):
        Ds18b20(tmp_path).celsius()
    (tmp_path / "28-0316a2794a21").mkdir()
    file = tmp_path / "28-0316a2794a21" / "temperature"
    file.write_text("22937\n")
    assert Ds18b20(tmp_path).celsius() == 22.937
    file.write_text("85000\n")
    with pytest.raises(OSError, match="which cannot be"):
        Ds18b20(tmp_path).celsius()
    file.write_text("")
    with pytest.raises(OSError, match="did not answer"):
        Ds18b20(tmp_path).celsius()


TRIM = b"".join(number.to_bytes(2, "little", signed=number < 0) for number in (27504, 26435, -1000))


def test_a_bme280_is_compensated_as_its_data_sheet_s_example() -> None:
    assert abs(compensated(519888, TRIM) - 25.08) < 0.005


class Registers:
    """The registers of a BME280, as smbus2 reads them."""

    identity, raw = 0x60, 519888

    def __init__(self, bus: int) -> None:
        assert bus == 1

    def __enter__(self) -> "Registers":
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def read_byte_data(self, address: int, register: int) -> int:
        assert address == 0x76
        return {0xD0: self.identity, 0xF3: 0}[register]

    def write_byte_data(self, address: int, register: int, value: int) -> None:
        assert (register, value & 0b11) == (0xF4, 0b01)

    def read_i2c_block_data(self, address: int, register: int, length: int) -> list[int]:
        if register == 0x88:
            return list(TRIM[:length])
        return [self.raw >> 12, self.raw >> 4 & 0xFF, (self.raw & 0xF) << 4]


def test_a_bme280_is_read_and_another_chip_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    class Bus(Registers):
        pass

    def library(name: str) -> Any:
        assert name == "smbus2"
        return SimpleNamespace(SMBus=Bus)

    monkeypatch.setattr(thermometer.importlib, "import_module", library)
    assert abs(Bme280(1, 0x76).celsius() - 25.08) < 0.01
    Bus.raw = 0x80000
    with pytest.raises(OSError, match="has not measured"):
        Bme280(1, 0x76).celsius()
    Bus.identity = 0x77
    with pytest.raises(OSError, match="no BME280"):
        Bme280(1, 0x76).celsius()
    assert SimulatedThermometer(19.5).celsius() == 19.5
