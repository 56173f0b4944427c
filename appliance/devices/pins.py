"""Which header pins the settings use, and whether two things want the same one."""

from __future__ import annotations

from appliance.config import Settings
from appliance.errors import UsageError

_I2C = {2: "I²C data", 3: "I²C clock"}
_SPI = {8: "SPI chip select 0", 7: "SPI chip select 1", 9: "SPI", 10: "SPI data", 11: "SPI clock"}
ONE_WIRE_PIN = 4


def pins_used(settings: Settings) -> list[tuple[int, str]]:
    """BCM number and use of every pin, buses included, in the order of their numbers."""
    named = {
        "button_pin": "TEST button",
        "focus_button_pin": "FOCUS button",
        "green_lamp_pin": "green lamp",
        "red_lamp_pin": "red lamp",
        "buzzer_pin": "buzzer",
        "strobe_pin": "chart lamp",
    }
    spi = settings.oled_interface == "spi"
    if spi:
        named |= {"oled_dc_pin": "OLED data/command", "oled_reset_pin": "OLED reset"}
    used = [(getattr(settings, name), f"{what} ({name})") for name, what in named.items()]
    buses = list((_SPI if spi else _I2C).items())
    if settings.thermometer == "ds18b20":
        buses.append((ONE_WIRE_PIN, "1-Wire thermometer"))
    if settings.thermometer == "bme280" and spi:
        buses += list(_I2C.items())
    return sorted([(pin, what) for pin, what in used if pin is not None] + buses)


def check_pins(settings: Settings) -> None:
    """Refuse settings that put two things on one pin.

    Raises
    ------
    UsageError
        Naming both.
    """
    taken: dict[int, str] = {}
    for pin, what in pins_used(settings):
        if pin in taken:
            raise UsageError(
                f"Pin {pin} is given twice: {taken[pin]} and {what}. Give one of them another pin."
            )
        taken[pin] = what
