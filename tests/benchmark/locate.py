"""Table ``locate``: one limit at a time; a right figure, or a refusal by name."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from appliance.bench import Chart, Lens, Light, Mishap, Scene
from appliance.chart.layout import layout
from tests.benchmark import truth
from tests.benchmark.adversarial import BEYOND_INTERVAL
from tests.benchmark.report import Row, Table
from tests.benchmark.setups import with_focus
from tests.benchmark.trials import (
    CRASH,
    Options,
    Scored,
    Trial,
    blamed,
    crashes,
    run_trials,
    seconds_of,
    trial_of,
)

NAME = "locate"
LONG_LENS = "85 mm, which sees only the middle third (chart fills 300%)"
HAND = ((0.0, 0.0), (0.38, 0.0), (0.34, 0.2), (0.22, 0.33), (0.0, 0.4))


def _base() -> Scene:
    return Scene(
        lens=Lens(focal_length_mm=25.0, f_number=2.8),
        chart=Chart(layout("a4")),
        light=Light(exposure=0.7),
        object_distance_mm=650.0,
    )


def _filling(scene: Scene, fill: float) -> Scene:
    """Step back, or nearer, until the chart's printed part is ``fill`` times as wide as the picture."""
    chart, sensor = scene.chart.layout, scene.sensor
    m = fill * sensor.width * sensor.pitch_um / 1000 / (chart.columns * chart.pitch_mm)
    return replace(scene, object_distance_mm=scene.lens.focal_length_mm * (1 + 1 / m))


def _cases() -> Iterator[tuple[str, Scene]]:
    base = _base()
    for tilt in (30, 35, 40, 45, 50, 55, 60):
        yield f"tilt {tilt}°", replace(base, tilt_deg=float(tilt))
    for turn in (-15, -8, 8, 15):
        yield f"roll {turn:+d}°", replace(base, roll_deg=float(turn))
    for turn in (-15, -8, 8, 15):
        yield f"yaw {turn:+d}°", replace(base, yaw_deg=float(turn))
    for fill in (0.3, 0.5, 1.0, 2.0, 3.0):
        yield f"chart fills {fill:.0%}", _filling(base, fill)
    long = replace(base, lens=replace(base.lens, focal_length_mm=85.0, f_number=4.0))
    yield LONG_LENS, _filling(long, 3.0)
    for percent in (-4, -2, 2, 4):
        yield (
            f"distortion {percent:+d} %",
            replace(base, lens=replace(base.lens, distortion_percent=float(percent))),
        )
    yield "light falls off 3:1", replace(base, lens=replace(base.lens, fall_off=1 / 3))
    for white in (0.2, 0.5, 0.97):
        yield f"white at {white:.0%}", replace(base, light=replace(base.light, exposure=white))
    for ratio in (15, 30):
        full_well = truth.full_well_for(ratio, base)
        yield f"contrast-to-noise {ratio}", replace(base, sensor=replace(base.sensor, full_well_e=full_well))
    for blur in (-8, 8):
        yield (
            f"fiducials blurred by 8 px ({blur:+d} DoF)",
            with_focus(base, blur * truth.depth_of_field_mm(base)),
        )
    for name, flip in (("top left", (False, False)), ("bottom right", (True, True))):
        hand = tuple((1 - x if flip[0] else x, 1 - y if flip[1] else y) for x, y in HAND)
        yield f"hand over the {name} corner", replace(base, mishap=Mishap(hand=hand))


def trials_of(options: Options) -> list[Trial]:
    """Every case, or the first few."""
    trials = [
        trial
        for index, (group, scene) in enumerate(_cases())
        if (trial := trial_of(NAME, index, group, _off_aim(scene), seed=options.seed)) is not None
    ]
    return options.chosen(trials[: options.number(len(trials))])


def _off_aim(scene: Scene) -> Scene:
    """Focus a little behind the aim point, where the case does not say otherwise."""
    if scene.lens.focus_error_mm:
        return scene
    return with_focus(scene, 1.5 * truth.depth_of_field_mm(scene))


def _row(s: Scored) -> Row:
    o = s.outcome
    required = "right figure, or refusal by name"
    if s.trial.group == LONG_LENS and not s.has_figure:
        return Row(s.trial.group, "right figure", f"refuses: {', '.join(o.codes)}", False)
    if s.has_figure:
        good = abs(s.error_percent) <= BEYOND_INTERVAL * s.u95_percent and not (s.wrong_side or s.false_pass)
        said = f"works: {o.verdict}, error {s.error_percent:+.2f} ± {s.u95_percent:.2f} %, {o.edges} edges"
        return Row(s.trial.group, required, said, good)
    if o.at_least_mm is not None:
        good = not (s.wrong_side or s.false_bound)
        said = f"bound: {o.verdict}, at least {o.at_least_mm / s.trial.dof_mm:+.2f} DoF"
        return Row(s.trial.group, required, said, good)
    return Row(s.trial.group, required, f"refuses: {', '.join(o.codes)}", o.verdict != CRASH)


def table(options: Options) -> Table:
    """Run every case."""
    scored = run_trials(trials_of(options), options, NAME)
    works = sum(s.has_figure for s in scored)
    rows = [*map(_row, scored), Row("cases that work", "–", f"{works} of {len(scored)}")]
    notes = [
        "Unless the case says otherwise: 25 mm, f/2.8, 650 mm, tilt 45°, A4 general chart, focus + 1.5 DoF; "
        "± is the stated 95 % interval.",
        *blamed([s for s in scored if _row(s).fails], "wrong"),
        *crashes(scored),
    ]
    return Table(NAME, "one limit at a time", rows, notes, seconds_of(scored), [s.to_dict() for s in scored])
