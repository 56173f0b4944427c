"""Photos through faulty lenses, by wave optics of a pupil of points (``tests/benchmark/pupils.py``)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from appliance.bench import Lens, Projection, Scene, Sensor
from appliance.bench.photo import expose, light_on_pixels
from appliance.focus.printed_chart import ANY_CHART, Print
from appliance.focus.result import Result, Setup
from appliance.focus.score import score_frames
from appliance.frame import Frame
from tests.benchmark import truth
from tests.benchmark.pupils import Faults, light_through

SMALL = Sensor(width=1352, height=1014, pitch_um=4.65)
SCENE = Scene(lens=Lens(focal_length_mm=25.0, f_number=2.8), sensor=SMALL, object_distance_mm=650.0)


def test_without_faults_the_light_is_the_bench_s() -> None:
    inner = (slice(40, -40), slice(40, -40))
    gathered = light_on_pixels(Projection(SCENE))[inner]
    apart, faulty = (
        light_through(SCENE, faults)[inner] - gathered for faults in (Faults(), Faults(spherical=1.0))
    )
    assert apart.std() < 0.003
    assert faulty.std() > 3 * apart.std()


def scored(faults: Faults) -> tuple[Result, float, float]:
    """The result with error and interval in per cent of the depth of field."""
    dof_mm = truth.depth_of_field_mm(SCENE)
    scene = replace(SCENE, lens=replace(SCENE.lens, focus_error_mm=1.2 * dof_mm))
    frame = Frame(expose(light_through(scene, faults), scene, 1), SMALL.bayer, SMALL.black, SMALL.white)
    told = {ANY_CHART: Print(100.0, 0.0)}
    result = score_frames([frame], Setup(25.0, 2.8, pixel_pitch_um=SMALL.pitch_um, prints=told))
    assert result.focus_error_mm is not None
    assert result.focus_error_mm_u95 is not None
    error_mm = result.focus_error_mm - scene.lens.focus_error_mm
    return result, 100 * error_mm / dof_mm, 100 * result.focus_error_mm_u95 / dof_mm


@pytest.mark.parametrize("faults", [Faults(coma_x=0.5), Faults(coma_x=0.3, coma_y=-0.4)])
def test_a_decentred_lens_is_measured_and_named(faults: Faults) -> None:
    result, error, interval = scored(faults)
    assert abs(error) < 1.5 * interval
    assert interval < 4
    assert result.figures["decentring_coma_waves"] == pytest.approx(0.5, abs=0.12)
    assert "DECENTRED" in {reason.code for reason in result.reasons}


def test_coma_towards_the_corners_is_no_decentring() -> None:
    result, error, interval = scored(Faults(coma_field=0.5))
    assert abs(error) < 1.5 * interval
    assert interval < 4
    assert "DECENTRED" not in {reason.code for reason in result.reasons}
