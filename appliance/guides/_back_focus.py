"""The conclusion of the back-focus check of a zoom: see :mod:`.back_focus` for model, signs and promises."""

from __future__ import annotations

from appliance.focus.result import Reason, Verdict
from appliance.guides._shims import adjustments, shim_words, too_words
from appliance.guides._zoom_fit import ZoomFit, moved_at_tele, surely_moved
from appliance.guides._zoom_parts import (
    PROOF,
    against,
    cam_cause,
    cam_figures,
    plot_of,
    series_of,
    to_adjust,
    zoom_of,
)
from appliance.guides._zoom_proof import proved
from appliance.guides._zoom_scale import scale_beyond, scale_cause, scale_error
from appliance.guides.case import Case, Observation
from appliance.guides.estimates import Quantity, contradiction
from appliance.guides.finding import Figure, Finding, not_yet


def sides_of(case: Case, prefix: str) -> list[Observation]:
    """The photos of one series that show only on which side focus lies."""
    return [
        photo
        for key, photo in case.photos.items()
        if key.startswith(f"{prefix}at-") and photo.image_shift_um is None and photo.side
    ]


def analyse(case: Case) -> Finding:
    """The finding of what there is: the first series, and the proof after an adjustment where there is one."""
    first = list(case.photos.values())
    problem = contradiction(first)
    if problem:
        return not_yet(problem)
    moved = _ring_moved(case, "") or _ring_moved(case, PROOF)
    if moved is not None:
        return moved
    fit = zoom_of(case, "")
    if fit is None:
        return _only_sides(case) or not_yet(_missing(case, ""))
    odd = against(case, fit, "")
    if odd is not None:
        return _against(case, fit, odd)
    proof = zoom_of(case, PROOF)
    if proof is None or not to_adjust(fit):
        return _judged(case, fit)
    return proved(case, fit, proof)


def _missing(case: Case, prefix: str) -> str:
    if f"{prefix}tele-1" not in case.photos:
        return "Nothing is known yet: focus at the longest focal length and take the first photo."
    if not any(key.startswith(f"{prefix}at-") for key in case.photos):
        return "Nothing to compare with yet: zoom to a wider focal length and take a photo."
    if f"{prefix}tele-2" not in case.photos:
        return "Zoom back to the longest focal length and take the last photo: without it a moved ring would go unseen."
    return "Focus lay beyond the chart at all wider focal lengths: measure at one nearer to the long end."


def _only_sides(case: Case) -> Finding | None:
    """Where all wider photos are beyond the chart: the direction alone, if tele was in focus."""
    tele, beyond = series_of(case, ""), sides_of(case, "")
    if (
        not {"tele-1", "tele-2"} <= case.photos.keys()
        or not beyond
        or len({photo.side for photo in beyond}) != 1
    ):
        return None
    side, wide = beyond[0].side, min(beyond, key=lambda photo: photo.setup.focal_length_mm)
    ratio = (wide.setup.focal_length_mm / tele[0].setup.focal_length_mm) ** 2
    sure = all(photo.verdict in (Verdict.FAIL_BACK, Verdict.FAIL_FRONT) for photo in beyond)
    limit = wide.tolerance_um or 0.0
    if not sure or any(ratio * abs(photo.shift_um) > limit for photo in tele):
        return None
    where, what = ("behind", "near to") if side > 0 else ("in front of", "far from")
    change = "thicker" if side > 0 else "thinner"
    text = (
        f"At {wide.setup.focal_length_mm:g} mm focus lies {where} the whole chart: the sensor sits too {what} the "
        "lens, by more than can be measured here."
    )
    return Finding(
        Verdict.FAIL_BACK if side > 0 else Verdict.FAIL_FRONT,
        text,
        (Figure("flange_side", "Sensor too far (1) or too near (−1)", -side, main=False),),
        (Reason("FLANGE", text),),
        ("SHIM",),
        next_action=f"Make the shims between mount and lens {change} by 0.05 mm, then start this guided check again.",
        data={"flange_side": -side},
    )


def _ring_moved(case: Case, prefix: str) -> Finding | None:
    """The finding of a series in which the focus ring moved; None if it did not."""
    first, last = (case.photos.get(f"{prefix}tele-{k}") for k in (1, 2))
    if first is None or last is None:
        return None
    moved = moved_at_tele([first, last])
    if moved is not None and not surely_moved(moved, first.tolerance_um or 0.0):
        return None
    off = "beyond the chart" if moved is None else f"{abs(moved.value):.0f} µm off where it was"
    text = f"The focus ring moved while zooming: back at the long end focus is {off}."
    label = "Focus at tele, last photo less first"
    figures = () if moved is None else (Figure("ring_moved_um", label, moved.value, moved.u95, "µm"),)
    return Finding(
        Verdict.RETEST,
        text,
        figures,
        (Reason("RING_MOVED", text + " Nothing can be said of flange and cam."),),
        ("REPEAT_RUN",),
        "Focus at the long end again and turn the zoom ring alone. If it happens again, focus follows the zoom ring: "
        "send the lens to service.",
        (plot_of(case, None, prefix),),
        data={} if moved is None else {"ring_moved_um": moved.value},
    )


def _against(case: Case, fit: ZoomFit, photo: Observation) -> Finding:
    where = "behind" if photo.side > 0 else "in front of"
    text = (
        f"At {photo.setup.focal_length_mm:g} mm focus lies {where} the chart; by the other focal lengths it should "
        "not: the zoom's cam, or the focus ring was touched."
    )
    return Finding(
        Verdict.RETEST,
        text,
        causes=(Reason("CONTRADICTION", text),),
        advice=("REPEAT_RUN", "SERVICE"),
        next_action="Repeat the run, zooming only. If it stays so, send the lens to service.",
        plots=(plot_of(case, fit, ""),),
    )


def _judged(case: Case, fit: ZoomFit) -> Finding:
    flange, tolerance = fit.flange_um, fit.tolerance_um
    scale = scale_error(case, fit)
    causes = [*_flange_cause(fit), *cam_cause(fit), *scale_cause(fit, scale)]
    verdict, headline = _verdict(fit, scale)
    figures = (
        Figure(
            "flange_error_um",
            "Sensor too far from (+) or near to (−) the lens",
            flange.value,
            flange.u95,
            "µm",
        ),
        *cam_figures(fit),
        *(adjustments(flange) if to_adjust(fit) else ()),
        *_ring_figures(fit, scale),
        Figure("tolerance_um", "Tolerance, ±", tolerance, None, "µm", main=False),
    )
    codes = {cause.code for cause in causes}
    advice = [*(["SHIM", "RING_TURN"] if "FLANGE" in codes else [])]
    advice += ["SERVICE"] if codes & {"CAM", "SCALE"} else []
    advice += ["REPEAT_RUN"] if verdict is Verdict.RETEST else []
    return Finding(
        verdict, headline, figures, tuple(causes), tuple(advice), _next(fit, verdict, codes), (plot_of(case, fit, ""),),
        data={"flange_error_um": flange.value, "flange_u_um": flange.u},
    )  # fmt: skip


def _verdict(fit: ZoomFit, scale: Quantity | None) -> tuple[Verdict, str]:
    """Verdict by the worst of flange, cam and scale, with the sentence that tells it."""
    flange, tolerance, worst = fit.flange_um, fit.tolerance_um, fit.worst_cam
    image_shift = Quantity(-flange.value, flange.u)
    told = f"{abs(flange.value):.0f} ± {flange.u95:.0f} µm too {'far from' if flange.value > 0 else 'near to'} the lens"
    unseen = "" if worst else " With two focal lengths a worn zoom cam looks the same."
    if flange.beyond(tolerance):
        return image_shift.judged(
            tolerance
        ), f"The sensor sits {told}: that is sharp at tele, soft at wide.{unseen}"
    if worst and worst[1].beyond(tolerance):
        focal, cam = worst
        return cam.judged(
            tolerance
        ), f"At {focal:g} mm focus is {cam.value:+.0f} ± {cam.u95:.0f} µm off: the cam."
    if scale is not None and scale_beyond(fit, scale):
        return (
            Verdict.FAIL_BACK if scale.value > 0 else Verdict.FAIL_FRONT,
            f"Flange and zoom hold; the focus scale is off by {scale.value:+.3f} dioptres.",
        )
    measured = f"flange error {flange.value:+.0f} ± {flange.u95:.0f} µm"
    clear = image_shift.judged(tolerance) is Verdict.PASS
    if clear and (worst is None or worst[1].judged(tolerance) is Verdict.PASS):
        return (
            Verdict.PASS,
            f"Focus holds through the zoom: {measured}.{unseen}",
        )
    return (
        Verdict.RETEST,
        f"Too close to tell: {measured}, ± {tolerance:.0f} µm allowed.",
    )


def _flange_cause(fit: ZoomFit) -> list[Reason]:
    if not fit.flange_um.beyond(fit.tolerance_um):
        return []
    words = f"The sensor sits {too_words(fit.flange_um.value)}, at every focal length alike."
    return [
        Reason(
            "FLANGE", words if fit.cam_um else words + " Two focal lengths cannot tell this from a worn zoom."
        )
    ]


def _next(fit: ZoomFit, verdict: Verdict, codes: set[str]) -> str:
    if "FLANGE" in codes:
        return (
            "Measure a second lens: if it shows the same, it is the bench. If not, make this lens's shims "
            f"{shim_words(fit.flange_um.value)} and prove it here."
        )
    if codes:
        return "Send the lens to service with this page."
    if verdict is Verdict.PASS:
        return (
            "Nothing to do." if fit.cam_um else "To test the zoom's cam too, repeat with three focal lengths."
        )
    return "Repeat the run; use a wider zoom range, more light, or a larger tolerance."


def _ring_figures(fit: ZoomFit, scale: Quantity | None) -> tuple[Figure, ...]:
    ring, moved = fit.ring_dpt, fit.moved_um
    figures = [
        Figure("ring_dpt", "Ring stands farther than the star by", ring.value, ring.u95, "dpt", main=False)
    ]
    if scale is not None:
        figures.insert(0, Figure("scale_error_dpt", "Focus scale off by", scale.value, scale.u95, "dpt"))
    if moved is not None:
        figures.append(
            Figure(
                "ring_moved_um",
                "Focus at tele, last photo less first",
                moved.value,
                moved.u95,
                "µm",
                main=False,
            )
        )
    return tuple(figures)
