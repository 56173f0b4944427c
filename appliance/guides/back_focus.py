"""Back focus of a zoom: sharp at tele, soft at wide. Flange, focus ring and cam told apart.

Model
-----
The lens is focused on the star at its longest focal length, by eye, and then only zoomed. With the image distance i
(mm) of each focal length, the image-side shift z (µm, > 0: focus behind the star) is

    z = −F + D₀ i² + c

F: flange error, µm, > 0: the sensor sits too far from the lens; the same at every focal length. D₀: by how many
dioptres the ring stands farther than the star. c: what the zoom's cam leaves. F and D₀ are the line through the two
ends of the zoom's range; c is how far the focal lengths between them lie off that line. A cam that is wrong at the ends
themselves looks like flange and ring, and is put right with them. The mean of the two photos at tele counts as one.

Because it was focused by eye, D₀ takes up that error and says nothing of the lens: with a flange error F the ring then
stands F / i² off. Only together with the distance that its scale shows (d from the sensor, o from the lens) is it an
error of the scale: S = 1/o(d) − 1/o(star) + D₀, > 0: it focuses farther than engraved.

A bulging chart, and a star that is not where it is thought to be, are lengths at the chart: times m² they are like i²,
so they go into D₀ and not into F. Marked focal lengths are taken to be right within 2 %.

Focus that lies beyond the chart at some focal lengths, as it soon does at the wide end, is told by its side alone
there; flange and ring are then those of the widest focal length that has a figure, and the side must agree with them.

Promises
--------
FLANGE, CAM and SCALE are named where the figure is beyond the tolerance (that of the photos: working f-number × circle
of confusion, at the wide end) by the guard band 1.65 u and 3.3 u from nothing: so in 95 of 100 cases from tolerance +
3.3 u and 5 u on. SCALE needs the ring's reading. RING_MOVED is named where the two photos at tele differ by more than
3.3 u of their difference and a quarter of the tolerance; no flange is stated then. Proof: WRONG_WAY, NOT_ADJUSTED or
FLANGE where the flange is still beyond.

It cannot tell: with two focal lengths, cam from flange; ever, a cam that is wrong at the widest focal length from
flange; and whose the flange error is, the lens's or the bench's: for that measure a second lens.

References: ISO 14253-1:2017 (guard band); W. J. Smith, Modern Optical Engineering, 4th ed., 2.3 (longitudinal shifts).
"""

from __future__ import annotations

from dataclasses import replace
from math import log

from appliance import optics
from appliance.guides._back_focus import analyse
from appliance.guides._shims import ring_words, shim_words
from appliance.guides._zoom_parts import PROOF, series_of, to_adjust, zoom_of
from appliance.guides.case import Case
from appliance.guides.lens_choices import ENGRAVED_MM
from appliance.guides.procedure import Input, LensKind, Procedure, Step, StepKind

NEARER = (0.7, 0.85)
"""Parts of the longest focal length that are tried where focus at all others lies beyond the chart: the same flange
error moves focus at the chart by less, the longer the focal length."""


def inner_marks_mm(wide_mm: float, tele_mm: float, count: int) -> tuple[float, ...]:
    """``count`` engraved focal lengths between the ends, evenly spread by ratio; fewer where there are no more."""
    between = [float(mark) for mark in ENGRAVED_MM if wide_mm < mark < tele_mm]
    chosen: list[float] = []
    for k in range(1, count + 1):
        wanted = wide_mm * (tele_mm / wide_mm) ** (k / (count + 1))
        left = [mark for mark in between if mark not in chosen]
        if left:
            chosen.append(min(left, key=lambda mark: abs(log(mark / wanted))))
    return tuple(sorted(chosen))


def steps(case: Case) -> tuple[Step, ...]:
    """All steps known so far: the adjustment and its proof once the first series asks for them."""
    found = [_range_step(case)]
    if not case.answered("range"):
        return tuple(found)
    found += _series(case)
    found.append(_reading_step())
    first = zoom_of(case, "")
    if first is None or not to_adjust(first):
        return tuple(found)
    found.append(_adjust_step(first.flange_um.value))
    if case.word("adjust", "way", "none") != "none" and "adjust" not in case.skipped:
        found += _proof(case, optics.shim_change_um(first.flange_um.value))
    return tuple(found)


def _range_step(case: Case) -> Step:
    wide, tele = case.lens.focal_min_mm, case.lens.focal_max_mm
    known = case.lens.zoom and wide is not None and tele is not None
    choices = []
    for inner in (2, 1, 3, 0):
        words = f"{inner + 2}"
        if known and wide and tele:
            marks = (wide, *inner_marks_mm(wide, tele, inner), tele)
            words = f"{len(marks)}: {', '.join(f'{f:g}' for f in marks)} mm"
        choices.append((str(inner), words if inner else f"{words}, cam not tested"))
    return Step(
        "range",
        StepKind.ASK,
        "Zoom range",
        "Which focal lengths are at the ends of this zoom's ring, and at how many shall it be measured? Three or more "
        "tell a worn zoom from a wrong flange; two cannot.",
        "On the phone: ends of\nthe range, how many",
        inputs=(
            Input(
                "wide_mm", "Widest focal length", unit="mm", default=wide if known else None, low=1, high=2000
            ),
            Input(
                "tele_mm",
                "Longest focal length",
                unit="mm",
                default=tele if known else None,
                low=1,
                high=2000,
            ),
            Input("inner", "Focal lengths", "choice", default="2", choices=tuple(choices)),
        ),
    )


def _series(case: Case) -> list[Step]:
    wide, tele = sorted((case.number("range", "wide_mm"), case.number("range", "tele_mm")))
    inner = inner_marks_mm(wide, tele, int(case.word("range", "inner", "2")))
    wider = _with_nearer(case, tele, [*inner[::-1], wide])
    plan = [("tele-1", tele), *((f"at-{f:g}", f) for f in wider), ("tele-2", tele)]
    found = [_focus_step("focus-1", tele, {"focused_at_mm": tele})]
    for k, (key, f) in enumerate(plan):
        # the last place is always 1, so that a photo added before it does not change where the others stood
        zoomed = 1.0 if key == "tele-2" else k / (k + 1)
        found.append(replace(_photo_step(key, f, tele), bench={"focused_at_mm": tele, "zoomed": zoomed}))
    return found


def _with_nearer(case: Case, tele: float, planned: list[float]) -> list[float]:
    """The focal lengths with some nearer to tele, one by one, while focus lies beyond the chart at all others."""
    for share in NEARER:
        photos = [case.photos.get(f"at-{f:g}") for f in planned]
        waiting = any(not case.handled(f"at-{f:g}") for f in planned)
        if waiting or any(photo is not None and photo.image_shift_um is not None for photo in photos):
            break
        left = [float(mark) for mark in ENGRAVED_MM if max(planned) < mark < tele]
        if not left:
            break
        planned = [*planned, min(left, key=lambda mark: abs(mark - share * tele))]
    return planned


def _focus_step(key: str, tele: float, bench: dict[str, float]) -> Step:
    return Step(
        key,
        StepKind.DO,
        f"Focus at {tele:g} mm",
        f"Zoom to {tele:g} mm, iris wide open. Focus on the star as sharply as you can. From now on do not touch the "
        "focus ring.",
        f"Zoom to {tele:g} mm\nFocus on the star\nThen leave the ring",
        bench=bench,
        restarts=True,
    )


def _photo_step(key: str, f: float, tele: float) -> Step:
    texts = {
        "tele-1": f"Still at {f:g} mm, in focus on the star. Hands off the lens, then press.",
        "tele-2": f"Zoom back to {f:g} mm with the zoom ring only, then press. This shows whether focus moved.",
    }
    other = (
        f"Zoom to {f:g} mm with the zoom ring only. Leave focus alone, even if soft. Press. If it cannot be measured "
        "at all, skip this step."
    )
    return Step(
        key,
        StepKind.MEASURE,
        f"{f:g} mm{' again' if key == 'tele-2' else ''}",
        texts.get(key, other),
        f"{'Back' if key == 'tele-2' else 'Zoom'} to {f:g} mm\nLeave the focus ring\nPress",
        focal_length_mm=f,
        takes_bound=key != "tele-1",
        optional=f != tele,
    )


def _reading_step() -> Step:
    return Step(
        "reading",
        StepKind.ASK,
        "Ring reads?",
        "Look at the focus ring: which distance stands at its mark? With it the scale is judged too. Leave it empty if "
        "there is no scale.",
        "On the phone: what\nthe focus ring reads,\nor press to skip",
        inputs=(
            Input("distance", "Distance at the mark", low=0.05, high=1000, required=False),
            Input("unit", "Unit", "choice", default="m", choices=(("m", "metres"), ("ft", "feet"))),
        ),
        optional=True,
    )


def _adjust_step(flange_um: float) -> Step:
    return Step(
        "adjust",
        StepKind.ASK,
        "Adjust",
        f"Make the shims between mount and lens {shim_words(flange_um)}. If every lens shows the same: turn the bench "
        f"camera's back-focus ring {ring_words(flange_um)} and lock it. What was done?",
        f"Shims:\n{shim_words(flange_um)}\nthen press",
        inputs=(
            Input(
                "way",
                "Done",
                "choice",
                default="shim",
                choices=(("shim", "Shims changed"), ("ring", "Ring turned"), ("none", "Nothing, stop here")),
            ),
        ),
        optional=True,
    )


def _proof(case: Case, change_um: float) -> list[Step]:
    """The series after the adjustment: the widest focal length that could be measured, and the widest of all."""
    wide, tele = sorted((case.number("range", "wide_mm"), case.number("range", "tele_mm")))
    told = min(photo.setup.focal_length_mm for photo in series_of(case, ""))
    bench = {"focused_at_mm": tele, "focusing": 2.0, "flange_change_um": change_um}
    wider = dict.fromkeys((told, wide))
    plan = [("tele-1", tele, 0.0), *((f"at-{f:g}", f, 0.5) for f in wider), ("tele-2", tele, 1.0)]
    found = [_focus_step("focus-2", tele, bench)]
    for key, f, zoomed in plan:
        step = _photo_step(key, f, tele)
        found.append(replace(step, key=f"{PROOF}{key}", bench={**bench, "zoomed": zoomed}))
    return found


PROCEDURE = Procedure(
    name="back-focus",
    title="Back focus of a zoom",
    question="Sharp at tele, soft at wide?",
    about="Focus once at the long end, then only zoom. It tells a wrong flange distance from a wrong focus scale and a "
    "worn zoom, says how to shim, and proves it afterwards.",
    minutes=6,
    steps=steps,
    analyse=analyse,
    lens=LensKind.ZOOM,
)
