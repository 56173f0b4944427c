"""What a station is doing, as told on its socket."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import Any


class Phase(StrEnum):
    """The station's states."""

    STARTING = "starting"
    READY = "ready"
    MEASURING = "measuring"
    RESULT = "result"
    FAULT = "fault"
    ASSIST = "assist"
    """Focus assist runs; its figures are in ``live``."""
    ALIGN = "align"
    """Alignment runs; its figures are in ``live``."""
    GUIDE = "guide"
    """A guided check is on the bench; its step, and at its end its finding, are in ``guide``."""
    WHICH = "which"
    """TEST was pressed for a zoom whose focal length nobody said: FOCUS steps through ``which_mm``, TEST takes it."""
    SHUTDOWN = "shutdown"
    """TEST was held very long: a press within seconds switches the machine off."""


LIVE_PHASES = (Phase.ASSIST, Phase.ALIGN)


@dataclass(frozen=True)
class StationState:
    """One moment of a station.

    ``run_id`` tells one run of the daemon from the next; ``version`` grows with every change within it.
    """

    run_id: str
    version: int
    phase: Phase
    stage: str = ""
    """What the measurement is doing now, in words; empty unless measuring."""
    lens_tag: str | None = None
    """The lens the next press of the button is about."""
    body_tag: str | None = None
    """The camera body that the next press of the button names."""
    focal_length_mm: float | None = None
    """What the lens on the bench is set to, as somebody said; None: as records and settings say. Another lens clears
    it, and ``f_number`` too."""
    f_number: float | None = None
    which_mm: float | None = None
    """The focal length that the display offers in the phase ``which``."""
    scans: int = 0
    """Lens tags of this run that came from the barcode scanner; grows by one with each."""
    check: int | None = None
    """Number of the last check of this run."""
    verdict: str | None = None
    fault: str = ""
    """What is wrong and what to do, in a sentence."""
    notice: str = ""
    """Why the station started afresh, if it did so by itself; empty once a check was made."""
    busy_presses: int = 0
    """Presses of this run that were answered with busy."""
    button_down: bool = False
    stuck_button: str = ""
    """``TEST`` or ``FOCUS`` while that button is held down for longer than anyone presses."""
    simulated: bool = False
    """True if the photos come from the simulated bench."""
    devices: tuple[str, ...] = ()
    """What was chosen for camera, panel and display, in words."""
    live: dict[str, Any] | None = None
    """Figures of focus assist (:class:`~appliance.checks.focus_assist.AssistFigures`) or alignment
    (:func:`~appliance.station.view.view`), newest frame; None until the first, and in other phases."""
    guide: dict[str, Any] | None = None
    """The guided check on the bench (:func:`~appliance.store.guides.run_view`); None if there is none."""
    lens_position_dpt: float | None = None
    """Where the camera's own motor was locked by FOCUS, dioptres."""
    health: dict[str, Any] | None = None
    """How the machine does (:class:`~appliance.station.health.Health`)."""
    display_lost: bool = False
    pin_shown: bool = False
    """Whether a pairing PIN stands on the OLED; it is never told here, nor in the picture below."""
    oled_text: str = ""
    """What stands on the OLED."""
    oled_png: str = ""
    """The OLED's picture, base64."""

    def changed(self, **changes: Any) -> StationState:
        """Return the next version with these changes; itself if nothing changes."""
        following = replace(self, **changes)
        return self if following == self else replace(following, version=self.version + 1)

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready dictionary."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> StationState:
        """Rebuild a state from :meth:`to_dict`."""
        return cls(**{**data, "phase": Phase(data["phase"]), "devices": tuple(data["devices"])})
