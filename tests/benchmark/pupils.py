"""Photos through lenses of any pupil: every place of the chart scatters the wave-optical spot that it has there.

Of the simulated bench this shares geometry, chart and sensor, and none of the optics: transfer functions are Fourier
transforms of a pupil of points, and light is scattered from the chart instead of gathered by the pixel.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from appliance.bench import Projection, Scene
from appliance.bench.geometry import DESIGN_WAVELENGTH_UM
from appliance.bench.outline import chart_outlines
from appliance.bench.raster import SPLINE_ORDER, rasterise

Array = npt.NDArray[np.float64]
Picture = npt.NDArray[np.float32]

SAMPLES = 2
PUPIL_POINTS = 128
STEP_WAVES, MOST_STEP_PX, RIM_PX = 0.12, 60.0, 60
"""Spots are worked out at places so far apart along the slope, in defocus or in pixels, and interpolated between."""
COLUMNS = 9


@dataclass(frozen=True)
class Faults:
    """What a lens has beside defocus: wavefront coefficients in waves of 0.55 µm, pupil radius 1.

    Those ``_field`` are at the picture's corner and grow with the radius (coma), its square (spherical aberration) or
    its fourth power (curvature); those ``_x`` and ``_y`` grow to one side, to so much at half a diagonal. All are
    balanced so that none moves the plane of least RMS wavefront error at the picture's centre, but for the even
    astigmatism, which parts two directions about it. ``vignetting`` is by how much of the pupil's radius a second
    opening of the lens seems moved at the corner.
    """

    coma_x: float = 0.0
    coma_y: float = 0.0
    coma_field: float = 0.0
    astigmatism: float = 0.0
    astigmatism_askew: float = 0.0
    astigmatism_x: float = 0.0
    astigmatism_y: float = 0.0
    curvature_fourth: float = 0.0
    spherical: float = 0.0
    spherical_field: float = 0.0
    spherical_x: float = 0.0
    spherical_y: float = 0.0
    sixth: float = 0.0
    trefoil: float = 0.0
    vignetting: float = 0.0

    def waves(self, x: Array, y: Array, u: float, v: float) -> Array:
        """Wavefront at points of the pupil for a place ``u``, ``v`` of the picture, half diagonals from its centre."""
        r2, field2 = x * x + y * y, u * u + v * v
        coma = (self.coma_x + self.coma_field * u) * x + (self.coma_y + self.coma_field * v) * y
        astigmatism = self.astigmatism + self.astigmatism_x * u + self.astigmatism_y * v
        spherical = (
            self.spherical + self.spherical_field * field2 + self.spherical_x * u + self.spherical_y * v
        )
        return np.asarray(
            coma * r2
            + astigmatism * (x * x - y * y) / 2
            + self.astigmatism_askew * x * y
            + self.curvature_fourth * field2**2 * r2
            + spherical * (r2 * r2 - r2)
            + self.sixth * (r2**3 - 1.5 * r2**2 + 0.6 * r2)
            + self.trefoil * (y**3 - 3 * x * x * y)
        )

    def opening(self, x: Array, y: Array, u: float, v: float) -> Array:
        """What passes each point of the pupil, 0 to 1 at its rim."""
        cell = x[0, 1] - x[0, 0]
        passed = np.clip((1 - np.hypot(x, y)) / cell + 0.5, 0, 1)
        if not self.vignetting:
            return np.asarray(passed)
        second = np.hypot(x - self.vignetting * u, y - self.vignetting * v)
        return np.asarray(passed * np.clip((1.05 - second) / cell + 0.5, 0, 1))

    def steepest(self, corner: tuple[float, float]) -> float:
        """Greatest slope of the wavefront in waves per pupil radius, at a place of the picture."""
        x, y = _pupil(64)
        waves = self.waves(x, y, *corner)
        slopes = np.hypot(*np.gradient(waves, x[0, 1] - x[0, 0]))
        return float(slopes[np.hypot(x, y) < 0.97].max())


def light_through(scene: Scene, faults: Faults) -> Picture:
    """(height, width) noise-free light on the pixels, white paper = 1, as the bench's ``expose`` takes it.

    Fall-off and slope of the light are left out.
    """
    projection = Projection(scene)
    width, height = scene.sensor.width, scene.sensor.height
    rows, columns = _places(projection)
    halo = _halo_px(projection, faults)
    left, top = columns[0], rows[0]
    shape = (int((rows[-1] - top) * SAMPLES) + 1, int((columns[-1] - left) * SAMPLES) + 1)
    base = scene.chart.background_reflectance / scene.chart.paper_reflectance
    sharp = rasterise(chart_outlines(projection), (left, top), shape, SAMPLES, base)
    rim = halo * SAMPLES
    light = np.zeros((shape[0] + 2 * rim, shape[1] + 2 * rim), np.float32)
    for row, row_weight in _tents(rows):
        for column, column_weight in _tents(columns):
            part = (row_weight.place, column_weight.place)
            source = sharp[part] * (row_weight.weight[:, None] * column_weight.weight[None, :])
            spread = _scattered(source.astype(np.float32), projection, faults, (column, row), rim)
            first = (row_weight.place.start, column_weight.place.start)
            light[first[0] : first[0] + spread.shape[0], first[1] : first[1] + spread.shape[1]] += spread
    first = (int(-top * SAMPLES) + rim, int(-left * SAMPLES) + rim)
    return light[
        first[0] : first[0] + height * SAMPLES : SAMPLES, first[1] : first[1] + width * SAMPLES : SAMPLES
    ].copy()


@dataclass(frozen=True)
class _Tent:
    """Where one place counts in an interpolation between places, and how much."""

    place: slice
    weight: Array


def _tents(places: Array) -> Iterator[tuple[float, _Tent]]:
    """Each of the places with its weights, which sum to 1 at every sample between the first and the last."""
    for k, place in enumerate(places):
        low, high = places[max(k - 1, 0)], places[min(k + 1, len(places) - 1)]
        first, last = (round((end - places[0]) * SAMPLES) for end in (low, high))
        at = places[0] + np.arange(first, last + 1) / SAMPLES
        weight = np.ones(len(at))
        if k:
            weight = np.where(at <= place, (at - low) / (place - low), weight)
        if k < len(places) - 1:
            weight = np.where(at > place, (high - at) / (high - place), weight)
        yield float(place), _Tent(slice(first, last + 1), weight)


def _places(projection: Projection) -> tuple[Array, Array]:
    """Rows and columns, px, at which spots are worked out: dense where defocus is small."""
    sensor = projection.scene.sensor
    along = np.linspace(-RIM_PX, sensor.height + RIM_PX, 400)
    middle = np.stack([np.full_like(along, (sensor.width - 1) / 2), along], axis=1)
    waves = projection.w020_um_at_pixels(middle) / DESIGN_WAVELENGTH_UM
    dense = np.abs(np.gradient(waves, along)) / (STEP_WAVES * np.maximum(1, np.abs(waves) / 3))
    dense = np.maximum(dense, 1 / MOST_STEP_PX)
    count = np.concatenate([[0], np.cumsum((dense[1:] + dense[:-1]) / 2 * np.diff(along))])
    rows = np.interp(np.linspace(0, count[-1], int(np.ceil(count[-1])) + 1), count, along)
    columns = np.linspace(-RIM_PX, sensor.width + RIM_PX, COLUMNS)
    on_samples = [np.unique(np.rint(each * SAMPLES) / SAMPLES) for each in (rows, columns)]
    return on_samples[0], on_samples[1]


def _halo_px(projection: Projection, faults: Faults) -> int:
    """How far light is thrown."""
    sensor = projection.scene.sensor
    corners = [(x, y) for x in (0.0, sensor.width - 1.0) for y in (0.0, sensor.height - 1.0)]
    waves = np.abs(projection.w020_um_at_pixels(np.array(corners))).max() / DESIGN_WAVELENGTH_UM
    steepest = max(faults.steepest((u, v)) for u in (-0.8, 0.8) for v in (-0.6, 0.6))
    thrown_um = 2 * projection.working_f_number * DESIGN_WAVELENGTH_UM * (2 * waves + steepest + 10)
    return int(np.ceil(thrown_um / sensor.pitch_um)) + 12


def _scattered(
    source: Picture, projection: Projection, faults: Faults, place: tuple[float, float], rim: int
) -> Picture:
    """What light (rows, columns) from about a ``place`` (x, y) in px becomes, with ``rim`` more samples all around."""
    size = (source.shape[0] + 2 * rim, source.shape[1] + 2 * rim)
    rows, columns = (cv2.getOptimalDFTSize(each) for each in size)
    across = np.fft.rfftfreq(columns)[None, :] * SAMPLES
    down = np.fft.fftfreq(rows)[:, None] * SAMPLES
    spectrum = np.fft.rfft2(source, s=(rows, columns))
    spectrum *= _optics(projection, faults, place, across, down)
    thrown = np.fft.irfft2(spectrum, s=(rows, columns))
    return np.roll(thrown, (rim, rim), (0, 1))[: size[0], : size[1]].astype(np.float32)


def _optics(
    projection: Projection, faults: Faults, place: tuple[float, float], across: Array, down: Array
) -> npt.NDArray[np.complex128]:
    """Transfer function of lens, print and pixel at frequencies in cycles per px, the raster's own spline undone."""
    scene = projection.scene
    width, height = scene.sensor.width, scene.sensor.height
    inside = np.clip(np.array([place]), 0, (width - 1, height - 1))
    scale = projection.pixels_per_mm(inside)[0] * scene.chart.print_blur_um / 1000 * scene.chart.print_scale
    spread = scale @ scale.T
    square = spread[0, 0] * across**2 + 2 * spread[0, 1] * across * down + spread[1, 1] * down**2
    print_and_pixel = np.exp(-2 * np.pi**2 * square) * np.sinc(across) * np.sinc(down)
    spline = (np.sinc(across / SAMPLES) * np.sinc(down / SAMPLES)) ** SPLINE_ORDER
    defocus = float(projection.w020_um_at_pixels(np.array([place]))[0]) / DESIGN_WAVELENGTH_UM
    half_diagonal = np.hypot(width, height) / 2
    u, v = (place[0] - (width - 1) / 2) / half_diagonal, (place[1] - (height - 1) / 2) / half_diagonal
    cycles = projection.working_f_number * DESIGN_WAVELENGTH_UM / scene.sensor.pitch_um
    return _lens(faults, defocus, (u, v), across * cycles, down * cycles) * print_and_pixel / spline


def _lens(
    faults: Faults, defocus: float, place: tuple[float, float], across: Array, down: Array
) -> npt.NDArray[np.complex128]:
    """The pupil's autocorrelation at shifts in pupil diameters."""
    x, y = _pupil(PUPIL_POINTS)
    phase = defocus * (x * x + y * y) + faults.waves(x, y, *place)
    field = faults.opening(x, y, *place) * np.exp(2j * np.pi * phase)
    power = np.abs(np.fft.fft2(field, s=(2 * PUPIL_POINTS, 2 * PUPIL_POINTS))) ** 2
    overlap = np.fft.fftshift(np.fft.ifft2(power))
    overlap /= overlap[PUPIL_POINTS, PUPIL_POINTS].real
    at = np.broadcast_arrays(*((shift + 1) * PUPIL_POINTS for shift in (across, down)))
    where = [np.ascontiguousarray(each, np.float32) for each in at]
    real, imaginary = (
        cv2.remap(part.astype(np.float32), *where, cv2.INTER_CUBIC, borderMode=cv2.BORDER_CONSTANT)
        for part in (overlap.real, overlap.imag)
    )
    return real + 1j * imaginary


def _pupil(points: int) -> tuple[Array, Array]:
    axis = (np.arange(points) + 0.5) / points * 2 - 1
    x, y = np.meshgrid(axis, axis)
    return x, y
