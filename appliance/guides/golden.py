"""The golden lens: every morning the station checks itself with a lens that is never rented and never adjusted.

First a reference is taken: six mounts of it on a bench that is known to be right. Then one mount each morning is held
against it by a control chart (:mod:`appliance.guides.golden_chart`); a morning that is out of control is repeated up to
twice, and the middle one counts. What is out of control but less than a tenth of the tolerance is no matter.

Names BENCH_MOVED (the golden lens focuses elsewhere, by more than the chart's standing explains), CHART_MOVED (another
size in the picture: nearer or farther, worth a tenth of the tolerance), CHART_TILTED (by a degree) and BENCH_DRIFTS
(its weighted mean, not yet a single morning). Promised from ten scatters of mounting on (and an eighth of the
tolerance) in the first days, where little is known of the scatter; after a month from five. A creep is named from three
scatters on, once it has lasted a dozen mornings. Falsely: less than one morning in 100.

A chart that stands d nearer leaves a lens set to the star's distance focused behind it, z = 1000 m² d µm (d in mm),
and is seen by its size, d = o (1 − m_ref/m). It cannot tell the golden lens's own change from the bench's: keep it for
this.
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median

from appliance.focus.result import Reason, Verdict
from appliance.guides.case import Case, Observation
from appliance.guides.finding import Band, Figure, Finding, Plot, Series, not_yet
from appliance.guides.golden_chart import Chart, chart_of, reference_of
from appliance.guides.procedure import Input, Procedure, Step, StepKind

NAME = "golden"
REFERENCE_MOUNTS, LEAST_REFERENCE, MOST_MOUNTS = 6, 4, 3
MATERIAL = 0.1
"""Part of the tolerance that an offset may take unheeded: the rule of ten of measurement systems (AIAG MSA)."""
LEAST_TILT_DEG = 1.0
"""A chart's tilt is seen to a few hundredths of a degree; taken down and hung again it is off by more than this."""
SCATTERS = 4.0
"""Standard deviations of the reference that size and tilt must move: one in 16,000 by chance."""

KIND = Step(
    "kind",
    StepKind.ASK,
    "Golden lens",
    "This morning's check, or a new reference after the bench was changed? The first time a reference is taken anyway.",
    "Press for the\nmorning check",
    inputs=(
        Input(
            "kind",
            "What is it",
            "choice",
            default="check",
            choices=(("check", "Morning check"), ("reference", "New reference")),
        ),
    ),
)


def _new_reference(case: Case) -> bool:
    return case.word("kind", "kind", "check") == "reference" or chart_of(case) is None


def steps(case: Case) -> tuple[Step, ...]:
    """A reference of six mounts, or one mount, and up to two more where it is out of control."""
    if not case.handled("kind"):
        return (KIND,)
    if _new_reference(case):
        return (
            KIND,
            *(_mount(f"reference-{k}", k, REFERENCE_MOUNTS) for k in range(1, REFERENCE_MOUNTS + 1)),
        )
    chart = chart_of(case)
    assert chart is not None
    taken = _taken(case, "check")
    count = 1
    if taken and _beyond(chart, taken[0]):
        count = 2
        if len(taken) > 1 and not _beyond(chart, taken[1]):
            count = MOST_MOUNTS  # one is in, one is out: the third decides
    return (KIND, *(_mount(f"check-{k}", k, count) for k in range(1, count + 1)))


def _mount(key: str, number: int, of: int) -> Step:
    again = "Take the golden lens off and mount it again" if number > 1 else "Mount the golden lens"
    return Step(
        key,
        StepKind.MEASURE,
        f"Mount {number} of {of}",
        f"{again}, iris open. Set its ring to the mark it always has. Press.",
        "Golden lens on its\nmark, then TEST" if number == 1 else "Off and on again,\nthen TEST",
        bench={"lens": 0, "mount": key},
    )


def _taken(case: Case, kind: str) -> list[Observation]:
    keys = [f"{kind}-{k}" for k in range(1, REFERENCE_MOUNTS + 1)]
    found = (case.photos.get(key) for key in keys)
    return [photo for photo in found if photo is not None and photo.image_shift_um is not None]


def _beyond(chart: Chart, photo: Observation) -> bool:
    limit = max(chart.limit_um, MATERIAL * (photo.tolerance_um or 0.0))
    return abs(photo.shift_um - chart.reference.mean_um) > limit


def analyse(case: Case) -> Finding:
    """The reference, or whether this morning belongs to it."""
    if not case.answered("kind"):
        return not_yet("Say first whether this is the morning check or a new reference.")
    chart = chart_of(case)
    if _new_reference(case):
        taken = _taken(case, "reference")
        if len(taken) < LEAST_REFERENCE:
            return not_yet(f"A reference takes at least {LEAST_REFERENCE} mounts: go on with those missing.")
        return _referenced(taken)
    assert chart is not None
    taken = _taken(case, "check")
    if not taken:
        return not_yet("Mount the golden lens and press.")
    if len(taken) == 1 and _beyond(chart, taken[0]):
        return not_yet("The golden lens is off: mount it again to be sure.")
    return _checked(chart, taken)


def _referenced(taken: list[Observation]) -> Finding:
    reference = reference_of(taken)
    figures = (
        Figure("reference_um", "Reference, image shift", reference.mean_um, None, "µm"),
        Figure("scatter_um", "Scatter of mounting, 1 σ", reference.s_um, None, "µm"),
        Figure("mounts", "Mounts", reference.n, None, "", False),
    )
    return Finding(
        Verdict.PASS,
        f"Reference taken: {reference.mean_um:+.1f} µm, scatter {reference.s_um:.1f} µm over {reference.n} mounts.",
        figures,
        next_action="Check the golden lens every morning; take a new reference after any change to the bench.",
        plots=(_plot([photo.shift_um for photo in taken], reference.mean_um, None),),
        data={"kind": "reference", "reference": reference.to_dict(), "moved": False},
    )


@dataclass(frozen=True)
class _Today:
    """This morning against the reference: µm of image shift but for tilt (degrees)."""

    offset_um: float
    by_chart_um: float
    chart_limit_um: float
    tilted_deg: float
    tilt_limit_deg: float


def _today(chart: Chart, taken: list[Observation]) -> _Today:
    reference = chart.reference
    size = median(photo.magnification or reference.magnification for photo in taken)
    um_per_part = 1000 * reference.object_mm * reference.magnification**2
    tilts = [photo.chart_tilt_deg for photo in taken if photo.chart_tilt_deg is not None]
    tilted = median(tilts) - reference.tilt_deg if tilts and reference.tilt_deg is not None else 0.0
    tolerance = min((photo.tolerance_um for photo in taken if photo.tolerance_um), default=0.0)
    scatter = SCATTERS * um_per_part * reference.magnification_s / reference.magnification
    return _Today(
        median(photo.shift_um for photo in taken) - reference.mean_um,
        um_per_part * (1 - reference.magnification / size),
        max(MATERIAL * tolerance, scatter),
        tilted,
        max(LEAST_TILT_DEG, SCATTERS * reference.tilt_s_deg),
    )


def _checked(chart: Chart, taken: list[Observation]) -> Finding:
    today = _today(chart, taken)
    tolerance = min((photo.tolerance_um for photo in taken if photo.tolerance_um), default=0.0)
    limit = max(chart.limit_um, MATERIAL * tolerance)
    level, level_limit = chart.ewma_um(today.offset_um + chart.reference.mean_um)
    causes = _causes(today, limit, level, max(level_limit, MATERIAL * tolerance))
    figures = (
        Figure("offset_um", "Since the reference", today.offset_um, chart.u95_um(len(taken)), "µm"),
        Figure("limit_um", "May be, ±", limit, None, "µm"),
        Figure("chart_um", "Of that by where the chart stands", today.by_chart_um, None, "µm", False),
        Figure("chart_tilt_deg", "Chart tilted since", today.tilted_deg, None, "°", False),
        Figure("ewma_um", "Weighted mean of mornings", level, None, "µm", False),
        Figure("scatter_um", "Scatter of mounting, 1 σ", chart.s_um, None, "µm", False),
    )
    moved = bool(causes)
    side = Verdict.FAIL_BACK if today.offset_um >= 0 else Verdict.FAIL_FRONT
    words = "has moved" if moved else "stands where it did"
    return Finding(
        side if moved else Verdict.PASS,
        f"The bench {words}: the golden lens is {today.offset_um:+.1f} µm from its reference; ± {limit:.1f} µm may be.",
        figures,
        causes,
        ("LOCK_SCREW", "REPEAT_RUN") if moved else (),
        "Put right what is named, then check the golden lens again. Until then no lens can be judged."
        if moved
        else "Go on: the station may judge lenses until the next check is due.",
        (_plot([*chart.mornings_um, taken[0].shift_um], chart.reference.mean_um, limit),),
        signed=any(cause.code in ("BENCH_MOVED", "BENCH_DRIFTS") for cause in causes),
        data={
            "kind": "check",
            "first_um": taken[0].shift_um,
            "offset_um": today.offset_um,
            "u95_um": chart.u95_um(len(taken)),
            "moved": moved,
            "charted": not moved or causes[0].code == "BENCH_DRIFTS",
        },
    )


def _causes(today: _Today, limit: float, level: float, level_limit: float) -> tuple[Reason, ...]:
    causes = []
    if abs(today.by_chart_um) > today.chart_limit_um:
        way = "nearer to" if today.by_chart_um > 0 else "farther from"
        causes.append(
            Reason(
                "CHART_MOVED", f"The chart stands {way} the camera than it did: put it back to its distance."
            )
        )
    if abs(today.tilted_deg) > today.tilt_limit_deg:
        text = f"The chart is tilted {today.tilted_deg:+.1f}° from where it was: put it back, or fasten it."
        causes.append(Reason("CHART_TILTED", text))
    left = today.offset_um - (today.by_chart_um if causes else 0.0)
    if abs(left) > limit:
        text = f"The golden lens focuses {left:+.1f} µm elsewhere: check adapter, back-focus ring and lock screw."
        causes.append(Reason("BENCH_MOVED", text))
    elif not causes and abs(level) > level_limit:
        text = (
            f"The bench creeps: {level:+.1f} µm on average of the last mornings. Look for what works loose."
        )
        causes.append(Reason("BENCH_DRIFTS", text))
    return tuple(causes)


def _plot(values: list[float], mean: float, limit: float | None) -> Plot:
    days = tuple(float(k) for k in range(1, len(values) + 1))
    bands = () if limit is None else (Band(mean - limit, mean + limit, "In control"),)
    return Plot(
        "Golden lens", "Check", "Image shift, µm", (Series("Golden lens", days, tuple(values)),), bands
    )


PROCEDURE = Procedure(
    name=NAME,
    title="Golden lens",
    question="Is the bench itself still right this morning?",
    about="A lens that is never rented or adjusted is mounted each morning and held against its reference. If bench or "
    "chart has moved, or the check is overdue, the station judges no other lens until that is put right.",
    minutes=2,
    steps=steps,
    analyse=analyse,
)
