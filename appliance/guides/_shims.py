"""Shim and ring turn in words: one place, as a wrong direction doubles an error."""

from __future__ import annotations

from appliance import optics
from appliance.guides.case import COVERAGE_95
from appliance.guides.estimates import Quantity
from appliance.guides.finding import Figure


def shim_words(flange_error_um: float) -> str:
    """What to do to the shims between mount and lens: “0.032 mm thinner”."""
    change = optics.shim_change_um(flange_error_um)
    return f"{abs(change) / 1000:.3f} mm {'thicker' if change > 0 else 'thinner'}"


def ring_words(flange_error_um: float) -> str:
    """How far to turn the bench camera's back-focus ring: “15° towards the sensor”."""
    turn = optics.ring_turn_deg(flange_error_um)
    return f"{abs(turn):.0f}° {'away from' if turn > 0 else 'towards'} the sensor"


def too_words(flange_error_um: float) -> str:
    """Where the sensor sits: “0.032 mm too far from the lens”."""
    return f"{abs(flange_error_um) / 1000:.3f} mm too {'far from' if flange_error_um > 0 else 'near to'} the lens"


def adjustments(flange: Quantity) -> tuple[Figure, ...]:
    """The figures of shim and ring turn that take a flange error away."""
    shim = optics.shim_change_um(flange.value)
    turn_u = optics.ring_turn_u_deg(flange.value, flange.u)
    return (
        Figure("shim_change_um", "Shims: thicker (+) or thinner (−) by", shim, flange.u95, "µm"),
        Figure(
            "ring_turn_deg",
            "Or the bench camera's back-focus ring: away from (+) or towards (−) the sensor",
            optics.ring_turn_deg(flange.value),
            COVERAGE_95 * turn_u,
            "°",
            main=False,
        ),
    )
