"""What temperatures and shifts say of a lens: a slope, two slopes joined, and whether one explains a change."""

from __future__ import annotations

from dataclasses import dataclass
from math import hypot, inf, sqrt
from statistics import median

import numpy as np

from appliance.guides.case import Trend
from appliance.guides.ols import fitted
from appliance.guides.repeats import Estimate

LEAST_SPAN_K = 4.0
"""Below this spread of temperatures a thermometer's half kelvin is too much of it."""
LEAST_HISTORY = 6
"""Checks from which on a slope is worth telling: four degrees of freedom."""
CHANGED = 0.99865
"""One-sided probability of three standard deviations (Shewhart's limits, ISO 7870-2): beyond it a check has changed."""
ALONE = 2.58
"""Standard uncertainties within which temperature alone explains a change: 99 % of those that it does explain."""
AGREE = 0.9995
"""One-sided; history and series that differ by more do so in one of a thousand runs only."""


@dataclass(frozen=True)
class Slope:
    """α in µm/K with the points it comes from."""

    alpha: Estimate
    celsius: tuple[float, ...]
    shift_um: tuple[float, ...]


def slope_of(celsius: list[float], shift_um: list[float]) -> Slope:
    """The slope of shifts (n,) in µm over temperatures (n,) in °C, by the scatter that they themselves show."""
    centred = np.array(celsius) - np.mean(celsius)
    fit = fitted(np.column_stack([np.ones(len(centred)), centred]), shift_um)
    return Slope(Estimate(fit.value([0, 1]), fit.se([0, 1]), fit.dof), tuple(celsius), tuple(shift_um))


def history_of(trend: tuple[Trend, ...]) -> Slope | None:
    """The slope of the lens's checks at its newest focal length; None where they are too few or too alike."""
    known = _comparable(trend)
    celsius = [check.temperature_c or 0.0 for check in known]
    if len(known) < LEAST_HISTORY or max(celsius) - min(celsius) < LEAST_SPAN_K:
        return None
    return slope_of(celsius, [check.image_shift_um for check in known])


def _comparable(trend: tuple[Trend, ...]) -> list[Trend]:
    focal = trend[-1].focal_length_mm if trend else None
    return [check for check in trend if check.temperature_c is not None and check.focal_length_mm == focal]


def joined(series: Slope, history: Slope | None) -> tuple[Estimate, bool]:
    """α by both, weighted by their variances, and whether they agree."""
    if history is None:
        return series.alpha, True
    a, b = series.alpha, history.alpha
    u = hypot(a.u, b.u)
    together = Estimate(0.0, u, _dof([(a.u, a.dof), (b.u, b.dof)]))
    if abs(a.value - b.value) > together.half_width(AGREE):
        return series.alpha, False
    # weights that are themselves estimated make the mean look better known than it is (Meier, Biometrics 9 (1953) 59)
    weights = [1 / max(e.u, 1e-9) ** 2 for e in (a, b)]
    whole = sum(weights)
    shares = [w / whole for w in weights]
    factor = 1 + 4 * sum(share * (1 - share) / e.dof for share, e in zip(shares, (a, b), strict=True))
    lost = sum(share**2 / e.dof for share, e in zip(shares, (a, b), strict=True))
    value = shares[0] * a.value + shares[1] * b.value
    return Estimate(value, sqrt(factor / whole), round(1 / lost, 1)), True


def _dof(parts: list[tuple[float, float]]) -> float:
    total = sum(u * u for u, _ in parts)
    lost = sum(u**4 / dof for u, dof in parts)
    return round(total * total / lost, 1) if lost else inf


def explanation(trend: tuple[Trend, ...], alpha: Estimate) -> str:
    """A sentence where the newest check has changed and its temperature alone says why; else empty."""
    known = _comparable(trend)
    if len(known) < LEAST_HISTORY:
        return ""
    newest, before = known[-1], known[:-1]
    reference = median(check.image_shift_um for check in before)
    at = median(check.temperature_c or 0.0 for check in before)
    rest = [check.image_shift_um - alpha.value * ((check.temperature_c or 0.0) - at) for check in before]
    scatter = float(np.std(rest, ddof=1))
    warmer = (newest.temperature_c or 0.0) - at
    changed, expected = newest.image_shift_um - reference, alpha.value * warmer
    u = sqrt(scatter**2 * (1 + 1 / len(rest)) + (alpha.u * warmer) ** 2)
    usual = Estimate(0.0, scatter * sqrt(1 + 1 / len(rest)), len(rest) - 1)
    if abs(changed) <= usual.half_width(CHANGED) or abs(changed - expected) > ALONE * u:
        return ""
    if abs(expected) < abs(changed) / 2:
        return ""
    off = f"The newest check is {changed:+.1f} µm off the lens's usual focus"
    return f"{off}; {warmer:+.0f} K alone give {expected:+.1f} µm."
