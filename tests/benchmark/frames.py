"""Table ``frames``: several photos of one mount by one sensor, whose own pattern is in all of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from appliance.bench import Exposable
from appliance.bench.photo import expose
from appliance.focus.judge.verdict import judge
from appliance.focus.measure import Measurement, measure_frame
from tests.benchmark import setups, truth
from tests.benchmark.adversarial import BEYOND_INTERVAL, SMALL
from tests.benchmark.parallel import in_parallel
from tests.benchmark.report import Row, Table
from tests.benchmark.trials import Options, Trial, frame_of

NAME = "frames"
FULL = 40
PHOTOS = 8
CONTRAST_TO_NOISE = 20.0
SCATTER = (0.8, 1.2)
"""Of 40 times 8 photos it is known to 4 %."""


@dataclass(frozen=True)
class Series:
    """Errors and half widths of the interval in % of the depth of field, by one photo and by all together.

    ``scatter`` and ``stated`` are variances of single photos about their mean, as found and as the budget has it.
    """

    summary: str
    errors: tuple[float, float]
    u95: tuple[float, float]
    scatter: float
    stated: float


def draw(options: Options, index: int) -> Trial:
    """A set-up of ``setups`` within the chart, before a smaller and noisier sensor."""
    attempt = index
    while True:
        trial = setups.draw(options, attempt)
        if trial.reach.part(trial.focus_mm) < 0.8:
            break
        attempt += FULL
    sensor = replace(SMALL, pattern_seed=index)
    scene = replace(trial.scene, sensor=sensor)
    sensor = replace(sensor, full_well_e=truth.full_well_for(CONTRAST_TO_NOISE, scene))
    scene = replace(scene, sensor=sensor)
    return replace(
        trial,
        table=NAME,
        index=index,
        scene=scene,
        setup=trial.setup.with_pitch(sensor.pitch_um),
        dof_mm=truth.depth_of_field_mm(scene),
    )


def run(trial: Trial) -> Series | str:
    """Measure all photos, or the name of the reason why one cannot be."""
    light = Exposable(trial.scene).light
    seen = []
    for photo in range(PHOTOS):
        mosaic = expose(light, trial.scene, 1000 * (trial.index + 1) + photo)
        measured = measure_frame(frame_of(trial.scene, mosaic), trial.setup)
        if not isinstance(measured, Measurement):
            return measured.reason.code
        seen.append(measured)
    one, all_of_them = judge(seen[:1], trial.setup), judge(seen, trial.setup)
    figures = [(r.focus_error_mm, r.focus_error_mm_u95) for r in (one, all_of_them)]
    if any(value is None for pair in figures for value in pair):
        return all_of_them.reasons[0].code
    percent = 100 / trial.dof_mm
    # the noise that the result itself states, at the chart
    per_um = float((one.focus_error_mm_u95 or 0.0) / (one.image_shift_um_u95 or 1.0))
    stated_mm = one.budget_um["noise"] * per_um
    found = np.array(figures, float) * percent
    return Series(
        trial.summary(),
        tuple(found[:, 0] - trial.focus_mm * percent),
        tuple(found[:, 1]),
        float(np.var([m.focus_mm for m in seen], ddof=1)) * percent**2,
        stated_mm**2 * percent**2,
    )


def table(options: Options) -> Table:
    """Run every series."""
    trials = options.chosen([draw(options, k) for k in range(options.number(FULL))])
    told = in_parallel(partial(run), trials, options.jobs, NAME)
    series = [s for s in told if isinstance(s, Series)]
    refused = [s for s in told if isinstance(s, str)]
    title = f"{PHOTOS} photos each of one mount and sensor, contrast-to-noise {CONTRAST_TO_NOISE:g}"
    if not series:
        return Table(NAME, title, [Row("series", "–", "no figure", False)], [], {}, [])
    return Table(NAME, title, _rows(series, refused), _notes(series), {}, [])


def _rows(series: Sequence[Series], refused: Sequence[str]) -> list[Row]:
    errors, u95 = (np.array([getattr(s, name) for s in series]) for name in ("errors", "u95"))
    ratio = np.abs(errors) / u95
    wrong = int((ratio > BEYOND_INTERVAL).sum())
    scatter = float(np.sqrt(np.mean([s.scatter / s.stated for s in series])))
    low, high = SCATTER
    rows = [
        Row("series", f"{FULL}", f"{len(series)}, refused {len(refused)} {' '.join(refused)}".strip()),
        Row("wrong figures (error beyond 3 × interval)", "0", f"{wrong} of {ratio.size}", not wrong),
        Row(
            "scatter of one mount's photos over the noise stated",
            f"{low:g}–{high:g}",
            f"{scatter:.2f}",
            low <= scatter <= high,
        ),
    ]
    for k, name in enumerate(("one photo", f"{PHOTOS} photos")):
        rms = float(np.sqrt(np.mean(np.square(1.96 * ratio[:, k]))))
        reached = f"{100 * np.mean(ratio[:, k] <= 1):.0f} %; rms of error over standard uncertainty {rms:.2f}"
        rows.append(Row(f"interval of {name} holds the truth", "–", reached))
    shorter = u95[:, 1] / u95[:, 0]
    rows.append(
        Row(f"interval of {PHOTOS} photos over that of one", "–", f"{np.median(shorter):.2f} (median)")
    )
    return rows


def _notes(series: Sequence[Series]) -> list[str]:
    worst = sorted(series, key=lambda s: -abs(s.errors[1]) / s.u95[1])[:3]
    return [
        f"greatest error of all photos for its interval: {s.summary}: {s.errors[1]:+.2f} ± {s.u95[1]:.2f} %"
        for s in worst
    ]
