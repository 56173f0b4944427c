"""Table ``guide_gauge``: gauge studies of benches whose scatter, operators and lenses are drawn at random."""

from __future__ import annotations

from math import sqrt

import numpy as np

from appliance.guides.case import Case
from appliance.guides.gauge import PROCEDURE, key
from tests.benchmark import guided
from tests.benchmark.guide_shots import Shots
from tests.benchmark.guided import Truth
from tests.benchmark.report import Table
from tests.benchmark.trials import Options

NAME = "guide_gauge"
_KINDS = ("faultless", "random operators", "operators differ", "mount differs", "coarse")


def draw(seed: int) -> tuple[Case, Truth]:
    """A mount seats a lens somewhere within its play: a sum of several small causes, none of them normal."""
    rng = np.random.default_rng([20, 12, seed])
    kind = _KINDS[seed % len(_KINDS)]
    p, o, r = int(rng.integers(3, 6)), int(rng.integers(2, 4)), int(rng.integers(3, 5))
    shots = Shots(focal_mm=float(rng.uniform(25, 85)), object_mm=float(rng.uniform(1200, 3000)), noise_um=0.3)
    mount_um = float(rng.uniform(0.8, 2.5))
    if kind == "coarse":
        mount_um = float(rng.uniform(0.6, 1.2)) * shots.tolerance_um
    hands_um = float(rng.uniform(0.5, 1.5)) * mount_um if kind == "random operators" else 0.0
    hands = hands_um * rng.standard_normal(o)
    if kind == "operators differ":
        hands = np.zeros(o)
        hands[int(rng.integers(o))] = float(rng.choice((-1, 1)) * rng.uniform(4, 8)) * mount_um
    odd = np.zeros((p, o))
    if kind == "mount differs":
        odd[int(rng.integers(p)), int(rng.integers(o))] = float(rng.choice((-1, 1)) * 9) * mount_um
    lenses = rng.uniform(-12, 12, p)
    case = Case(shots.setup).with_answers("plan", lenses=p, operators=o, mounts=r).with_answers("tags")
    for j in range(o):
        for k in range(r):
            for i in range(p):
                seat = mount_um * float(rng.uniform(-1, 1, 4).sum()) / sqrt(4 / 3)
                truth = lenses[i] + hands[j] + odd[i, j] + seat
                case = case.with_photo(shots.observed(key(i + 1, j + 1, k + 1), truth, rng))
    figures = {"repeatability_um": sqrt(mount_um**2 + shots.noise_um**2)}
    if kind == "random operators":
        figures["gauge_um"] = sqrt(mount_um**2 + hands_um**2 + shots.noise_um**2)
        figures["remount_u_um"] = sqrt(mount_um**2 + hands_um**2)
        figures["reproducibility_um"] = hands_um
    faults = {
        "operators differ": "OPERATORS_DIFFER",
        "mount differs": "MOUNT_DIFFERS",
        "coarse": "GAUGE_TOO_COARSE",
    }
    named = frozenset({faults[kind]} if kind in faults else ())
    return case, Truth(figures, named, faultless=kind == "faultless")


def table(options: Options) -> Table:
    """Judge the gauge study."""
    return guided.table(NAME, PROCEDURE, draw, options)
