"""How well the SFR estimator does on edges of exactly known response: the table of the benchmark.

``rows(1000)`` gives the full table; tests call the same functions with fewer edges.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import cv2
import numpy as np

from appliance.frame import Bayer
from appliance.sfr import linear_grey, measure_edges, measure_roi

sys.path.insert(0, str(Path(__file__).parent))
import edge_truth as truth
from edge_truth import F64

REAL_EDGES = Path(__file__).resolve().parents[3] / "shared" / "data" / "edges"
REFERENCES_CPP = {
    "v_edge_mono.tif": (0.1980, 0.2002),
    "h_edge_mono.tif": (0.1983, 0.2006),
    "Test_edge1_mono.tif": (0.2840, 0.2850),
    "lens_f2.png": (0.2938, 0.2980),
}
NYQUIST = np.arange(33) / 64
STACK = 40


@dataclass(frozen=True)
class Row:
    """One line of the table: what was asked for, what was reached, and whether it holds."""

    case: str
    required: str
    reached: str
    holds: bool


@dataclass(frozen=True)
class Case:
    """Edges of one kind: length along the edge, half width, profile and true SFR by direction, noise, lattice."""

    length: int
    half_width: int
    profile: Callable[[float], Callable[[F64], F64]]
    sfr: Callable[[F64, float], F64]
    mtf50: Callable[[float], float]
    noise: bool = True
    lattice: Bayer | None = None
    angles_deg: tuple[float, float] = (3.0, 8.0)
    airy_px: float | None = None


@dataclass(frozen=True)
class Outcome:
    """Errors of n edges: MTF50 relative (n,), in units of the stated sd (n,), curve (n, k), and position (n,) px."""

    error: F64
    score: F64
    curve: F64
    curve_score: F64
    position: F64
    position_score: F64

    @property
    def bias(self) -> float:
        return float(self.error.mean())

    @property
    def sd(self) -> float:
        return float(self.error.std(ddof=1))

    @property
    def within95(self) -> float:
        return float(np.quantile(np.abs(self.error), 0.95))

    @property
    def coverage(self) -> float:
        return float(np.mean(np.abs(self.score) < 1.96))


def gaussian(mtf50: float, **changes: object) -> Case:
    """A Gaussian spread; it is the whole response, so pixels are points."""
    sigma = truth.gaussian_sigma(mtf50)
    return Case(
        **{
            "length": 100,
            "half_width": 30,
            "profile": lambda _: truth.gaussian_profile(sigma),
            "sfr": lambda f, _: np.exp(-2 * np.square(np.pi * sigma * f)),
            "mtf50": lambda _: mtf50,
            **changes,
        }  # type: ignore[arg-type]
    )


@cache
def _optical(cutoff: float, waves: float) -> truth.Optical:
    return truth.Optical.of(cutoff, waves, points=401)


def diffraction(cutoff: float, waves: float, **changes: object) -> Case:
    """A circular aperture of ``cutoff`` cycles/px with ``waves`` of defocus, times the square pixel aperture."""
    optical = _optical(cutoff, waves)
    profile = cache(lambda angle: optical.profile(angle, reach=110.0))
    return Case(
        **{
            "length": 100,
            "half_width": 30,
            "profile": profile,
            "sfr": optical.sfr,
            "mtf50": cache(optical.mtf50),
            "noise": False,
            **changes,
        }  # type: ignore[arg-type]
    )


def _stacks(case: Case, n: int, rng: np.random.Generator) -> Iterator[tuple[F64, F64, F64, F64]]:
    """Planes of up to ``STACK`` pictures below each other: plane, segments, directions, true offsets."""
    # truth profiles of diffraction are costly: a few dozen directions, each at many offsets
    directions = rng.uniform(*case.angles_deg, size=min(n, 24)) * rng.choice([-1, 1], size=min(n, 24))
    directions = np.round(directions + 90 * rng.integers(0, 4, size=len(directions)), 3)
    size = case.length + 2 * case.half_width + 16
    size += size % 2
    for first in range(0, n, STACK):
        many = min(STACK, n - first)
        plane = np.empty((many * size, size), dtype=np.float32)
        segments, angles, offsets = np.empty((many, 4)), np.empty(many), np.empty(many)
        for i in range(many):
            angle = float(directions[(first + i) % len(directions)])
            offset, shift = rng.uniform(-0.7, 0.7), rng.uniform(-2, 2)
            turn = rng.uniform(-0.8, 0.8)
            across, _ = truth.geometry(angle, (size, size), offset)
            signal = truth.DARK + (truth.LIGHT - truth.DARK) * case.profile(angle)(across)
            plane[i * size : (i + 1) * size] = truth.noisy(signal, rng) if case.noise else signal * 4095
            segments[i] = truth.segment_of(angle + turn, (size, size), case.length, offset + shift)
            segments[i, 1::2] += i * size
            angles[i], offsets[i] = angle, -shift / np.cos(np.radians(turn))
        yield plane, segments, angles, offsets


def run(case: Case, n: int, seed: int = 1) -> Outcome:
    """Measure n random edges of a case from predictions 2 px and 0.8° off."""
    parts: list[list[F64]] = [[] for _ in range(6)]
    for plane, segments, angles, offsets in _stacks(case, n, np.random.default_rng(seed)):
        r = measure_edges(
            plane,
            segments,
            case.half_width,
            lattice=case.lattice,
            frequency_cpp=NYQUIST,
            airy_px=case.airy_px,
        )
        true50 = np.array([case.mtf50(float(a)) for a in angles])
        true_curve = np.stack([case.sfr(NYQUIST, float(a)) for a in angles])
        figures = (
            r.mtf50_cpp / true50 - 1,
            (r.mtf50_cpp - true50) / r.mtf50_cpp_sd,
            r.sfr - true_curve,
            ((r.sfr - true_curve)[:, 1:] / r.sfr_sd[:, 1:]),
            r.offset_px - offsets,
            (r.offset_px - offsets) / r.offset_px_sd,
        )
        for part, figure in zip(parts, figures, strict=True):
            part.append(figure)
    return Outcome(*(np.concatenate(part) for part in parts))


def real_edges() -> dict[str, float]:
    """Relative deviation of MTF50 from the mean of the two references, by file; empty where there are no files."""
    out = {}
    for name, references in REFERENCES_CPP.items():
        picture = cv2.imread(str(REAL_EDGES / name), cv2.IMREAD_UNCHANGED)
        if picture is not None:
            edge = measure_roi(linear_grey(picture, linear=True))
            out[name] = edge.mtf50_cpp / float(np.mean(references)) - 1
    return out


def seconds_per_thousand(repeats: int = 2) -> float:
    """Processor time to measure 1,000 edges of 60 × 80 px, SFR with covariances, MTF50 and positions."""
    case = gaussian(0.25, length=80, half_width=30)
    plane, segments, _, _ = next(_stacks(case, STACK, np.random.default_rng(5)))
    height = plane.shape[0]
    tall = np.concatenate([plane] * 5)
    many = np.concatenate(
        [segments + [0, i * height, 0, i * height] for i in range(5)] * (1000 // (5 * STACK))
    )
    best = np.inf
    for _ in range(repeats):
        start = time.process_time()
        measure_edges(tall, many, case.half_width)
        best = min(best, time.process_time() - start)
    return best


def _percent(value: float) -> str:
    return f"{100 * value:.2f} %"


def _at_most(case: str, name: str, limit: float, value: float) -> Row:
    return Row(f"{case}: {name}", f"≤ {100 * limit:g} %", _percent(value), abs(value) <= limit)


GAUSSIAN_LIMITS = {0.08: (0.006, 0.0125), 0.25: (0.0092, 0.018), 0.50: (0.0155, 0.029)}


def rows(n_edges: int) -> list[Row]:
    """The table, with ``n_edges`` edges a row."""
    out: list[Row] = []
    scores: list[F64] = []
    for mtf50, (sd, within) in GAUSSIAN_LIMITS.items():
        o = run(gaussian(mtf50), n_edges)
        name = f"Gaussian, 100 px, MTF50 {mtf50:.2f}"
        out += [_at_most(name, "bias", 0.002, o.bias), _at_most(name, "sd", sd, o.sd)]
        out.append(_at_most(name, "95 % within", within, o.within95))
        scores.append(o.score)
    o = run(gaussian(0.25, length=50), n_edges)
    out.append(_at_most("Gaussian, 50 px, MTF50 0.25", "sd", 0.0135, o.sd))
    scores.append(o.score)
    curve = [np.abs(run(gaussian(0.25, noise=False), n_edges).curve).max()]
    for waves in (0.0, 1.0):
        halves = [run(diffraction(cutoff, waves), n_edges // 2) for cutoff in (0.5, 1.0)]
        worst = max((h.bias for h in halves), key=abs)
        out.append(
            _at_most(f"diffraction × pixel, {waves:g} wave of defocus, no noise", "bias", 0.003, worst)
        )
        curve += [np.abs(h.curve).max() for h in halves]
    out.append(Row("whole curve to Nyquist, no noise", "≤ 0.01", f"{max(curve):.4f}", max(curve) <= 0.01))
    o = run(gaussian(0.25, lattice="rggb"), n_edges)
    out.append(_at_most("green of a Bayer mosaic, 100 px", "bias", 0.004, o.bias))
    scores.append(o.score)
    for case in (
        gaussian(0.25, angles_deg=(3.0, 42.0)),
        gaussian(0.25, length=25),
        diffraction(0.5, 0.0, noise=True),
        diffraction(1.0, 0.0, noise=True),
        diffraction(1.0, 1.0, noise=True),
    ):
        scores.append(run(case, n_edges).score)
    share = float(np.mean(np.abs(np.concatenate(scores)) < 1.96))
    each = [float(np.mean(np.abs(s) < 1.96)) for s in scores]
    out.append(
        Row(
            "95 % interval of MTF50, all noisy cases",
            "93–97 %",
            f"{100 * share:.1f} % ({100 * min(each):.1f}–{100 * max(each):.1f} % by case)",
            0.93 <= share <= 0.97,
        )
    )
    for name, deviation in real_edges().items():
        out.append(_at_most(f"real edge {name}", "off the references' mean", 0.02, deviation))
    spent = seconds_per_thousand()
    out.append(Row("1,000 edges of 60 × 80 px, one core", "≤ 1 s", f"{spent:.2f} s", spent <= 1.0))
    return out


if __name__ == "__main__":
    for row in rows(int(sys.argv[1]) if len(sys.argv) > 1 else 1000):
        print(
            f"{'ok  ' if row.holds else 'FAIL'} {row.case:<62} {row.required:<10} {row.reached}", flush=True
        )
