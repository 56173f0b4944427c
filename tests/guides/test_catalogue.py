"""What every procedure keeps to: words that fit phone and display, an end, and a step that only its events decide."""

from __future__ import annotations

import json

import numpy as np
import pytest
from guides.walking import start_of, walk

from appliance.focus.result import Verdict
from appliance.guides.catalogue import procedures
from appliance.guides.finding import Finding
from appliance.guides.procedure import (
    MAX_OLED_COLUMNS,
    MAX_OLED_ROWS,
    MAX_STEP_WORDS,
    Procedure,
    Step,
    StepKind,
)
from appliance.guides.run import conclude, fold

ALL = [pytest.param(procedure, id=name) for name, procedure in procedures().items()]


def scattered(seed: int, spread_um: float):  # type: ignore[no-untyped-def]
    rng = np.random.default_rng(seed)
    return lambda step, number: float(spread_um * rng.standard_normal())


def check_words(step: Step) -> None:
    assert 0 < len(step.title) <= 16, step
    assert 0 < len(step.text.split()) <= MAX_STEP_WORDS, step
    rows = step.oled.split("\n") if step.oled else []
    assert len(rows) <= MAX_OLED_ROWS, step
    assert all(len(row) <= MAX_OLED_COLUMNS for row in rows), step
    assert (step.kind is StepKind.ASK) == bool(step.inputs), step


@pytest.mark.parametrize("spread_um", [0.5, 8.0, 60.0])
@pytest.mark.parametrize("procedure", ALL)
def test_every_run_ends_and_its_words_fit_phone_and_display(procedure: Procedure, spread_um: float) -> None:
    for seed in range(4):
        keys: list[str] = []
        for progress, events in walk(procedure, start_of(procedure), scattered(seed, spread_um)):
            steps = procedure.steps(progress.case)
            assert len({step.key for step in steps}) == len(steps)
            handled = [step.key for step in steps if progress.case.handled(step.key)]
            assert handled[: len(keys)] == keys, "steps that are done keep their places"
            keys = handled
            for step in steps:
                check_words(step)
            early = conclude(procedure, progress.case)
            assert early.headline
            assert progress.step is None or early.verdict is Verdict.INVALID or events
        last = conclude(procedure, progress.case)
        assert Finding.from_dict(json.loads(json.dumps(last.to_dict()))) == last
        assert len(last.headline.split()) <= MAX_STEP_WORDS
        assert last.next_action


@pytest.mark.parametrize("procedure", ALL)
def test_a_run_stands_at_the_same_step_however_often_it_is_folded_anew(procedure: Procedure) -> None:
    places = list(walk(procedure, start_of(procedure), scattered(7, 5.0)))
    for progress, events in places:
        again = fold(procedure, start_of(procedure), events)
        assert again == progress


@pytest.mark.parametrize("procedure", ALL)
def test_a_start_says_what_it_is_and_concludes_nothing(procedure: Procedure) -> None:
    assert procedure.question.endswith("?")
    assert procedure.minutes > 0
    assert len(procedure.about.split()) <= 60
    assert conclude(procedure, start_of(procedure)).verdict is Verdict.INVALID
