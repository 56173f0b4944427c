"""Reads a button: raw changes of its contact in, presses out, on monotonic time.

The contact counts as changed once it has been steady for the debounce time; gpiozero's own ``bounce_time`` is not used,
since its mock pins ignore it and what cannot be tested cannot be trusted.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from appliance.config import Settings
from appliance.devices.protocols import Button


class Press(StrEnum):
    """What was done with the button."""

    SHORT = "short"
    """Let go before the first hold time."""
    LONG = "long"
    """Held to the first hold time; told while it is still down."""
    VERY_LONG = "very long"
    """Held to the second hold time; told while it is still down."""
    STUCK = "stuck"
    """Down for longer than anyone presses."""


@dataclass
class ButtonReader:
    """State of one button. Times in seconds of ``time.monotonic()``."""

    debounce_s: float
    hold_s: float
    long_hold_s: float
    stuck_s: float

    down: bool = False
    """The debounced contact."""
    _raw: bool = False
    _raw_since: float = 0.0
    _down_since: float = 0.0
    _told: Press | None = None

    def edge(self, closed: bool, at: float) -> None:
        """Take a raw change of the contact."""
        if closed != self._raw:
            self._raw, self._raw_since = closed, at

    def poll(self, now: float) -> Press | None:
        """Return what has been done with the button since the last call, if anything."""
        if self._raw != self.down and now - self._raw_since >= self.debounce_s:
            self.down = self._raw
            if self.down:
                self._down_since, self._told = self._raw_since, None
            elif self._told is None:
                return Press.SHORT
        return self._held(now) if self.down else None

    def _held(self, now: float) -> Press | None:
        held = now - self._down_since
        for press, limit in (
            (Press.STUCK, self.stuck_s),
            (Press.VERY_LONG, self.long_hold_s),
            (Press.LONG, self.hold_s),
        ):
            if held >= limit:
                if self._told is press:
                    return None
                self._told = press
                return press
        return None

    @property
    def stuck(self) -> bool:
        """Whether the button is down for longer than anyone presses."""
        return self.down and self._told is Press.STUCK

    def wake_in(self, now: float) -> float | None:
        """Seconds until :meth:`poll` may have something to say without another change; None if never."""
        if self._raw != self.down:
            return max(self.debounce_s - (now - self._raw_since), 0.0)
        if self.down and self._told is not Press.STUCK:
            held = now - self._down_since
            limits = (self.hold_s, self.long_hold_s, self.stuck_s)
            return max(min((limit - held for limit in limits if limit > held), default=0.0), 0.0)
        return None


class Buttons:
    """Both buttons of the panel, by the settings' times."""

    def __init__(self, settings: Settings) -> None:
        times = (
            settings.debounce_ms / 1000,
            settings.hold_focus_ms / 1000,
            settings.hold_shutdown_ms / 1000,
            settings.stuck_button_s,
        )
        self.test, self.focus = ButtonReader(*times), ButtonReader(*times)
        self.stuck = ""
        """``TEST`` or ``FOCUS`` while that one is stuck."""

    def edge(self, button: Button, closed: bool, at: float) -> None:
        """Take a raw change of a contact."""
        (self.test if button == "test" else self.focus).edge(closed, at)

    def poll(self, now: float) -> list[tuple[Button, Press]]:
        """What has been done with the buttons since the last call."""
        done: list[tuple[Button, Press]] = []
        readers: tuple[tuple[Button, ButtonReader], ...] = (("test", self.test), ("focus", self.focus))
        for name, reader in readers:
            press = reader.poll(now)
            if press is not None:
                done.append((name, press))
        self.stuck = next((name.upper() for name, reader in readers if reader.stuck), "")
        return done

    def wake_in(self, now: float) -> float | None:
        """Seconds until :meth:`poll` may have something to say without another change; None if never."""
        waits = [wait for reader in (self.test, self.focus) if (wait := reader.wake_in(now)) is not None]
        return min(waits, default=None)
