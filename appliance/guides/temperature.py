"""Temperature: how much a lens's focus moves per kelvin, from a warm-up series and from its own history.

Model. Image shift z = z₀ + α T in µm (> 0 behind the aim point), T in °C at the bench. The warm-up series is one mount:
cold photos, warmer ones, and cool ones again at its end, so that a slow drift with time, which a rise alone would take
for α, shows as a difference between the two cool ends. α is the slope of least squares with the scatter that the
photos themselves show (Student's t). The history's checks at one focal length give another α; taking the lens off and
on is part of their scatter. Both are joined by their variances where they agree.

Sizes: 52 mm of aluminium grows 12 µm per 10 K, steel 6 µm (expansion 23 and 12 · 10⁻⁶ per K); in a lens glass and
barrel work against each other, so that only a measurement tells.

Promises to name: TEMPERATURE_SENSITIVE where α times ``RANGE_K`` is beyond the tolerance by five standard
uncertainties; DRIFT where the cool ends differ by six standard uncertainties of their difference or more, and a quarter
of the tolerance: nothing is concluded then. TEMPERATURE_EXPLAINS (a remark, no fault) where the newest check differs
from the lens's median beyond what checks scatter, and today's temperature alone says so.

Cannot tell: lens from camera and bench, which warm up with it (do the same with the golden lens); nor what happens
beyond the temperatures that were met. Glass lags behind air: wait at each temperature.
"""

from __future__ import annotations

from math import hypot, inf

import numpy as np

from appliance.focus.result import Reason, Verdict
from appliance.guides._temperature_fit import LEAST_SPAN_K, Slope, explanation, history_of, joined, slope_of
from appliance.guides.case import Case, Observation
from appliance.guides.estimates import contradiction
from appliance.guides.finding import Figure, Finding, Plot, Series, not_yet
from appliance.guides.procedure import Input, Procedure, Step, StepKind
from appliance.guides.repeats import Estimate

STAGES = ("cold-1", "cold-2", "warm-1", "warm-2", "warm-3", "cool-1", "cool-2")
WARMER_K = {"cold": 0.0, "warm": 10.0, "cool": 0.0}
"""What the simulated bench is warmed by in each stage."""
RANGE_K = 10.0
"""Temperatures of a house's bench and of sets differ by about so much (a cool morning, a warm afternoon)."""
DRIFT_U, DRIFT_SHARE = 4.5, 0.25
"""Cool ends that differ by more than both (standard uncertainties; tolerance) are told as a drift."""


def steps(case: Case) -> tuple[Step, ...]:
    """The steps that are known so far."""
    how = Input(
        "source", "Temperature from", "choice", default="station",
        choices=(("station", "the station's thermometer"), ("typed", "a thermometer that I read")),
    )  # fmt: skip
    told = [
        Step(
            "how",
            StepKind.ASK,
            "Thermometer",
            "Where do temperatures come from? The lens stays mounted for the whole series; begin with lens and room "
            "cool.",
            "On the phone:\nwhich thermometer",
            inputs=(how,),
        )
    ]
    typed = case.word("how", "source") == "typed"
    for stage in STAGES:
        kind = stage.split("-")[0]
        if stage in ("warm-1", "cool-1"):
            told.append(_wait(kind))
        if typed:
            told.append(_ask(stage))
        told.append(_shot(stage, kind))
    return tuple(told)


def _wait(kind: str) -> Step:
    text = {
        "warm": "Warm the room by 8 to 15 K; no hot air at the lens. Wait half an hour, then go on.",
        "cool": "Let everything cool to where it began. Wait half an hour, then go on.",
    }[kind]
    oled = {"warm": "Warm by 8 to 15 K,\nwait half an hour", "cool": "Let it cool down,\nwait half an hour"}[
        kind
    ]
    return Step(f"wait-{kind}", StepKind.DO, "Warm up" if kind == "warm" else "Cool down", text, oled)


def _ask(stage: str) -> Step:
    asked = Input("celsius", "Temperature", unit="°C", low=-30, high=60)
    return Step(
        f"t-{stage}", StepKind.ASK, "Temperature", "Read the thermometer beside the lens.", inputs=(asked,)
    )


def _shot(stage: str, kind: str) -> Step:
    number = stage.split("-")[1]
    return Step(
        stage,
        StepKind.MEASURE,
        f"{kind.capitalize()} {number}",
        "Touch neither lens nor chart. Press TEST. Wait ten minutes before the next photo.",
        "Do not touch it",
        bench={"warmer_k": WARMER_K[kind] * (1 if number == "1" else 1.1)},
    )


def analyse(case: Case) -> Finding:
    """What warm-up series and history conclude."""
    missing = [stage for stage in STAGES if stage not in case.photos]
    if missing:
        return not_yet(f"{len(missing)} of {len(STAGES)} photos are missing.")
    photos = [case.photos[stage] for stage in STAGES]
    wrong = contradiction(photos)
    if wrong:
        return not_yet(wrong)
    celsius = [_celsius(case, photo) for photo in photos]
    if any(t is None for t in celsius):
        return not_yet("A photo has no temperature: connect a thermometer, or type what one shows.")
    known = [t for t in celsius if t is not None]
    if max(known) - min(known) < LEAST_SPAN_K:
        return not_yet(
            f"Temperatures differ by {max(known) - min(known):.1f} K only: warm up by at least 8 K."
        )
    series = slope_of(known, [photo.shift_um for photo in photos])
    drift = _drift(photos, known, series)
    tolerance = min(photo.tolerance_um or inf for photo in photos)
    if drift is not None and abs(drift.value) > max(DRIFT_U * drift.u, DRIFT_SHARE * tolerance):
        text = f"Cool again, focus lies {drift.value:+.1f} µm from where it began: something moved. Run it again."
        return Finding(
            Verdict.INVALID, text, causes=(Reason("DRIFT", text),), next_action=text, plots=(_plot(series, None),),
            signed=False,
        )  # fmt: skip
    return _concluded(case, photos[0], series, history_of(case.trend), tolerance)


def _celsius(case: Case, photo: Observation) -> float | None:
    typed = case.answers.get(f"t-{photo.step}", {}).get("celsius")
    return photo.temperature_c if typed is None else float(typed)


def _drift(photos: list[Observation], celsius: list[float], series: Slope) -> Estimate | None:
    """Focus of the cool end against the cold beginning, at the same temperature, µm."""
    shift = np.array([photo.shift_um for photo in photos]) - series.alpha.value * np.array(celsius)
    first, last = shift[:2], shift[-2:]
    u = hypot(*(photo.u_photo_um / 2 for photo in (*photos[:2], *photos[-2:])))
    return Estimate(float(last.mean() - first.mean()), max(u, 1e-6))


def _concluded(
    case: Case, first: Observation, series: Slope, history: Slope | None, tolerance: float
) -> Finding:
    alpha, agree = joined(series, history)
    verdict = Estimate(RANGE_K * alpha.value, RANGE_K * alpha.u, alpha.dof).decide(tolerance)
    causes: list[Reason] = []
    if verdict in (Verdict.FAIL_BACK, Verdict.FAIL_FRONT):
        moved = abs(RANGE_K * alpha.value)
        text = f"{RANGE_K:g} K move focus by {moved:.1f} µm, more than the tolerance of {tolerance:.1f} µm."
        causes.append(Reason("TEMPERATURE_SENSITIVE", text))
    if not agree:
        causes.append(
            Reason("HISTORY_DISAGREES", "The lens's history shows another coefficient than this series.")
        )
    explained = explanation(case.trend, alpha)
    if explained:
        causes.append(Reason("TEMPERATURE_EXPLAINS", explained))
    way = "farther" if alpha.value > 0 else "nearer"
    headline = f"Focus moves {abs(alpha.value):.2f} ± {alpha.u95:.2f} µm {way} per kelvin warmer."
    return Finding(
        verdict,
        headline,
        _figures(alpha, series, history, tolerance),
        tuple(causes),
        ("WARM_UP",) if causes else (),
        _action(verdict, bool(explained)),
        (_plot(series, history),),
        signed=False,
        data={"um_per_k": alpha.value, "u": alpha.u, "dof": min(alpha.dof, 1e6)},
    )


def _action(verdict: Verdict, explained: bool) -> str:
    if explained:
        return "Test the lens again at its usual temperature before anything is turned."
    if verdict is Verdict.PASS:
        return "Nothing to do. The coefficient is kept with the lens."
    if verdict is Verdict.RETEST:
        return "Too close to tell: run it again with a larger change of temperature."
    return "Let this lens take the room's temperature before checks and before the shoot; tell the client."


def _figures(alpha: Estimate, series: Slope, history: Slope | None, tolerance: float) -> tuple[Figure, ...]:
    figures = [
        Figure("temperature_um_per_k", "Per kelvin", alpha.value, alpha.u95, "µm/K"),
        Figure("per_range_um", f"For {RANGE_K:g} K", RANGE_K * alpha.value, RANGE_K * alpha.u95, "µm"),
        Figure("tolerance_um", "Tolerance ±", tolerance, None, "µm", False),
        Figure(
            "series_um_per_k", "By the warm-up series", series.alpha.value, series.alpha.u95, "µm/K", False
        ),
    ]
    if history is not None:
        own = history.alpha
        figures.append(Figure("history_um_per_k", "By the lens's history", own.value, own.u95, "µm/K", False))
    return tuple(figures)


def _plot(series: Slope, history: Slope | None) -> Plot:
    """Shift against temperature; both about their own mean, as a remount lies between them."""
    drawn = [_points("warm-up series", series)]
    if history is not None:
        drawn.append(_points("history", history))
    t = np.array([min(series.celsius), max(series.celsius)])
    line = series.alpha.value * (t - np.mean(series.celsius))
    drawn.append(Series("slope", tuple(t.tolist()), tuple(line.tolist()), style="line"))
    return Plot(
        "Focus against temperature", "temperature, °C", "shift about its mean, µm (+ back)", tuple(drawn)
    )


def _points(label: str, slope: Slope) -> Series:
    mean = float(np.mean(slope.shift_um))
    return Series(label, slope.celsius, tuple(z - mean for z in slope.shift_um))


PROCEDURE = Procedure(
    name="temperature",
    title="Temperature",
    question="How much does focus move as it gets warmer, and is that all that changed?",
    about="Photos cold, warm and cool again with the lens left mounted. Finds the shift per kelvin, joins it with the "
    "lens's history, and says whether today's temperature explains a change.",
    minutes=90,
    steps=steps,
    analyse=analyse,
)
