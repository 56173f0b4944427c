"""What a series after one focusing says: verdict, figures, causes, plot."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from statistics import fmean, median

from appliance.focus.result import Reason, Verdict
from appliance.guides._series import Behaviour, Pattern, behaviour
from appliance.guides.brands import brand_of
from appliance.guides.case import Case, Observation
from appliance.guides.finding import Band, Figure, Finding, Plot, Series, not_yet
from appliance.guides.repeats import Spread
from appliance.guides.repeats import mean as mean_of

LEAST_SHOTS = 6
"""Fewer cannot tell a drift from a scatter."""
WORTH_TELLING = 0.1
"""Of the tolerance: a change smaller than that is not named."""


def shots_of(case: Case, prefix: str) -> list[Observation]:
    """The photos of a series, in order."""
    count = int(case.number("setup", "shots", 8))
    keys = [f"{prefix}-{k}" for k in range(1, count + 1)]
    return [case.photos[key] for key in keys if key in case.photos]


def refocuses(case: Case, series: int) -> bool:
    """Whether a whole series shows that the camera focuses at each shot."""
    count = int(case.number("setup", "shots", 8))
    if not all(case.handled(f"lock-{series}-{k}") for k in range(1, count + 1)):
        return False
    found = _behaviour(shots_of(case, f"lock-{series}"))
    return found is not None and found.pattern is Pattern.EACH_SHOT


def lock_finding(case: Case) -> Finding:
    """The finding of shots after focus was taken once."""
    second = shots_of(case, "lock-2")
    shots = second if len(second) >= LEAST_SHOTS else shots_of(case, "lock-1")
    return problem_of(shots) or _lock(case, shots, proof=shots is second)


def problem_of(shots: Sequence[Observation]) -> Finding | None:
    """What is missing for a conclusion; None if nothing is."""
    measured = [shot for shot in shots if shot.image_shift_um is not None]
    if len(shots) < LEAST_SHOTS:
        return not_yet(f"{LEAST_SHOTS} shots are needed; there are {len(shots)}.")
    if len(measured) < LEAST_SHOTS - 1:
        return not_yet("Most shots lie beyond the chart. Focus on the star, then repeat.")
    if len({(shot.setup.focal_length_mm, shot.setup.f_number) for shot in shots}) > 1:
        return not_yet("The shots were taken at different focal lengths or apertures. Repeat them with one.")
    return None


def noise_of(shots: Sequence[Observation]) -> float:
    """Noise of one photo, µm."""
    return sqrt(fmean(shot.u_photo_um**2 for shot in shots))


def _behaviour(shots: Sequence[Observation]) -> Behaviour | None:
    measured = [shot for shot in shots if shot.image_shift_um is not None]
    if len(measured) < LEAST_SHOTS - 1:
        return None
    return behaviour([shot.shift_um for shot in measured], noise_of(measured))


def tolerance_of(shots: Sequence[Observation]) -> float:
    """As the photos were judged by, µm."""
    return median(shot.tolerance_um or 0.0 for shot in shots)


@dataclass(frozen=True)
class _Told:
    """A pattern in words."""

    verdict: Verdict
    headline: str
    action: str
    causes: tuple[Reason, ...] = ()
    advice: tuple[str, ...] = ()


def _lock(case: Case, shots: Sequence[Observation], proof: bool) -> Finding:
    found = _behaviour(shots)
    assert found is not None  # as problem_of has seen
    told = _told(case, shots, found, proof)
    return Finding(
        told.verdict,
        told.headline,
        tuple(_lock_figures(found, shots)),
        told.causes,
        told.advice,
        told.action,
        (plot_of(shots, found),),
        signed=False,
        data={
            "mode": "lock",
            "pattern": found.pattern.value,
            "change_um": found.size.value,
            "body_tag": case.body.tag,
            "brand": case.word("setup", "brand"),
        },
    )


def _told(case: Case, shots: Sequence[Observation], found: Behaviour, proof: bool) -> _Told:
    tolerance, lost = tolerance_of(shots), sum(shot.image_shift_um is None for shot in shots)
    if found.pattern is Pattern.EACH_SHOT:
        return _refocused(case)
    if lost:
        text = f"Focus was lost in {lost} of {len(shots)} shots."
        action = "Check that nothing focuses or touches the lens, then repeat."
        return _Told(Verdict.FAIL_BACK, text, action, (Reason("FOCUS_LOST", text),))
    if found.pattern is not Pattern.HELD and abs(found.size.value) >= WORTH_TELLING * tolerance:
        return _moved(found, tolerance)
    stays = "stays now" if proof else "stayed"
    size = f"{found.size.value:+.1f} ± {found.size.u95:.1f} µm"
    return _Told(Verdict.PASS, f"Focus {stays}: {size} over the shots.", "Nothing to do.")


def _refocused(case: Case) -> _Told:
    menu = brand_of(case.word("setup", "brand")).shutter_off
    return _Told(
        Verdict.FAIL_BACK,
        "Focus did not stay: it is elsewhere in each shot.",
        f"Take focusing off the shutter button ({menu}), then repeat.",
        (Reason("REFOCUS", "The camera focuses again at each shot: the shutter button still focuses."),),
        ("USE_LOCK",),
    )


def _moved(found: Behaviour, tolerance: float) -> _Told:
    way = "farther" if found.size.value > 0 else "nearer"
    size = f"{abs(found.size.value):.1f} ± {found.size.u95:.1f} µm"
    verdict = found.size.decide(tolerance)
    if found.pattern is Pattern.DRIFT:
        return _Told(
            verdict,
            f"Focus crept {way} by {size} over the shots.",
            "Lock the stand, let lens and camera warm up, then repeat.",
            (
                Reason(
                    "FOCUS_DRIFT", f"Focus crept {way}, from shot to shot: the lens or the stand gives way."
                ),
            ),
            ("WARM_UP",),
        )
    before = f"before shot {found.change.at + 1}"
    return _Told(
        verdict,
        f"Focus jumped {way} by {size} {before}.",
        "Touch nothing and repeat; if it jumps again, hand the lens to the service.",
        (Reason("FOCUS_JUMP", f"Focus jumped once, {before}: a touch, a knock, or play in the lens."),),
        ("LOCK_SCREW",),
    )


def _lock_figures(found: Behaviour, shots: Sequence[Observation]) -> list[Figure]:
    measured = [shot for shot in shots if shot.image_shift_um is not None]
    noise, size = noise_of(measured), found.size
    spread = Spread(found.level.sigma, found.level.dof, noise)
    each, jump = found.pattern is Pattern.EACH_SHOT, found.pattern is Pattern.JUMP
    figures = []
    if each:
        figures.append(
            Figure(
                "scatter_um",
                "Scatter from shot to shot (1 σ)",
                spread.value,
                unit="µm",
                low=spread.low,
                high=spread.high,
            )
        )
    elif jump:
        figures.append(Figure("jump_um", "Jump, + farther", size.value, size.u95, "µm"))
        figures.append(Figure("jump_at", "First shot after the jump", found.change.at + 1))
    else:
        figures.append(Figure("change_um", "First to last shot, + farther", size.value, size.u95, "µm"))
    return [
        *figures,
        Figure("tolerance_um", "Tolerance ±", tolerance_of(shots), unit="µm"),
        Figure("noise_um", "Noise of a photo (1 σ)", noise, unit="µm", main=False),
        Figure(
            "focus_um",
            "Where focus was, on average",
            float(found.level.coefficients[0]),
            unit="µm",
            main=False,
        ),
    ]


def plot_of(shots: Sequence[Observation], found: Behaviour | None) -> Plot:
    """The shots in order, with what explains them."""
    measured = [s for s in shots if s.image_shift_um is not None]
    x = tuple(float(s.step.rsplit("-", 1)[1]) for s in measured)
    y = tuple(s.shift_um for s in measured)
    series = [Series("shots", x, y, tuple(1.96 * s.u_photo_um for s in measured))]
    if found is not None and found.pattern is not Pattern.EACH_SHOT:
        line = tuple(float(a - b) for a, b in zip(y, found.change.fit.residuals, strict=True))
        series.append(
            Series("held" if found.pattern is Pattern.HELD else found.pattern.value, x, line, style="line")
        )
    middle = mean_of(y).value if found is not None else 0.0
    tolerance = tolerance_of(shots)
    band = Band(middle - tolerance, middle + tolerance, "tolerance")
    return Plot("Focus from shot to shot", "Shot", "Image shift (µm), + behind", tuple(series), (band,))
