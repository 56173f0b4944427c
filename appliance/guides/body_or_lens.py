"""Body or lens? Several lenses on several bodies, each pair mounted twice: whose is the error?

The model is that of :mod:`appliance.guides.pairs`: image shifts of lens and body add. Each effect is told in µm against
those that are in order, > 0 behind the star (back focus), and judged by guard band against the smallest tolerance. Of a
lens of another focal length, what the chart's depth and the lens's own model leave unsure counts besides.

Names LENS_OFF and BODY_OFF for one or more that are off, ALL_LENSES_OFF where every lens on every body is (then it is
body or bench, and no lens is to be touched), PAIR_DIFFERS where single pairs depart from the sum: an adapter, dirt.
Promised from one and a half tolerances beyond the others on, where the tolerance is ten scatters of mounting.

It cannot tell: lens from body with one of each; an error of all bodies from one of the bench; which of two is off if
they differ and nothing else was measured with them (then it asks for more pairs).
"""

from __future__ import annotations

from math import ceil, hypot

from appliance.focus.result import Reason, Verdict
from appliance.guides.case import COVERAGE_95, Case, Observation
from appliance.guides.finding import Band, Figure, Finding, Plot, Series, not_yet
from appliance.guides.pairs import Effect, Pair, Shares, groups, shares
from appliance.guides.procedure import Input, Procedure, Step, StepKind

NAME = "body-or-lens"
GUARD = 1.65
"""One-sided 95 % (ISO 14253-1), in standard uncertainties."""
LEAST_DOF = 2
SIGNIFICANT = 0.003
MOST_LENSES, MOST_BODIES, MOST_TIMES, MOST_MORE = 5, 4, 3, 50


def key(lens: int, body: int, time: int) -> str:
    """The step that mounts a lens on a body for the ``time``-th time, all from 1."""
    return f"b{body}-t{time}-l{lens}"


def _number(name: str, label: str, default: int, low: int, high: int) -> Input:
    return Input(name, label, default=default, low=low, high=high)


def steps(case: Case) -> tuple[Step, ...]:
    """How many of each, their tags, then every pair, body by body."""
    plan = Step(
        "plan",
        StepKind.ASK,
        "What is there",
        "Take the lens and body in doubt, and at least one more of each that you trust. Two lenses on two bodies, each "
        "pair twice, are 8 photos.",
        "How many lenses and\nbodies, how often?",
        inputs=(
            _number("lenses", "Lenses", 2, 1, MOST_LENSES),
            _number("bodies", "Bodies", 2, 1, MOST_BODIES),
            _number("times", "Mounts of each pair", 2, 1, MOST_TIMES),
        ),
    )
    if not case.handled("plan"):
        return (plan,)
    lenses, bodies, times = _plan(case)
    of_each = [("lens", "Lens", k) for k in range(1, lenses + 1)]
    of_each += [("body", "Body", k) for k in range(1, bodies + 1)]
    tags = Step(
        "tags",
        StepKind.ASK,
        "Which ones",
        "Scan or type the tags, in the order you will use them. Leave empty what has none.",
        "Tags on the phone",
        inputs=tuple(
            Input(f"{kind}_{k}", f"{word} {k}", "text", required=False) for kind, word, k in of_each
        ),
    )
    pairs = [
        _pair(case, lens, body, time)
        for body in range(1, bodies + 1)
        for time in range(1, times + 1)
        for lens in range(1, lenses + 1)
    ]
    return (plan, tags, *pairs)


def _plan(case: Case) -> tuple[int, int, int]:
    return (
        int(case.number("plan", "lenses", 2)),
        int(case.number("plan", "bodies", 2)),
        int(case.number("plan", "times", 2)),
    )


def _pair(case: Case, lens: int, body: int, time: int) -> Step:
    return Step(
        key(lens, body, time),
        StepKind.MEASURE,
        f"Lens {lens}, body {body}",
        f"Body {body} on the bench. Take its lens off and mount lens {lens}, iris open, ring at the star's distance. "
        f"Press. This is mount {time} of this pair; skip it if the two do not fit.",
        f"Body {body}: mount\nlens {lens},\nthen TEST",
        bench={"lens": lens, "body": body, "mount": time},
        optional=True,
        lens_tag=case.word("tags", f"lens_{lens}") or None,
        body_tag=case.word("tags", f"body_{body}") or None,
    )


def analyse(case: Case) -> Finding:
    """Whose error it is, or which pairs are missing to say so."""
    if not case.answered("plan"):
        return not_yet("Say first how many lenses and bodies there are.")
    photos = _photos(case)
    if len(photos) < 2:
        return not_yet("Measure at least two pairs.")
    lenses, bodies = {lens for lens, _, _ in photos}, {body for _, body, _ in photos}
    if len(lenses) == len(bodies) == 1:
        return not_yet("One lens on one body cannot tell which is off: add another lens or body.")
    pairs = [Pair(lens, body, p.shift_um, _own_um(p, photos)) for lens, body, p in photos]
    if len(parts := groups(pairs)) > 1:
        return not_yet(_bridge(parts))
    if len(pairs) - len(lenses) - len(bodies) + 1 < LEAST_DOF:
        return not_yet("Too few pairs to know how mounting scatters: mount pairs again, or add pairs.")
    tolerance = min((p.tolerance_um for _, _, p in photos if p.tolerance_um), default=0.0)
    return _finding(case, shares(pairs, tolerance), len(pairs), tolerance)


def _photos(case: Case) -> list[tuple[int, int, Observation]]:
    lenses, bodies, times = _plan(case)
    found = []
    for body in range(1, bodies + 1):
        for lens in range(1, lenses + 1):
            for time in range(1, times + 1):
                photo = case.photos.get(key(lens, body, time))
                if photo is not None and photo.image_shift_um is not None:
                    found.append((lens, body, photo))
    return found


def _own_um(photo: Observation, photos: list[tuple[int, int, Observation]]) -> float:
    """What lenses of one kind share and others do not: the chart's depth, and the lens's own model."""
    usual = sum(p.um_per_mm for _, _, p in photos) / len(photos)
    if all(p.setup.focal_length_mm == photo.setup.focal_length_mm for _, _, p in photos):
        return 0.0
    at_chart = photo.u_chart_mm * photo.um_per_mm
    rest = max(photo.u_shared_um**2 - at_chart**2, 0.0)
    return hypot(photo.u_chart_mm * (photo.um_per_mm - usual), rest**0.5)


def _bridge(parts: list[set[tuple[str, int]]]) -> str:
    lens = min(number for kind, number in parts[0] if kind == "lens")
    body = min(number for kind, number in parts[1] if kind == "body")
    more = len(parts) - 1
    return f"The pairs do not hang together: {more} more would join them. Measure lens {lens} on body {body} first."


def _finding(case: Case, found: Shares, count: int, tolerance: float) -> Finding:
    off = [e for e in found.effects if abs(e.value) - _guard(e) > tolerance]
    unclear = [e for e in found.effects if e not in off and abs(e.value) + _guard(e) > tolerance]
    causes = _causes(case, found, off, tolerance)
    more = max((_more(e, count, tolerance) for e in unclear), default=0)
    worst = max(off or found.effects, key=lambda e: abs(e.value))
    if causes and causes[0].code != "PAIR_DIFFERS":
        verdict = Verdict.FAIL_BACK if _sign_of(causes[0], worst, found) > 0 else Verdict.FAIL_FRONT
        headline, action = causes[0].text, _next(causes[0].code)
    elif unclear or causes:
        verdict = Verdict.RETEST
        headline = (
            f"{_name(case, worst)} adds {worst.value:+.1f} µm, too near to ± {tolerance:.0f} µm to tell."
        )
        action = f"About {more} more pairs would settle it." if more else causes[0].text
    else:
        verdict = Verdict.PASS
        headline = (
            f"Lenses and bodies agree: none adds more than {abs(worst.value):.1f} µm of ± {tolerance:.0f} µm."
        )
        action = "Nothing to do: look for the cause elsewhere."
    advice = {"LENS_OFF": ("SERVICE",), "BODY_OFF": ("SUSPECT_BODY",), "ALL_LENSES_OFF": ("ALL_LENSES_OFF",)}
    codes = advice.get(causes[0].code, ("ADAPTER",)) if causes else (("MORE_PAIRS",) if unclear else ())
    return Finding(
        verdict,
        headline,
        _figures(case, found, more, off or [worst]),
        causes,
        codes,
        action,
        (_plot(case, found, tolerance),),
        data={"effects_um": {f"{e.kind}_{e.number}": e.value for e in found.effects}},
    )


def _guard(effect: Effect) -> float:
    return GUARD * effect.u95 / COVERAGE_95


def _sign_of(cause: Reason, worst: Effect, found: Shares) -> float:
    return found.common_um if cause.code == "ALL_LENSES_OFF" else worst.value


def _causes(case: Case, found: Shares, off: list[Effect], tolerance: float) -> tuple[Reason, ...]:
    causes = []
    alike = [
        kind for kind in ("lens", "body")
        if all(e in off for e in found.effects if e.kind == kind)
        and len({e.value > 0 for e in found.effects if e.kind == kind}) == 1
    ]  # fmt: skip
    lenses = sum(e.kind == "lens" for e in found.effects)
    # torn between all lenses and all bodies: whatever it is, every lens is off on every body
    torn = found.torn_um > tolerance and abs(found.common_um) > tolerance
    if lenses > 1 and (alike or torn):
        text = f"All lenses are off, by {found.common_um:+.1f} µm on average: it is the body or the bench, not a lens."
        causes.append(Reason("ALL_LENSES_OFF", text))
    else:
        for effect in sorted(off, key=lambda e: -abs(e.value)):
            side = "behind" if effect.value > 0 else "in front of"
            text = f"{_name(case, effect)} is off: it focuses {abs(effect.value):.1f} µm {side} the others."
            causes.append(Reason("LENS_OFF" if effect.kind == "lens" else "BODY_OFF", text))
    if found.p_pairs < SIGNIFICANT:
        causes.append(
            Reason("PAIR_DIFFERS", "Some pair does not fit the others: look for dirt or another adapter.")
        )
    return tuple(causes)


def _more(effect: Effect, count: int, tolerance: float) -> int:
    """Photos that would bring the guard band below the gap to the tolerance."""
    gap = abs(abs(effect.value) - tolerance)
    if gap * (MOST_MORE / count + 1) ** 0.5 <= _guard(effect):
        return MOST_MORE
    return max(ceil(count * ((_guard(effect) / gap) ** 2 - 1)), 1)


def _next(code: str) -> str:
    return {
        "LENS_OFF": "Send that lens to adjustment; the bodies are in order.",
        "BODY_OFF": "Check that body's mount and its own adjustment; the lenses are in order.",
        "ALL_LENSES_OFF": "Adjust no lens: check bench, chart distance and body first, with the golden lens.",
    }[code]


def _name(case: Case, effect: Effect) -> str:
    tag = case.word("tags", f"{effect.kind}_{effect.number}")
    return f"{effect.kind.capitalize()} {effect.number}" + (f" ({tag})" if tag else "")


def _figures(case: Case, found: Shares, more: int, shown: list[Effect]) -> tuple[Figure, ...]:
    figures = [
        Figure(f"{e.kind}_{e.number}_um", _name(case, e), e.value, e.u95, "µm", e in shown)
        for e in sorted(found.effects, key=lambda e: e not in shown)
    ]
    return (
        *figures,
        Figure("common_um", "All on average", found.common_um, None, "µm"),
        Figure("more_pairs", "More pairs to settle it", more, None, "", more > 0),
        Figure("scatter_um", "Scatter of mounting, 1 σ", found.scatter_um, None, "µm", False),
    )


def _plot(case: Case, found: Shares, tolerance: float) -> Plot:
    places = tuple(float(k + 1) for k in range(len(found.effects)))
    points = Series(
        "Adds",
        places,
        tuple(e.value for e in found.effects),
        tuple(e.u95 for e in found.effects),
    )
    ticks = tuple(
        (x, f"{e.kind.capitalize()} {e.number}") for x, e in zip(places, found.effects, strict=True)
    )
    bands = (Band(-tolerance, tolerance, "Tolerance"),)
    return Plot("Whose error", "", "Image shift, µm", (points,), bands, ticks)


PROCEDURE = Procedure(
    name=NAME,
    title="Body or lens",
    question="Is it the body or the lens?",
    about="Several lenses are mounted on several bodies. It finds which error belongs to which, says how many more "
    "pairs would settle it, and when all lenses are off: then it is the body or the bench.",
    minutes=10,
    steps=steps,
    analyse=analyse,
    needs_lens=False,
)
