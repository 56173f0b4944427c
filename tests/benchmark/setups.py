"""Table ``setups``: sign and error of the focus position over random set-ups of a general chart."""

from __future__ import annotations

from dataclasses import replace
from math import log

import numpy as np

from appliance.bench import Chart, Lens, Light, Scene, Sensor
from appliance.chart.layout import layout
from tests.benchmark import truth
from tests.benchmark.report import Row, Table
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
    trial_of,
)

NAME = "setups"
FULL = 60
ERROR_PERCENT = 5.0


def draw(options: Options, index: int) -> Trial:
    """Focal length 12–100 mm, f/1.4–f/8, errors to ± 4 depths of field, tilt 35–55°, noise, roll to 5°."""
    rng = rng_of(options, NAME, index)
    focal = float(np.exp(rng.uniform(log(12), log(100))))
    scene = Scene(
        lens=Lens(focal_length_mm=focal, f_number=float(np.exp(rng.uniform(log(1.4), log(8))))),
        chart=Chart(layout("a4"), print_blur_um=float(rng.uniform(10, 35))),
        sensor=Sensor(pattern_seed=index),  # the HQ camera's own noise at its lowest gain
        light=Light(exposure=float(rng.uniform(0.35, 0.85))),
        object_distance_mm=focal * float(rng.uniform(20, 50)),
        tilt_deg=float(rng.uniform(35, 55)),
        roll_deg=float(rng.uniform(-5, 5)),
        yaw_deg=float(rng.uniform(-3, 3)),
    )
    error_mm = float(rng.uniform(-4, 4)) * truth.depth_of_field_mm(scene)
    error_mm = max(error_mm, -0.5 * scene.object_distance_mm)
    trial = trial_of(NAME, index, "", with_focus(scene, error_mm))
    assert trial is not None
    return trial


def with_focus(scene: Scene, error_mm: float) -> Scene:
    """The scene with its lens focused ``error_mm`` behind the aim point."""
    return replace(scene, lens=replace(scene.lens, focus_error_mm=error_mm))


def table(options: Options) -> Table:
    """Run the set-ups."""
    trials = options.chosen([draw(options, k) for k in range(options.number(FULL))])
    scored = run_trials(trials, options, NAME)
    clear = [s for s in scored if abs(s.trial.focus_dof) > 0.25]
    wrong = [s for s in clear if _said_side(s) == -np.sign(s.trial.focus_mm)]
    unsaid = [s for s in clear if _said_side(s) == 0]
    on_chart = [s for s in scored if s.trial.reach.part(s.trial.focus_mm) <= 1]
    errors = np.array([s.error_percent for s in on_chart if s.has_figure])
    off = [s for s in on_chart if s.has_figure and abs(s.error_percent) > ERROR_PERCENT]
    # at the very end of the chart it is for the noise to say whether focus lies on it
    without = [s for s in on_chart if not s.has_figure and s.trial.reach.part(s.trial.focus_mm) < 0.95]
    worst = f"{np.abs(errors).max():.2f} %" if errors.size else "no figure"
    rows = [
        Row("set-ups", "at least 40", f"{len(scored)}", len(scored) >= 40 if options.count is None else None),
        Row(
            "sign wrong, where |error| > DoF/4",
            "0",
            f"{len(wrong)} of {len(clear)}",
            not wrong,
        ),
        Row("no side said, where |error| > DoF/4", "0", f"{len(unsaid)} of {len(clear)}", not unsaid),
        Row(
            "greatest |error| with focus on the chart",
            f"{ERROR_PERCENT:g} % of DoF",
            f"{worst} ({len(off)} of {errors.size} beyond)",
            not off and bool(errors.size),
        ),
        Row(
            "no figure though focus lies on the chart", "0", f"{len(without)} of {len(on_chart)}", not without
        ),
    ]
    if errors.size > 1:
        rows.append(Row("bias, sd of the error", "–", f"{errors.mean():+.2f} %, {errors.std(ddof=1):.2f} %"))
    notes = [
        f"Verdicts: {counted([s.outcome.verdict for s in scored])}.",
        *blamed(wrong, "sign wrong"),
        *blamed(unsaid, "no side"),
        *blamed(sorted(off, key=lambda s: -abs(s.error_percent)), "error"),
        *blamed([s for s in without if s not in unsaid], "no figure"),
        *crashes(scored),
    ]
    return Table(
        NAME,
        "set-ups of the general A4 chart",
        rows,
        notes,
        seconds_of(scored),
        [s.to_dict() for s in scored],
    )


def _said_side(scored: Scored) -> float:
    value = scored.outcome.figure_mm if scored.has_figure else scored.outcome.at_least_mm
    if not value:
        return {"FAIL_BACK": 1.0, "FAIL_FRONT": -1.0}.get(scored.outcome.verdict, 0.0)
    return float(np.sign(value))
