"""Trials: a scene photographed, scored and compared with its truth, many at a time."""

from __future__ import annotations

import hashlib
import multiprocessing
import time
import traceback
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, fields, is_dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from appliance.bench import Scene, photograph
from appliance.chart.bar import BAR_MM
from appliance.focus.printed_chart import ANY_CHART, Print
from appliance.focus.result import Setup
from appliance.focus.score import score_frames
from appliance.frame import Frame
from tests.benchmark import truth
from tests.benchmark.parallel import in_parallel

Mosaic = npt.NDArray[np.uint16]

CRASH = "CRASH"


@dataclass(frozen=True)
class Trial:
    """One scene with what the scorer is told of it and what is true.

    ``group`` names the row it counts for; ``drawn`` holds what else is worth knowing of how it was drawn.
    """

    table: str
    index: int
    group: str
    scene: Scene
    setup: Setup
    seed: int
    focus_mm: float
    dof_mm: float
    reach: truth.Reach
    drawn: dict[str, Any] = field(default_factory=dict)

    @property
    def focus_dof(self) -> float:
        """True focus error in depths of field."""
        return self.focus_mm / self.dof_mm

    @property
    def spans(self) -> float:
        """Depths of field that the chart spans on its shorter side."""
        return min(-self.reach.near_mm, self.reach.far_mm) / self.dof_mm

    def summary(self) -> str:
        """The scene in one line."""
        s, lens = self.scene, self.scene.lens
        return (
            f"{self.table}:{self.index} [{self.group}] f{lens.focal_length_mm:.4g} f/{lens.f_number:.3g} "
            f"o {s.object_distance_mm:.5g} mm, {s.chart.layout.name}, tilt {s.tilt_deg:.1f} yaw {s.yaw_deg:.1f} "
            f"roll {s.roll_deg:.1f}, focus {self.focus_dof:+.2f} DoF ({self.reach.part(self.focus_mm):.2f} of reach)"
        )


@dataclass(frozen=True)
class Outcome:
    """What the scorer said of a trial."""

    verdict: str
    codes: tuple[str, ...]
    figure_mm: float | None
    u95_mm: float | None
    at_least_mm: float | None
    edges: int
    figures: dict[str, float]
    photo_s: float
    score_s: float
    crash: str = ""

    @property
    def refused(self) -> bool:
        """Whether there is neither a figure nor a side."""
        return self.figure_mm is None and self.at_least_mm is None


@dataclass(frozen=True)
class Scored:
    """A trial and its outcome."""

    trial: Trial
    outcome: Outcome

    @property
    def error_percent(self) -> float:
        """Error of the figure in per cent of the depth of field; NaN without a figure."""
        if self.outcome.figure_mm is None:
            return float("nan")
        return 100 * (self.outcome.figure_mm - self.trial.focus_mm) / self.trial.dof_mm

    @property
    def u95_percent(self) -> float:
        """Stated interval's half width in per cent of the depth of field."""
        if self.outcome.u95_mm is None:
            return float("nan")
        return 100 * self.outcome.u95_mm / self.trial.dof_mm

    @property
    def has_figure(self) -> bool:
        return self.outcome.figure_mm is not None

    @property
    def false_pass(self) -> bool:
        """PASS though the true image shift is beyond the tolerance."""
        shift = truth.image_shift_um(self.trial.scene, self.trial.focus_mm)
        return self.outcome.verdict == "PASS" and abs(shift) > truth.tolerance_um(self.trial.scene)

    @property
    def wrong_side(self) -> bool:
        """FAIL, a bound or a figure whose interval excludes zero, on the side where focus does not lie."""
        side = np.sign(self.trial.focus_mm)
        said = {"FAIL_BACK": 1.0, "FAIL_FRONT": -1.0}.get(self.outcome.verdict)
        if said is None and self.outcome.at_least_mm:
            said = float(np.sign(self.outcome.at_least_mm))
        if said is None and abs(self.trial.focus_dof) > 0.25 and self.outcome.figure_mm is not None:
            clear = abs(self.outcome.figure_mm) > (self.outcome.u95_mm or 0.0)
            said = float(np.sign(self.outcome.figure_mm)) if clear else None
        return said is not None and said != side

    @property
    def false_bound(self) -> bool:
        """A bound that the truth does not reach, by more than 5 % of the depth of field."""
        bound = self.outcome.at_least_mm
        if bound is None:
            return False
        side = float(np.copysign(1.0, bound))
        return side * self.trial.focus_mm < side * bound - 0.05 * self.trial.dof_mm

    def summary(self) -> str:
        """Scene and outcome in one line."""
        o = self.outcome
        if self.has_figure:
            said = f"{o.verdict} error {self.error_percent:+.2f} % ± {self.u95_percent:.2f} %"
        elif o.at_least_mm is not None:
            said = f"{o.verdict} {','.join(o.codes)} at least {o.at_least_mm / self.trial.dof_mm:+.2f} DoF"
        else:
            said = f"{o.verdict} {','.join(o.codes)}"
        return f"{self.trial.summary()}: {said}"

    def to_dict(self) -> dict[str, Any]:
        t = self.trial
        chart = {f.name: getattr(t.scene.chart, f.name) for f in fields(t.scene.chart)}
        scene = {f.name: getattr(t.scene, f.name) for f in fields(t.scene)}
        scene |= {
            name: asdict(value) for name, value in scene.items() if name != "chart" and is_dataclass(value)
        }
        scene["chart"] = {**chart, "layout": t.scene.chart.layout.title}
        return {
            "index": t.index,
            "group": t.group,
            "seed": t.seed,
            "focus_mm": t.focus_mm,
            "depth_of_field_mm": t.dof_mm,
            "reach_mm": [t.reach.near_mm, t.reach.far_mm],
            "drawn": t.drawn,
            "scene": scene,
            "setup": asdict(t.setup),
            "outcome": asdict(self.outcome),
        }


def trial_of(
    table: str,
    index: int,
    group: str,
    scene: Scene,
    setup: Setup | None = None,
    *,
    seed: int | None = None,
    **drawn: Any,
) -> Trial | None:
    """The trial of a scene; None if focus in the sense defined does not exist near the chart."""
    if setup is None:
        setup = setup_of(scene)
    lens = scene.lens
    aberrated = (
        lens.spherical_waves or lens.axial_colour_um or lens.sensor_tilt_x_mrad or lens.sensor_tilt_y_mrad
    )
    focus = truth.focus_mm(scene) if aberrated else scene.lens.focus_error_mm
    if focus is None:
        return None
    return Trial(
        table,
        index,
        group,
        scene,
        setup,
        index if seed is None else seed,
        focus,
        truth.depth_of_field_mm(scene),
        truth.reach(scene),
        drawn,
    )


def setup_of(scene: Scene, **changes: Any) -> Setup:
    """What a user who knows lens, sensor and the chart's true size tells the scorer."""
    values = {
        "focal_length_mm": scene.lens.focal_length_mm,
        "f_number": scene.lens.f_number,
        "pixel_pitch_um": scene.sensor.pitch_um,
        # told exactly, so that intervals are those of the photo
        "prints": {ANY_CHART: Print(BAR_MM, 0.0)},
    }
    return Setup(**{**values, **changes})


@cache
def _bench_version() -> str:
    """Changes with the bench's code and the chart's layout, so that photos kept from another version are not used."""
    root = Path(__file__).resolve().parents[2] / "appliance"
    printed = [root / "chart" / name for name in ("ink.py", "layout.py")]
    text = b"".join(p.read_bytes() for p in [*sorted((root / "bench").glob("*.py")), *printed])
    return hashlib.sha256(text).hexdigest()


def by_bench(trial: Trial) -> Mosaic:
    """The simulated bench's photo of the trial."""
    return photograph(trial.scene, trial.seed).mosaic


def mosaic_of(
    trial: Trial, keep: Path | None, take: Callable[[Trial], Mosaic] = by_bench, takes: str = ""
) -> Mosaic:
    """The trial's photo, from the folder of kept photos if it is there; ``takes`` tells other photos apart."""
    if keep is None:
        return take(trial)
    key = repr((_bench_version(), trial.scene, trial.scene.chart.layout.title, trial.seed)) + takes
    path = keep / f"{hashlib.sha256(key.encode()).hexdigest()[:32]}.npz"
    if path.exists():
        kept: Mosaic = np.load(path)["mosaic"]
        return kept
    mosaic = take(trial)
    part = path.with_suffix(f".{multiprocessing.current_process().pid}.npz")
    np.savez_compressed(part, mosaic=mosaic)
    part.replace(path)
    return mosaic


def frame_of(scene: Scene, mosaic: Mosaic) -> Frame:
    """The photo as the scorer takes it."""
    return Frame(mosaic, scene.sensor.bayer, scene.sensor.black, scene.sensor.white)


def run_trial(trial: Trial, keep: Path | None = None) -> Outcome:
    """Photograph, score."""
    start = time.perf_counter()
    mosaic = mosaic_of(trial, keep)
    middle = time.perf_counter()
    return score(trial, frame_of(trial.scene, mosaic), middle - start)


def score(trial: Trial, frame: Frame, photo_s: float = 0.0) -> Outcome:
    """Score one photo; a crash of the scorer is an outcome of its own."""
    start = time.perf_counter()
    try:
        result = score_frames([frame], trial.setup)
    except Exception:  # noqa: BLE001 - whatever escapes the scorer is a finding, and must not end the other trials
        seconds = time.perf_counter() - start
        return Outcome(CRASH, (CRASH,), None, None, None, 0, {}, photo_s, seconds, traceback.format_exc())
    return Outcome(
        result.verdict.value,
        tuple(reason.code for reason in result.reasons),
        result.focus_error_mm,
        result.focus_error_mm_u95,
        result.focus_error_mm_at_least,
        result.edges_used,
        {name: float(value) for name, value in result.figures.items()},
        photo_s,
        time.perf_counter() - start,
    )


@dataclass(frozen=True)
class Options:
    """How to run: see ``--help``."""

    jobs: int = 1
    count: int | None = None
    seed: int = 1
    keep: Path | None = None
    trial: int | None = None

    def number(self, full: int) -> int:
        """Trials to run where ``full`` are asked for."""
        return full if self.count is None else min(self.count, full)

    def chosen(self, trials: Sequence[Trial]) -> list[Trial]:
        """All trials, or the one that ``--trial`` names."""
        return [t for t in trials if self.trial in (None, t.index)]


def run_trials(
    trials: Sequence[Trial],
    options: Options,
    name: str,
    run: Callable[[Trial, Path | None], Outcome] = run_trial,
) -> list[Scored]:
    """Run all; outcomes alone come back from other processes, as a scene with its whole chart weighs a megabyte."""
    outcomes = in_parallel(partial(run, keep=options.keep), trials, options.jobs, name)
    return [Scored(trial, outcome) for trial, outcome in zip(trials, outcomes, strict=True)]


def rng_of(options: Options, table: str, index: int) -> np.random.Generator:
    """Random numbers of one trial: the same whatever the number of trials."""
    return np.random.default_rng([options.seed, *table.encode(), index])


def seconds_of(scored: Sequence[Scored]) -> dict[str, float]:
    """Mean seconds of photographing and scoring."""
    if not scored:
        return {}
    return {
        "photo (mean)": float(np.mean([s.outcome.photo_s for s in scored])),
        "score (mean)": float(np.mean([s.outcome.score_s for s in scored])),
    }


def counted(codes: Sequence[str]) -> str:
    """``NO_CHART 3, TOO_DARK 1``."""
    return ", ".join(f"{code} {n}" for code, n in Counter(codes).most_common()) or "none"


def blamed(scored: Sequence[Scored], why: str, most: int = 6) -> list[str]:
    """Lines that name the trials behind a figure that does not hold."""
    return [f"{why}: {s.summary()}" for s in scored[:most]] + (
        [f"{why}: {len(scored) - most} more"] if len(scored) > most else []
    )


def crashes(scored: Sequence[Scored]) -> list[str]:
    """Lines on trials whose scoring raised."""
    return [
        f"crash: {s.trial.summary()}: {s.outcome.crash.strip().splitlines()[-1]}"
        for s in scored
        if s.outcome.crash
    ]
