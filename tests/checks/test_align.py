"""Alignment: every angle, the distance, the centre and the light are what the bench really has."""

from dataclasses import replace
from math import hypot

import numpy as np
import pytest
from conftest import SettingsFactory

from appliance.bench import Chart, Exposable
from appliance.checks.align import Alignment, align
from appliance.devices.simulated_camera import simulated_scene
from appliance.focus.printed_chart import Print
from appliance.frame import Frame


def aligned(
    make_settings: SettingsFactory, light: float = 0.0, bar_mm: float | None = None, **changes: object
) -> Alignment:
    """Alignment of the bench with these changes of its scene.

    ``light`` dims the picture's left by that share, ``bar_mm`` is what a ruler reads on the chart's bar.
    """
    settings = make_settings(simulated_roll_deg=0.0, distance_mm=625.0, pixel_pitch_um=4.65)
    scene = replace(simulated_scene(settings), **changes)  # type: ignore[arg-type]
    setup = replace(settings.setup(), prints={"a4-general v1": Print(bar_mm, 0.1)})
    shot = Exposable(scene).photo(3)
    plane = shot.mosaic
    if light:
        ramp = 1 - light * np.linspace(1, 0, plane.shape[1])
        plane = (shot.black + (plane - shot.black) * ramp).astype(np.uint16)
    return align(Frame(plane, shot.bayer, shot.black, shot.white), setup)


def value(alignment: Alignment, name: str) -> float:
    return next(figure.value for figure in alignment.figures if figure.name == name)


def advice(alignment: Alignment) -> list[str]:
    return [figure.name for figure in alignment.figures if not figure.good]


def test_a_bench_as_it_should_be_is_green(make_settings: SettingsFactory) -> None:
    result = aligned(make_settings)
    assert result.good, advice(result)
    assert abs(value(result, "tilt") - 45) < 0.5
    assert abs(value(result, "roll")) < 0.2
    assert abs(value(result, "yaw")) < 0.3
    assert abs(value(result, "distance") - 625) < 2.0
    assert hypot(value(result, "centre x"), value(result, "centre y")) < 0.5
    assert value(result, "light") > 0.9


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"tilt_deg": 40.0}, "tilt"),
        ({"roll_deg": -7.0}, "roll"),
        ({"yaw_deg": 6.0}, "yaw"),
        ({"object_distance_mm": 630.0}, "distance"),
        ({"light": 0.5}, "light"),
    ],
)
def test_what_is_off_is_named_and_nothing_else(
    make_settings: SettingsFactory, changes: dict[str, float], named: str
) -> None:
    result = aligned(make_settings, **changes)  # type: ignore[arg-type]
    assert advice(result) == [named]
    assert next(figure.advice for figure in result.figures if figure.name == named)


def test_a_chart_printed_too_small_seems_too_far_until_its_bar_is_read(
    make_settings: SettingsFactory,
) -> None:
    small = Chart(print_scale=0.972)
    assert advice(aligned(make_settings, chart=small)) == ["distance"]
    known = aligned(make_settings, chart=small, bar_mm=97.2)
    assert known.good, advice(known)
    assert value(known, "distance") == pytest.approx(625.0, rel=0.003)


def test_angles_are_the_bench_s_own_even_all_at_once(make_settings: SettingsFactory) -> None:
    result = aligned(make_settings, tilt_deg=41.0, roll_deg=6.0, yaw_deg=5.0)
    assert abs(value(result, "tilt") - 41.0) < 0.8
    assert abs(abs(value(result, "roll")) - 6.0) < 0.6
    assert abs(abs(value(result, "yaw")) - 5.0) < 0.8
    assert advice(result) == ["tilt", "roll", "yaw"]


def test_a_dark_bench_and_a_bench_without_chart_say_so(make_settings: SettingsFactory) -> None:
    setup = make_settings().setup()
    dark = align(Frame(np.full((600, 800), 256, np.uint16), "rggb", 256, 4095), setup)
    assert "dark" in dark.problem.lower()
    empty = align(Frame(np.full((600, 800), 2500, np.uint16), "rggb", 256, 4095), setup)
    assert empty.problem.startswith("No chart")
    assert not empty.good
    assert empty.to_dict()["figures"] == []
