"""What the station is wired to, and what its loop hears of."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any, Literal

from appliance.devices import Camera, Display, Panel, Scanner, Thermometer
from appliance.devices.protocols import Button
from appliance.station.health import Health
from appliance.store import StoredCheck

LiveKind = Literal["assist", "align"]


@dataclass(frozen=True)
class Devices:
    """What a station is wired to; camera and display are opened by the station, which may have to do it again.

    ``power_off`` switches the machine off; None where the station must not.
    """

    open_camera: Callable[[], Camera]
    open_display: Callable[[], Display]
    panel: Panel
    simulated: bool = False
    scanner: Scanner | None = None
    thermometer: Thermometer | None = None
    power_off: Callable[[], None] | None = None


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
class Focused:
    """The camera's motor is done: the lens position in dioptres, or what went wrong."""

    position_dpt: float | None
    error: Exception | None


@dataclass(frozen=True)
class SetLive:
    """Somebody wants focus assist or alignment to begin or to end; ``accepted`` says whether it does."""

    kind: LiveKind
    on: bool
    accepted: Future[None] = field(default_factory=Future)


@dataclass(frozen=True)
class ResetPeak:
    """Focus assist is to forget its best sharpness."""


@dataclass(frozen=True)
class FocusNow:
    """Somebody wants the camera's motor to focus."""

    accepted: Future[None] = field(default_factory=Future)


@dataclass(frozen=True)
class Guide:
    """Somebody does something with the guided check on the bench; ``answered`` holds what it shows then."""

    do: str
    fields: Mapping[str, Any] = field(default_factory=dict)
    answered: Future[dict[str, Any]] = field(default_factory=Future)


@dataclass(frozen=True)
class Live:
    """Figures of one live frame of the session ``session``."""

    session: int
    figures: dict[str, Any]


@dataclass(frozen=True)
class LiveEnded:
    """The live session ``session`` is over, by itself if there is an error."""

    session: int
    error: Exception | None


@dataclass(frozen=True)
class SelectLens:
    """The next presses are about this lens."""

    tag: str | None
    scanned: bool = False


@dataclass(frozen=True)
class SelectBody:
    """The next presses name this camera body; None for none."""

    tag: str | None


@dataclass(frozen=True)
class SetUp:
    """The lens on the bench is set so; None: as records and settings say."""

    focal_length_mm: float | None
    f_number: float | None
    accepted: Future[None] = field(default_factory=Future)


@dataclass(frozen=True)
class BadScan:
    """A code was read that cannot be a lens tag."""

    text: str


@dataclass(frozen=True)
class ShowPin:
    """The page wants this PIN on the OLED for so long; None takes it down."""

    pin: str | None
    seconds: float = 120.0


@dataclass(frozen=True)
class Checkup:
    """How the machine does."""

    health: Health


@dataclass(frozen=True)
class RecordsBad:
    """The daily look at the records found them damaged, or checks missing: ``problem`` begins a sentence."""

    problem: str


class Stop:
    """Ends the loop."""
