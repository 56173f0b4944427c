"""Table ``adversarial``: everything that can be wrong at the bench, at once; no figure may be."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import log
from typing import Any

import numpy as np

from appliance.bench import Chart, Lens, Light, Mishap, Scene, Sensor
from appliance.bench.geometry import DESIGN_WAVELENGTH_UM
from appliance.chart.family import choose_layout
from appliance.chart.layout import Layout, layout
from tests.benchmark import truth
from tests.benchmark.report import Row, Table
from tests.benchmark.setups import with_focus
from tests.benchmark.trials import (
    CRASH,
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

NAME = "adversarial"
FULL = 3000
BEYOND_INTERVAL = 3.0
MOST_ASTIGMATISM_UM = 20.0
SMALL = Sensor(width=1352, height=1014, pitch_um=4.65)
"""A third of the HQ sensor's pixels each way over the same field of view: thousands of photos become feasible."""


@dataclass(frozen=True)
class _Draw:
    """Draws within the limits, or, with the chance ``beyond_share`` each, beyond them."""

    rng: np.random.Generator
    beyond_share: float

    def chance(self, part: float) -> bool:
        return bool(self.rng.random() < part)

    def between(self, within: tuple[float, float], beyond: tuple[float, float]) -> float:
        low, high = beyond if self.chance(self.beyond_share) else within
        return float(self.rng.uniform(low, high))

    def log_between(self, low: float, high: float) -> float:
        return float(np.exp(self.rng.uniform(log(low), log(high))))


def draw(options: Options, index: int) -> Trial:
    """One trial: every second one within all limits, mishaps apart, so that enough of them end in a figure."""
    d = _Draw(rng_of(options, NAME, index), 0.12 if index % 2 else 0.0)
    while True:
        focal, f_number = d.log_between(12, 100), d.log_between(1.4, 11)
        paper = str(d.rng.choice(["a4", "a3", "letter"]))
        chart, magnification = _chart(d, paper, focal, f_number)
        object_mm = focal * (1 + 1 / magnification)
        if magnification < 0.25 and 150 < object_mm < 20_000:
            break
    lens = Lens(
        focal_length_mm=focal,
        f_number=f_number,
        distortion_percent=d.between((-4, 4), (-7, 7)),
        fall_off=d.between((1 / 3, 1), (0.2, 1)),
        squeeze=float(d.rng.choice([1.33, 1.5, 2.0])) if d.chance(0.015) else 1.0,
        astigmatism_waves=_astigmatism_waves(options, index, f_number, magnification),
    )
    scene = Scene(
        lens=lens,
        chart=_printed(d, chart),
        sensor=replace(SMALL, pattern_seed=index),
        light=_light(d),
        mishap=_mishap(d),
        object_distance_mm=object_mm,
        tilt_deg=d.between((30, 60), (0, 75)) * (-1 if d.chance(0.02) else 1),
        yaw_deg=d.between((-15, 15), (-25, 25)),
        roll_deg=d.between((-15, 15), (-30, 30))
        + (float(d.rng.choice([90, 180, 270])) if d.chance(0.02) else 0),
        aim_offset_px=(float(d.rng.uniform(-60, 60)), float(d.rng.uniform(-60, 60))),
    )
    contrast_to_noise = d.between((15, 90), (3, 15))
    full_well = truth.full_well_for(contrast_to_noise, scene)
    scene = replace(scene, sensor=replace(scene.sensor, full_well_e=full_well))
    # one pixel of blur per depth of field
    blur_px = d.between((0, 8), (8, 30)) * float(d.rng.choice([-1, 1]))
    error_mm = max(blur_px * truth.depth_of_field_mm(scene), -0.6 * object_mm)
    error_mm = min(error_mm, 2.0 * object_mm)
    scene = with_focus(scene, error_mm)
    trial = trial_of(NAME, index, "", scene, _told(d, scene), contrast_to_noise=contrast_to_noise)
    assert trial is not None
    return trial


def _astigmatism_waves(options: Options, index: int, f_number: float, magnification: float) -> float:
    """Every fifth lens has some: up to 20 µm between tangential and sagittal focus at the corner."""
    rng = rng_of(options, f"{NAME}: astigmatism", index)
    if rng.random() >= 0.2:
        return 0.0
    um_per_wave = 8 * (f_number * (1 + magnification)) ** 2 * DESIGN_WAVELENGTH_UM
    return float(rng.uniform(-MOST_ASTIGMATISM_UM, MOST_ASTIGMATISM_UM) / um_per_wave)


def _chart(d: _Draw, paper: str, focal: float, f_number: float) -> tuple[Layout, float]:
    """A chart, and the magnification at which it fills 30 to 300 % of the picture, or goes beyond."""
    fill = d.log_between(0.3, 3.0)
    if d.chance(d.beyond_share):
        fill = d.log_between(0.15, 0.3) if d.chance(0.5) else d.log_between(3.0, 5.0)
    chart = layout(paper)
    width_mm = SMALL.width * SMALL.pitch_um / 1000
    magnification = fill * width_mm / (chart.columns * chart.pitch_mm)
    if d.chance(0.5):
        distance = focal * (2 + magnification + 1 / magnification)
        chosen, _ = choose_layout(paper, focal, distance, "hq", f_number)
        return chosen, magnification
    return chart, magnification


def _printed(d: _Draw, chart: Layout) -> Chart:
    scale = 1.0
    if d.chance(0.06):
        scale = float(d.rng.uniform(0.93, 0.97) if d.chance(0.7) else d.rng.uniform(1.03, 1.07))
    return Chart(
        chart,
        paper_reflectance=0.85,
        ink_reflectance=float(d.rng.uniform(0.03, 0.12)),
        background_reflectance=float(d.rng.choice([0.02, 0.15, 0.5, 0.85])),
        print_blur_um=d.between((10, 40), (40, 150)),
        print_scale=scale,
    )


def _light(d: _Draw) -> Light:
    flickers = d.chance(0.06)
    return Light(
        exposure=d.between((0.2, 0.97), (0.02, 1.5)),
        slope_x=float(d.rng.uniform(-0.2, 0.2)),
        slope_y=float(d.rng.uniform(-0.2, 0.2)),
        flicker=float(d.rng.uniform(0.02, 0.4)) if flickers else 0.0,
        flicker_rows=d.log_between(30, 900),
    )


def _mishap(d: _Draw) -> Mishap:
    hand: tuple[tuple[float, float], ...] = ()
    if d.chance(0.15):
        hand = _hand(d)
    motion = (0.0, 0.0)
    if d.chance(0.06):
        length, angle = d.between((0.5, 4), (4, 15)), d.rng.uniform(0, 2 * np.pi)
        motion = (float(length * np.cos(angle)), float(length * np.sin(angle)))
    return Mishap(
        motion_px=motion,
        hand=hand,
        hand_reflectance=float(d.rng.uniform(0.1, 0.7)),
        lens_cap=d.chance(0.01),
    )


def _hand(d: _Draw) -> tuple[tuple[float, float], ...]:
    """Over one corner of the picture, or beyond that, anywhere."""
    size = d.between((0.1, 0.5), (0.5, 0.9))
    cx, cy = (float(v) for v in d.rng.choice([0.0, 1.0], 2))
    if d.chance(0.15):
        cx, cy = (float(v) for v in d.rng.uniform(0, 1, 2))
    angles = np.arange(12) * np.pi / 6
    radii = size * d.rng.uniform(0.7, 1.0, 12)
    return tuple(
        (cx + float(r * np.cos(a)), cy + float(r * np.sin(a))) for r, a in zip(radii, angles, strict=True)
    )


def _told(d: _Draw, scene: Scene) -> Any:
    """What the scorer is told: the engraved focal length, now and then of another lens; the distance, if it matters."""
    marked = scene.lens.focal_length_mm * (float(d.rng.uniform(0.97, 1.03)) if d.chance(0.5) else 1.0)
    if d.chance(0.02):
        marked = scene.lens.focal_length_mm * float(d.rng.choice([0.5, 0.7, 1.4, 2.0]))
    wrong_scale = scene.chart.print_scale != 1
    if wrong_scale and scene.sensor.pattern_seed % 3 == 0:
        return setup_of(scene, focal_length_mm=marked, prints={})  # nothing tells of it
    # or the distance is given, and the focal length is what it says
    if wrong_scale or d.chance(0.1):
        focal = scene.lens.focal_length_mm
        nominal = scene.object_distance_mm + focal * scene.object_distance_mm / (
            scene.object_distance_mm - focal
        )
        if wrong_scale:
            return setup_of(scene, focal_length_mm=focal, distance_mm=nominal, prints={})
        return setup_of(scene, focal_length_mm=marked, distance_mm=nominal)
    return setup_of(scene, focal_length_mm=marked)


def _ratio(s: Scored) -> float:
    """Error over the stated interval's half width."""
    return abs(s.error_percent) / max(s.u95_percent, 1e-9)


def _wrong(s: Scored) -> bool:
    return s.has_figure and _ratio(s) > BEYOND_INTERVAL


def table(options: Options) -> Table:
    """Run the trials and count."""
    indices = range(options.number(FULL)) if options.trial is None else [options.trial]
    trials = [draw(options, k) for k in indices]
    scored = run_trials(trials, options, NAME)
    figures = [s for s in scored if s.has_figure]
    wrong, side = [s for s in figures if _wrong(s)], [s for s in scored if s.wrong_side]
    bound, passed = [s for s in scored if s.false_bound], [s for s in scored if s.false_pass]
    crashed = [s for s in scored if s.outcome.verdict == CRASH]
    inside = [abs(s.error_percent) <= s.u95_percent for s in figures]
    verdicts = [s.outcome.verdict for s in scored]
    refused = [s.outcome.codes[0] for s in scored if s.outcome.verdict == "INVALID"]
    shots = len(scored)
    rows = [
        Row(
            "trials",
            "3000",
            f"{shots}",
            shots >= FULL if options.count is None and options.trial is None else None,
        ),
        Row("wrong figures (error beyond 3 × interval)", "0", f"{len(wrong)} of {len(figures)}", not wrong),
        Row("wrong side", "0", f"{len(side)}", not side),
        Row(
            "bound (at least N mm) that the truth does not reach",
            "0",
            f"{len(bound)} of {sum(s.outcome.at_least_mm is not None for s in scored)}",
            not bound,
        ),
        Row("PASS beyond the tolerance", "0", f"{len(passed)}", not passed),
        Row("crashes", "0", f"{len(crashed)}", not crashed),
        Row("within the stated interval", "–", f"{100 * np.mean(inside):.1f} %" if inside else "no figure"),
        Row("verdicts", "–", counted(verdicts)),
        Row("refusals", "–", counted(refused)),
    ]
    notes = [
        *(f"greatest error for its interval: {s.summary()}" for s in sorted(figures, key=_ratio)[:-6:-1]),
        *blamed(sorted(wrong, key=lambda s: -_ratio(s)), "wrong figure", 20),
        *blamed(side, "wrong side", 20),
        *blamed(bound, "false bound", 20),
        *blamed(passed, "false PASS", 20),
        *crashes(scored),
    ]
    title = f"all limits at once and beyond; {SMALL.width} × {SMALL.height} px of {SMALL.pitch_um} µm"
    return Table(NAME, title, rows, notes, seconds_of(scored), [s.to_dict() for s in scored])
