"""A bench with faults behaves as thin lenses do: every number is worked out by hand from their conjugates."""

import pytest

from appliance.bench import Lens, Scene
from appliance.bench.world import Faults, World
from tests.benchmark.truth import focus_mm

PRIME = Scene(Lens(focal_length_mm=50.0, f_number=2.8), object_distance_mm=2000.0)
ZOOM = Scene(Lens(focal_length_mm=70.0, f_number=2.8), object_distance_mm=2000.0)


def test_a_sensor_too_far_away_focuses_nearer_than_engraved() -> None:
    """Image of 2 m at 51.2821 mm; with the sensor at 51.3121 mm the object lies at 1955.41 mm."""
    scene = World(PRIME, Faults(flange_um=30.0)).scene({})
    assert scene.lens.focus_error_mm == pytest.approx(1955.41 - 2000, abs=0.01)


def test_a_scale_that_is_off_focuses_farther_by_as_many_dioptres() -> None:
    """1/2 m less 0.05 dioptres is 0.45: 2.2222 m."""
    scene = World(PRIME, Faults(scale_dpt=0.05)).scene({})
    assert scene.lens.focus_error_mm == pytest.approx(222.22, abs=0.01)


def test_a_zoom_focused_at_tele_is_off_at_wide_by_what_the_flange_leaves() -> None:
    """ε (1 − (i_w/i_t)²) = −30 (1 − 590.1/5261.9) = −26.6 µm, over 1000 (24.2915/2000)²: −166 mm."""
    world = World(ZOOM, Faults(flange_um=30.0))
    assert world.scene({"focused_at_mm": 70.0}, 70.0).lens.focus_error_mm == pytest.approx(0.0, abs=1e-6)
    assert world.scene({"focused_at_mm": 70.0}, 24.0).lens.focus_error_mm == pytest.approx(-165.8, abs=1.0)


def test_a_thinner_shim_takes_a_sensor_that_is_too_far_back() -> None:
    world = World(ZOOM, Faults(flange_um=30.0))
    asked = {"focused_at_mm": 70.0, "flange_change_um": -30.0}
    assert world.scene(asked, 24.0).lens.focus_error_mm == pytest.approx(0.0, abs=1e-6)
    wrong = World(ZOOM, Faults(flange_um=30.0, shim_part=-1.0)).scene(asked, 24.0)
    assert wrong.lens.focus_error_mm < -250


def test_a_ring_slips_once_in_a_series_and_stays_there() -> None:
    world = World(ZOOM, Faults(ring_moved_dpt=0.01), seed=3)
    asked = [{"focused_at_mm": 70.0, "zoomed": k / 10} for k in range(11)]
    errors = [world.scene(bench, 70.0).lens.focus_error_mm for bench in asked]
    assert errors[0] == pytest.approx(0.0, abs=1e-6)
    # 1 / (0.5 − … ) m: the ring stands 0.01 dioptres nearer
    assert errors[-1] == pytest.approx(1000 / 0.51 - 2000, abs=0.01)
    assert len({round(error, 6) for error in errors}) == 2


def test_a_ring_reads_the_distance_of_the_star_plus_what_its_scale_is_off() -> None:
    """Focused on the star at 2 m, a scale 0.05 dioptres off stands at 0.55: 1818.18 mm, and 72.80 mm to the sensor."""
    world = World(ZOOM, Faults(scale_dpt=0.05))
    assert world.reading_mm({"focused_at_mm": 70.0}) == pytest.approx(1818.18 + 72.80, abs=0.02)


def test_the_same_place_has_the_same_scatter_and_another_has_another() -> None:
    faults = Faults(ring_set_dpt=0.01, tape_mm=1.0)
    asked = {"ring_mm": 2000.0, "star_at_mm": 2000.0, "setting": 1}
    scenes = [World(PRIME, faults, seed=7).scene(asked) for _ in range(2)]
    assert scenes[0] == scenes[1]
    other = World(PRIME, faults, seed=7).scene({**asked, "setting": 2})
    assert other.object_distance_mm == scenes[0].object_distance_mm
    assert other.lens.focus_error_mm != scenes[0].lens.focus_error_mm


@pytest.mark.parametrize("waves", [-0.5, 0.5])
def test_a_lens_focused_by_eye_has_least_blur_at_the_star_and_shifts_when_stopped_down(waves: float) -> None:
    """W040 falls as 1/N⁴, its balance 8 N² λ W040 as 1/N²: from f/2 to f/4 three quarters of it are gone."""
    base = Scene(Lens(focal_length_mm=50.0, f_number=2.0), object_distance_mm=1500.0)
    world = World(base, Faults(spherical_waves=waves))
    asked = {"focused_at_f": 2.0}
    open_wide, stopped = world.scene(asked, None, 2.0), world.scene(asked, None, 4.0)
    assert focus_mm(open_wide) == pytest.approx(0.0, abs=0.15)
    image_mm = 50 * 1500 / 1450
    expected_um = 0.75 * 8 * (2 * image_mm / 50) ** 2 * 0.55 * waves
    shifted_mm = focus_mm(stopped)
    assert shifted_mm is not None
    assert 1000 * image_mm**2 * (1 / 1500 - 1 / (1500 + shifted_mm)) == pytest.approx(expected_um, rel=0.05)


def test_breathing_changes_the_size_of_the_picture_alone() -> None:
    """Focus at 1 m before a star at 2 m is about 0.5 dioptres nearer: 5 % at 10 %/dioptre."""
    still, breathing = (World(PRIME, Faults(breathing_percent_per_dpt=p)) for p in (0.0, 10.0))
    asked = {"ring_mm": 1052.632}  # 1000 mm from the lens
    a, b = still.scene(asked), breathing.scene(asked)
    assert b.magnification / a.magnification == pytest.approx(1.05, abs=1e-3)
    assert b.lens.focus_error_mm == pytest.approx(a.lens.focus_error_mm)


def test_an_iris_that_sticks_stays_at_its_least() -> None:
    world = World(PRIME, Faults(iris_least=4.0))
    assert [world.scene({}, None, n).lens.f_number for n in (2.8, 4.0, 8.0)] == [2.8, 4.0, 4.0]
