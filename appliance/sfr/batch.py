"""What a batch of measured edges says, and the words for why an edge could not be measured."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from appliance.sfr._gaussian import F64
from appliance.sfr._pixels import I64
from appliance.sfr.profiles import MIN_SKEW, STRUCTURE, Profiles

OK = ""
OUTSIDE = "OUTSIDE"
TOO_SHORT = "TOO_SHORT"
LOW_CONTRAST = "LOW_CONTRAST"
NOT_AN_EDGE = "NOT_AN_EDGE"
ANGLE = "ANGLE"
CLIPPED = "CLIPPED"
TOO_NARROW = "TOO_NARROW"
PART_LEFT_OUT = "LEFT_OUT"
REASONS = {
    OUTSIDE: "The edge lies partly outside the picture.",
    TOO_SHORT: "The edge is too short to measure: at least 12 px are needed.",
    LOW_CONTRAST: "The edge hardly stands out of the noise.",
    NOT_AN_EDGE: "There is no single straight edge where one was expected.",
    ANGLE: "The edge runs too close to the pixels' rows, columns or diagonals to sample its profile finely.",
    CLIPPED: "The light side of the edge is at the sensor's limit.",
    TOO_NARROW: "The blur is too wide for the strip measured about the edge.",
    PART_LEFT_OUT: "Something else is in the region (a corner, another edge, dust, a mark) and was left out.",
}
"""Sentence for each refusal or, for ``TOO_NARROW`` and ``LEFT_OUT``, warning."""


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

    def take(self, index: Any) -> EdgeBatch:
        """The edges of an index array."""
        shared = ("frequency_cpp", "profiles")
        own = {f.name: getattr(self, f.name)[index] for f in fields(self) if f.name not in shared}
        return replace(self, profiles=None if self.profiles is None else self.profiles.take(index), **own)

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


def empty(n: int, frequency: F64, along_x: F64, along_y: F64, reason: npt.NDArray[np.str_]) -> EdgeBatch:
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


def empty_profiles(n: int, u: F64) -> Profiles:
    """Profiles of nothing yet on the grid ``u`` (K,)."""

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
        skew=np.full(n, MIN_SKEW),
        found_px=unknown(),
    )
