"""The conclusion of the witness-marks check of a prime: see :mod:`.witness_marks` for model, signs and promises."""

from __future__ import annotations

from collections.abc import Sequence

from appliance.focus.result import Reason, Verdict
from appliance.guides._mark_fit import Mark, MarkFit, fit_marks
from appliance.guides._shims import adjustments, shim_words, too_words
from appliance.guides._zoom_scale import MM_PER_UNIT
from appliance.guides.case import COVERAGE_95, Case, Observation
from appliance.guides.distributions import t_quantile
from appliance.guides.estimates import Quantity, contradiction
from appliance.guides.finding import Band, Figure, Finding, Plot, Series, not_yet

SETTINGS_ALONE, SETTINGS = 4, 3
"""Settings of the ring where one distance is tested, and at each of several: three and four degrees of freedom tell how
well it can be set. With two, intervals would be twice as wide (Student's t)."""
NORMAL_DOF = 1e6
"""Degrees of freedom from which on Student's t is the normal distribution to a millionth."""


def marks_of(case: Case) -> list[tuple[float, str]]:
    """The engraved distances to test: mm from the sensor, and in words; farthest first, each once."""
    unit = case.word("marks", "unit", "m")
    asked = [case.number("marks", name) for name in ("first", "second", "third")]
    return [
        (value * MM_PER_UNIT[unit], f"{value:g} {unit}") for value in sorted({*asked} - {0.0}, reverse=True)
    ]


def photos_of(case: Case, prefix: str) -> list[Observation]:
    """The photos whose keys begin so and that have a figure."""
    return [
        p for key, p in case.photos.items() if key.startswith(f"{prefix}-") and p.image_shift_um is not None
    ]


def fit_of(case: Case) -> MarkFit | None:
    """The fit of all marks; None while one has not all of its settings.

    A setting that could not be measured may well be one that lay farthest off: the mean of the others would be wrong.
    """
    marks = marks_of(case)
    groups = {d: photos_of(case, f"mark-{n}") for n, (d, _) in enumerate(marks, 1)}
    count = settings_of(marks)
    if not groups or any(len(group) < count for group in groups.values()):
        return None
    return None if contradiction(list(case.photos.values())) else fit_marks(groups)


def settings_of(marks: Sequence[object]) -> int:
    """How often the ring is set to each mark."""
    return SETTINGS_ALONE if len(marks) == 1 else SETTINGS


def shim_um(case: Case) -> float | None:
    """By how much the shims are to grow, µm, where one shim puts all marks right; else None."""
    fit = fit_of(case)
    return None if fit is None or not _shim_helps(fit) else fit.common_um.value


def _shim_helps(fit: MarkFit) -> bool:
    """Whether a mark is off, all by about the same, and it is not surely the scale."""
    alone = fit.scale_dpt is not None and _scale_sure(fit) and not _flange_sure(fit)
    return bool(fit.off) and not alone and fit.common_um.beyond(0.0) and fit.left_um <= fit.tolerance_um


def _flange_sure(fit: MarkFit) -> bool:
    return fit.flange_um is not None and fit.flange_um.beyond(fit.tolerance_um)


def _scale_sure(fit: MarkFit) -> bool:
    if fit.scale_dpt is None:
        return False
    squared = max(mark.image_mm for mark in fit.marks) ** 2
    return Quantity(fit.scale_dpt.value * squared, fit.scale_dpt.u * squared).beyond(fit.tolerance_um)


def analyse(case: Case) -> Finding:
    """The finding of what there is: the marks, and the proof after an adjustment where there is one."""
    problem = contradiction(list(case.photos.values()))
    if problem:
        return not_yet(problem)
    fit = fit_of(case)
    if fit is None:
        return _beyond(case) or not_yet(_missing(case))
    after = photos_of(case, "proof")
    if len(after) == SETTINGS_ALONE and _shim_helps(fit):
        return _proved(case, fit, fit_marks({fit.marks[-1].distance_mm: after}))
    verdict, headline = _verdict(case, fit)
    causes = _causes(case, fit)
    helps = _shim_helps(fit)
    return Finding(
        verdict, headline, _figures(case, fit), tuple(causes), _advice(fit, verdict, helps),
        _next(fit, verdict, helps), (_plot(case, fit, None),), data=_data(fit),
    )  # fmt: skip


def _words(case: Case, mark: Mark) -> str:
    return next(words for distance, words in marks_of(case) if distance == mark.distance_mm)


def _off_words(case: Case, mark: Mark) -> str:
    """“2 m mark: focus 43 mm behind it”."""
    side = "behind" if mark.focus_mm > 0 else "in front of"
    return f"at the {_words(case, mark)} mark focus lies {abs(mark.focus_mm):.0f} mm {side} it"


def _verdict(case: Case, fit: MarkFit) -> tuple[Verdict, str]:
    worst = fit.worst
    told = f"{_off_words(case, worst)} ({worst.shift_um.value:+.0f} ± {worst.shift_um.u95:.0f} µm at the sensor)."
    if fit.off:
        worst = max(fit.off, key=lambda mark: abs(mark.shift_um.value))
        return worst.shift_um.judged(worst.tolerance_um), f"The marks are off: {told}"
    if all(mark.shift_um.judged(mark.tolerance_um) is Verdict.PASS for mark in fit.marks):
        return Verdict.PASS, f"The marks hold; at most, {told}"
    return Verdict.RETEST, f"Too close to tell: {told}"


def _causes(case: Case, fit: MarkFit) -> list[Reason]:
    causes = []
    if fit.off:
        text = "; ".join(_off_words(case, mark) for mark in fit.off)
        causes.append(Reason("MARKS_OFF", text[0].upper() + text[1:] + "."))
    if fit.flange_um is not None and _flange_sure(fit):
        causes.append(Reason("FLANGE", f"The sensor sits {too_words(fit.flange_um.value)}."))
    if fit.scale_dpt is not None and _scale_sure(fit):
        way = "farther" if fit.scale_dpt.value > 0 else "nearer"
        causes.append(Reason("SCALE", f"The scale itself is off: the lens focuses {way} than engraved."))
    if fit.off and len(causes) == 1:
        text = "These marks cannot tell a wrong flange from a wrong scale: add one as near as the lens goes."
        causes.append(Reason("FLANGE_OR_SCALE", text))
    return causes


def _figures(case: Case, fit: MarkFit) -> tuple[Figure, ...]:
    worst = fit.worst
    # the greatest of several is the likelier to be far off: each must hold the truth more often (Šidák)
    greatest = worst.shift_um.u * t_quantile((1 + 0.95 ** (1 / len(fit.marks))) / 2, NORMAL_DOF)
    figures = [
        Figure(
            "mark_error_um",
            f"Focus behind the {_words(case, worst)} mark",
            worst.shift_um.value,
            greatest,
            "µm",
        ),
        Figure("focus_error_mm", "That is, at the chart", worst.focus_mm, None, "mm"),
    ]
    if _shim_helps(fit):
        figures += adjustments(Quantity(-fit.common_um.value, fit.common_um.u))
    if fit.flange_um is not None and fit.scale_dpt is not None:
        flange, scale = fit.flange_um, fit.scale_dpt
        sure = _flange_sure(fit) or _scale_sure(fit)
        label = "Sensor too far from (+) or near to (−) the lens"
        figures.append(Figure("flange_error_um", label, flange.value, flange.u95, "µm", main=sure))
        figures.append(
            Figure("scale_error_dpt", "Focus scale off by", scale.value, scale.u95, "dpt", main=sure)
        )
    for number, mark in enumerate(fit.marks, 1):
        label = f"Focus behind the {_words(case, mark)} mark"
        figures.append(
            Figure(f"mark_{number}_um", label, mark.shift_um.value, mark.shift_um.u95, "µm", main=False)
        )
    figures.append(
        Figure("setting_dpt", "Scatter of setting the ring, 1 σ", fit.setting_dpt, None, "dpt", main=False)
    )
    figures.append(Figure("tolerance_um", "Tolerance, ±", fit.tolerance_um, None, "µm", main=False))
    return tuple(figures)


def _advice(fit: MarkFit, verdict: Verdict, helps: bool) -> tuple[str, ...]:
    if verdict is Verdict.RETEST:
        return ("REPEAT_RUN",)
    if not fit.off:
        return ()
    return ("SHIM",) if helps else ("SERVICE",)


def _next(fit: MarkFit, verdict: Verdict, helps: bool) -> str:
    if helps:
        return (
            "Measure a second lens: if it is off alike, it is the bench. If not, make this lens's shims "
            f"{shim_words(-fit.common_um.value)} and prove it here."
        )
    if fit.off:
        return "No shim puts these marks right: send the lens to service with this page."
    if verdict is Verdict.PASS:
        return "Nothing to do."
    return "Repeat with more care in setting ring and tape, or allow a larger tolerance."


def _data(fit: MarkFit) -> dict[str, object]:
    return {
        "marks": [
            {"distance_mm": m.distance_mm, "shift_um": m.shift_um.value, "u_um": m.shift_um.u}
            for m in fit.marks
        ]
    }


def _missing(case: Case) -> str:
    marks = marks_of(case)
    if not marks:
        return "Say first which marks to test."
    for number, (_, words) in enumerate(marks, 1):
        keys = [f"mark-{number}-{k}" for k in range(1, settings_of(marks) + 1)]
        if all(case.handled(key) for key in keys) and len(photos_of(case, f"mark-{number}")) < len(keys):
            return f"At the {words} mark focus does not always lie on the chart: use a larger chart, or nearer marks."
    return f"Set the ring to each mark {settings_of(marks)} times: fewer do not tell how well it is set."


def _beyond(case: Case) -> Finding | None:
    """Where focus at a mark always lies beyond the chart: the side alone, if all photos agree on it."""
    failed = []
    for number in range(1, len(marks_of(case)) + 1):
        group = [p for key, p in case.photos.items() if key.startswith(f"mark-{number}-")]
        if len(group) > 1 and all(p.image_shift_um is None for p in group):
            failed += [p for p in group if p.verdict in (Verdict.FAIL_BACK, Verdict.FAIL_FRONT)]
    if len(failed) < 2 or len({p.side for p in case.photos.values()}) != 1:
        return None
    side = failed[0].side
    where, change = ("behind", "thicker") if side > 0 else ("in front of", "thinner")
    text = f"With the ring on its mark, focus lies {where} the whole chart."
    return Finding(
        Verdict.FAIL_BACK if side > 0 else Verdict.FAIL_FRONT,
        text,
        (Figure("shim_side", "Shims thicker (1) or thinner (−1)", side, main=False),),
        (Reason("MARKS_OFF", text),),
        ("SHIM", "SERVICE"),
        f"Is it the right lens and mark? If so, make the shims 0.05 mm {change}, then start again.",
    )


def _proved(case: Case, fit: MarkFit, after: MarkFit) -> Finding:
    now, before = after.marks[0], fit.marks[-1]
    words = _words(case, now)
    verdict = now.shift_um.judged(now.tolerance_um)
    beyond = now.shift_um.beyond(now.tolerance_um)
    change = Quantity(
        now.shift_um.value - before.shift_um.value, (now.shift_um.u**2 + before.shift_um.u**2) ** 0.5
    )
    causes = []
    if beyond:
        wrong = change.beyond(0.0) and change.value * fit.common_um.value > 0
        code, text = ("MARKS_OFF", f"The {words} mark is still off.")
        if wrong:
            code, text = "WRONG_WAY", "The adjustment went the wrong way: take it back, and as much again."
        elif not change.beyond(0.0):
            code, text = (
                "NOT_ADJUSTED",
                "Nothing has changed: were the right shims changed, and the lens put back?",
            )
        causes.append(Reason(code, text))
    told = (
        f"{before.shift_um.value:+.0f} µm before, {now.shift_um.value:+.0f} ± {now.shift_um.u95:.0f} µm now"
    )
    next_action = (
        "Done: note the shims on the lens's page." if verdict is Verdict.PASS else "Repeat to be sure."
    )
    if beyond:
        next_action = (
            f"Make the shims {shim_words(-now.shift_um.value)} than they are now, then run this check again."
        )
    return Finding(
        verdict,
        f"Focus behind the {words} mark: {told}.",
        (
            Figure("mark_after_um", f"Focus behind the {words} mark now", now.shift_um.value, now.shift_um.u95, "µm"),
            Figure("mark_before_um", "Before", before.shift_um.value, before.shift_um.u95, "µm"),
            Figure("mark_change_um", "Changed by", change.value, change.u95, "µm", main=False),
            *(adjustments(Quantity(-now.shift_um.value, now.shift_um.u)) if beyond else ()),
            Figure("tolerance_um", "Tolerance, ±", now.tolerance_um, None, "µm", main=False),
        ),
        tuple(causes),
        ("SHIM",) if beyond else (),
        next_action,
        (_plot(case, fit, after),),
        data=_data(after) | {"before": _data(fit)["marks"], "way": case.word("adjust", "way")},
    )  # fmt: skip


def _plot(case: Case, fit: MarkFit, after: MarkFit | None) -> Plot:
    def series(label: str, marks: tuple[Mark, ...], style: str) -> Series:
        return Series(
            label,
            tuple(m.distance_mm / 1000 for m in marks),
            tuple(m.shift_um.value for m in marks),
            tuple(COVERAGE_95 * m.shift_um.u for m in marks),
            "before" if style == "before" else "points",
        )

    shown = [
        series("Marks" if after is None else "Before", fit.marks, "points" if after is None else "before")
    ]
    if after is not None:
        shown.append(series("After", after.marks, "points"))
    ticks = tuple((distance / 1000, words) for distance, words in marks_of(case))
    return Plot(
        "Focus at the marks" if after is None else "Before and after",
        "Engraved distance",
        "Focus behind the mark, µm at the sensor",
        tuple(shown),
        (Band(-fit.tolerance_um, fit.tolerance_um, "Tolerance"),),
        ticks,
    )
