"""Buttons, lamps and buzzer on GPIO pins through gpiozero; on its mock pins where there are none."""

from __future__ import annotations

import time
from collections.abc import Callable

from gpiozero import LED, Buzzer, DigitalInputDevice, Factory
from gpiozero.pins.mock import MockFactory

from appliance.config import Settings
from appliance.devices.protocols import Button, EdgeListener, Lamp

BEEP_S = 0.08


class GpioPanel:
    """A :class:`~appliance.devices.Panel` on the pins of the settings.

    ``factory`` is gpiozero's pin factory: lgpio's on a Pi, :class:`~gpiozero.pins.mock.MockFactory` elsewhere.
    Contacts close to ground; the pins' own pull-ups hold them up.
    """

    def __init__(self, settings: Settings, factory: Factory) -> None:
        self.factory = factory
        pins: dict[Button, int | None] = {"test": settings.button_pin, "focus": settings.focus_button_pin}
        self._buttons = {
            name: DigitalInputDevice(pin, pull_up=True, pin_factory=factory)
            for name, pin in pins.items()
            if pin is not None
        }
        lamps: dict[Lamp, int | None] = {"green": settings.green_lamp_pin, "red": settings.red_lamp_pin}
        self._lamps = {name: LED(pin, pin_factory=factory) for name, pin in lamps.items() if pin is not None}
        strobe = settings.strobe_pin
        self._strobe = None if strobe is None else LED(strobe, pin_factory=factory)
        buzzer = settings.buzzer_pin
        self._buzzer = None if buzzer is None else Buzzer(buzzer, pin_factory=factory)
        kind = "simulated pins" if isinstance(factory, MockFactory) else "GPIO"
        self.description = f"{kind}, TEST button on pin {settings.button_pin}"

    def listen(self, listener: EdgeListener) -> None:
        """Pass every change of a contact to ``listener``, and every contact closed already."""
        for name, device in self._buttons.items():
            device.when_activated = _passing(listener, name, True)
            device.when_deactivated = _passing(listener, name, False)
            if device.is_active:
                listener(name, True, time.monotonic())

    def light(self, lamp: Lamp | None) -> None:
        """Light this lamp and no other; None for both dark."""
        for name, led in self._lamps.items():
            led.value = name == lamp

    def strobe(self, on: bool) -> None:
        """Switch the chart's lamp, if there is one."""
        if self._strobe is not None and not self._strobe.closed:  # a check may end after the station has
            self._strobe.value = on

    def buzz(self, beeps: int) -> None:
        """Sound that many short beeps, without waiting for them."""
        if self._buzzer is not None and beeps > 0:
            self._buzzer.beep(BEEP_S, BEEP_S, n=beeps, background=True)

    def close(self) -> None:
        """Darken the lamps and let the pins go."""
        self.strobe(False)
        self.light(None)  # driven low first: a transistor's gate would hold the last level on a floating pin
        if self._buzzer is not None:
            self._buzzer.off()
        for device in (*self._buttons.values(), *self._lamps.values(), self._strobe, self._buzzer):
            if device is not None:
                device.close()


def _passing(listener: EdgeListener, name: Button, closed: bool) -> Callable[[], None]:
    def pass_on() -> None:
        listener(name, closed, time.monotonic())

    return pass_on
