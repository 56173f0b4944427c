"""Table ``alarms``: how often faultless lenses are accused, by what was wrong at the bench; how often faults are seen.

A named fault sends a lens to service. Lenses are faultless (of the bench's own model) in all rows but the last ones,
whose lenses have one fault of a stated size, by wave optics of a pupil of points.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from math import log

import numpy as np

from appliance.bench import Chart, Lens, Light, Mishap, Scene, Sensor
from appliance.chart.layout import layout
from tests.benchmark.lenses import run as run_with_faults
from tests.benchmark.pupils import Faults
from tests.benchmark.report import Row, Table
from tests.benchmark.setups import with_focus
from tests.benchmark.trials import (
    Options,
    Scored,
    Trial,
    blamed,
    counted,
    crashes,
    rng_of,
    run_trials,
    seconds_of,
    setup_of,
    trial_of,
)

NAME = "alarms"
FULL = 900
ACCUSATIONS = ("DECENTRED", "FURTHER_ABERRATIONS")
MOST_FALSE, LEAST_FOUND, ENOUGH = 0.01, 0.9, 30
SMALL = Sensor(width=1352, height=1014, pitch_um=4.65)

Change = Callable[[Scene, np.random.Generator], Scene]


def _light(**values: float) -> Change:
    return lambda scene, _: replace(scene, light=replace(scene.light, **values))


def _lens(**values: float) -> Change:
    return lambda scene, _: replace(scene, lens=replace(scene.lens, **values))


def _moved(scene: Scene, rng: np.random.Generator) -> Scene:
    turn, size = rng.uniform(0, 2 * np.pi), rng.uniform(0.5, 2.5)
    return replace(scene, mishap=Mishap(motion_px=(size * np.cos(turn), size * np.sin(turn))))


def _hand(scene: Scene, rng: np.random.Generator) -> Scene:
    x, y = rng.uniform(0.1, 0.6), rng.uniform(0.6, 0.8)
    return replace(scene, mishap=Mishap(hand=((x, 1.0), (x, y), (x + 0.25, y), (x + 0.25, 1.0))))


def _tilted(scene: Scene, rng: np.random.Generator) -> Scene:
    turn, size = rng.uniform(0, 2 * np.pi), rng.uniform(3, 8)
    tilt = {"sensor_tilt_x_mrad": size * np.cos(turn), "sensor_tilt_y_mrad": size * np.sin(turn)}
    return replace(scene, lens=replace(scene.lens, **tilt))


def _curled(scene: Scene, rng: np.random.Generator) -> Scene:
    return replace(scene, chart=replace(scene.chart, bow_mm=float(rng.uniform(-0.6, 0.6))))


FAULTLESS: dict[str, Change] = {
    "benign, Bayer": lambda scene, _: scene,
    "benign, mono": lambda scene, _: replace(scene, sensor=replace(scene.sensor, bayer=None)),
    "motion 0.5–2.5 px": _moved,
    "uneven light 40 %": _light(slope_x=0.2, slope_y=-0.2),
    "flicker 2 %": _light(flicker=0.02, flicker_rows=150.0),
    "a hand before the chart": _hand,
    "sensor tilted 3–8 mrad": _tilted,
    "chart bowed ± 0.6 mm": _curled,
    "spherical 0.4 waves": _lens(spherical_waves=0.4),
    "field curvature 60 µm": _lens(field_curvature_um=60.0),
}
FAULTY: dict[str, Faults] = {
    "coma 0.5 waves all over": Faults(coma_x=0.5),
    "sixth order 0.5 waves": Faults(sixth=0.5),
}


def draw(options: Options, index: int) -> Trial:
    """One lens, 16–85 mm, f/2–f/5.6, focus to ± 2 depths of field, under each condition in turn."""
    rng = rng_of(options, NAME, index)
    conditions = [*FAULTLESS, *FAULTY]
    group = conditions[index % len(conditions)]
    focal = float(np.exp(rng.uniform(log(16), log(85))))
    scene = Scene(
        lens=Lens(focal, float(np.exp(rng.uniform(log(2), log(5.6))))),
        chart=Chart(layout("a4"), print_blur_um=float(rng.uniform(10, 35))),
        sensor=replace(SMALL, pattern_seed=index),
        light=Light(exposure=float(rng.uniform(0.5, 0.8))),
        object_distance_mm=focal * float(rng.uniform(20, 40)),
        tilt_deg=float(rng.uniform(40, 50)),
        roll_deg=float(rng.uniform(-3, 3)),
    )
    error_mm = float(rng.uniform(-2, 2)) * scene.depth_of_field_mm
    scene = with_focus(scene, max(error_mm, -0.3 * scene.object_distance_mm))
    if group in FAULTLESS:
        scene = FAULTLESS[group](scene, rng)
    trial = trial_of(NAME, index, group, scene, setup_of(scene), **asdict(FAULTY.get(group, Faults())))
    assert trial is not None
    return trial


def table(options: Options) -> Table:
    """Photograph and score all; a row for each condition."""
    trials = options.chosen([draw(options, i) for i in range(options.number(FULL))])
    faultless = run_trials([t for t in trials if t.group in FAULTLESS], options, NAME)
    faulty = run_trials([t for t in trials if t.group in FAULTY], options, NAME, run_with_faults)
    rows, notes = [], []
    for group in FAULTLESS:
        found = [s for s in faultless if s.trial.group == group and s.has_figure]
        accused = [s for s in found if set(s.outcome.codes) & set(ACCUSATIONS)]
        rows.append(_row(f"{group}: accused", f"≤ {100 * MOST_FALSE:g} %", accused, found, most=MOST_FALSE))
        notes += blamed(accused, group, 2)
    everything = [s for s in faultless if s.has_figure]
    accused = [s for s in everything if set(s.outcome.codes) & set(ACCUSATIONS)]
    rows.append(
        _row("all of these: accused", f"≤ {100 * MOST_FALSE:g} %", accused, everything, most=MOST_FALSE)
    )
    for group in FAULTY:
        found = [s for s in faulty if s.trial.group == group and s.has_figure]
        seen = [s for s in found if set(s.outcome.codes) & set(ACCUSATIONS)]
        rows.append(_row(f"{group}: seen", f"≥ {100 * LEAST_FOUND:g} %", seen, found, least=LEAST_FOUND))
    wrong = [abs(s.error_percent) > 3 * s.u95_percent for s in everything]
    inside = [abs(s.error_percent) <= s.u95_percent for s in everything]
    rows.append(
        Row("faultless: within the interval", "93–97 %", f"{100 * np.mean(inside):.1f} % of {len(inside)}")
    )
    rows.append(Row("faultless: off by three intervals", "0", f"{sum(wrong)} of {len(wrong)}"))
    refused = counted([s.outcome.codes[0] for s in faultless if s.outcome.refused])
    return Table(
        NAME,
        f"accusations of lenses, {len(trials)} photos, seed {options.seed}",
        rows,
        (f"refused: {refused}", *notes, *crashes([*faultless, *faulty])),
        seconds_of([*faultless, *faulty]),
        [s.to_dict() for s in [*faultless, *faulty]],
    )


def _row(
    case: str,
    required: str,
    hits: Sequence[Scored],
    of: Sequence[Scored],
    *,
    most: float = 1.0,
    least: float = 0.0,
) -> Row:
    """A share with what is required of it; of few photos nothing is concluded."""
    if not of:
        return Row(case, required, "no figure")
    share = len(hits) / len(of)
    holds = least <= share <= most if len(of) >= ENOUGH else None
    codes = counted([c for s in hits for c in s.outcome.codes if c in ACCUSATIONS])
    return Row(case, required, f"{100 * share:.0f} % ({len(hits)} of {len(of)}: {codes})", holds)
