"""Cameras that focus by themselves, and hands that return to a mark, on the simulated bench: signs and faults."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from appliance.bench import Scene
from appliance.bench.scene import object_distance_mm
from appliance.bench.world import Faults, World

FAR, NEAR = {"af_from": "far"}, {"af_from": "near"}


def shift_um(world: World, bench: dict[str, Any]) -> float:
    """Distance on the image side between the star's image and the sensor: > 0 if focus lies behind the star."""
    scene = world.scene(bench)
    f = scene.lens.focal_length_mm
    star = 1 / (1 / f - 1 / scene.object_distance_mm)
    return 1000 * (star - scene.image_distance_mm)


def test_a_camera_that_focuses_too_far_puts_focus_behind_and_fine_tune_moves_it_by_its_steps() -> None:
    world = World(Scene(), Faults(af_error_um=20.0, af_um_per_step=4.0))
    assert world.scene(FAR).lens.focus_error_mm > 0
    assert shift_um(world, FAR) == pytest.approx(20.0)
    assert shift_um(world, {**FAR, "af_tune": -5}) == pytest.approx(0.0, abs=1e-6)


def test_coming_from_far_stops_farther() -> None:
    world = World(Scene(), Faults(af_approach_um=6.0))
    assert shift_um(world, FAR) - shift_um(world, NEAR) == pytest.approx(6.0)
    world = World(Scene(), Faults(backlash_um=6.0))
    near, far = ({"return_from": side, "return": 0} for side in ("near", "far"))
    assert shift_um(world, far) - shift_um(world, near) == pytest.approx(6.0)


def test_scatter_is_of_the_shot_and_the_same_after_a_power_cut() -> None:
    world = World(Scene(), Faults(af_scatter_um=5.0), seed=3)
    shots = [shift_um(world, {**FAR, "af_shot": f"prime-1-{k}"}) for k in range(60)]
    assert np.std(shots) == pytest.approx(5.0, rel=0.3)
    assert shift_um(world, {**FAR, "af_shot": "prime-1-7"}) == shots[7]


def test_missed_focus_comes_as_often_as_said_and_is_as_far_off_as_said() -> None:
    world = World(Scene(), Faults(af_miss_percent=20.0, af_miss_um=100.0))
    shots = np.array([shift_um(world, {**FAR, "af_shot": str(k)}) for k in range(200)])
    off = np.abs(shots) > 50
    assert off.mean() == pytest.approx(0.2, abs=0.09)
    assert np.all(np.abs(shots[off]) >= 99.9)


def test_locked_focus_stays_unless_it_drifts_jumps_or_is_taken_anew() -> None:
    def shots(**faults: Any) -> list[float]:
        world = World(Scene(), Faults(af_scatter_um=8.0, **faults), seed=1)
        return [shift_um(world, {"lock_shot": k}) for k in range(8)]

    assert np.ptp(shots()) == pytest.approx(0.0, abs=1e-6)
    assert np.diff(shots(lock_drift_um_per_shot=2.0)) == pytest.approx(np.full(7, 2.0))
    jumped = np.diff(shots(lock_jump_um=-9.0, lock_jump_at=3))
    assert jumped == pytest.approx([0, 0, -9, 0, 0, 0, 0], abs=1e-6)
    assert np.ptp(shots(shutter_focuses=True)) > 8.0


def test_a_ring_that_slips_comes_back_elsewhere_from_then_on() -> None:
    world = World(Scene(), Faults(slip_um=7.0, slip_at=2, slip_um_per_return=1.0))
    shots = [shift_um(world, {"return_from": "near", "return": k}) for k in range(4)]
    assert shots == pytest.approx([0, 1, 9, 10])


def test_at_a_mark_the_lens_focuses_at_the_marks_own_distance_wherever_the_star_stands() -> None:
    base = replace(Scene(), object_distance_mm=object_distance_mm(50.0, 1000.0))
    world = World(base, Faults(marks_mm={"B": 1520.0}))
    scene = world.scene({"return_from": "near", "return": 0, "mark": "B", "star_at_mm": 1500.0})
    assert scene.distance_mm == pytest.approx(1500.0)
    assert scene.lens.focus_error_mm == pytest.approx(20.0)
