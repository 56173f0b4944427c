"""Taking the photo: chart to light on the pixels, light to numbers."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
import numpy.typing as npt

from appliance.bench.blur import blurred_chart
from appliance.bench.geometry import Projection, Truth, truth_of
from appliance.bench.outline import chart_outlines
from appliance.bench.scene import Bayer, Scene

Picture = npt.NDArray[np.float32]

_ROWS_AT_ONCE = 256


@dataclass(frozen=True)
class Photo:
    """A raw photo and what is true of it.

    Attributes
    ----------
    mosaic:
        (height, width) uint16 in the converter's units (12 bits by default).
    white, black:
        Values of saturation and of no light.
    bayer:
        Colours of the top left 2 × 2 block, None for a sensor without filters.
    truth:
        What a perfect measurement would find.
    """

    mosaic: npt.NDArray[np.uint16]
    white: float
    black: float
    bayer: Bayer | None
    truth: Truth

    def full_range(self) -> npt.NDArray[np.uint16]:
        """(height, width) uint16 with black at 0 and saturation at 65535, as a 16-bit picture file holds it."""
        table = (np.arange(65536) - self.black) * 65535 / (self.white - self.black)
        full: npt.NDArray[np.uint16] = np.clip(np.rint(table), 0, 65535).astype(np.uint16)[self.mosaic]
        return full


@dataclass(frozen=True)
class Exposable:
    """A scene with its light on the pixels worked out once, for any number of photos."""

    scene: Scene

    @cached_property
    def projection(self) -> Projection:
        """The scene's geometry."""
        return Projection(self.scene)

    @cached_property
    def truth(self) -> Truth:
        """What is exactly true of every photo."""
        return truth_of(self.projection)

    @cached_property
    def light(self) -> Picture:
        """(height, width) float32 noise-free signal, paper in the picture's centre = 1, without colour filters."""
        return light_on_pixels(self.projection)

    def photo(self, seed: int) -> Photo:
        """Expose once; the same seed gives the same photo."""
        sensor = self.scene.sensor
        mosaic = expose(self.light, self.scene, seed)
        return Photo(mosaic, sensor.white, sensor.black, sensor.bayer, self.truth)


def photograph(scene: Scene, seed: int = 0) -> Photo:
    """Photograph the scene; the same scene and seed give the same photo."""
    return Exposable(scene).photo(seed)


def light_on_pixels(projection: Projection) -> Picture:
    """Noise-free light on each pixel, paper in the picture's centre = 1.

    Returns
    -------
    (height, width) float32.
    """
    scene = projection.scene
    sensor = scene.sensor
    if scene.mishap.lens_cap:
        return np.zeros((sensor.height, sensor.width), np.float32)
    base = scene.chart.background_reflectance / scene.chart.paper_reflectance
    picture = blurred_chart(projection, chart_outlines(projection), base)
    _cover_with_hand(picture, scene)
    x = ((np.arange(sensor.width) - (sensor.width - 1) / 2) * 2 / sensor.width).astype(np.float32)
    y = ((np.arange(sensor.height) - (sensor.height - 1) / 2) * 2 / sensor.height).astype(np.float32)
    if scene.lens.fall_off != 1:
        aspect2 = (sensor.height / sensor.width) ** 2
        radius2 = (x[None, :] ** 2 + aspect2 * y[:, None] ** 2) / np.float32(1 + aspect2)
        picture /= (1 + np.float32(scene.lens.fall_off**-0.5 - 1) * radius2) ** 2  # as cos⁴ falls
    if scene.light.slope_x or scene.light.slope_y:
        slope = 1 + scene.light.slope_x * x[None, :] + scene.light.slope_y * y[:, None]
        picture *= np.maximum(slope, 0).astype(np.float32)
    return picture


def _cover_with_hand(picture: Picture, scene: Scene) -> None:
    if not scene.mishap.hand:
        return
    height, width = picture.shape
    outline = np.rint(np.array(scene.mishap.hand) * (width, height)).astype(np.int32)
    cover = cv2.fillPoly(np.zeros(picture.shape, np.float32), [outline], 1.0)
    cover = cv2.GaussianBlur(cover, (0, 0), 12.0)  # nearer than the chart, so out of focus
    level = scene.mishap.hand_reflectance / scene.chart.paper_reflectance
    picture += cover * (np.float32(level) - picture)


def expose(light: Picture, scene: Scene, seed: int) -> npt.NDArray[np.uint16]:
    """Turn light into the converter's numbers.

    Parameters
    ----------
    light:
        (height, width) float32, 1 where the signal is ``exposure`` of full scale.
    scene:
        Sensor and light of the scene.
    seed:
        Of everything that differs from photo to photo: shot and read noise, the flicker's phase.

    Returns
    -------
    (height, width) uint16.
    """
    sensor, lamp = scene.sensor, scene.light
    rng = np.random.default_rng([seed, 1])
    phase = rng.uniform(0, 2 * np.pi)
    rows = np.arange(sensor.height)
    modulation = lamp.exposure * (1 + lamp.flicker * np.sin(2 * np.pi * rows / lamp.flicker_rows + phase))
    gains = _filter_gains(scene)
    step = (sensor.white - sensor.black) / sensor.full_well_e
    mosaic = np.empty(light.shape, np.uint16)
    for top in range(0, sensor.height, _ROWS_AT_ONCE):
        part = slice(top, min(top + _ROWS_AT_ONCE, sensor.height))
        electrons = light[part] * (modulation[part, None] * sensor.full_well_e).astype(np.float32)
        for j in range(2):
            for i in range(2):
                if gains[j][i] != 1:
                    electrons[j::2, i::2] *= np.float32(gains[j][i])
        if sensor.noise:
            electrons = _with_noise(electrons, scene, rng, top)
        values = np.minimum(electrons, np.float32(sensor.full_well_e)) * np.float32(step) + np.float32(
            sensor.black
        )
        mosaic[part] = np.rint(np.clip(values, 0, sensor.white)).astype(np.uint16)
    return mosaic


def _with_noise(light_e: Picture, scene: Scene, rng: np.random.Generator, top: int) -> Picture:
    sensor = scene.sensor
    electrons = light_e
    if sensor.pixel_gain_spread:
        fixed = np.random.default_rng([sensor.pattern_seed, top, 2])
        gains = 1 + np.float32(sensor.pixel_gain_spread) * fixed.standard_normal(light_e.shape, np.float32)
        electrons = np.asarray(light_e * gains, np.float32)
    # photons are many on every pixel that matters: Poisson's distribution is normal there
    deviation = np.sqrt(np.maximum(electrons, 0) + sensor.read_noise_e**2)
    return np.asarray(electrons + deviation * rng.standard_normal(electrons.shape, np.float32), np.float32)


def _filter_gains(scene: Scene) -> list[list[float]]:
    if scene.sensor.bayer is None:
        return [[1.0, 1.0], [1.0, 1.0]]
    light = scene.light
    gain = {"r": light.gain_red, "g": light.gain_green, "b": light.gain_blue}
    colours = [gain[c] for c in scene.sensor.bayer]
    return [colours[:2], colours[2:]]
