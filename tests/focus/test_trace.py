"""A result says how it came about: every stage with what it changed and why it ended."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
from outcomes import CASES

from appliance.bench import photograph
from appliance.focus.fit.final import STAGES
from appliance.focus.fit.through_focus import COMPLETE
from appliance.focus.result import Result, Setup
from appliance.focus.score import score_frames
from appliance.focus.trace import Ran, Stage, Step, explained, run
from appliance.frame import Frame


@dataclass(frozen=True)
class Number:
    value: float
    trace: tuple[Step, ...] = field(default=(), compare=False)


def halved(state: Number) -> tuple[Number, Ran]:
    return replace(state, value=state.value / 2), Ran(1, "half", "done")


def test_stages_hand_a_state_on_and_leave_it_as_it_was() -> None:
    first = Number(8.0)
    last = run([Stage("a", "once", halved), Stage("b", "once", halved)], first)
    assert (first.value, first.trace) == (8.0, ())
    assert last.value == 2.0
    assert [step.stage for step in last.trace] == ["a", "b"]
    assert last == Number(2.0), "how it came about is no part of what it is"


def test_a_photo_s_result_tells_its_way_and_keeps_it_out_of_the_record() -> None:
    scene, told, _ = CASES["close up"]
    photo = photograph(scene, 11)
    setup = Setup(scene.lens.focal_length_mm, scene.lens.f_number, scene.sensor.pitch_um, **told)
    result = score_frames([Frame(photo.mosaic, photo.bayer, photo.black, photo.white)], setup)
    stages = [step.stage for step in result.trace]
    assert stages[:4] == ["locate", "survey", "initial fit", "near focus"]
    assert stages[4 : 4 + len(STAGES)] == [stage.name for stage in STAGES]
    complete = result.trace[4 + len(STAGES) - 1]
    assert [step.stage for step in complete.within] == [stage.name for stage in COMPLETE]
    assert all(step.seconds >= 0 and step.stopped and step.changed for step in result.trace)
    text = "\n".join(explained(result.trace))
    assert all(stage.name in text for stage in (*STAGES, *COMPLETE))
    assert "trace" not in result.to_dict(edges=True)
    again = Result.from_dict(result.to_dict(edges=True))
    assert again == result
    assert again.trace == ()


def test_a_refused_photo_tells_how_far_it_came() -> None:
    scene, told, _ = CASES["flickering lamp"]
    photo = photograph(scene, 11)
    setup = Setup(scene.lens.focal_length_mm, scene.lens.f_number, scene.sensor.pitch_um, **told)
    result = score_frames([Frame(photo.mosaic, photo.bayer, photo.black, photo.white)], setup)
    assert [step.stage for step in result.trace] == ["locate", "survey"]
    assert np.isfinite([step.seconds for step in result.trace]).all()
