"""Table ``lenses``: lenses with faults that most lenses have a little of, by wave optics of a pupil of points."""

from __future__ import annotations

import time
from dataclasses import asdict, replace
from math import log
from pathlib import Path

import numpy as np

from appliance.bench import Chart, Lens, Light, Scene, Sensor
from appliance.bench.photo import expose
from appliance.chart.layout import layout
from tests.benchmark import truth
from tests.benchmark.pupils import Faults, light_through
from tests.benchmark.report import Row, Table
from tests.benchmark.setups import with_focus
from tests.benchmark.trials import (
    Mosaic,
    Options,
    Outcome,
    Scored,
    Trial,
    blamed,
    counted,
    crashes,
    frame_of,
    mosaic_of,
    rng_of,
    run_trials,
    score,
    seconds_of,
    trial_of,
)

NAME = "lenses"
FULL = 80
FAULTLESS, FAULTY = "faultless", "faulty"
FAULTLESS_OF = 8
RENDERER = "pupil of points, 1"
"""Another number where :mod:`tests.benchmark.pupils` makes other photos, so that kept ones are not used."""
GREATEST = Faults(
    coma_x=0.6,
    coma_y=0.6,
    coma_field=0.6,
    astigmatism=0.2,
    astigmatism_askew=0.25,
    astigmatism_x=0.2,
    astigmatism_y=0.2,
    curvature_fourth=0.3,
    spherical=0.5,
    spherical_field=0.5,
    spherical_x=0.3,
    spherical_y=0.3,
    sixth=0.6,
    trefoil=0.3,
    vignetting=0.6,
)
"""The most that is drawn of each fault; the least is a tenth of it."""
MOST_FAULTS = 3
LEAST_COVERAGE, ENOUGH, WRONG_INTERVALS = 0.92, 40, 3.0


def _faults(rng: np.random.Generator) -> Faults:
    names = rng.choice(list(asdict(GREATEST)), rng.integers(1, MOST_FAULTS + 1), replace=False)
    drawn = {str(name): float(rng.choice([-1, 1]) * 10 ** rng.uniform(-1, 0)) for name in names}
    return replace(Faults(), **{name: part * asdict(GREATEST)[name] for name, part in drawn.items()})


def draw(options: Options, index: int) -> Trial:
    """Half the HQ camera's sensor, 16–85 mm, f/2–f/8, focus to ± 3 depths of field; every eighth lens is faultless."""
    rng = rng_of(options, NAME, index)
    focal = float(np.exp(rng.uniform(log(16), log(85))))
    scene = Scene(
        lens=Lens(focal_length_mm=focal, f_number=float(np.exp(rng.uniform(log(2), log(8))))),
        chart=Chart(layout("a4"), print_blur_um=float(rng.uniform(10, 35))),
        sensor=replace(Sensor(pattern_seed=index), width=2028, height=1520, pitch_um=3.1),
        light=Light(exposure=float(rng.uniform(0.5, 0.8))),
        object_distance_mm=focal * float(rng.uniform(20, 40)),
        tilt_deg=float(rng.uniform(40, 50)),
        roll_deg=float(rng.uniform(-3, 3)),
    )
    error_mm = float(rng.uniform(-3, 3)) * truth.depth_of_field_mm(scene)
    scene = with_focus(scene, max(error_mm, -0.3 * scene.object_distance_mm))
    faulty = index % FAULTLESS_OF > 0
    remarks = asdict(_faults(rng)) if faulty else asdict(Faults())
    trial = trial_of(NAME, index, FAULTY if faulty else FAULTLESS, scene, **remarks)
    assert trial is not None
    return trial


def photograph(trial: Trial) -> Mosaic:
    """The photo through the faulty lens."""
    return expose(light_through(trial.scene, Faults(**trial.drawn)), trial.scene, trial.seed)


def run(trial: Trial, keep: Path | None = None) -> Outcome:
    """Photograph, score."""
    start = time.perf_counter()
    mosaic = mosaic_of(trial, keep, photograph, f"{RENDERER} {trial.drawn}")
    return score(trial, frame_of(trial.scene, mosaic), time.perf_counter() - start)


def table(options: Options) -> Table:
    """Run the lenses."""
    trials = options.chosen([draw(options, k) for k in range(options.number(FULL))])
    scored = run_trials(trials, options, NAME, run)
    told = [s for s in scored if s.has_figure]
    wrong = [s for s in told if abs(s.error_percent) > WRONG_INTERVALS * s.u95_percent]
    side = [s for s in scored if s.wrong_side]
    passed = [s for s in scored if s.false_pass]
    rows = [
        Row("figures off by more than three intervals", "0", f"{len(wrong)} of {len(told)}", not wrong),
        Row("wrong side", "0", f"{len(side)} of {len(scored)}", not side),
        Row("PASS beyond the tolerance", "0", f"{len(passed)} of {len(scored)}", not passed),
    ]
    for group in (FAULTLESS, FAULTY):
        rows += _rows([s for s in told if s.trial.group == group], group)
    refused = [s for s in scored if not s.has_figure]
    rows.append(Row("no figure", "–", f"{len(refused)} of {len(scored)}"))
    beyond = sorted((s for s in told if not _held(s)), key=lambda s: -abs(s.error_percent / s.u95_percent))
    notes = [
        f"Without a figure: {counted([code for s in refused for code in s.outcome.codes])}.",
        *blamed(side, "wrong side"),
        *blamed(passed, "PASS"),
        *(f"beyond its interval: {s.summary()}; {_named(s.trial)}" for s in beyond),
        *crashes(scored),
    ]
    return Table(
        NAME, "lenses with rarer faults", rows, notes, seconds_of(scored), [s.to_dict() for s in scored]
    )


def _held(scored: Scored) -> bool:
    return abs(scored.error_percent) <= scored.u95_percent


def _named(trial: Trial) -> str:
    return ", ".join(f"{name} {value:+.2f}" for name, value in trial.drawn.items() if value) or "no fault"


def _rows(told: list[Scored], group: str) -> list[Row]:
    """Coverage and size of interval and error of one group."""
    if not told:
        return []
    held = float(np.mean([_held(s) for s in told]))
    interval = np.median([s.u95_percent for s in told])
    error = np.sqrt(np.mean(np.square([s.error_percent for s in told])))
    return [
        Row(
            f"{group}: 95 % interval holds the truth",
            f"at least {100 * LEAST_COVERAGE:.0f} %",
            f"{100 * held:.1f} % of {len(told)}",
            held >= LEAST_COVERAGE if len(told) >= ENOUGH else None,
        ),
        Row(f"{group}: rms error, median interval", "–", f"{error:.2f} %, ± {interval:.2f} % of DoF"),
    ]
