"""Pictures of one slanted edge of exactly known MTF50, with something else beside, on or across it.

All of it is drawn in closed form: an edge of Gaussian spread is a cumulative normal of the distance from it, a corner
the product of two at right angles, a stripe the difference of two. Marks are filled shapes, smoothed on a grid five
times finer.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

sys.path.insert(0, str(Path(__file__).parent))
import edge_truth as truth
from edge_truth import F64

FINE = 5


@dataclass(frozen=True)
class Scene:
    """An edge to be marred: its picture's coordinates across and along (h, w) px, levels and blur."""

    shape: tuple[int, int]
    angle_deg: float
    across: F64
    along: F64
    sigma: float
    dark: float
    light: float
    rng: np.random.Generator

    @property
    def mtf50(self) -> float:
        return float(np.sqrt(np.log(2) / 2) / np.pi / self.sigma)

    def rise(self, distance: F64) -> F64:
        return truth.gaussian_profile(self.sigma)(distance)

    def clean(self) -> F64:
        return self.dark + (self.light - self.dark) * self.rise(self.across)

    def at(self, along: float, across: float) -> tuple[float, float]:
        """x, y of a point given along and across the edge."""
        i = int(np.argmin(np.square(self.along - along) + np.square(self.across - across)))
        y, x = divmod(i, self.shape[1])
        return float(x), float(y)

    def painted(self, draw: Callable[[F64], None], level: float, opacity: float = 1.0) -> F64:
        """The clean picture with what ``draw`` fills on a finer grid, as blurred as the edge itself."""
        big = np.zeros((self.shape[0] * FINE, self.shape[1] * FINE))
        draw(big)
        cover = cv2.GaussianBlur(big, (0, 0), self.sigma * FINE)
        cover = cv2.resize(cover, self.shape[::-1], interpolation=cv2.INTER_AREA) * opacity
        return self.clean() * (1 - cover) + level * cover


def scene(seed: int) -> Scene:
    """An edge of random size, direction, blur, offset and contrast."""
    rng = np.random.default_rng(seed)
    shape = int(rng.integers(70, 130)), int(rng.integers(60, 110))
    angle = float(rng.choice([-1, 1]) * rng.uniform(3.5, 14) + rng.choice([0.0, 90.0, 180.0, 270.0]))
    across, along = truth.geometry(angle, shape, float(rng.uniform(-5, 5)))
    dark = float(rng.uniform(0.04, 0.2))
    return Scene(
        shape, angle, across, along, float(rng.uniform(0.6, 1.6)), dark, float(rng.uniform(0.5, 0.9)), rng
    )


def corner(s: Scene) -> F64:
    """The dark side ends within the picture at a right angle to the edge, and light comes round."""
    reach = float(np.abs(s.along[np.abs(s.across) < 2]).max())
    end = s.rng.uniform(0.1, 0.75) * reach * s.rng.choice([-1, 1])
    dark = (1 - s.rise(s.across)) * s.rise(np.sign(end) * (end - s.along))
    return s.light + (s.dark - s.light) * dark


def checker(s: Scene) -> F64:
    """Two edges cross, as on a chessboard."""
    reach = float(np.abs(s.along[np.abs(s.across) < 2]).max())
    end = s.rng.uniform(0.35, 0.7) * reach * s.rng.choice([-1, 1])
    a, b = s.rise(s.across), s.rise(np.sign(end) * (end - s.along))
    return s.dark + (s.light - s.dark) * (a * b + (1 - a) * (1 - b))


def dust(s: Scene) -> F64:
    """A round dark speck on the edge."""
    x, y = s.at(s.rng.uniform(-20, 20), s.rng.uniform(-3, 3))
    radius = s.rng.uniform(1.2, 6)
    return s.painted(lambda big: _disc(big, x, y, radius), s.rng.uniform(0, 0.6) * s.dark)


def fibre(s: Scene) -> F64:
    """A thin dark line, bent, across the edge."""
    x, y = s.at(s.rng.uniform(-15, 15), 0)
    turn = np.radians(s.angle_deg + s.rng.uniform(35, 145))
    steps = np.linspace(-60, 60, 200)
    bend = s.rng.uniform(-0.01, 0.01) * steps**2
    xs, ys = x + steps * np.cos(turn) - bend * np.sin(turn), y + steps * np.sin(turn) + bend * np.cos(turn)
    width = round(s.rng.uniform(0.8, 2.5) * FINE)
    points = np.stack([xs, ys], axis=1) * FINE + (FINE - 1) / 2
    return s.painted(
        lambda big: cv2.polylines(big, [np.rint(points).astype(np.int32)], False, 1.0, width),  # type: ignore[arg-type, return-value]
        s.dark,
        s.rng.uniform(0.4, 1),
    )


def scratch(s: Scene) -> F64:
    """A light straight scratch through the dark side and the edge."""
    x, y = s.at(s.rng.uniform(-15, 15), 0)
    turn = np.radians(s.angle_deg + s.rng.uniform(50, 130))
    dx, dy = 90 * np.cos(turn), 90 * np.sin(turn)
    ends = [tuple(round(v * FINE) for v in p) for p in ((x - dx, y - dy), (x + dx, y + dy))]
    return s.painted(
        lambda big: cv2.line(big, ends[0], ends[1], 1.0, round(s.rng.uniform(0.6, 2) * FINE)),  # type: ignore[arg-type, return-value]
        s.light,
    )


def writing(s: Scene) -> F64:
    """A word printed on the light side, close by the edge."""
    x, y = s.at(s.rng.uniform(-10, 10), 9)
    ink = np.zeros((s.shape[0] * FINE, s.shape[1] * FINE), np.uint8)
    cv2.putText(ink, "f/8", (int(x * FINE), int(y * FINE)), cv2.FONT_HERSHEY_SIMPLEX, 2.2, 255, 6)
    return s.painted(lambda big: np.copyto(big, ink / 255.0), s.dark)


def hot_pixels(s: Scene) -> F64:
    """Single pixels that are far too light or dead, a few of them on the edge."""
    picture = s.clean()
    for _ in range(12):
        y, x = s.rng.integers(0, s.shape[0]), s.rng.integers(0, s.shape[1])
        picture[y, x] = s.rng.choice([0.0, 1.0])
    x, y = (int(v) for v in s.at(s.rng.uniform(-15, 15), s.rng.uniform(-1, 1)))
    picture[y, x] = s.rng.choice([0.0, 1.0])
    return picture


def border(s: Scene) -> F64:
    """A dark rounded border cuts off the region's corner, as a lens hood or an image circle does."""
    x, y = (s.rng.choice([0.0, n - 1.0]) for n in (s.shape[1], s.shape[0]))
    picture = s.clean()
    ys, xs = np.mgrid[: s.shape[0], : s.shape[1]]
    reach = s.rng.uniform(15, 30)
    return np.asarray(picture * (0.1 + 0.9 * truth.gaussian_profile(3.0)(np.hypot(xs - x, ys - y) - reach)))


def stripe(s: Scene) -> F64:
    """A dark line runs beside the edge over its whole length, ten to eighteen widths off."""
    middle = s.sigma * s.rng.uniform(13, 18)
    half = s.rng.uniform(0.6, 2)
    line = s.rise(s.across - middle + half) - s.rise(s.across - middle - half)
    return s.clean() - (s.light - s.dark) * 0.8 * line


def second_edge(s: Scene) -> F64:
    """A slanted edge of another grey comes in from the side, at another angle."""
    turn = s.rng.uniform(15, 60) * s.rng.choice([-1, 1])
    across, _ = truth.geometry(s.angle_deg + turn, s.shape, 0.0)
    shift = float(np.abs(s.along[np.abs(s.across) < 2]).max()) * s.rng.uniform(0.3, 0.7)
    x, y = s.at(shift, 0)
    other = s.rise(across - across[int(y), int(x)])
    return s.clean() * (1 - 0.7 * other) + 0.7 * other * 0.5 * (s.dark + s.light)


KINDS: dict[str, Callable[[Scene], F64]] = {
    f.__name__: f
    for f in (
        corner, checker, dust, fibre, scratch, writing, hot_pixels, border, stripe, second_edge,
    )
}  # fmt: skip


def _disc(big: F64, x: float, y: float, radius: float) -> None:
    centre = round(x * FINE + FINE // 2), round(y * FINE + FINE // 2)
    cv2.circle(big, centre, round(radius * FINE), 1.0, -1)
