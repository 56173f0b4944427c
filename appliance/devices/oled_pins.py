"""Data/command and reset of an SPI OLED through gpiozero, in the form luma asks for.

luma itself drives them with a library that does not know the Pi 5's pins.
"""

from __future__ import annotations

from gpiozero import Factory, OutputDevice


class OledPins:
    """The few calls of RPi.GPIO that luma's SPI interface makes."""

    BCM = OUT = LOW = 0
    HIGH = 1

    def __init__(self, factory: Factory | None = None) -> None:
        if factory is None:
            from gpiozero.pins.lgpio import LGPIOFactory

            factory = LGPIOFactory()
        self._factory = factory
        self._pins: dict[int, OutputDevice] = {}

    def setmode(self, mode: int) -> None:
        """Numbers are BCM's in any case."""

    def setup(self, pin: int, direction: int) -> None:
        """Make ``pin`` an output."""
        if pin not in self._pins:
            self._pins[pin] = OutputDevice(pin, pin_factory=self._factory)

    def output(self, pin: int, value: int) -> None:
        """Drive ``pin`` high or low."""
        self._pins[pin].value = bool(value)

    def cleanup(self, pin: int | None = None) -> None:
        """Let ``pin`` go; all of them if None."""
        for number in list(self._pins) if pin is None else [pin]:
            device = self._pins.pop(number, None)
            if device is not None:
                device.close()

    def close(self) -> None:
        """Let all pins go."""
        self.cleanup()
