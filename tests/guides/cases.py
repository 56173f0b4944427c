"""Photos for the tests of guided checks, with shifts chosen by hand and a budget of known size."""

from datetime import UTC, datetime, timedelta
from typing import Any

from appliance.focus.result import Setup, Verdict
from appliance.guides.case import Case, Observation
from appliance.guides.procedure import MAX_OLED_COLUMNS, MAX_OLED_ROWS, MAX_STEP_WORDS, Step, StepKind

START = datetime(2026, 5, 4, 9, 0, tzinfo=UTC)
BUDGET = {"noise": 0.5, "pose": 0.3, "lens_model": 0.4}


def photo(
    step: str,
    shift_um: float | None,
    focal_length_mm: float = 50.0,
    f_number: float = 2.8,
    object_mm: float = 2000.0,
    *,
    sequence: int = 1,
    side: int = 0,
    tolerance_um: float = 42.0,
    budget: dict[str, float] | None = None,
    distance_mm: float | None = None,
    **more: Any,
) -> Observation:
    """A photo by a thin lens in front of a star ``object_mm`` from it; without a shift, focus is beyond on ``side``."""
    image = focal_length_mm * object_mm / (object_mm - focal_length_mm)
    error = None if shift_um is None else 1 / (1 / object_mm - shift_um / image**2 / 1000) - object_mm
    in_focus = object_mm if error is None else object_mm + error
    m = more.pop("magnification", 1 / (1 / focal_length_mm - 1 / in_focus) / object_mm)
    verdict = Verdict.PASS
    if shift_um is None:
        verdict = {1: Verdict.FAIL_BACK, -1: Verdict.FAIL_FRONT, 0: Verdict.INVALID}[side]
    setup = Setup(focal_length_mm, f_number, 1.55, distance_mm=distance_mm)
    return Observation(
        step, sequence, START + timedelta(minutes=sequence), setup, verdict, shift_um, error,
        side or (0 if not shift_um else 1 if shift_um > 0 else -1), tolerance_um, m, dict(budget or BUDGET), **more,
    )  # fmt: skip


def with_photos(case: Case, *photos: Observation) -> Case:
    """The case after these photos."""
    for one in photos:
        case = case.with_photo(one)
    return case


def held_to_the_screen(step: Step) -> None:
    """Fail if a step's words do not fit the phone or the OLED."""
    assert len(step.title) <= 16, step.title
    assert len(step.text.split()) <= MAX_STEP_WORDS, (len(step.text.split()), step.text)
    rows = step.oled.splitlines()
    assert len(rows) <= MAX_OLED_ROWS, step.oled
    assert max(map(len, rows)) <= MAX_OLED_COLUMNS, step.oled
    if step.kind is StepKind.MEASURE:
        assert step.focal_length_mm, step.key
