"""Autofocus pair: where a lens and a body focus together, how surely, and what fine-tune puts it right.

Model. Shot j of a round has the image shift x_j = e ± d/2 + s_j (µm, > 0 behind the aim point: back focus): e is the
pair's error, d = mean(from far) − mean(from near) how far it stops short of either side, s_j scatter of the autofocus
and noise of the photo. e is the mean of both sides' means, its uncertainty that of the scatter (Student's t) joined
with what all photos share (pose, chart, aim). A correction is −e: for back focus, nearer. Its size in steps is −e
over the brand's step, at most ``FIRST_STEPS``; a second round shows the true step, (e₂ − e₁) / (v₂ − v₁), and further
changes use it.

Promises to name (with eight shots; T is the tolerance, u the standard uncertainty of e): AF_BACK_FOCUS,
AF_FRONT_FOCUS from |e| = T + 5 u on; AF_SCATTER from a scatter of 1.5 T; AF_APPROACH from |d| = T/2 + 4.5 s, s the
scatter; AF_MISSED where a shot lies T + 12 s off the others (two of eight at most), or beyond the chart.

Cannot tell whether lens or body is at fault (pair them with others for that), nor what another distance, light or
focal length would give; nor whether focus was thrown off before each shot: shots that agree to the photo's noise look
perfect. Sizes and signs of fine-tune are as in :mod:`appliance.guides.brands`.

References: 25 to 50 focal lengths as distance, wide open, focus thrown off before each shot: makers' instructions for
fine-tune, as cited there. Guard bands: ISO 14253-1:2017.
"""

from __future__ import annotations

from appliance.guides._autofocus_finding import finding
from appliance.guides._autofocus_rounds import (
    EXTRA,
    LAST_ROUND,
    SHOTS,
    Plan,
    at_hand,
    focal_of,
    judged_rounds,
    side_of,
    value_in_round,
)
from appliance.guides.brands import brand_of, brand_of_maker, choices
from appliance.guides.case import Case
from appliance.guides.procedure import Input, Procedure, Step, StepKind

MOST_SET = 100
"""Largest number that any brand's fine-tune takes."""


def steps(case: Case) -> tuple[Step, ...]:
    """The steps that are known so far."""
    told = [_setup(case)]
    for end in at_hand(case):
        told.append(_prepare(case, end))
        told += _rounds(case, end)
    return tuple(told)


def _rounds(case: Case, end: str) -> list[Step]:
    """All rounds of one end so far, with what is set between them."""
    told: list[Step] = []
    for number in range(1, LAST_ROUND + 1):
        shots = [_shot(case, end, number, k) for k in range(1, SHOTS + EXTRA + 1)]
        first, more = shots[:SHOTS], shots[SHOTS:]
        told += first
        if not all(case.handled(step.key) for step in first):
            return told
        now = judged_rounds(case, end)[number - 1]
        if now.wants_more or any(case.handled(step.key) for step in more):
            told += more
            if not all(case.handled(step.key) for step in more):
                return told
        if number == LAST_ROUND or now.plan is None:
            return told
        told.append(_set(case, f"set-{end}-{number}", now.plan))
        if not case.answered(told[-1].key):
            return told
    return told


def _setup(case: Case) -> Step:
    brand = brand_of_maker(case.body.maker)
    inputs = [Input("brand", "Brand of the camera (or dock)", "choice", default=brand.key, choices=choices())]
    if case.lens.zoom:
        ends = (("both", "both ends"), ("wide", "wide end only"), ("tele", "tele end only"))
        inputs.append(Input("ends", "Ends of the zoom", "choice", default="both", choices=ends))
    left = left_at(case)
    for end in ("wide", "tele") if case.lens.zoom else ("prime",):
        label = f"Fine-tune set now{f' for the {end} end' if case.lens.zoom else ''}"
        inputs.append(_value(f"value_{end}", label, left.get(end, 0.0)))
    known = (
        f" At the last visit it was left at {', '.join(f'{v:+g}' for v in left.values())}." if left else ""
    )
    return Step(
        "setup",
        StepKind.ASK,
        "Camera",
        f"Which camera is it, and which autofocus fine-tune is set for this lens?{known}",
        "On the phone: camera\nand fine-tune set",
        inputs=tuple(inputs),
    )


def left_at(case: Case) -> dict[str, float]:
    """The fine-tune that was left set by end, at the last visit of this lens with this body."""
    for past in case.past:
        if past.body_tag == case.body.tag and past.finding.data.get("ends"):
            return {one["end"]: float(one["value"]) for one in past.finding.data["ends"]}
    return {}


def _value(name: str, label: str, default: float | None) -> Input:
    return Input(name, label, default=default, low=-MOST_SET, high=MOST_SET, unit="steps")


def _prepare(case: Case, end: str) -> Step:
    focal_mm = focal_of(case, end)
    near_m, far_m = 25 * focal_mm / 1000, 50 * focal_mm / 1000
    zoom = f"Zoom to {focal_mm:g} mm. " if case.lens.zoom else ""
    return Step(
        f"ready-{end}",
        StepKind.DO,
        "Set up",
        f"{zoom}Camera on the stand, {near_m:.1f} to {far_m:.1f} m from the chart, lens wide open, "
        "stabiliser off, single autofocus, middle point on the star. Bright, steady light.",
        f"{f'Zoom {focal_mm:g} mm, ' if case.lens.zoom else ''}wide open\nSingle AF, middle\npoint on the star",
        focal_length_mm=focal_mm,
    )


def _shot(case: Case, end: str, number: int, k: int) -> Step:
    side = side_of(k)
    key = f"{end}-{number}-{k}"
    return Step(
        key,
        StepKind.MEASURE,
        f"From {side} {k}",
        f"Shot {k}: turn the focus ring to {'its nearest' if side == 'near' else 'infinity'}. "
        "Let the camera focus on the star, then take the photo. Do not touch the ring in between.",
        f"Ring to {'near end' if side == 'near' else 'infinity'},\nfocus with camera,\nthen shoot",
        focal_length_mm=focal_of(case, end),
        f_number=case.lens.max_aperture,
        bench={"af_from": side, "af_shot": key, "af_tune": value_in_round(case, end, number)},
        takes_bound=True,
        optional=k > SHOTS,
    )


def _set(case: Case, key: str, plan: Plan) -> Step:
    menu = brand_of(case.word("setup", "brand")).fine_tune
    return Step(
        key,
        StepKind.ASK,
        "Fine-tune",
        f"{plan.words}{f' ({menu})' if menu else ''}. Then say the number that is set now.",
        plan.oled,
        inputs=(_value("value", "Fine-tune set now", plan.value),),
    )


PROCEDURE = Procedure(
    name="autofocus",
    title="Autofocus, front or back",
    question="Does autofocus put focus in front of or behind what it aims at?",
    about="At least eight shots, focus thrown off before each, half from near and half from far. Finds error, scatter "
    "and missed shots, and the fine-tune that puts it right.",
    minutes=8,
    steps=steps,
    analyse=finding,
    needs_body=True,
)
