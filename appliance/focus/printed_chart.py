"""What is known of a printed chart itself: its true size by a ruler, and how far its edges spread.

No photo of a tilted chart shows at which scale it was printed, and one from afar hardly shows how sharp the print is.
Both are measured once per printed chart and kept: the bar of 100 mm with a ruler, the spread with a photo close up.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import hypot, isfinite, sqrt
from typing import Any

from appliance.chart.bar import BAR_MM
from appliance.errors import BarReadingError, BlurReadingError

RULER_U95_MM = 0.2
"""How well a steel ruler is read at both ends of the bar, 95 %, mm, unless another figure is given."""
MAX_OFF = 0.05
"""A print further off its scale than this is a slip of the pen: 'fit to page' takes 2 to 4 %."""
UNREAD_SCALE_U, SEEN_SCALE_U = 0.02, 0.0087
"""Relative standard uncertainty of the scale where no bar was read: of prints of which two in five were fitted to the
page, and of one that a distance shows to be within 1.5 % of its size, anywhere within."""
BLUR_UM = (1.0, 500.0)
"""Range of spreads that a print can have, µm: from a photographic plate's to a worn inkjet's."""
GOOD_BLUR, TELLING_BLUR = 0.25, 0.5
"""Relative standard uncertainty of a blur that may be kept, and of one that is worth a figure."""
BLUR_SHARE, MIN_BLUR_U_UM = 0.1, 3.0
"""Standard uncertainty of a blur that came without one: relative, and at least, µm."""
LASER_SPREAD_MM = (0.03, 0.03)
"""Gaussian spread (1 σ) of a laser print on paper and its standard uncertainty, where none was measured."""
LENS_UM2 = 0.5
"""Standard uncertainty of the lens's own spread at the sensor, as a variance in µm²: field and colour aberrations that
the through-focus model does not have. On paper it is 1 / m² as large, which is why a print is measured close up."""
MAX_CHI2 = 1.5
"""Reduced chi-square above which the lens follows the model too badly for its blur to be told from the print's."""
ANY_CHART = ""
"""Stands for every chart that has no record of its own."""


RULER_STEPS = (
    "Lay the chart flat. Take a steel ruler with half or whole millimetres, no tape and no folding rule.",
    "Find the thick black bar above the pattern, marked “this bar: exactly 100 mm”.",
    "Put the ruler's 10 mm line on the bar's left end, as a ruler's own end is worn. Look straight down on it.",
    "Read the bar's right end to a tenth of a millimetre and take the 10 mm off again.",
    "Do this three times and enter the middle reading.",
)
BLUR_STEPS = (
    "Bring camera and chart to half the usual distance or less, the star in the middle of the picture.",
    "Use a sharp lens at about f/4, and see that its focal length and f-number are the ones set.",
    "Focus on the star, let the bench settle, and press TEST.",
    "Take the spread from that check. Then put the bench back as it was.",
)


@dataclass(frozen=True)
class Print:
    """One printed chart: ``bar_mm`` as read on its bar of 100 mm, ``blur_um`` the Gaussian spread (1 σ) of its edges
    on paper, each with its standard uncertainty; None where it was not measured.
    """

    bar_mm: float | None = None
    bar_u_mm: float | None = None
    blur_um: float | None = None
    blur_u_um: float | None = None

    @property
    def scale(self) -> float:
        """True length over the layout's, 1 where no bar was read."""
        return 1.0 if self.bar_mm is None else self.bar_mm / BAR_MM

    def scale_u(self, distance_given: bool = False) -> float:
        """Standard uncertainty of the scale, relative, after a check that found no fault with a ``distance_given``."""
        if self.bar_mm is not None:
            return (self.bar_u_mm or 0.0) / self.bar_mm
        return SEEN_SCALE_U if distance_given else UNREAD_SCALE_U

    def words(self, distance_given: bool = False) -> str:
        """What is known of the chart's size, after a check that found no fault with a ``distance_given``."""
        if self.bar_mm is not None:
            return f"printed at {100 * self.scale:.1f} %, by its bar of {self.bar_mm:g} mm; lengths are true ones"
        if distance_given:
            return "its bar was not measured; the distance given agrees with 100 % within 1.5 %"
        return (
            "its bar was not measured, so that lengths rest on its being printed at 100 %, give or take 4 %"
        )

    def spread(self) -> str:
        """What is known of its print's spread."""
        if self.blur_um is None:
            return "its print's spread was not measured"
        return f"its print spreads by {self.blur_um:.0f} ± {1.96 * (self.blur_u_um or 0.0):.0f} µm (1 σ; ± is 95 %)"

    def summary(self) -> str:
        """All that is known of it in one line."""
        bar = "its bar was not measured"
        if self.bar_mm is not None:
            bar = f"bar {self.bar_mm:g} ± {1.96 * (self.bar_u_mm or 0.0):.2g} mm, so {100 * self.scale:.1f} %"
        return f"{bar}; {self.spread()}"


def prints_of(data: Mapping[str, Any]) -> dict[str, Print]:
    """Prints by the title of their layout, from their dictionaries as stored."""
    return {title: value if isinstance(value, Print) else Print(**value) for title, value in data.items()}


def checked_bar(bar_mm: float, u95_mm: float = RULER_U95_MM) -> tuple[float, float]:
    """A reading of the bar and its standard uncertainty, mm, as they may be kept.

    Raises
    ------
    BarReadingError
        If the reading is more than 5 % off 100 mm, or its uncertainty (95 %) is not between 0.01 and 2 mm.
    """
    if not (isfinite(bar_mm) and abs(bar_mm / BAR_MM - 1) <= MAX_OFF + 1e-9):
        low, high = ((1 + side * MAX_OFF) * BAR_MM for side in (-1, 1))
        raise BarReadingError(
            f"A bar of {bar_mm:g} mm is more than 5 % off its {BAR_MM:g} mm, which is most likely a slip: it must lie "
            f"between {low:g} and {high:g} mm. Read it again in millimetres; if it is right, print the chart at 100 %."
        )
    if not (isfinite(u95_mm) and 0.01 <= u95_mm <= 2):
        raise BarReadingError(
            f"A ruler is read to within 0.01 to 2 mm (95 %), not {u95_mm:g} mm; {RULER_U95_MM:g} mm is usual."
        )
    return float(bar_mm), u95_mm / 1.96


def checked_blur(blur_um: float, u_um: float | None = None) -> tuple[float, float]:
    """A print's spread and its standard uncertainty, µm, as they may be kept; a tenth of it where none is given.

    Raises
    ------
    BlurReadingError
        If the spread is not between 1 and 500 µm, or its uncertainty is more than a quarter of it or none at all.
    """
    low, high = BLUR_UM
    if not (isfinite(blur_um) and low <= blur_um <= high):
        raise BlurReadingError(
            f"The print's spread must lie between {low:g} and {high:g} µm (1 σ on paper), not {blur_um:g} µm; a laser "
            "print has 20 to 40 µm."
        )
    u_um = _usual_u_um(blur_um) if u_um is None else u_um
    if not (isfinite(u_um) and u_um > 0):
        raise BlurReadingError("The spread's uncertainty must be above zero.")
    return float(blur_um), float(u_um)


def spread_mm(blur_um: float | None, u_um: float | None) -> tuple[float, float]:
    """A print's Gaussian spread (1 σ) on paper and its standard uncertainty, mm, as measured or as prints are."""
    if blur_um is None:
        return LASER_SPREAD_MM
    return blur_um * 1e-3, (_usual_u_um(blur_um) if u_um is None else u_um) * 1e-3


def _usual_u_um(blur_um: float) -> float:
    return max(BLUR_SHARE * blur_um, MIN_BLUR_U_UM)


def blur_seen(
    variance_mm2: float,
    covariance_mm4: float,
    reduced_chi2: float,
    prior_mm: tuple[float, float],
    magnification: float,
) -> tuple[float, float] | None:
    """The print's spread as one photo alone shows it, and its standard uncertainty, µm; None if it hardly shows.

    The fit knows beforehand what prints are like, or what this one was measured to be. For Gaussian quantities that
    part is taken out again exactly: precisions subtract, and so do means that are weighted by them.

    Parameters
    ----------
    variance_mm2, covariance_mm4:
        The fit's variance of the spread on paper, mm², and that figure's own variance, scaled by ``reduced_chi2`` if
        that is above 1.
    prior_mm:
        Spread and standard uncertainty that the fit was given, mm.
    magnification:
        Of the chart in the picture; what is not known of the lens weighs more the smaller it is.
    """
    if reduced_chi2 > MAX_CHI2:
        return None
    sigma, sd = prior_mm
    prior, prior_precision = sigma**2, 1 / (2 * sigma * sd + sd**2) ** 2
    excess = max(reduced_chi2, 1.0)
    precision = excess / covariance_mm4
    own_precision = precision - prior_precision
    if not own_precision > 0:
        return None
    own = (variance_mm2 * precision - prior * prior_precision) / own_precision
    if own <= 0:
        return None
    blur_mm = sqrt(own)
    u_mm = hypot(sqrt(excess / own_precision), 1e-6 * LENS_UM2 / magnification**2) / (2 * blur_mm)
    return (1e3 * blur_mm, 1e3 * u_mm) if u_mm <= TELLING_BLUR * blur_mm else None


def blur_to_keep(figures: Mapping[str, float]) -> tuple[float, float]:
    """The print's spread and its standard uncertainty, µm, out of a check's figures, if it is good enough to be kept.

    Raises
    ------
    BlurReadingError
        If the check shows it to worse than a quarter; the sentence says what to do.
    """
    blur, u = figures.get("print_blur_um"), figures.get("print_blur_um_u")
    closer = (
        "Take the photo closer, at half the usual distance or less, in focus, with a sharp lens at about f/4."
    )
    if blur is None or u is None:
        raise BlurReadingError(f"From so far the print's spread does not show. {closer}")
    if u > GOOD_BLUR * blur:
        raise BlurReadingError(
            f"The print's spread shows as {blur:.0f} ± {1.96 * u:.0f} µm (95 %), which is too uncertain to be kept. "
            f"{closer}"
        )
    return checked_blur(blur, u)
