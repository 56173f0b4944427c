"""The OLED's drivers on recorded buses, its pins, and pins that clash."""

from typing import Any

import pytest
from conftest import SettingsFactory
from gpiozero.pins.mock import MockFactory
from PIL import Image, ImageDraw

from appliance.config import load_settings
from appliance.devices.oled import panel_of
from appliance.devices.oled_pins import OledPins
from appliance.devices.pins import check_pins, pins_used
from appliance.errors import UsageError

DRIVERS = ("ssd1306", "ssd1309", "sh1106", "sh1107")


class Bus:
    """A serial interface that keeps what was sent."""

    def __init__(self) -> None:
        self.commands: list[int] = []
        self.data = bytearray()

    def command(self, *commands: int) -> None:
        self.commands += commands

    def data_(self, data: Any) -> None:
        self.data += bytes(data)

    def cleanup(self) -> None:
        pass


def sent(settings: Any, picture: Image.Image) -> bytes:
    bus = Bus()
    interface = type("Interface", (), {})()
    interface.command, interface.cleanup = bus.command, bus.cleanup
    interface.data = lambda data: bus.data_(data)
    device = panel_of(settings, interface)
    bus.data.clear()
    device.display(picture)
    return bytes(bus.data)


@pytest.mark.parametrize("driver", DRIVERS)
def test_every_driver_sends_the_whole_picture(make_settings: SettingsFactory, driver: str) -> None:
    picture = Image.new("1", (128, 64))
    dark = sent(make_settings(oled_driver=driver), picture)
    ImageDraw.Draw(picture).rectangle((0, 0, 127, 63), fill=1)
    lit = sent(make_settings(oled_driver=driver), picture)
    assert len(dark) >= 1024
    assert not any(dark)
    assert sum(byte == 0xFF for byte in lit) >= 1024


@pytest.mark.parametrize("driver", ["ssd1306", "sh1106"])
def test_the_small_panel_gets_half_as_much(make_settings: SettingsFactory, driver: str) -> None:
    settings = make_settings(oled_driver=driver, oled_height_px=32)
    assert len(sent(settings, Image.new("1", (128, 32), 1))) >= 512


def test_the_default_pins_do_not_clash_in_either_wiring() -> None:
    for interface in ("i2c", "spi"):
        for kind in ("none", "ds18b20", "bme280"):
            settings = load_settings(
                overrides={"oled_interface": interface, "thermometer": kind}, environment={}
            )
            check_pins(settings)
            numbers = [pin for pin, _ in pins_used(settings)]
            assert len(numbers) == len(set(numbers))


@pytest.mark.parametrize(
    ("values", "both"),
    [
        ({"red_lamp_pin": 22}, r"green lamp \(green_lamp_pin\) and red lamp \(red_lamp_pin\)"),
        ({"buzzer_pin": 3}, "I²C clock"),
        ({"oled_interface": "spi", "oled_dc_pin": 24}, "OLED data/command"),
        ({"oled_interface": "spi", "strobe_pin": 10}, "SPI data"),
        ({"thermometer": "ds18b20", "strobe_pin": 4}, "1-Wire"),
    ],
)
def test_two_uses_of_one_pin_are_named(values: dict[str, Any], both: str) -> None:
    with pytest.raises(UsageError, match=both):
        check_pins(load_settings(overrides=values, environment={}))


def test_an_spi_oled_s_lines_are_driven_through_gpiozero() -> None:
    factory = MockFactory()
    pins = OledPins(factory)
    pins.setmode(pins.BCM)
    pins.setup(5, pins.OUT)
    pins.setup(5, pins.OUT)
    pins.output(5, pins.HIGH)
    assert factory.pin(5).state
    pins.output(5, pins.LOW)
    assert not factory.pin(5).state
    pins.close()
