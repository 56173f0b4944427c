"""Whether the focus scale of a zoom tells the truth: from what its ring reads once it is focused on the star."""

from __future__ import annotations

import numpy as np

from appliance import optics
from appliance.focus.result import Reason
from appliance.guides._zoom_fit import FOCAL_MARK_U, ZoomFit
from appliance.guides.case import Case
from appliance.guides.estimates import Quantity, print_u

READING_U = 0.01
"""Relative standard uncertainty of a distance read off a focus ring: a tenth of the step between engravings such as
1.2, 1.35 and 1.5 m."""
MM_PER_UNIT = {"m": 1000.0, "ft": 304.8}
TAPE_U_MM = 2.0
"""Standard uncertainty of a distance that was measured with a tape from the sensor's mark, mm."""


def scale_error(case: Case, fit: ZoomFit) -> Quantity | None:
    """The scale's error S in dioptres, from what the ring reads; None where that is not known or cannot be."""
    read = case.number("reading", "distance") * MM_PER_UNIT[case.word("reading", "unit", "m")]
    tele = case.photos["tele-1"]
    f = tele.setup.focal_length_mm
    if read < 4 * f:
        return None
    tape = tele.setup.distance_mm
    if tape is not None and tape >= 4 * f:
        star_mm = optics.object_distance_from_sensor_distance_mm(f, tape)
        star_u = TAPE_U_MM / tape
    else:
        star_mm = tele.distances_mm[0]
        star_u = float(np.hypot(FOCAL_MARK_U, print_u(tele)))
    engraved, star = 1000 / optics.object_distance_from_sensor_distance_mm(f, read), 1000 / star_mm
    parts = (fit.ring_dpt.u, engraved * READING_U, star * star_u)
    return Quantity(engraved - star + fit.ring_dpt.value, float(np.hypot.reduce(parts)))


def scale_cause(fit: ZoomFit, scale: Quantity | None) -> list[Reason]:
    """SCALE if the focus scale is surely off by more than the tolerance at the long end."""
    if scale is None or not scale_beyond(fit, scale):
        return []
    way = "farther" if scale.value > 0 else "nearer"
    return [Reason("SCALE", f"The focus scale is off: the lens focuses {way} than its ring says.")]


def scale_beyond(fit: ZoomFit, scale: Quantity) -> bool:
    """Whether the scale's error moves focus by more than the tolerance at the long end."""
    squared = fit.tele_image_mm**2
    return Quantity(scale.value * squared, scale.u * squared).beyond(fit.tolerance_um)
