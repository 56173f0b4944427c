"""Which devices a station gets: what the settings name, or for ``auto`` what this machine has.

On a Raspberry Pi ``auto`` always means the real devices: a simulated verdict must never pass for a measured one
because a cable came loose.
"""

from __future__ import annotations

from pathlib import Path

from gpiozero.exc import GPIOZeroError
from gpiozero.pins.mock import MockFactory

from appliance.config import Settings
from appliance.devices.gpio_panel import GpioPanel
from appliance.devices.oled import Oled, SimulatedOled
from appliance.devices.pins import check_pins
from appliance.devices.protocols import Camera, Display, Panel, Scanner, Thermometer
from appliance.devices.scanner import EvdevScanner, SimulatedScanner
from appliance.devices.thermometer import Bme280, Ds18b20, SimulatedThermometer
from appliance.errors import UsageError

_MODEL_FILE = Path("/proc/device-tree/model")


def on_raspberry_pi() -> bool:
    """Whether this machine is a Raspberry Pi."""
    return _MODEL_FILE.exists() and "Raspberry Pi" in _MODEL_FILE.read_text(errors="replace")


def camera_is_simulated(settings: Settings) -> bool:
    """Whether these settings mean the simulated bench."""
    return settings.camera == "simulated" or (settings.camera == "auto" and not on_raspberry_pi())


def open_camera(settings: Settings) -> Camera:
    """Open the camera the settings name.

    Raises
    ------
    CameraError
        If it is absent, in use or cannot be measured with.
    """
    if camera_is_simulated(settings):
        from appliance.devices.simulated_camera import SimulatedCamera

        return SimulatedCamera(settings)
    from appliance.devices.picamera2_camera import Picamera2Camera

    return Picamera2Camera(settings)


def open_panel(settings: Settings) -> Panel:
    """Open the buttons, lamps and buzzer the settings name.

    Raises
    ------
    UsageError
        If the pins are not there or one is given twice.
    """
    check_pins(settings)
    try:
        if settings.panel == "simulated" or (settings.panel == "auto" and not on_raspberry_pi()):
            return GpioPanel(settings, MockFactory())
        from gpiozero.pins.lgpio import LGPIOFactory

        return GpioPanel(settings, LGPIOFactory())
    except (GPIOZeroError, ImportError, OSError) as error:
        raise UsageError(
            f"The pins of button and lamps cannot be used ({error}). Check the _pin settings, that no other program "
            "holds them, and that python3-lgpio is installed; or use --panel simulated."
        ) from None


def open_display(settings: Settings) -> Display:
    """Open the display the settings name.

    Raises
    ------
    OSError
        If it does not answer; a station then works without it.
    """
    if settings.display == "simulated" or (settings.display == "auto" and not on_raspberry_pi()):
        return SimulatedOled(settings)
    return Oled(settings)


def open_scanner(settings: Settings) -> Scanner | None:
    """The barcode scanner the settings name, which may be plugged in later; None for none."""
    if not settings.scanner:
        return None
    if settings.scanner == "simulated" or (settings.scanner == "auto" and not on_raspberry_pi()):
        return SimulatedScanner()
    return EvdevScanner(settings.scanner, settings.scanner_layout)


def open_thermometer(settings: Settings) -> Thermometer | None:
    """The thermometer the settings name, or for ``auto`` the first that answers; None for none."""
    kind = settings.thermometer
    if kind == "none":
        return None
    if kind == "simulated" or (kind == "auto" and not on_raspberry_pi()):
        return SimulatedThermometer() if camera_is_simulated(settings) else None
    if kind == "ds18b20":
        return Ds18b20()
    bme280 = Bme280(settings.oled_i2c_bus, settings.bme280_i2c_address)
    if kind == "bme280":
        return bme280
    for thermometer in (Ds18b20(), bme280):
        try:
            thermometer.celsius()
        except OSError:
            continue
        return thermometer
    return None
