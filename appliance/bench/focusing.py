"""How cameras focus by themselves, and how hands return to a mark, with the faults that both have.

All in µm at the sensor, > 0 where focus then lies behind the star. Nothing is kept between shots: what a shot comes
after is in what is asked of it, and scatter comes from the place of the shot in the procedure.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from appliance.bench.world import Faults

Rng = Callable[..., np.random.Generator]


def shift_um(faults: Faults, bench: Mapping[str, Any], rng: Rng) -> float | None:
    """Where focus ends up; None if neither a camera nor a hand was asked to focus on the star."""
    if "af_from" in bench:
        side = 0.5 if bench["af_from"] == "far" else -0.5
        tuned = faults.af_um_per_step * float(bench.get("af_tune", 0.0))
        found = faults.af_error_um + tuned + side * faults.af_approach_um
        return _by_camera(faults, found, rng("af", bench.get("af_shot", "")))
    if "lock_shot" in bench:
        return _locked(faults, int(bench["lock_shot"]), bool(bench.get("shutter_off")), rng)
    if "return_from" in bench:
        return _returned(faults, bench, rng)
    return None


def _by_camera(faults: Faults, aim_um: float, rng: np.random.Generator) -> float:
    """Where autofocus stops that aims at ``aim_um``: it scatters, its motor moves in steps, and sometimes it misses."""
    if rng.random() < faults.af_miss_percent / 100:
        return aim_um + faults.af_miss_um * float(rng.choice([-1.0, 1.0]) * rng.uniform(1.0, 1.5))
    found = aim_um + faults.af_scatter_um * float(rng.standard_normal())
    step = faults.af_motor_um
    return found if not step else float(step * (np.floor(found / step) + 0.5))


def _locked(faults: Faults, shot: int, shutter_off: bool, rng: Rng) -> float:
    """Shot ``shot`` (from 0) after focus was taken once."""
    if faults.shutter_focuses and not shutter_off:
        return _by_camera(faults, faults.af_error_um, rng("lock", shot))
    held = _by_camera(faults, faults.af_error_um, rng("lock", 0))
    jumped = faults.lock_jump_um if shot >= faults.lock_jump_at > 0 else 0.0
    return held + faults.lock_drift_um_per_shot * shot + jumped


def _returned(faults: Faults, bench: Mapping[str, Any], rng: Rng) -> float:
    """The ring brought back to a mark, from near or from far; ``return`` counts from 0."""
    count = int(bench["return"])
    side = 0.5 if bench["return_from"] == "far" else -0.5
    by_hand = rng("return", bench.get("mark", ""), count).standard_normal()
    slipped = faults.slip_um if count >= faults.slip_at > 0 else 0.0
    return (
        faults.mark_um
        + side * faults.backlash_um
        + faults.return_scatter_um * float(by_hand)
        + slipped
        + faults.slip_um_per_return * count
    )
