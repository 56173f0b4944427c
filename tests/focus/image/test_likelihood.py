"""What blurred parts of a photo tell, on the simulated bench: more than strips, and nothing that is not so."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from appliance.bench import Chart, Lens, Mishap, Scene, Sensor, photograph
from appliance.chart.layout import layout
from appliance.focus.fit import final
from appliance.focus.image import likelihood
from appliance.focus.lens.data import QuadraticLikelihood
from appliance.focus.lens.parameters import FOCUS
from appliance.focus.measure import Measurement, measure_frame
from appliance.focus.result import Setup
from appliance.frame import Frame

CLOSE = Scene(
    Lens(64.0, 2.0),
    Chart(layout("a4", 3.15)),
    Sensor(2028, 1520, 3.1, full_well_e=1500.0),
    object_distance_mm=360.0,
)
"""A close-up: blur grows to 25 px within the picture."""
HAND = ((0.55, -0.1), (1.1, -0.1), (1.1, 0.25), (0.75, 0.2))


def depth_of_field_mm(scene: Scene) -> float:
    m = scene.lens.focal_length_mm / (scene.object_distance_mm - scene.lens.focal_length_mm)
    return scene.lens.f_number * scene.sensor.pitch_um * 1e-3 * (1 + m) / m**2


def measured(
    scene: Scene, error_dof: float, monkeypatch: pytest.MonkeyPatch, alone: bool = False
) -> tuple[float, float, QuadraticLikelihood | None]:
    """Error and its standard deviation in depths of field, and what the blurred parts told."""
    error_mm = error_dof * depth_of_field_mm(scene)
    scene = replace(scene, lens=replace(scene.lens, focus_error_mm=error_mm))
    photo = photograph(scene, 3)
    image_likelihood: list[QuadraticLikelihood | None] = []
    original = final.likelihood_of_image

    def listening(*args: object) -> QuadraticLikelihood | None:
        image_likelihood.append(None if alone else original(*args))  # type: ignore[arg-type]
        return image_likelihood[-1]

    with monkeypatch.context() as patch:
        patch.setattr(final, "likelihood_of_image", listening)
        setup = Setup(scene.lens.focal_length_mm, scene.lens.f_number, scene.sensor.pitch_um)
        seen = measure_frame(Frame(photo.mosaic, photo.bayer, photo.black, photo.white), setup)
    assert isinstance(seen, Measurement), seen
    dof = depth_of_field_mm(scene)
    return (
        (seen.focus_mm - error_mm) / dof,
        np.hypot.reduce([seen.noise_mm, seen.pose_mm, seen.model_mm]) / dof,
        image_likelihood[0] if image_likelihood else None,
    )


@pytest.mark.parametrize("error_dof", [-12.0, 9.0])
def test_with_the_blurred_parts_focus_is_known_better(
    error_dof: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, alone_sd, _ = measured(CLOSE, error_dof, monkeypatch, alone=True)
    error, sd, image_likelihood = measured(CLOSE, error_dof, monkeypatch)
    assert image_likelihood is not None
    assert sd < 0.75 * alone_sd
    assert abs(error) < 3 * sd


def test_which_cells_tell_of_the_light_does_not_move_focus(monkeypatch: pytest.MonkeyPatch) -> None:
    one, sd, _ = measured(CLOSE, -12.0, monkeypatch)
    monkeypatch.setattr(likelihood, "LIGHT_SAMPLE", 5)
    other, _, _ = measured(CLOSE, -12.0, monkeypatch)
    assert other == pytest.approx(one, abs=0.05 * sd)


def test_a_hand_before_the_chart_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    _, usual_sd, _ = measured(CLOSE, -12.0, monkeypatch)
    error, sd, image_likelihood = measured(replace(CLOSE, mishap=Mishap(hand=HAND)), -12.0, monkeypatch)
    assert image_likelihood is not None
    assert image_likelihood.reduced_chi2 < 1.5
    assert abs(error) < 3 * sd
    assert usual_sd < sd < 2 * usual_sd


def test_a_sharp_photo_tells_nothing_more(monkeypatch: pytest.MonkeyPatch) -> None:
    flat = replace(CLOSE, lens=Lens(16.0, 8.0), chart=Chart(layout("a4")), object_distance_mm=600.0)
    _, _, image_likelihood = measured(flat, 0.0, monkeypatch)
    assert image_likelihood is None


def test_what_contradicts_the_strips_is_not_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    alone = measured(CLOSE, -12.0, monkeypatch, alone=True)
    original = final.likelihood_of_image

    def lying(*args: object) -> QuadraticLikelihood | None:
        image_likelihood = original(*args)  # type: ignore[arg-type]
        assert image_likelihood is not None
        about = image_likelihood.about.copy()
        about[FOCUS] += 1.0
        return replace(image_likelihood, about=about)

    monkeypatch.setattr(final, "likelihood_of_image", lying)
    assert measured(CLOSE, -12.0, monkeypatch)[:2] == pytest.approx(alone[:2])
