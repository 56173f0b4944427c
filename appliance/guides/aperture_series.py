"""Aperture series: does focus move as the lens is stopped down, where is it sharpest, and how deep is its field?

Model. The lens is focused once, at its widest stop; then only the iris moves, from stop to stop and back. At stop k the
image shift is z_k (µm, > 0 behind the aim point). d_k = z_k − z_0 is the focus shift against the widest stop: of
under-corrected spherical aberration W040 at the widest stop N_0 about −8 λ N_k² W040 (N_0/N_k)⁴ less the same at N_0
(defocus W020 = z / 8 N² balances it where W020 = −W040; Born & Wolf, 9.3). Means and intervals by the photos'
covariance (:mod:`appliance.guides.estimates`): noise is each photo's, pose and lens model those of its stop, the
chart's flatness and the aim drop out of differences.

Judged is every stop by its own depth of focus N_k (1 + m) c: FOCUS_SHIFT where |d_k| is surely beyond it (guard band).
Sharpness is the MTF50 at best focus; the best stop is the one with the highest mean, and as good as it are those within
its scatter. Depth of field is read off the through-focus curve where a blur circle c would bring its contrast, by
2 J₁(π c ν) / (π c ν) at the curve's frequency ν, and stands beside the computed N c (1 + m) / m².

Promises to name: FOCUS_SHIFT from a depth of focus + 4 u of d on; RING_MOVED where the way back differs from the way
there by more than half a depth of focus and 5 u, or surely more than photos of one stop scatter (p < 0.001).

Cannot tell: what a stop does off the picture's middle, nor whether focus at the widest stop is right (that is a check).
Print and pixels limit sharpness: compare it with the same chart and station only.
"""

from __future__ import annotations

from appliance import optics
from appliance.focus.result import Reason, Verdict
from appliance.guides._aperture_fit import Stops, depth_of_field_mm, stops_of
from appliance.guides.case import Case, Observation
from appliance.guides.estimates import contradiction
from appliance.guides.finding import Band, Figure, Finding, Plot, Series, not_yet
from appliance.guides.procedure import Input, Procedure, Step, StepKind

WAYS = ("there", "back")
FULL_STOPS = (1.0, 1.4, 2.0, 2.8, 4.0, 5.6, 8.0, 11.0, 16.0, 22.0)
"""Marks of an iris: full stops (ISO 517)."""
MAX_STOPS = 6
"""So many stops there and back are twelve photos, about as many as one goes through with care."""
GUARD = 1.65
"""Guard band in standard uncertainties, as of a check (ISO 14253-1:2017)."""


def steps(case: Case) -> tuple[Step, ...]:
    """The steps that are known so far."""
    told = [_range(case)]
    if not case.answered("stops"):
        return tuple(told)
    chosen = chosen_stops(case)
    told.append(_focus(case, chosen[0]))
    for way in WAYS:
        told += [_shot(case, k, stop, way, chosen[0]) for k, stop in _in_turn(chosen, way)]
    return tuple(told)


def _in_turn(chosen: tuple[float, ...], way: str) -> list[tuple[int, float]]:
    numbered = list(enumerate(chosen))
    return numbered if way == "there" else numbered[::-1]


def chosen_stops(case: Case) -> tuple[float, ...]:
    """The stops of this run, widest first: the widest mark, then full stops to the smallest that was asked for."""
    widest, smallest = case.number("stops", "widest"), case.number("stops", "smallest")
    between = [stop for stop in FULL_STOPS if widest * 1.1 < stop <= smallest * 1.01]
    return (widest, *between[: MAX_STOPS - 1])


def _range(case: Case) -> Step:
    widest = case.lens.max_aperture or case.setup.f_number
    inputs = (
        Input("widest", "Widest stop, f/", default=widest, low=0.7, high=11),
        Input("smallest", "Smallest stop to test, f/", default=max(8.0, 2 * widest), low=1.4, high=22),
    )
    return Step(
        "stops",
        StepKind.ASK,
        "Which stops",
        "From which stop to which? The widest that is marked, and the smallest that matters; beyond f/8 only blur by "
        "diffraction grows.",
        "On the phone: stops",
        inputs=inputs,
    )


def _focus(case: Case, widest: float) -> Step:
    return Step(
        "focus",
        StepKind.DO,
        "Focus wide open",
        f"Set f/{widest:g} and focus on the star by eye or with focus assist. From here on only the iris moves; hold "
        "the focus ring still while you turn it.",
        f"f/{widest:g}: focus on star\nthen only the iris",
        restarts=True,
    )


def _shot(case: Case, k: int, stop: float, way: str, widest: float) -> Step:
    again = " again" if way == "back" else ""
    return Step(
        f"stop{k}-{way}",
        StepKind.MEASURE,
        f"f/{stop:g}{again}",
        f"Set f/{stop:g}{again} without touching focus. Then press TEST.",
        f"Iris to f/{stop:g}",
        f_number=stop,
        bench={"focused_at_f": widest, "setting": f"{k}-{way}"},
    )


def analyse(case: Case) -> Finding:
    """What the photos conclude."""
    if not case.answered("stops"):
        return not_yet("Say first from which stop to which.")
    chosen = chosen_stops(case)
    if len(chosen) < 2:
        return not_yet("One stop is no series: choose a smaller stop than the widest.")
    keys = [f"stop{k}-{way}" for way in WAYS for k in range(len(chosen))]
    missing = [key for key in keys if key not in case.photos]
    if missing:
        return not_yet(
            f"{len(missing)} of {len(keys)} photos are missing: every stop is needed there and back."
        )
    photos = [[case.photos[f"stop{k}-{way}"] for k in range(len(chosen))] for way in WAYS]
    wrong = contradiction([photo for row in photos for photo in row])
    if wrong:
        return not_yet(wrong)
    return _concluded(chosen, stops_of(chosen, photos[0], photos[1]), photos[0])


def _concluded(chosen: tuple[float, ...], seen: Stops, first: list[Observation]) -> Finding:
    if seen.ring_moved:
        text = "The way back differs from the way there: the focus ring moved. Focus anew and run it again."
        moved = Reason("RING_MOVED", text)
        return Finding(
            Verdict.INVALID, text, _figures(seen, first), (moved,), next_action=text, plots=(_plot(seen),)
        )
    verdict, worst = _verdict(seen)
    shift, u95, stop = seen.shift.value(worst), seen.shift.u95(worst), chosen[worst]
    where = "behind" if shift > 0 else "in front of"
    best = seen.best_words
    if verdict in (Verdict.FAIL_BACK, Verdict.FAIL_FRONT):
        text = (
            f"At f/{stop:g} focus lies {where} where it was wide open, by more than the depth of focus there."
        )
        headline = f"Focus moves by {shift:+.1f} ± {u95:.1f} µm from f/{chosen[0]:g} to f/{stop:g}. Sharpest at {best}."
        causes = (Reason("FOCUS_SHIFT", text),)
        action = f"Focus this lens at the stop it is used at. Sharpest at {best}."
        return Finding(
            verdict,
            headline,
            _figures(seen, first),
            causes,
            ("STOP_DOWN",),
            action,
            (_plot(seen), _sharpness(seen)),
        )
    stays = "stays" if verdict is Verdict.PASS else "may not stay"
    headline = f"Focus {stays} where it is from f/{chosen[0]:g} to f/{chosen[-1]:g}. Sharpest at {best}."
    action = (
        "Nothing to do." if verdict is Verdict.PASS else "Too close to tell: more light, then run it again."
    )
    return Finding(
        verdict, headline, _figures(seen, first), (), next_action=action, plots=(_plot(seen), _sharpness(seen)),
        data={"best_f_number": chosen[seen.best], "shift_um": [seen.shift.value(k) for k in range(len(chosen))]},
    )  # fmt: skip


def _verdict(seen: Stops) -> tuple[Verdict, int]:
    """The verdict over all stops, and the stop that it rests on: the one whose shift is the most of its tolerance."""
    guarded = [
        (abs(seen.shift.value(k)) - GUARD * seen.shift.u(k)) / t for k, t in enumerate(seen.tolerance_um) if k
    ]
    worst = 1 + guarded.index(max(guarded))
    value = seen.shift.value(worst)
    if max(guarded) > 1:
        return (Verdict.FAIL_BACK if value > 0 else Verdict.FAIL_FRONT), worst
    inside = all(
        abs(seen.shift.value(k)) + GUARD * seen.shift.u(k) <= t for k, t in enumerate(seen.tolerance_um) if k
    )
    return (Verdict.PASS if inside else Verdict.RETEST), worst


def _figures(seen: Stops, first: list[Observation]) -> tuple[Figure, ...]:
    last = len(seen.stops) - 1
    ends = f"f/{seen.stops[last]:g} against f/{seen.stops[0]:g}"
    figures = [
        Figure("focus_shift_um", f"Focus at {ends}", seen.shift.value(last), seen.shift.u95(last), "µm"),
        Figure("best_f_number", "Sharpest at f/", seen.stops[seen.best], None, ""),
    ]
    if seen.mtf50_lp_mm:
        best = seen.mtf50_lp_mm[seen.best]
        figures.append(
            Figure("mtf50_best_lp_mm", "Sharpness there (MTF50)", best, seen.mtf50_u95_lp_mm, "lp/mm")
        )
    widest = first[0]
    m = widest.magnification
    if m is not None:
        computed = optics.depth_of_field_mm(seen.stops[0], m, widest.setup.coc_um)
        figures.append(
            Figure("depth_computed_mm", "Depth of field wide open, computed ±", computed, None, "mm", False)
        )
        found = depth_of_field_mm(widest)
        if found is not None:
            figures.append(
                Figure("depth_measured_mm", "Depth of field wide open, measured ±", found, None, "mm", False)
            )
    for k in range(1, len(seen.stops)):
        figures.append(
            Figure(
                f"shift_{k}_um",
                f"Focus at f/{seen.stops[k]:g}",
                seen.shift.value(k),
                seen.shift.u95(k),
                "µm",
                False,
            )
        )
    return tuple(figures)


def _ticks(seen: Stops) -> tuple[tuple[float, str], ...]:
    return tuple((float(k), f"f/{stop:g}") for k, stop in enumerate(seen.stops))


def _plot(seen: Stops) -> Plot:
    x = tuple(float(k) for k in range(len(seen.stops)))
    shift = tuple(seen.shift.value(k) for k in range(len(x)))
    bars = tuple(seen.shift.u95(k) for k in range(len(x)))
    edges = (
        Series("depth of focus", x, tuple(seen.tolerance_um), style="line"),
        Series("", x, tuple(-t for t in seen.tolerance_um), style="line"),
    )
    return Plot(
        "Focus against the widest stop", "", "shift, µm (+ back)", (Series("focus", x, shift, bars), *edges),
        (Band(0.0, 0.0),), _ticks(seen),
    )  # fmt: skip


def _sharpness(seen: Stops) -> Plot:
    x = tuple(float(k) for k in range(len(seen.mtf50_lp_mm)))
    bars = tuple(seen.mtf50_u95_lp_mm for _ in x)
    series = (Series("MTF50 at best focus", x, tuple(seen.mtf50_lp_mm), bars),) if x else ()
    return Plot("Sharpness by stop", "", "MTF50, lp/mm", series, (), _ticks(seen))


PROCEDURE = Procedure(
    name="aperture-series",
    title="Aperture series",
    question="Does focus move as the lens is stopped down, and where is it sharpest?",
    about="Focused once wide open, then from stop to stop and back. Finds focus shift, the sharpest stop, and depth of "
    "field measured against computed.",
    minutes=8,
    steps=steps,
    analyse=analyse,
)
