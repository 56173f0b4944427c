"""Gauge study: how much of a figure is the bench's and the hand's own, and to which tolerance this bench can judge.

Several lenses are mounted several times by each operator, one photo each. The model and its intervals are those of
:mod:`appliance.guides.gauge_analysis` (AIAG crossed study). What a later check does not see in its own photos is

    remount² = gauge² − mean of the photos' own noise²

and goes into its uncertainty; a tolerance must be at least 4 remounts (1 σ) wide, or the bench cannot judge to it.

Names GAUGE_TOO_COARSE where four times the remount is beyond the tolerance whatever the repeats' chance, taking the
operators as they are; OPERATORS_DIFFER from means three repeatabilities apart on (two operators, three lenses, three
mounts each); MOUNT_DIFFERS (a lens by operator) and OUTLIER with a chance of 0.3 % and 0.1 %.

It cannot tell a wrong chart or a bench that is off for everybody: that is the golden lens's. With two operators, how
much a third would differ is hardly known, as the interval of reproducibility says.
"""

from __future__ import annotations

from collections import defaultdict
from math import ceil, sqrt

import numpy as np

from appliance.arrays import Array
from appliance.focus.result import Reason, Verdict
from appliance.guides.case import Case, Observation
from appliance.guides.finding import Band, Figure, Finding, Plot, Series, not_yet
from appliance.guides.gauge_analysis import Spread, Study, study
from appliance.guides.procedure import Input, Procedure, Step, StepKind

NAME = "gauge"
LEAST_REMOUNTS = 4.0
"""Remount standard deviations that a tolerance must be wide (as the check's own TOLERANCE_TOO_TIGHT has it)."""
SIGNIFICANT = 0.003
"""Chance by which an effect of operators may be named falsely."""
AIAG_GOOD, AIAG_USABLE = 10.0, 30.0
"""Per cent of the tolerance that a gauge may take: good below the first, unacceptable above the second (AIAG MSA)."""
MOST_LENSES, MOST_OPERATORS, MOST_MOUNTS = 10, 4, 5


def _plan(case: Case) -> tuple[int, int, int]:
    return (
        int(case.number("plan", "lenses", 3)),
        int(case.number("plan", "operators", 2)),
        int(case.number("plan", "mounts", 3)),
    )


def key(lens: int, operator: int, mount: int) -> str:
    """The step in which ``operator`` mounts ``lens`` for the ``mount``-th time, all from 1."""
    return f"o{operator}-m{mount}-l{lens}"


def _whole(name: str, label: str, default: int, low: int, high: int) -> Input:
    return Input(name, label, default=default, low=low, high=high)


def _questions(lenses: int) -> tuple[Step, Step]:
    plan = Step(
        "plan",
        StepKind.ASK,
        "Plan",
        "Choose lenses of one kind, good and less good ones. Each operator mounts every lens several times. Three "
        "lenses, two operators and three mounts are 18 photos.",
        "How many lenses,\noperators, mounts?",
        inputs=(
            _whole("lenses", "Lenses", 3, 2, MOST_LENSES),
            _whole("operators", "Operators", 2, 1, MOST_OPERATORS),
            _whole("mounts", "Mounts of each lens", 3, 2, MOST_MOUNTS),
        ),
    )
    tags = Step(
        "tags",
        StepKind.ASK,
        "Which lenses",
        "Scan or type the tag of each lens, in the order you will use. Leave it empty if a lens has none.",
        "Tags of the lenses\non the phone",
        inputs=tuple(Input(f"lens_{k}", f"Lens {k}", "text", required=False) for k in range(1, lenses + 1)),
    )
    return plan, tags


def steps(case: Case) -> tuple[Step, ...]:
    """Plan, tags, then every operator's rounds; each round begins with another lens."""
    lenses, operators, mounts = _plan(case)
    plan, tags = _questions(lenses)
    if not case.handled("plan"):
        return (plan,)
    photos = [
        _photo(case, (start + turn) % lenses + 1, operator, start + 1)
        for operator in range(1, operators + 1)
        for start in range(mounts)
        for turn in range(lenses)
    ]
    return (plan, tags, *photos)


def _photo(case: Case, lens: int, operator: int, mount: int) -> Step:
    return Step(
        key(lens, operator, mount),
        StepKind.MEASURE,
        f"Lens {lens}, oper. {operator}",
        f"Operator {operator}: take the lens off. Mount lens {lens}, set its ring to the star's distance and open the "
        f"iris, as for any check. Press. This is mount {mount} of this lens.",
        f"Operator {operator}\nmount lens {lens}\nthen TEST",
        bench={"lens": lens, "operator": operator, "mount": mount},
        lens_tag=case.word("tags", f"lens_{lens}") or None,
        optional=True,
    )


def analyse(case: Case) -> Finding:
    """What lens, operator and remount each make of the scatter, and the tolerance that follows."""
    read = _table(case)
    if isinstance(read, str):
        return not_yet(read)
    table, photos = read
    found = study(table)
    noise_um = sqrt(float(np.mean([photo.u_photo_um**2 for photo in photos])))
    tolerance_um = min((p.tolerance_um for p in photos if p.tolerance_um), default=0.0)
    return _finding(found, table, noise_um, tolerance_um)


def _table(case: Case) -> tuple[Array, list[Observation]] | str:
    """Shifts (lenses, operators, mounts) of what is complete, or what is missing."""
    if not case.answered("plan"):
        return "Say first how many lenses, operators and mounts there are."
    lenses, operators, mounts = _plan(case)
    cells: dict[tuple[int, int], list[Observation]] = defaultdict(list)
    for lens in range(1, lenses + 1):
        for operator in range(1, operators + 1):
            for mount in range(1, mounts + 1):
                photo = case.photos.get(key(lens, operator, mount))
                if photo is not None and photo.image_shift_um is not None:
                    cells[lens, operator].append(photo)
    # an operator or lens left out leaves a smaller study; a hole in it would not be balanced
    of_all = {o: min(len(cells[lens, o]) for lens in range(1, lenses + 1)) for o in range(1, operators + 1)}
    whole = [operator for operator, count in of_all.items() if count >= 2]
    if not whole:
        return "At least one operator must mount every lens twice: go on with the photos that are missing."
    repeats = min(of_all[operator] for operator in whole)
    chosen = [[cells[lens, operator][:repeats] for operator in whole] for lens in range(1, lenses + 1)]
    photos = [photo for row in chosen for cell in row for photo in cell]
    shifts = np.array([[[photo.shift_um for photo in cell] for cell in row] for row in chosen])
    return shifts, photos


def _finding(found: Study, table: Array, noise_um: float, tolerance_um: float) -> Finding:
    remount = _less_noise(found.gauge, noise_um)
    smallest = [LEAST_REMOUNTS * v for v in (remount.value, remount.low, remount.high)]
    # operators as they are: of their scatter two or three tell too little for a verdict to wait for
    hands2 = found.gauge.value**2 - found.repeatability.value**2 - noise_um**2
    low, high = (
        LEAST_REMOUNTS * sqrt(max(end**2 + hands2, 0.0))
        for end in (found.repeatability.low, found.repeatability.high)
    )
    causes = _causes(found, smallest[0], low > tolerance_um > 0, tolerance_um)
    verdict = Verdict.RETEST
    if low > tolerance_um:
        verdict = Verdict.FAIL_BACK
    elif high <= tolerance_um:
        verdict = Verdict.PASS
    if found.outlier is not None:
        verdict = Verdict.RETEST
    headline = (
        f"Mounting a lens scatters by {remount.value:.1f} µm (1 σ): this bench can judge tolerances from ± "
        f"{smallest[0]:.0f} µm, and is asked for ± {tolerance_um:.0f} µm."
    )
    advice = {"RETEST": ("REPEAT_RUN",), "FAIL_BACK": ("RE_SEAT",)}.get(verdict.value, ())
    return Finding(
        verdict,
        headline,
        _figures(found, remount, smallest, tolerance_um),
        causes,
        advice,
        _next(verdict, found, table),
        (_plot(table),),
        signed=False,
        data={"remount_u_um": remount.value, "smallest_tolerance_um": smallest[0], "photos": table.size},
    )


def _less_noise(gauge: Spread, noise_um: float) -> Spread:
    return Spread(*(sqrt(max(v**2 - noise_um**2, 0.0)) for v in (gauge.value, gauge.low, gauge.high)))


def _causes(found: Study, smallest_um: float, coarse: bool, tolerance_um: float) -> tuple[Reason, ...]:
    causes = []
    if coarse:
        text = f"The bench's own scatter needs ± {smallest_um:.0f} µm, more than the ± {tolerance_um:.0f} µm asked."
        causes.append(Reason("GAUGE_TOO_COARSE", text))
    if found.p_operators < SIGNIFICANT:
        means = found.operator_means_um
        apart = max(means) - min(means)
        causes.append(
            Reason("OPERATORS_DIFFER", f"Operators set lenses up to {apart:.1f} µm apart: agree on one way.")
        )
    if found.p_interaction < SIGNIFICANT:
        causes.append(
            Reason(
                "MOUNT_DIFFERS", "One operator mounts some lens otherwise than the others: look at its mount."
            )
        )
    if found.outlier is not None:
        lens, operator, mount = (k + 1 for k in found.outlier)
        text = f"Lens {lens}, operator {operator}: photo {mount} does not go with its repeats. Do it again."
        causes.append(Reason("OUTLIER", text))
    return tuple(causes)


def _figures(found: Study, remount: Spread, smallest: list[float], tolerance_um: float) -> tuple[Figure, ...]:
    def spread(name: str, label: str, value: Spread, main: bool = True) -> Figure:
        return Figure(name, label, value.value, None, "µm", main, value.low, value.high)

    figures = [
        Figure(
            "smallest_tolerance_um", "Smallest tolerance, ±", smallest[0], None, "µm", True, *smallest[1:]
        ),
        spread("remount_u_um", "Scatter of mounting, 1 σ", remount),
        spread("repeatability_um", "Repeatability, one operator, 1 σ", found.repeatability),
        spread("gauge_um", "Gauge R&R, 1 σ", found.gauge, False),
        Figure("lenses_um", "Lenses differ by, 1 σ", found.parts_um, None, "µm", False),
        Figure("study_percent", "Gauge of total variation", 100 * found.share_of_study, None, "%", False),
        Figure("distinct_categories", "Groups it tells apart", found.distinct_categories, None, "", False),
    ]
    if found.reproducibility is not None:
        figures.append(spread("reproducibility_um", "Operators differ, 1 σ", found.reproducibility, False))
    if tolerance_um > 0:
        share = 100 * 6 * found.gauge.value / (2 * tolerance_um)
        words = (
            "good" if share < AIAG_GOOD else "usable" if share <= AIAG_USABLE else "too much by the textbook"
        )
        figures.append(Figure("grr_percent", f"Gauge of tolerance: {words}", share, None, "%"))
    return tuple(figures)


def _next(verdict: Verdict, found: Study, table: Array) -> str:
    if found.outlier is not None:
        return "Do the named photo again."
    if verdict is Verdict.PASS:
        return "Nothing to do: every check now counts this scatter. Do it again after changes to the bench."
    if verdict is Verdict.FAIL_BACK:
        return "Clean mount and adapter, tighten the bench, agree on one way to set lenses; then study again."
    return f"Study again with {min(2 * ceil(table.shape[2]), MOST_MOUNTS)} mounts of each lens to be sure."


def _plot(table: Array) -> Plot:
    lenses, operators, _ = table.shape
    series = []
    for j in range(operators):
        x = [i + 1 + 0.15 * (j - (operators - 1) / 2) for i in range(lenses) for _ in table[i, j]]
        y = [float(v) for i in range(lenses) for v in table[i, j]]
        series.append(Series(f"Operator {j + 1}", tuple(x), tuple(y)))
    ticks = tuple((float(i + 1), f"Lens {i + 1}") for i in range(lenses))
    return Plot("Every mount", "", "Image shift, µm", tuple(series), (Band(0.0, 0.0),), ticks)


PROCEDURE = Procedure(
    name=NAME,
    title="Gauge study",
    question="How far can I trust this bench?",
    about="Every operator mounts some lenses several times. It finds how much mounting scatters, how much operators "
    "differ, and the smallest tolerance this bench can judge; every later check counts it.",
    minutes=25,
    steps=steps,
    analyse=analyse,
    needs_lens=False,
)
