"""Slanted-edge measurement of a batch of edges: predicted segments in, SFR with covariance and positions out."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from appliance.frame import Bayer
from appliance.sfr._bins import bin_samples, grid
from appliance.sfr._locate import Fit, coarse, join, refine
from appliance.sfr._normal import F64
from appliance.sfr._pixels import I64, samples_per_row, segments_to_lines
from appliance.sfr._response import Response, covariance, position, transform, variance
from appliance.sfr._spread import Spread, spread
from appliance.sfr.profiles import LEAST_SKEW, STRUCTURE, Profiles

DEFAULT_FREQUENCY_CPP: F64 = np.arange(33) / 64
"""0 to 0.5 cycles per pixel of the full mosaic."""
LEAST_CONTRAST_TO_NOISE = 4.0
LEAST_CONTRAST = 1e-3
"""Of the sum of both levels; less is no printed edge, however low the noise."""
LEAST_LENGTH_PX = 12.0
SAMPLES_PER_CHUNK = 400_000
BINS_PER_CHUNK = 1_200_000
"""Some 60 edges at a time: smaller chunks pay for their calls, larger ones for memory."""

OK = ""
OUTSIDE = "OUTSIDE"
TOO_SHORT = "TOO_SHORT"
LOW_CONTRAST = "LOW_CONTRAST"
NOT_AN_EDGE = "NOT_AN_EDGE"
ANGLE = "ANGLE"
CLIPPED = "CLIPPED"
TOO_NARROW = "TOO_NARROW"
REASONS = {
    OUTSIDE: "The edge lies partly outside the picture.",
    TOO_SHORT: "The edge is too short to measure: at least 12 px are needed.",
    LOW_CONTRAST: "The edge hardly stands out of the noise.",
    NOT_AN_EDGE: "There is no single straight edge where one was expected.",
    ANGLE: "The edge runs too close to the pixels' rows, columns or diagonals to sample its profile finely.",
    CLIPPED: "The light side of the edge is at the sensor's limit.",
    TOO_NARROW: "The blur is too wide for the strip measured about the edge.",
}
"""Sentence for each refusal or, for ``TOO_NARROW``, warning."""


@dataclass(frozen=True)
class EdgeBatch:
    """SFR and position of n edges; every array's first axis runs over the edges in the order given.

    Attributes
    ----------
    frequency_cpp:
        (k,) spatial frequency along each edge's own normal, cycles per pixel of the full mosaic.
    sfr:
        (n, k) signed SFR: the modulus, negative where the spread function's transform is beyond a phase reversal
        (spurious resolution). ``abs(sfr)`` is the modulus of ISO 12233. Free of noise bias, so that it may fall
        below zero where there is no signal. NaN where not ``measured``.
    covariance:
        (n, k, k) covariance of ``sfr`` between frequencies, from the noise of this very edge.
    mtf50_cpp, mtf50_cpp_sd:
        (n,) lowest frequency with an SFR of one half and its standard deviation; NaN where it is not reached.
    offset_px, offset_px_sd:
        (n,) distance of the edge from the middle of the predicted segment along that segment's ``normal``.
    normal:
        (n, 2) unit normal of the predicted segment, x and y: its direction turned from x towards y.
    angle_deg, angle_deg_sd:
        (n,) direction of the fitted edge from +x towards +y in the sense of the predicted segment, in [−180, 180).
    bend_per_px, bend_per_px_sd:
        (n,) b in: distance from the fitted tangent along ``normal`` = b t², t in px along the edge.
    rising:
        (n,) True where the light side lies in the direction of ``normal``.
    dark, light:
        (n,) levels either side, in the plane's units, at the edge.
    noise_dark, noise_light:
        (n,) standard deviation of one sample either side, in the plane's units.
    contrast_to_noise:
        (n,) (light − dark) / root mean square of the two noises.
    spread_px:
        (n,) standard deviation of the normal spread that fits best: a first figure of the blur.
    samples:
        (n,) number of pixels used.
    middle_px:
        (n, 2) x and y of the point of the fitted edge that ``offset_px`` leads to.
    measured:
        (n,) True where the figures may be used.
    reason:
        (n,) empty, or one of the keys of :data:`REASONS`. ``TOO_NARROW`` is a warning (``measured`` stays True):
        the SFR is then biased at low frequencies.
    """

    frequency_cpp: F64
    sfr: F64
    covariance: F64
    mtf50_cpp: F64
    mtf50_cpp_sd: F64
    offset_px: F64
    offset_px_sd: F64
    normal: F64
    angle_deg: F64
    angle_deg_sd: F64
    bend_per_px: F64
    bend_per_px_sd: F64
    rising: npt.NDArray[np.bool_]
    dark: F64
    light: F64
    noise_dark: F64
    noise_light: F64
    contrast_to_noise: F64
    spread_px: F64
    samples: I64
    measured: npt.NDArray[np.bool_]
    reason: npt.NDArray[np.str_]

    middle_px: F64
    profiles: Profiles | None = None
    """What the figures are made from, if asked for; NaN where not measured."""

    def __len__(self) -> int:
        return len(self.mtf50_cpp)

    @property
    def sfr_sd(self) -> F64:
        """(n, k) standard deviation of ``sfr``."""
        return np.asarray(np.sqrt(np.einsum("nkk->nk", self.covariance)), dtype=np.float64)

    def edge(self, index: int, origin_px: tuple[float, float] = (0.0, 0.0)) -> EdgeSfr:
        """One edge of the batch; ``origin_px`` is added to its place in the picture."""
        angle = float(self.angle_deg[index])
        x, y = self.middle_px[index]
        return EdgeSfr(
            frequency_cpp=self.frequency_cpp,
            sfr=self.sfr[index],
            sfr_sd=self.sfr_sd[index],
            covariance=self.covariance[index],
            mtf50_cpp=float(self.mtf50_cpp[index]),
            mtf50_cpp_sd=float(self.mtf50_cpp_sd[index]),
            angle_deg=angle,
            angle_to_axis_deg=(angle + 45.0) % 90.0 - 45.0,
            angle_deg_sd=float(self.angle_deg_sd[index]),
            middle_px=(float(x) + origin_px[0], float(y) + origin_px[1]),
            bend_per_px=float(self.bend_per_px[index]),
            dark=float(self.dark[index]),
            light=float(self.light[index]),
            contrast_to_noise=float(self.contrast_to_noise[index]),
            samples=int(self.samples[index]),
            measured=bool(self.measured[index]),
            reason=str(self.reason[index]),
        )


@dataclass(frozen=True)
class EdgeSfr:
    """SFR of one edge; members as in :class:`EdgeBatch`, for the one edge.

    ``angle_to_axis_deg`` is the edge's angle to the nearest pixel axis, −45 to 45; ``middle_px`` the x and y of the
    fitted edge's middle in the picture.
    """

    frequency_cpp: F64
    sfr: F64
    sfr_sd: F64
    covariance: F64
    mtf50_cpp: float
    mtf50_cpp_sd: float
    angle_deg: float
    angle_to_axis_deg: float
    angle_deg_sd: float
    middle_px: tuple[float, float]
    bend_per_px: float
    dark: float
    light: float
    contrast_to_noise: float
    samples: int
    measured: bool
    reason: str


def measure_edges(
    plane: npt.NDArray[Any],
    segments_px: npt.ArrayLike,
    half_width_px: npt.ArrayLike,
    *,
    lattice: Bayer | None = None,
    frequency_cpp: npt.ArrayLike = DEFAULT_FREQUENCY_CPP,
    white: float | None = None,
    airy_px: float | None = None,
    mtf50: bool = True,
    profiles: bool = False,
) -> EdgeBatch:
    """Measure the SFR along the normal of each of n slanted edges.

    Parameters
    ----------
    plane:
        (h, w) uint8, uint16, float32 or float64 picture, linear in light with black at 0.
    segments_px:
        (n, 4) predicted end points x1, y1, x2, y2; pixel centres have integer coordinates. The prediction may be off by
        about 3 px and 1°; pixels beyond the end points are not used, so keep clear of corners.
    half_width_px:
        Scalar or (n,): how far either side of the edge the picture holds nothing else. At least about five times
        the blur's standard deviation; levels and noise come from the outer parts.
    lattice:
        Colour order of a Bayer mosaic, of which then only the green sites are used; None uses every pixel.
    frequency_cpp:
        (k,) frequencies, cycles per pixel of the full mosaic.
    white:
        Value of saturation in the plane's units; edges that reach it are refused as ``CLIPPED``.
    airy_px:
        λN in pixels, where known: it fixes how slowly diffraction lets the profile approach its levels, which
        otherwise has to be told from the noise.
    mtf50:
        False leaves the MTF50 out (NaN), which takes as long as all the rest of the response.
    profiles:
        Keep the profiles, to compare them with those of a lens (``appliance/sfr/profiles.py``).

    Returns
    -------
    EdgeBatch

    Raises
    ------
    ValueError
        If the shapes do not fit together.

    References
    ----------
    ISO 12233:2023, clause 6 (e-SFR); the estimator itself is described in ``appliance/sfr/_spread.py``.
    """
    segments = np.asarray(segments_px, dtype=np.float64).reshape(-1, 4)
    n = len(segments)
    half_width = np.ascontiguousarray(np.broadcast_to(np.asarray(half_width_px, dtype=np.float64), (n,)))
    frequency = np.asarray(frequency_cpp, dtype=np.float64)
    if plane.ndim != 2 or frequency.ndim != 1:
        raise ValueError("a plane of two axes and frequencies of one axis are needed")
    picture = np.ascontiguousarray(plane)
    asked = segments_to_lines(segments)
    height, width = picture.shape
    reason = np.full(n, OK, dtype="<U12")
    reason[asked.length < LEAST_LENGTH_PX] = TOO_SHORT
    inside = np.all(np.isfinite(segments), axis=1)
    for x, y in (segments[:, :2].T, segments[:, 2:].T):
        inside &= (x > -0.5) & (x < width - 0.5) & (y > -0.5) & (y < height - 0.5)
    reason[~inside] = OUTSIDE
    todo = np.flatnonzero(reason == OK)

    fits: list[Fit] = []
    order = todo[np.argsort(samples_per_row(asked.take(todo), half_width[todo], lattice), kind="stable")]
    for chunk in _chunks(order, asked.length[order] * half_width[order] * 2, SAMPLES_PER_CHUNK):
        fits.append(coarse(picture, asked.take(chunk), half_width[chunk], lattice))
    batch = _empty(n, frequency, asked.along_x, asked.along_y, reason)
    if profiles:
        batch = replace(batch, profiles=_empty_profiles(n, grid(half_width)))
    if not fits:
        return batch
    located = join(fits, np.searchsorted(todo, order))

    order = np.argsort(located.sigma, kind="stable")
    fits = []
    for chunk in _chunks(
        order, located.lines.length[order] * 8 * (located.sigma[order] + 1), SAMPLES_PER_CHUNK
    ):
        fits.append(refine(picture, located.take(chunk), half_width[todo[chunk]], lattice))
    located = join(fits, order)

    order = np.argsort(samples_per_row(located.lines, half_width[todo], lattice), kind="stable")
    cost = half_width[todo[order]] * 16 * (len(frequency) + 10)
    for chunk in _chunks(order, cost, BINS_PER_CHUNK):
        fit = located.take(chunk)
        place = todo[chunk]
        bins = bin_samples(picture, fit, half_width[place], lattice)
        s = spread(bins, fit.sigma, fit.dark, fit.contrast, half_width[place], airy_px)
        _record(batch, place, asked.take(place), fit, s, frequency, white, mtf50)
        if batch.profiles is not None:
            _keep(batch.profiles, place, s)
    return batch


def _chunks(order: I64, cost: F64, most: float) -> list[I64]:
    """Cut an order into runs of about ``most`` summed cost."""
    group = (np.cumsum(cost) / most).astype(np.int64)
    return np.split(order, np.flatnonzero(np.diff(group)) + 1) if len(order) else []


def _empty(n: int, frequency: F64, along_x: F64, along_y: F64, reason: npt.NDArray[np.str_]) -> EdgeBatch:
    """A batch with nothing measured yet; its arrays are filled chunk by chunk."""
    k = len(frequency)
    nan: dict[str, Any] = {f.name: np.full(n, np.nan) for f in fields(EdgeBatch)}
    return EdgeBatch(
        **{
            **nan,
            "frequency_cpp": frequency,
            "sfr": np.full((n, k), np.nan),
            "covariance": np.full((n, k, k), np.nan),
            "middle_px": np.full((n, 2), np.nan),
            "normal": np.stack([-along_y, along_x], axis=1),
            "rising": np.zeros(n, dtype=np.bool_),
            "samples": np.zeros(n, dtype=np.int64),
            "measured": np.zeros(n, dtype=np.bool_),
            "reason": reason,
            "profiles": None,
        }
    )


def _empty_profiles(n: int, u: F64) -> Profiles:
    def unknown() -> F64:
        return np.full(n, np.nan)

    return Profiles(
        u=u,
        count=np.zeros((n, len(u))),
        residual=np.zeros((n, len(u))),
        sigma=unknown(),
        dark=unknown(),
        noise_dark=unknown(),
        noise_light=unknown(),
        structure=np.full(n, STRUCTURE),
        skew=np.full(n, LEAST_SKEW),
    )


def _keep(profiles: Profiles, place: I64, s: Spread) -> None:
    """Put the profiles of one chunk, whose grid may be the smaller one, at ``place``."""
    aside = (len(profiles.u) - len(s.u)) // 2
    inner = slice(aside, aside + len(s.u))
    contrast = s.rise_total
    profiles.count[place, inner] = s.count
    # T with the levels that the tails show: a normal fit to a profile with slow tails misses some of the contrast
    levels = s.tail_fit[:, :1] * (1 - s.rise) + s.tail_fit[:, 1:2] * s.rise
    profiles.residual[place, inner] = (s.residual - levels) / contrast[:, None]
    profiles.sigma[place] = s.sigma
    profiles.dark[place] = (s.dark + s.tail_fit[:, 0]) / contrast
    profiles.noise_dark[place] = np.sqrt(s.noise_dark) / contrast
    profiles.noise_light[place] = np.sqrt(s.noise_light) / contrast


def _record(
    batch: EdgeBatch,
    place: I64,
    asked: Any,
    fit: Fit,
    s: Spread,
    frequency: F64,
    white: float | None,
    mtf50: bool,
) -> None:
    """Turn one chunk's bins into figures at ``place`` of the batch."""
    response = transform(s, frequency)
    batch.sfr[place] = signed_modulus(response)
    batch.covariance[place] = covariance(s, response)
    if mtf50:
        batch.mtf50_cpp[place], batch.mtf50_cpp_sd[place] = _mtf50(s)

    lines = fit.lines
    flip = np.where(lines.along_x * asked.along_x + lines.along_y * asked.along_y < 0, -1.0, 1.0)
    along_x, along_y = lines.along_x * flip, lines.along_y * flip
    across = (lines.x - asked.x) * -along_y + (lines.y - asked.y) * along_x
    correction, offset, slope, bend = position(s, lines.length)
    across += flip * correction
    offset_px = across / (along_y * asked.along_y + along_x * asked.along_x)
    batch.offset_px[place] = offset_px
    batch.middle_px[place] = np.stack([asked.x, asked.y], axis=1) + offset_px[:, None] * batch.normal[place]
    batch.angle_deg[place] = np.degrees(np.arctan2(along_y, along_x))
    batch.bend_per_px[place] = lines.bend * flip
    batch.rising[place] = flip > 0
    batch.offset_px_sd[place] = np.sqrt(np.maximum(offset, 0))
    batch.angle_deg_sd[place] = np.degrees(np.sqrt(np.maximum(slope, 0)))
    batch.bend_per_px_sd[place] = np.sqrt(np.maximum(bend, 0))

    batch.dark[place] = s.dark + s.tail_fit[:, 0]
    batch.light[place] = s.dark + s.contrast + s.tail_fit[:, 1]
    batch.noise_dark[place], batch.noise_light[place] = np.sqrt(s.noise_dark), np.sqrt(s.noise_light)
    noise = np.sqrt((s.noise_dark + s.noise_light) / 2)
    batch.contrast_to_noise[place] = (batch.light[place] - batch.dark[place]) / noise
    batch.spread_px[place] = s.sigma
    batch.samples[place] = s.count.sum(axis=1)

    reason = np.full(len(place), OK, dtype="<U12")
    reason[s.too_narrow] = TOO_NARROW
    if white is not None:
        reason[batch.light[place] + 2 * batch.noise_light[place] >= white] = CLIPPED
    reason[s.gappy] = ANGLE
    shift = np.abs(batch.offset_px[place])
    lost = s.lost | (shift > 0.5 * s.u[-1]) | ~np.isfinite(response.real).all(axis=1)
    reason[lost] = NOT_AN_EDGE
    contrast = batch.light[place] - batch.dark[place]
    faint = ~(contrast > LEAST_CONTRAST * (np.abs(batch.light[place]) + np.abs(batch.dark[place])))
    reason[faint | ~(batch.contrast_to_noise[place] >= LEAST_CONTRAST_TO_NOISE)] = LOW_CONTRAST
    batch.reason[place] = reason
    measured = (reason == OK) | (reason == TOO_NARROW)
    batch.measured[place] = measured
    bad = place[~measured]
    batch.sfr[bad] = batch.covariance[bad] = np.nan
    batch.mtf50_cpp[bad] = batch.mtf50_cpp_sd[bad] = np.nan


def signed_modulus(r: Response) -> F64:
    """Modulus with the real part's sign; an imaginary part within its noise counts as none (noise bias)."""
    power = np.square(r.imaginary)
    power = np.where(power > 9 * r.imaginary_variance, power - r.imaginary_variance, 0)
    return np.asarray(np.where(r.real < 0, -1.0, 1.0) * np.sqrt(np.square(r.real) + power))


SEARCH_CPP = np.arange(0, 155) / 128
"""Where MTF50 is looked for; fine enough for cubic interpolation of any SFR that a strip can hold."""


def _mtf50(s: Spread) -> tuple[F64, F64]:
    """First frequency of SFR one half on a fine grid, by cubic interpolation, and its standard deviation."""
    response = transform(s, SEARCH_CPP)
    sfr = signed_modulus(response)
    below = sfr < 0.5
    below[:, :1] = False
    found = below.any(axis=1) & ~np.isnan(sfr).any(axis=1)
    k = np.clip(np.argmax(below, axis=1), 2, len(SEARCH_CPP) - 2)
    rows = np.arange(len(k))
    y0, y1, y2, y3 = (sfr[rows, k + j] for j in (-2, -1, 0, 1))
    # Lagrange's cubic through four points, about the second; Newton from the straight line's crossing
    c1, c2, c3 = -y0 / 3 - y1 / 2 + y2 - y3 / 6, (y0 + y2) / 2 - y1, (y3 - y0) / 6 + (y1 - y2) / 2
    x = (y1 - 0.5) / np.where(y1 > y2, y1 - y2, 1)
    slope = c1
    for _ in range(3):
        slope = np.minimum(c1 + x * (2 * c2 + 3 * c3 * x), -1e-4)
        x = np.clip(x - (y1 - 0.5 + x * (c1 + x * (c2 + c3 * x))) / slope, 0, 1)
    spacing = float(SEARCH_CPP[1])
    noise = variance(s, response)
    sd = np.sqrt(noise[rows, k - 1] * (1 - x) + noise[rows, k] * x) / -slope * spacing
    return np.where(found, SEARCH_CPP[k - 1] + x * spacing, np.nan), np.where(found, sd, np.nan)
