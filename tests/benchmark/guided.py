"""How guided checks are judged: many runs with a known truth, of one procedure's own analysis, in one table.

A *draw* (seeded) gives a case as a run would have left it, by physics that shares no code with the procedure, and what
is true of it. Photos with scatter of known size stand for measured ones.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from math import sqrt

from appliance.guides.case import Case
from appliance.guides.finding import Finding
from appliance.guides.procedure import Procedure
from tests.benchmark.report import Row, Table
from tests.benchmark.trials import Options

RUNS = 1000
COVERED = (0.93, 0.97)
NAMED_AT_LEAST, NAMED_FALSELY = 0.95, 0.01


@dataclass(frozen=True)
class Truth:
    """What is true of a run.

    Attributes
    ----------
    figures:
        True values by the names of the finding's figures; each must lie in its 95 % interval in 93–97 % of runs.
    faults:
        Codes of causes that are present and beyond what the procedure's docstring promises to name.
    faultless:
        Whether nothing at all is wrong: then no cause may be named.
    directions:
        Figures whose sign is a direction (shim, turn, fine-tune) where one is told: never wrong.
    """

    figures: Mapping[str, float] = field(default_factory=dict)
    faults: frozenset[str] = frozenset()
    faultless: bool = False
    directions: Mapping[str, float] = field(default_factory=dict)


Draw = Callable[[int], tuple[Case, Truth]]


def table(
    name: str, procedure: Procedure, draw: Draw, options: Options, harmless: Sequence[str] = ()
) -> Table:
    """Judge ``procedure`` on runs drawn by ``draw(seed)``; ``harmless`` causes are no accusation."""
    runs = options.count or RUNS
    told = [
        (procedure.analyse(case), truth)
        for case, truth in map(draw, range(options.seed * 10**6, options.seed * 10**6 + runs))
    ]
    rows = [_covered(figure, told) for figure in sorted({f for _, t in told for f in t.figures})]
    rows += [_named(code, told) for code in sorted({code for _, t in told for code in t.faults})]
    rows += [_false_alarms(told, frozenset(harmless)), _directions(told)]
    return Table(name, f"{procedure.title}: {runs} runs, seed {options.seed}", rows)


def _covered(name: str, told: Sequence[tuple[Finding, Truth]]) -> Row:
    inside = []
    for finding, truth in told:
        figure = finding.figure(name)
        interval = figure.interval if figure is not None else None
        if name in truth.figures and interval is not None and interval[1] > interval[0]:
            inside.append(interval[0] <= truth.figures[name] <= interval[1])
    share = sum(inside) / max(len(inside), 1)
    low, high = COVERED
    slack = 2 * sqrt(0.05 * 0.95 / max(len(inside), 1)) if len(inside) < RUNS // 2 else 0.0
    return Row(
        f"{name}: truth in the 95 % interval", f"{low:.0%} … {high:.0%}", f"{share:.1%} of {len(inside)}",
        bool(inside) and low - slack <= share <= high + slack,
    )  # fmt: skip


def _named(code: str, told: Sequence[tuple[Finding, Truth]]) -> Row:
    named = [finding.named(code) for finding, truth in told if code in truth.faults]
    share = sum(named) / len(named)
    return Row(
        f"{code} named where it is",
        f"≥ {NAMED_AT_LEAST:.0%}",
        f"{share:.1%} of {len(named)}",
        share >= NAMED_AT_LEAST,
    )


def _false_alarms(told: Sequence[tuple[Finding, Truth]], harmless: frozenset[str]) -> Row:
    clean = [f for f, truth in told if truth.faultless]
    accused = [sorted({c.code for c in f.causes} - harmless) for f in clean]
    wrong = [codes for codes in accused if codes]
    share = len(wrong) / max(len(clean), 1)
    detail = f" ({', '.join(sorted({c for codes in wrong for c in codes}))})" if wrong else ""
    return Row(
        "faultless runs with a fault named", f"≤ {NAMED_FALSELY:.0%}", f"{share:.1%} of {len(clean)}{detail}",
        bool(clean) and share <= NAMED_FALSELY,
    )  # fmt: skip


def _directions(told: Sequence[tuple[Finding, Truth]]) -> Row:
    wrong = count = 0
    for finding, truth in told:
        for name, true in truth.directions.items():
            figure = finding.figure(name)
            if figure is not None and figure.value and true:
                count += 1
                wrong += (figure.value > 0) != (true > 0)
    return Row("wrong direction of a correction", "never", f"{wrong} of {count}", wrong == 0)
