"""The parameters of a lens, of the print and of the bench as the through-focus fit has them: one table of all.

A :class:`Parameter` stands for its place in the fit's vector, too: ``v[FOCUS]`` is the focus of a vector ``v``. Priors,
bounds, the figures of a result with their labels, and the table of symbols in ``focus/README.md`` come from here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import hypot, inf

import numpy as np

from appliance.arrays import Array, Mask


@dataclass(frozen=True)
class Conditions:
    """What is known of lens and print before the photo, on which priors depend.

    ``print_sigma_mm`` is the print's Gaussian spread on paper and its standard uncertainty, mm; ``um_per_wave`` the
    image-side shift of focus per wave of defocus, 8 N² λ in µm.
    """

    print_sigma_mm: tuple[float, float] = (0.03, 0.03)
    um_per_wave: float = 10.0

    @property
    def print_variance(self) -> tuple[float, float]:
        """The print's variance on paper and its standard uncertainty, mm²."""
        sigma, u = self.print_sigma_mm
        return sigma**2, 2 * sigma * u + u**2

    @property
    def stopped_down(self) -> float:
        """What is left of a lens's own faults when it is stopped down: 1 at f/4 and wider, falling as 1/N²."""
        return min(1.0, USUAL_UP_TO_UM / self.um_per_wave)


USUAL_UP_TO_UM = 70.0
"""Image-side shift per wave at f/4, 8 N² λ. Beyond, W040 of a lens corrected for its full aperture falls faster than
this 1/N² (as 1/N⁴ for third order: Welford, *Aberrations of Optical Systems*, 1986, ch. 7); that leaves room."""


@dataclass(frozen=True)
class Figure:
    """How a parameter is told in a result: the figure's ``name``, and its ``label`` with the unit after a comma.

    ``per_wave`` if its waves are turned into µm of image shift; ``interval`` if it comes with a 95 % interval.
    """

    name: str
    label: str
    per_wave: bool = False
    interval: bool = False


@dataclass(frozen=True, eq=False)
class Parameter:
    """One parameter of the fit.

    Attributes
    ----------
    name, symbol, unit:
        What it is called in code and figures, in the model's formula, and what it is counted in.
    meaning:
        What it is, in one sentence.
    prior:
        Mean and standard deviation of its Gaussian prior under :class:`Conditions`; infinite where nothing is known.
    prior_text:
        The same in words, for the table of symbols.
    source:
        Where the prior and the bounds come from.
    bounds:
        Where the model holds: a step beyond is clipped.
    loose_sd:
        Standard deviation of a wider prior, taken where it lowers −2 log posterior convincingly; None for none.
    figure:
        How it is told in a result; None if it is not.
    """

    name: str
    symbol: str
    unit: str
    meaning: str
    prior: Callable[[Conditions], tuple[float, float]]
    prior_text: str
    source: str
    bounds: tuple[float, float] = (-inf, inf)
    loose_sd: float | None = None
    figure: Figure | None = None

    def __index__(self) -> int:
        """Its place in the fit's vector."""
        return _PLACES[self.name]


def _constant(mean: float, sd: float) -> Callable[[Conditions], tuple[float, float]]:
    return lambda known: (mean, sd)


def _on_sensor(sd_um: float) -> Callable[[Conditions], tuple[float, float]]:
    """No mean, and ``sd_um`` of image shift at the picture's corner, whatever that is in waves."""
    return lambda known: (0.0, sd_um / known.um_per_wave)


FOCUS = Parameter(
    "focus",
    "q_f",
    "waves",
    "depth of best focus (least RMS wavefront error) behind the aim point, on the optical axis",
    _constant(0.0, inf),
    "none",
    "what is measured is not known beforehand",
)
SPHERICAL = Parameter(
    "spherical",
    "W040",
    "waves",
    "primary spherical aberration at the pupil's rim",
    lambda known: (0.0, 0.05 * known.stopped_down),
    "0 ± 0.05, less when stopped down; 0 ± 0.6 where that convinces",
    "Maréchal's limit of a corrected lens is 0.96 waves of W040 in best focus (Born and Wolf, Principles of Optics, "
    "9.3): a twentieth of it is usual. Bounds: those of the table of the OTF, `otf.W040_GRID`",
    bounds=(-0.95, 0.95),
    loose_sd=0.6,
    figure=Figure("spherical_w040_waves", "spherical aberration W040, waves"),
)
APERTURE_RATIO = Parameter(
    "aperture_ratio",
    "κ",
    "1",
    "numerical aperture that blur shows over that of the marked f-number",
    _constant(1.0, 0.15),
    "1 ± 0.15",
    "stops are marked to a third of one (12 %), and lenses differ a little from their marks. Bounds: beyond "
    "them it is another stop, which is refused by name",
    bounds=(0.3, 2.0),
    figure=Figure("cone_ratio", "f-number as marked, over what blur shows"),
)
PRINT_VARIANCE = Parameter(
    "print_variance",
    "σ_p²",
    "mm²",
    "variance of the print's Gaussian spread, on paper",
    lambda known: known.print_variance,
    "as measured of the print, else (0.03 ± 0.03 mm)²",
    "`focuscheck prints`; a 600 dpi laser edge is 40 to 80 µm wide (10 to 90 %), so σ is 16 to 31 µm",
)
TILT_X = Parameter(
    "tilt_x",
    "b",
    "waves per half diagonal",
    "tilt of the surface of best focus across the chart's tilt",
    _on_sensor(40.0),
    "0 ± 40 µm on the sensor at the corner",
    "a sensor out of square by 10 mrad at 4 mm of half a diagonal",
    figure=Figure("field_tilt_corner_um", "field tilt at the corner, µm", per_wave=True, interval=True),
)
CURVATURE = Parameter(
    "curvature",
    "d",
    "waves per half diagonal²",
    "curvature of the surface of best focus",
    _on_sensor(60.0),
    "0 ± 60 µm on the sensor at the corner",
    "Petzval radius of about 130 mm, that of a simple lens with f = 85 mm, at 4 mm of half a diagonal",
    figure=Figure(
        "field_curvature_corner_um", "field curvature at the corner, µm", per_wave=True, interval=True
    ),
)
CONSTANT_ASTIGMATISM = Parameter(
    "constant_astigmatism",
    "a",
    "waves",
    "astigmatism that is alike all over the picture: focus of edges across the tilt less that of edges along it",
    _on_sensor(15.0),
    "0 ± 15 µm on the sensor",
    "none on the axis of a centred lens; a decentred element leaves a depth of focus at f/2.8 with a 5 µm pixel",
    figure=Figure("astigmatism_um", "astigmatism all over the field, µm", per_wave=True),
)
FIELD_ASTIGMATISM = Parameter(
    "field_astigmatism",
    "e",
    "waves per half diagonal²",
    "astigmatism that grows as the radius squared: tangential less sagittal focus",
    _on_sensor(25.0),
    "0 ± 25 µm on the sensor at the corner",
    "of the order of the field's curvature, whose third-order sibling it is (Seidel sums III and IV)",
    figure=Figure(
        "astigmatism_corner_um",
        "tangential behind sagittal focus at the corner, µm",
        per_wave=True,
        interval=True,
    ),
)
MOTION_COS2 = Parameter(
    "motion_cos2",
    "v_c",
    "px²",
    "motion blur's variance down the picture less that across it",
    _constant(0.0, 0.03),
    "0 ± 0.03; 0 ± 1 where that convinces",
    "a bench that stands still within 0.6 px of travel (variance travel²/12)",
    loose_sd=1.0,
)
MOTION_SIN2 = Parameter(
    "motion_sin2",
    "v_s",
    "px²",
    "motion blur's variance along one diagonal less that along the other",
    _constant(0.0, 0.03),
    "0 ± 0.03; 0 ± 1 where that convinces",
    "as of v_c: travel has no direction that is more likely",
    loose_sd=1.0,
)
COMMON_VARIANCE = Parameter(
    "common_variance",
    "l",
    "px²",
    "variance of what blurs all depths and directions alike: light that spreads in the sensor, a fast lens's own blur",
    lambda known: (0.0, hypot(0.05, 0.3 * known.stopped_down)),
    "0 ± 0.3 of a fast lens, less when stopped down, and ± 0.05 of the sensor",
    "0.55 px of a fast lens's residual blur; charge that diffuses by 0.2 px before it is collected",
)
AMPLITUDE_POWERS, AMPLITUDE_CPP, HIGHEST_AMPLITUDE_CPP = (1, 3, 4), 0.3, 0.5
"""Powers of frequency, relative to the second figure in cycles per pixel, in the log of all that blurs alike and is no
Gaussian: between them and the Gaussians' 2 lies every smooth response that falls from 1. Constant beyond the third,
where the mosaic's own sampling ends."""
_AMPLITUDES = tuple(
    Parameter(
        f"amplitude_{power}",
        f"α_{power}",
        "1",
        f"log response at {AMPLITUDE_CPP} cycles per pixel of what blurs as frequency to the power of {power}",
        _constant(0.0, 0.15),
        "0 ± 0.15",
        "16 % of response at 0.3 cycles per pixel: several times what any sensor's optical stack leaves unexplained",
    )
    for power in AMPLITUDE_POWERS
)
_LEVELS = tuple(
    Parameter(
        f"{side}_level",
        f"c_{side[0]}",
        "parts of the contrast",
        f"by how much the predicted {side} level is off at all edges",
        _constant(0.0, 1e-3),
        "0 ± 0.001",
        "what is left of an illumination field through hundreds of edges, see `edges/illumination.py`",
    )
    for side in ("dark", "light")
)

LENS: tuple[Parameter, ...] = (
    FOCUS,
    SPHERICAL,
    APERTURE_RATIO,
    PRINT_VARIANCE,
    TILT_X,
    CURVATURE,
    CONSTANT_ASTIGMATISM,
    FIELD_ASTIGMATISM,
    MOTION_COS2,
    MOTION_SIN2,
    COMMON_VARIANCE,
    *_AMPLITUDES,
    *_LEVELS,
)
"""All members of a lens's shape, in the order of the fit's vector; nuisance parameters of single frequencies follow."""
_PLACES = {parameter.name: place for place, parameter in enumerate(LENS)}

SHAPE_PARAMETERS = len(LENS)
"""How many members the shape has."""
AMPLITUDE = slice(COMMON_VARIANCE.__index__() + 1, COMMON_VARIANCE.__index__() + 1 + len(_AMPLITUDES))
"""Places of the members of the amplitude in the fit's vector."""
LEVELS = slice(AMPLITUDE.stop, AMPLITUDE.stop + len(_LEVELS))
"""Places of both levels in the fit's vector."""

EVEN_TERMS = 4
"""Cosines of defocus at each frequency: what a wavefront has beyond W020 and W040 ripples no faster in the range."""
EVEN = Parameter(
    "even",
    "E_{i,ν}",
    "1",
    "i-th cosine of defocus at one frequency: what the wavefront has beyond defocus and spherical aberration, even "
    "about best focus",
    lambda known: (0.0, 0.01 * max(known.stopped_down, 0.1)),
    f"0 ± 0.01 / i², i = 1 … {EVEN_TERMS}, less when stopped down but a tenth at least; 0 ± 0.3 where the lens does "
    "not follow the model",
    "by trial on the simulated bench; finer ripples need aberrations of higher orders",
    loose_sd=0.3,
)


def places(parameters: Sequence[Parameter]) -> list[int]:
    """Places of several parameters in the fit's vector."""
    return [parameter.__index__() for parameter in parameters]


def lens_priors(known: Conditions) -> tuple[Array, Array]:
    """Mean and standard deviation (SHAPE_PARAMETERS,) of the shape's priors."""
    mean, sd = zip(*(parameter.prior(known) for parameter in LENS), strict=True)
    return np.array(mean, float), np.array(sd, float)


def within_bounds(v: Array) -> Array:
    """Parameters (p,) with the shape's members clipped to their bounds."""
    bounded = v.copy()
    low, high = _BOUNDS
    np.clip(v[:SHAPE_PARAMETERS], low, high, out=bounded[:SHAPE_PARAMETERS])
    return bounded


def held_by_bounds(v: Array, gradient: Array) -> Mask:
    """(p,) True for members of the shape at a bound that a cost with this gradient (p,) falls beyond."""
    held = np.zeros(len(v), bool)
    low, high = _BOUNDS
    shape, slope = v[:SHAPE_PARAMETERS], gradient[:SHAPE_PARAMETERS]
    held[:SHAPE_PARAMETERS] = ((shape <= low) & (slope > 0)) | ((shape >= high) & (slope < 0))
    return held


_BOUNDS = np.array([parameter.bounds for parameter in LENS]).T

NOMINAL = lens_priors(Conditions())[0]
"""(SHAPE_PARAMETERS,) the shape of a lens as it should be, with a laser print."""
