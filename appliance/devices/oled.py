"""The OLED through luma.oled, and luma's dummy device where there is none."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

from luma.core.device import dummy
from PIL import Image

from appliance.config import Settings
from appliance.devices.oled_pins import OledPins


class OledGoneError(OSError):
    """The OLED does not answer; the station goes on without it."""


class Oled:
    """A :class:`~appliance.devices.Display` on I²C or SPI.

    luma reports a lost panel as ``OSError`` or as its own ``DeviceNotFoundError``, in the constructor too, and a
    missing bus library as ``ImportError``; all leave here as :class:`OledGoneError`, the constructor's too.
    """

    def __init__(self, settings: Settings) -> None:
        self.size_px = settings.oled_size_px
        where = f"I²C {settings.oled_i2c_bus}:{settings.oled_i2c_address:#04x}"
        if settings.oled_interface == "spi":
            where = f"SPI 0.{settings.oled_spi_device}"
        self.description = f"{settings.oled_driver.upper()} on {where}"
        self._pins: OledPins | None = None
        self._hidden = False
        try:
            self._device = self._open(settings)
        except Exception as error:  # luma's own error for a panel that is not there is a plain Exception
            self._close_pins()
            if not _is_absence(error):
                raise
            raise OledGoneError(f"no {self.description}: {error}") from None

    def _open(self, settings: Settings) -> Any:
        serial = importlib.import_module("luma.core.interface.serial")
        if settings.oled_interface == "i2c":
            interface = serial.i2c(port=settings.oled_i2c_bus, address=settings.oled_i2c_address)
        else:
            self._pins = OledPins()
            interface = serial.spi(
                gpio=self._pins,
                port=0,
                device=settings.oled_spi_device,
                gpio_DC=settings.oled_dc_pin,
                gpio_RST=settings.oled_reset_pin,
            )
        return panel_of(settings, interface)

    def show(self, picture: Image.Image) -> None:
        """Show a mode ``1`` picture of ``size_px``; raises OledGoneError if the panel does not answer."""
        self._do(lambda: self._device.display(picture))

    def brightness(self, share: float) -> None:
        """Set how bright it is, 0 (dark) … 1; raises OledGoneError as :meth:`show` does."""
        if share <= 0:
            self._do(self._device.hide)
            self._hidden = True
            return
        if self._hidden:
            self._do(self._device.show)
            self._hidden = False
        self._do(lambda: self._device.contrast(round(255 * share)))

    def _do(self, call: Callable[[], object]) -> None:
        try:
            call()
        except Exception as error:
            if not _is_absence(error):
                raise
            raise OledGoneError(f"{self.description} was lost: {error}") from None

    def close(self) -> None:
        """Darken the display and let it go; raises OledGoneError if it is gone already, its pins are let go even so."""
        try:
            self._do(self._device.cleanup)
        finally:
            self._close_pins()

    def _close_pins(self) -> None:
        if self._pins is not None:
            self._pins.close()


def _is_absence(error: Exception) -> bool:
    from gpiozero.exc import GPIOZeroError
    from luma.core.error import Error

    return isinstance(error, OSError | ImportError | Error | GPIOZeroError)


def panel_of(settings: Settings, interface: Any) -> Any:
    """luma's device of the settings' driver, size and rotation on a serial interface."""
    driver = getattr(importlib.import_module("luma.oled.device"), settings.oled_driver)
    width, height = settings.oled_size_px
    rotate: int = settings.oled_rotate
    if settings.oled_driver == "sh1107":  # its panel stands upright: 64 × 128
        width, height, rotate = height, width, (rotate + 1) % 4
    return driver(interface, width=width, height=height, rotate=rotate)


class SimulatedOled:
    """A :class:`~appliance.devices.Display` that only keeps its picture, in luma's dummy device."""

    description = "simulated OLED"

    def __init__(self, settings: Settings) -> None:
        self.size_px = settings.oled_size_px
        self._device = dummy(*self.size_px, mode="1")
        self.bright = 1.0
        """How bright it was last set."""

    @property
    def picture(self) -> Image.Image | None:
        """What is shown now."""
        shown: Image.Image | None = self._device.image
        return shown

    def show(self, picture: Image.Image) -> None:
        """Show a mode ``1`` picture of ``size_px``."""
        self._device.display(picture)

    def brightness(self, share: float) -> None:
        """Set how bright it is."""
        self.bright = share

    def close(self) -> None:
        """Let it go."""
