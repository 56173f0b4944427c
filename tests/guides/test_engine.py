"""The engine: what happened in a run decides where it stands, whatever the order of repeats, skips and bad photos."""

from __future__ import annotations

import json

import pytest
from guides.toy import AT, SETUP, TOY, photo, result

from appliance.errors import UsageError
from appliance.focus.result import Verdict
from appliance.guides.case import Case, Observation
from appliance.guides.finding import Finding
from appliance.guides.procedure import Input, StepKind
from appliance.guides.run import Event, EventKind, answer_of, conclude, fold

START = Case(SETUP)
ANSWER = Event(EventKind.ANSWER, "mark", {"mark_m": 0.6})
SET = Event(EventKind.DONE, "set")


def shot(step: str, shift_um: float | None, **more: object) -> Event:
    return Event(
        EventKind.PHOTO,
        step,
        {"problem": "Too dark." if shift_um is None else ""},
        photo(step, shift_um, **more),
    )


def stands(*events: Event) -> str | None:
    step = fold(TOY, START, events).step
    return None if step is None else step.key


def test_a_run_goes_from_step_to_step_and_ends() -> None:
    events = [ANSWER, SET, shot("wide", 3.0), shot("tele", 2.0)]
    assert [stands(*events[:k]) for k in range(5)] == ["mark", "set", "wide", "tele", None]


def test_what_a_photo_gave_may_ask_for_another_step() -> None:
    events = (ANSWER, SET, shot("wide", 3.0), shot("tele", 12.0))
    assert stands(*events) == "again"
    assert fold(TOY, START, events).of == 5
    assert stands(*events, Event(EventKind.SKIP, "again")) is None


def test_a_photo_that_cannot_be_measured_leaves_the_step_and_says_why() -> None:
    progress = fold(TOY, START, (ANSWER, SET, shot("wide", None, verdict=Verdict.INVALID)))
    assert progress.step is not None
    assert (progress.step.key, progress.problem) == ("wide", "Too dark.")
    assert (
        fold(
            TOY, START, (ANSWER, SET, shot("wide", None, verdict=Verdict.INVALID), shot("wide", 1.0))
        ).problem
        == ""
    )


def test_a_side_alone_settles_only_the_steps_that_take_it() -> None:
    beyond = {"verdict": Verdict.FAIL_BACK, "bound_mm": 20.0}
    progress = fold(TOY, START, (ANSWER, SET, shot("wide", None, **beyond)))
    assert progress.step is not None
    assert progress.step.key == "wide"
    assert "behind the whole chart" in progress.problem
    assert stands(ANSWER, SET, shot("wide", 1.0), shot("tele", None, **beyond)) == "again"


def test_repeating_a_step_that_moves_the_lens_starts_what_follows_anew() -> None:
    events = (ANSWER, SET, shot("wide", 3.0), shot("tele", 2.0))
    assert stands(*events, Event(EventKind.REDO, "wide")) == "wide"
    assert stands(*events, Event(EventKind.REDO, "wide"), shot("wide", 4.0)) is None
    assert stands(*events, Event(EventKind.REDO, "set"), SET) == "wide"


def test_the_newest_photo_of_a_step_counts() -> None:
    case = fold(
        TOY, START, (ANSWER, SET, shot("wide", 3.0), Event(EventKind.REDO, "wide"), shot("wide", 30.0))
    ).case
    finding = conclude(TOY, case)
    assert (finding.verdict, finding.figure("wide_um").value) == (Verdict.FAIL_BACK, 30.0)  # type: ignore[union-attr]
    assert finding.named("WIDE_OFF")


def test_an_event_of_a_step_that_is_no_more_is_passed_over() -> None:
    assert stands(ANSWER, Event(EventKind.PHOTO, "gone", {}, photo("gone", 1.0)), SET) == "wide"
    assert stands(ANSWER, Event(EventKind.REDO, "gone"), SET) == "wide"


def test_a_conclusion_can_be_drawn_at_any_time_and_says_what_is_missing() -> None:
    finding = conclude(TOY, START)
    assert finding.verdict is Verdict.INVALID
    assert "wide end is missing" in finding.headline


def test_a_finding_comes_back_whole_from_json() -> None:
    finding = conclude(TOY, fold(TOY, START, (ANSWER, SET, shot("wide", 30.0))).case)
    assert Finding.from_dict(json.loads(json.dumps(finding.to_dict()))) == finding


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("", "Say the engraved distance."),
        ("x", "is a number in m"),
        ("0.1", "0.3 to 10 m"),
        ("nan", "0.3 to 10 m"),
    ],
)
def test_an_answer_that_cannot_be_is_refused_in_words(given: str, said: str) -> None:
    asked = Input("mark_m", "Engraved distance", unit="m", low=0.3, high=10)
    with pytest.raises(UsageError, match=said):
        asked.read(given)


def test_answers_are_read_as_people_write_them() -> None:
    asked = Input("mark_m", "Engraved distance", unit="m", default=0.6, low=-1, high=10)
    assert [asked.read(text) for text in ("1,5", " −0.5 ", "2", None)] == [1.5, -0.5, 2.0, 0.6]
    choice = Input("end", "End", "choice", choices=(("wide", "Wide"), ("tele", "Tele")))
    assert choice.read("tele") == "tele"
    with pytest.raises(UsageError, match="one of: wide, tele"):
        choice.read("middle")
    with pytest.raises(UsageError, match="asks nothing"):
        answer_of(next(s for s in TOY.steps(START) if s.kind is StepKind.DO), {})


def test_an_observation_parts_its_own_uncertainty_from_what_photos_share() -> None:
    seen = Observation.of("wide", 1, AT, SETUP, result(10.0))
    assert (seen.u_photo_um, seen.u_shared_um) == (0.6, 0.6)
    assert seen.u_um == pytest.approx(0.6 * 2**0.5)
    assert seen.u_chart_mm == 0.0
