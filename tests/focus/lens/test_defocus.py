"""Waves, millimetres and micrometres of defocus against the bench's own Gaussian optics."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from appliance.bench import Lens, Scene, Sensor
from appliance.bench.geometry import Projection
from appliance.chart.pose import Pose
from appliance.focus.lens.defocus import DefocusScale
from appliance.focus.result import Setup

WAVELENGTH_UM = 0.55


def scene_of(focal: float, stop: float, object_mm: float, focus_mm: float) -> Scene:
    return Scene(Lens(focal, stop, focus_mm), sensor=Sensor(4056, 3040, 6.2), object_distance_mm=object_mm)


def scale_of(scene: Scene, paraxial: float) -> DefocusScale:
    pitch = scene.sensor.pitch_um * 1e-3
    pose = Pose(
        rotation=np.array([np.radians(scene.tilt_deg), 0.0, 0.0]),
        aim_px=np.array([2027.5, 1519.5]),
        scale_px_per_mm=scene.magnification / pitch,
        inverse_distance_per_mm=1 / scene.object_distance_mm,
        distortion=0.0,
        picture_px=(4056, 3040),
        aim_mm=(0.0, 0.0),
    )
    return DefocusScale.of(
        Setup(scene.lens.focal_length_mm, scene.lens.f_number, scene.sensor.pitch_um), pose, paraxial
    )


CLOSE_UPS = [(50, 4.0, 200.0, 20.0), (50, 4.0, 200.0, -20.0), (100, 5.6, 300.0, -11.0), (25, 2.8, 650.0, 0.0)]


@pytest.mark.parametrize(("focal", "stop", "object_mm", "focus_mm"), CLOSE_UPS)
def test_a_bent_field_is_as_many_um_on_the_sensor_as_its_waves_say(
    focal: float, stop: float, object_mm: float, focus_mm: float
) -> None:
    scene = scene_of(focal, stop, object_mm, focus_mm)
    bent = replace(scene, lens=replace(scene.lens, field_curvature_um=1.0))
    x, y = np.meshgrid(np.linspace(0, 4055, 41), np.linspace(0, 3039, 4001))
    places = np.stack([x.ravel(), y.ravel()], axis=1)
    w_um = [Projection(each).w020_um_at_pixels(places) for each in (scene, bent)]
    r2 = np.square(
        (places - (2027.5, 1519.5)) * scene.sensor.pitch_um * 1e-3 / scene.sensor.half_diagonal_mm
    ).sum(axis=1)
    # where the picture is in focus, far from its centre
    sharp = int(np.argmin(np.where(r2 > 0.1, np.abs(w_um[0]), np.inf)))
    assert abs(w_um[0][sharp]) < 0.05
    waves = (w_um[0] - w_um[1])[sharp] / WAVELENGTH_UM / r2[sharp]
    aim = Projection(scene).w020_um_at_paper([scene.chart.layout.aim_mm])[0] / WAVELENGTH_UM
    assert scale_of(scene, -aim).um_per_wave * waves == pytest.approx(1.0, rel=0.002)
    # by the aim point's magnification alone, as if the sensor stood where the aim point is imaged, it would not be
    by_aim = 8 * (stop * (1 + scene.magnification)) ** 2 * WAVELENGTH_UM
    assert (abs(by_aim * waves - 1) > 0.02) == (focus_mm != 0)


@pytest.mark.parametrize(("focal", "stop", "object_mm", "focus_mm"), CLOSE_UPS)
def test_depth_in_waves_is_the_bench_s_and_comes_back(
    focal: float, stop: float, object_mm: float, focus_mm: float
) -> None:
    scene = scene_of(focal, stop, object_mm, focus_mm)
    scale = scale_of(scene, 0.0)
    geometry = Projection(scene)
    paper = np.array(scene.chart.layout.aim_mm) + np.array([[0.0, -20.0], [0.0, 0.0], [0.0, 15.0]])
    depth = geometry.positions(paper)[:, 2] - scene.object_distance_mm
    w_um = geometry.w020_um_at_paper(paper)
    assert scale.from_depth(depth) == pytest.approx((w_um - w_um[1]) / WAVELENGTH_UM, rel=1e-9, abs=1e-9)
    assert scale.to_depth(scale.from_depth(depth)) == pytest.approx(depth, abs=1e-9)


def test_waves_of_depth_beyond_infinity_stay_numbers() -> None:
    scale = scale_of(scene_of(50, 4.0, 200.0, 0.0), 0.0)
    beyond = scale.to_depth(np.array([2 * scale.waves_per_inverse_mm / scale.object_distance_mm]))
    assert np.isfinite(beyond).all()
    assert beyond[0] > 1e6
