"""What first series and proof of a zoom's back-focus check share: its photos, causes, figures and plots."""

from __future__ import annotations

import numpy as np

from appliance.focus.result import Reason
from appliance.guides._zoom_fit import ZoomFit, fit_zoom
from appliance.guides.case import COVERAGE_95, Case, Observation
from appliance.guides.distributions import t_quantile
from appliance.guides.estimates import contradiction
from appliance.guides.finding import Band, Figure, Plot, Series

NORMAL_DOF = 1e6
"""Degrees of freedom from which on Student's t is the normal distribution to a millionth."""
PROOF = "proof-"
"""Begins the keys of the series after an adjustment."""


def series_of(case: Case, prefix: str) -> list[Observation]:
    """The photos with figures of one series, tele first and last, long focal lengths before short ones."""
    keys = [key for key in case.photos if key.startswith(f"{prefix}at-")]
    keys.sort(key=lambda key: -case.photos[key].setup.focal_length_mm)
    ordered = [f"{prefix}tele-1", *keys, f"{prefix}tele-2"]
    photos = [case.photos[key] for key in ordered if key in case.photos]
    return [photo for photo in photos if photo.image_shift_um is not None]


def zoom_of(case: Case, prefix: str) -> ZoomFit | None:
    """The fit of one series; None while photos are missing."""
    photos = series_of(case, prefix)
    focal = [photo.setup.focal_length_mm for photo in photos]
    if (
        not focal
        or focal.count(max(focal)) < 2
        or len({photo.setup.focal_length_mm for photo in photos}) < 2
        or contradiction(photos)
    ):
        return None
    return fit_zoom(photos)


def against(case: Case, fit: ZoomFit, prefix: str) -> Observation | None:
    """A photo with focus beyond the chart, so surely beyond tolerance, where flange and ring do not put it; or None."""
    for key, photo in case.photos.items():
        if key.startswith(f"{prefix}at-") and photo.image_shift_um is None and photo.side:
            image_mm = photo.setup.focal_length_mm * (1 + (photo.magnification or 0.0))
            if photo.side * fit.shift_um(image_mm) < fit.tolerance_um / 2:
                return photo
    return None


def to_adjust(fit: ZoomFit) -> bool:
    """Whether shims are to be changed: the flange is surely wrong, and the ring stayed where it was."""
    return not fit.ring_moved and fit.flange_um.beyond(fit.tolerance_um)


def cam_cause(fit: ZoomFit) -> list[Reason]:
    """CAM if the zoom surely leaves focus between its ends."""
    off = [(f, cam) for f, cam in fit.cam_um.items() if cam.beyond(fit.tolerance_um)]
    where = ", ".join(f"{cam.value:+.0f} µm at {f:g} mm" for f, cam in off)
    text = f"The zoom does not hold focus between its ends: {where}. No shim cures that."
    return [Reason("CAM", text)] if off else []


def cam_figures(fit: ZoomFit) -> tuple[Figure, ...]:
    """The greatest cam residual, and each where there are several."""
    worst = fit.worst_cam
    if worst is None:
        return ()
    # the greatest of several is the likelier to be far off: each must hold the truth more often (Šidák)
    greatest = worst[1].u * t_quantile((1 + 0.95 ** (1 / len(fit.cam_um))) / 2, NORMAL_DOF)
    rest = [
        Figure(f"cam_{f:g}_um", f"Zoom's own error at {f:g} mm", cam.value, cam.u95, "µm", main=False)
        for f, cam in fit.cam_um.items()
    ]
    return (
        Figure("cam_um", f"Zoom's own error, greatest at {worst[0]:g} mm", worst[1].value, greatest, "µm"),
        *(rest if len(rest) > 1 else ()),
    )


def _points(case: Case, prefix: str, label: str, before: bool = False) -> Series:
    photos = series_of(case, prefix)
    return Series(
        label,
        tuple(photo.setup.focal_length_mm for photo in photos),
        tuple(photo.shift_um for photo in photos),
        tuple(COVERAGE_95 * photo.u_um for photo in photos),
        "before" if before else "points",
    )


def _line(case: Case, fit: ZoomFit, prefix: str, label: str) -> Series:
    photos = series_of(case, prefix)
    tele = max(photos, key=lambda photo: photo.setup.focal_length_mm)
    object_mm = tele.distances_mm[0]
    low, high = min(p.setup.focal_length_mm for p in photos), tele.setup.focal_length_mm
    f = np.linspace(low, high, 25)
    image = f * object_mm / (object_mm - f)
    shifts = tuple(float(fit.shift_um(i)) for i in image)
    return Series(label, tuple(float(v) for v in f), shifts, style="line")


def plot_of(case: Case, fit: ZoomFit | None, prefix: str) -> Plot:
    """Photos of one series with their bars, and what flange and ring make of it."""
    points = _points(case, prefix, "Photos")
    return Plot(
        "Focus through the zoom",
        "Focal length, mm",
        "Focus behind the star, µm at the sensor",
        (points, *([_line(case, fit, prefix, "Flange and ring")] if fit else [])),
        (Band(-fit.tolerance_um, fit.tolerance_um, "Tolerance"),) if fit else (),
    )


def before_after(case: Case, first: ZoomFit, proof: ZoomFit) -> Plot:
    """The first series beside the one after the adjustment."""
    series = (
        _points(case, "", "Before", before=True),
        _points(case, PROOF, "After"),
        _line(case, proof, PROOF, "After: flange and ring"),
    )
    return Plot(
        "Before and after",
        "Focal length, mm",
        "Focus behind the star, µm at the sensor",
        series,
        (Band(-first.tolerance_um, first.tolerance_um, "Tolerance"),),
    )
