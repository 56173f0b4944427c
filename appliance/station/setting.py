"""What the lens on the bench is set to: asked of whoever puts a zoom there, never assumed."""

from __future__ import annotations

from appliance.errors import FocalLengthNeededError, UsageError
from appliance.guides.case import LensFacts
from appliance.guides.lens_choices import focal_choices_mm
from appliance.station.state import StationState
from appliance.store import Store

ENGRAVING = 0.02
"""Share by which an engraved focal length or stop may lie beyond the ends that the records give: ends are rounded."""
FOCAL_MM, F_NUMBERS = (1.0, 5000.0), (0.5, 64.0)
"""Limits where the records say nothing, as for the records themselves."""
WHICH_S = 60.0
"""The question on the display goes away by itself after this time; the next press asks anew."""


class Setting:
    """Asks what a lens is set to; used by the station's loop only."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def choices_mm(self, tag: str | None) -> tuple[float, ...]:
        """Focal lengths to choose from, mm; empty unless the lens is known for a zoom."""
        return focal_choices_mm(self._store.lens_facts(tag))

    def missing(self, state: StationState, tag: str | None) -> FocalLengthNeededError | None:
        """Why a check of the lens ``tag`` cannot be judged as it is; None if it can."""
        on_bench = tag == state.lens_tag
        if (on_bench and state.focal_length_mm is not None) or not self.choices_mm(tag):
            return None
        if not on_bench:
            return FocalLengthNeededError(
                f"{tag} is a zoom: put it on the bench first, and say at which focal length it stands."
            )
        return FocalLengthNeededError(
            f"{tag} is a zoom: say at which focal length it stands, on the phone or with the station's FOCUS button."
        )

    def following(self, state: StationState) -> float | None:
        """The choice after the one that the display offers, mm."""
        choices = self.choices_mm(state.lens_tag)
        if state.which_mm not in choices:
            return choices[0] if choices else None
        return choices[(choices.index(state.which_mm) + 1) % len(choices)]

    def checked(self, tag: str | None, focal_mm: float | None, f_number: float | None) -> None:
        """Whether this lens can be set so.

        Raises
        ------
        UsageError
            If its records say that it cannot, or no lens could.
        """
        lens = self._store.lens_facts(tag)
        _within(focal_mm, *_focal_limits_mm(lens), "focal length", "mm")
        _within(f_number, lens.max_aperture or F_NUMBERS[0], F_NUMBERS[1], "f-number", "")


def _focal_limits_mm(lens: LensFacts) -> tuple[float, float]:
    low = lens.focal_min_mm or FOCAL_MM[0]
    high = lens.focal_max_mm or lens.focal_min_mm or FOCAL_MM[1]
    return low, high


def _within(value: float | None, low: float, high: float, name: str, unit: str) -> None:
    if value is None or low * (1 - ENGRAVING) <= value <= high * (1 + ENGRAVING):
        return
    raise UsageError(
        f"This lens has no {name} of {value:g} {unit}".rstrip() + f": it goes from {low:g} to {high:g}."
    )
