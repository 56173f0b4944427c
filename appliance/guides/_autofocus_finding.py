"""What the rounds of an autofocus pair add up to: verdict, figures, causes, plots."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from appliance.focus.result import Reason, Verdict
from appliance.guides._autofocus_rounds import (
    LAST_ROUND,
    Judged,
    at_hand,
    focal_of,
    from_far,
    judged_rounds,
)
from appliance.guides.case import Case
from appliance.guides.finding import Band, Figure, Finding, Plot, Series, not_yet
from appliance.guides.repeats import ONE_SIDED_95

FAILED = (Verdict.FAIL_BACK, Verdict.FAIL_FRONT)
ORDER = (*FAILED, Verdict.RETEST, Verdict.INVALID, Verdict.PASS)
"""The worst first: what the finding takes its verdict from."""
SCATTER_OF_TOLERANCE = 0.5
"""With a scatter (1 σ) of half the tolerance one shot in twenty is outside it, though the mean is right."""
APPROACH_OF_TOLERANCE = 0.5
"""With a difference of half the tolerance each side lies a quarter of it off the middle: enough to be worth telling."""
APPROACH_SURE = 0.9975
"""One-sided, of that difference."""
WORDS = {"prime": "", "wide": "At the wide end: ", "tele": "At the tele end: "}


def finding(case: Case) -> Finding:
    """The finding of the rounds so far."""
    rounds = [judged_rounds(case, end) for end in at_hand(case)]
    if not all(rounds):
        return not_yet("Eight shots are needed, half from near and half from far. Go on with the next one.")
    last = [found[-1] for found in rounds]
    broken = [judged for judged in last if judged.problem]
    if broken:
        return replace(not_yet(broken[0].problem), advice=("REPEAT_RUN",), data=_data(case, rounds))
    verdicts = [_verdict(judged) for judged in last]
    worst = min(range(len(last)), key=lambda k: ORDER.index(verdicts[k]))
    judged, verdict = last[worst], verdicts[worst]
    causes = tuple(cause for one in last for cause in _causes(one))
    return Finding(
        verdict,
        _headline(judged, verdict),
        tuple(
            figure
            for one, found in zip(last, rounds, strict=True)
            for figure in _figures(case, one, found[0])
        ),
        tuple({cause.code: cause for cause in reversed(causes)}.values())[::-1],
        _advice(last, verdict),
        _next(judged, verdict),
        tuple(_plot(found) for found in rounds),
        signed=judged.failed,
        data=_data(case, rounds),
    )


def _verdict(judged: Judged) -> Verdict:
    if judged.wrong_way:
        return Verdict.RETEST
    if judged.failed:
        return judged.verdict
    if judged.missed > 1 or _scatters(judged):
        return Verdict.FAIL_BACK
    return Verdict.RETEST if judged.missed else judged.verdict


def _scatters(judged: Judged) -> bool:
    """Whether the scatter is surely more than tolerance leaves room for."""
    return judged.told.spread.bound(1 - ONE_SIDED_95) > SCATTER_OF_TOLERANCE * judged.tolerance_um


def _apart(judged: Judged) -> bool:
    """Whether the two sides surely differ by more than is worth telling."""
    found = judged.told.difference
    return abs(found.value) - found.half_width(APPROACH_SURE) > APPROACH_OF_TOLERANCE * judged.tolerance_um


def _causes(judged: Judged) -> list[Reason]:
    where, told = WORDS[judged.end], []
    if judged.wrong_way:
        told.append(
            Reason(
                "WRONG_WAY",
                f"{where}Focus moved the other way than this brand's numbers do. Was the sign right?",
            )
        )
    elif judged.failed:
        behind = judged.error.value > 0
        code = "AF_BACK_FOCUS" if behind else "AF_FRONT_FOCUS"
        side = "behind" if behind else "in front of"
        told.append(Reason(code, f"{where}Autofocus puts focus {side} what it aims at."))
        if judged.plan is None or judged.number == LAST_ROUND:
            told.append(Reason("OUT_OF_RANGE", f"{where}Fine-tune does not reach far enough for this pair."))
    if judged.missed:
        text = f"{where}{judged.missed} of {len(judged.shots)} shots missed focus."
        told.append(Reason("AF_MISSED", text))
    if _scatters(judged):
        told.append(
            Reason(
                "AF_SCATTER", f"{where}Shots differ more than the tolerance allows: no fine-tune cures that."
            )
        )
    if _apart(judged):
        told.append(
            Reason(
                "AF_APPROACH", f"{where}Focus stops at another place when it comes from far than from near."
            )
        )
    return told


def _advice(last: list[Judged], verdict: Verdict) -> tuple[str, ...]:
    codes = []
    if any(one.missed or _scatters(one) for one in last):
        codes += ["MORE_LIGHT", "CONTACTS"]
    if any(one.failed and one.plan is not None for one in last):
        codes.append("FINE_TUNE")
    if any(_apart(one) or (one.failed and one.plan is None) for one in last):
        codes.append("SERVICE")
    if verdict is Verdict.RETEST:
        codes.append("MORE_PHOTOS")
    return tuple(codes)


def _headline(judged: Judged, verdict: Verdict) -> str:
    error, where = judged.error, WORDS[judged.end]
    size = f"{abs(error.value):.0f} ± {error.u95:.0f} µm"
    if judged.failed:
        return f"{where}Autofocus lies {size} {'behind' if error.value > 0 else 'in front of'} the aim point."
    if verdict is Verdict.PASS:
        first = judged
        while first.earlier is not None:
            first = first.earlier
        before = f"; before the change it was {first.error.value:+.0f} µm" if first is not judged else ""
        return f"{where}Autofocus is right: {error.value:+.0f} ± {error.u95:.0f} µm{before}."
    if verdict in FAILED:
        return f"{where}Autofocus is not sure: {judged.missed} of {len(judged.shots)} shots missed, or shots scatter."
    return f"{where}Too close to tell: {error.value:+.0f} ± {error.u95:.0f} µm."


def _next(judged: Judged, verdict: Verdict) -> str:
    if judged.wrong_way:
        return "Look at the number set in the camera, say it with its sign, then repeat the run."
    if judged.failed:
        plan = judged.plan
        return f"{plan.words}, then repeat." if plan else "Hand lens and body to the service as a pair."
    if verdict in FAILED:
        return "Clean the contacts, give more light, then repeat. If it stays, hand the lens to the service."
    return "Nothing to do." if verdict is Verdict.PASS else "Take the extra shots, or repeat the run."


def _figures(case: Case, judged: Judged, first: Judged) -> list[Figure]:
    p = f"{judged.end}_" if len(at_hand(case)) > 1 else ""
    error, told, where = judged.error, judged.told, f", {judged.end} end" if p else ""
    spread, apart = told.spread, told.difference
    figures = [
        Figure(f"{p}focus_error_um", f"Autofocus error{where}", error.value, error.u95, "µm"),
        Figure(
            f"{p}scatter_um",
            f"Scatter (1 σ){where}",
            spread.value,
            None,
            "µm",
            low=spread.low,
            high=spread.high,
        ),
        Figure(
            f"{p}approach_um", f"From far minus from near{where}", apart.value, apart.u95, "µm", main=False
        ),
        Figure(
            f"{p}missed",
            f"Missed shots of {len(judged.shots)}{where}",
            judged.missed,
            main=bool(judged.missed),
        ),
        Figure(f"{p}tolerance_um", f"Tolerance ±{where}", judged.tolerance_um, None, "µm", main=False),
        Figure(f"{p}fine_tune", f"Fine-tune set{where}", judged.value, None, "steps", main=False),
    ]
    plan = judged.plan
    if plan is not None:
        figures.append(
            Figure(f"{p}correction_um", f"Move focus by{where}", plan.move_um, error.u95, "µm", main=False)
        )
        change = plan.steps if plan.value is None else plan.value - judged.value
        name = "steps" if plan.value is None else "units"
        figures.append(Figure(f"{p}correction_{name}", f"Change fine-tune by{where}", change, None, "steps"))
    if first is not judged and not first.problem:
        figures.append(
            Figure(
                f"{p}before_um",
                f"Error before the change{where}",
                first.error.value,
                first.error.u95,
                "µm",
                main=False,
            )
        )
    if judged.um_per_step is not None:
        figures.append(
            Figure(f"{p}um_per_step", f"One step moves{where}", judged.um_per_step, None, "µm", main=False)
        )
    return figures


def _plot(rounds: list[Judged]) -> Plot:
    last, series = rounds[-1], []
    for judged in rounds:
        style: Any = "points" if judged is last else "before"
        for far in (False, True):
            shots = [s for s in judged.good if from_far(s) is far]
            label = f"{'from far' if far else 'from near'}{'' if judged is last else f', {judged.value:+g}'}"
            series.append(_series(label, shots, style))
    odd = [s for s, fine in zip(last.measured, last.belong, strict=True) if not fine]
    if odd:
        series.append(_series("missed", odd, "outliers"))
    title = "Where each shot focused" + (f", {last.end} end" if last.end != "prime" else "")
    band = Band(-last.tolerance_um, last.tolerance_um, "tolerance")
    return Plot(title, "Shot", "Image shift (µm), + behind", tuple(series), (band,))


def _series(label: str, shots: list[Any], style: Any) -> Series:
    x = tuple(float(shot.step.rsplit("-", 1)[1]) for shot in shots)
    return Series(
        label, x, tuple(s.shift_um for s in shots), tuple(1.96 * s.u_photo_um for s in shots), style
    )


def _data(case: Case, rounds: list[list[Judged]]) -> dict[str, Any]:
    ends = []
    for found in rounds:
        last = found[-1]
        known = not last.problem
        ends.append(
            {
                "end": last.end,
                "focal_length_mm": focal_of(case, last.end),
                "distance_mm": last.shots[0].setup.distance_mm if last.shots else None,
                "value": last.value,
                "error_um": last.error.value if known else None,
                "error_um_u95": last.error.u95 if known else None,
                "scatter_um": last.told.spread.value if known else None,
                "um_per_step": last.um_per_step,
            }
        )
    return {"brand": case.word("setup", "brand"), "body_tag": case.body.tag, "ends": ends}
