"""What the station is wired to, and what its loop hears of."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field

from appliance.devices import Camera, Display, Panel
from appliance.devices.protocols import Button
from appliance.store import StoredCheck


@dataclass(frozen=True)
class Devices:
    """What a station is wired to; camera and display are opened by the station, which may have to do it again."""

    open_camera: Callable[[], Camera]
    open_display: Callable[[], Display]
    panel: Panel
    simulated: bool = False


@dataclass(frozen=True)
class Contact:
    """A contact opened or closed, bounces and all."""

    button: Button
    closed: bool
    at: float


@dataclass(frozen=True)
class Request:
    """Somebody wants a check; ``accepted`` says whether it begins, ``done`` how it ends."""

    lens_tag: str | None
    done: Future[StoredCheck] = field(default_factory=Future)
    accepted: Future[None] = field(default_factory=Future)


@dataclass(frozen=True)
class Stage:
    """The worker has come to the next stage of a check."""

    text: str


@dataclass(frozen=True)
class Outcome:
    """The worker is done: a stored check, or what went wrong."""

    check: StoredCheck | None
    error: Exception | None


@dataclass(frozen=True)
class SelectLens:
    """The next presses are about this lens."""

    tag: str | None


class Stop:
    """Ends the loop."""
