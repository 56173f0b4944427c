"""What a lens makes of ink that lies at many depths: a picture of it in large cells, with derivatives by the lens.

Every point of the chart throws a blur of its own depth. So the ink is shared out among levels of defocus, spaced as the
blur itself is wide, by interpolation; each level's ink is convolved with the level's point spread, and the sum is
the picture. One thing more belongs to a chart that is tilted: light runs in straight lines from the chart through a
point s of the pupil (radius 1) to the sensor, so that the pixel u sees the chart at v with v − u = −s b(v), b being the
radius of blur. Ink at v is therefore seen at u with the weight |ds/dv| = (1 + (u − v)·∇b / b) / b² in place of 1 / b².
In terms of the transfer function O of defocus W the second term is i (∇W·ν) / (2π |ν|²) · ∂O/∂W.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from appliance.arrays import Array
from appliance.focus.lens.defocus import DefocusScale
from appliance.focus.lens.otf import otf_and_slopes
from appliance.focus.lens.parameters import (
    AMPLITUDE,
    COMMON_VARIANCE,
    CONSTANT_ASTIGMATISM,
    FIELD_ASTIGMATISM,
    LENS,
    MOTION_COS2,
    MOTION_SIN2,
    PRINT_VARIANCE,
    SPHERICAL,
    Parameter,
)
from appliance.focus.lens.response import amplitude_terms

LEVEL_PX, LEVEL_STEP, SHARED = 5.0, 0.12, 3
"""Levels are even in asinh(blur radius / LEVEL_PX); ink is shared among the nearest, so many on either side."""
MIN_BLUR_PX = 2.0
"""Sharper ink is taken for as blurred as this: it lies too far from what is compared to matter."""
FREQUENCIES, HIGHEST_TURNS = 160, 4.0
"""Length of a level's table of its transfer function, which ends at so many over the radius of blur."""
RIM, MARGIN_CELLS = 1.3, 8
"""The point spread beyond RIM times its radius and a margin is left out."""

Picture = npt.NDArray[np.float32]
Spectrum = npt.NDArray[np.float32] | npt.NDArray[np.complex64]


@dataclass(frozen=True)
class DefocusedChart:
    """Blurred ink, and what a lens and a printer change of it; (rows, columns) of cells each.

    ``value`` of ink 1; ``by_shape`` its derivatives by members of a lens's shape, by their index, those by depth being
    per wave of defocus and in ``by_defocus``; ``by_gain`` per cell by which ink spreads.
    """

    value: Picture
    by_defocus: Picture
    by_gain: Picture
    by_shape: dict[Parameter, Picture]


@dataclass(frozen=True)
class View:
    """How ink is seen in cells of ``cell_px``: its ``defocus`` (rows, columns) in waves, which grows by ``growth`` (2,)
    waves per px along x and y, and the (2, 2) scale ``paper_to_px`` in px per mm at a defocus; ``x`` (columns,) and
    ``y`` (rows,) are places from the picture's centre in half diagonals."""

    defocus: Array
    growth: Array
    paper_to_px: Callable[[float], Array]
    cell_px: float
    x: Array
    y: Array


def defocused_chart(ink: Array, view: View, shape: Array, waves: DefocusScale) -> DefocusedChart:
    """Blur ``ink`` (rows, columns), the covered part of each cell, with the lens of a fit's ``shape``."""
    rows, columns = ink.shape
    radius = view.defocus * waves.blur_px_per_wave / 2
    radius = np.copysign(np.maximum(np.abs(radius), MIN_BLUR_PX), radius)
    place = np.arcsinh(radius / LEVEL_PX) / LEVEL_STEP
    rim = np.hypot(*np.gradient(ink))
    first, last = place.min(axis=1), place.max(axis=1)
    out = np.zeros((6, rows, columns), np.float32)
    for level in range(int(place.min()) - SHARED, int(place.max()) + SHARED + 1):
        held = np.flatnonzero((first < level + SHARED) & (last > level - SHARED))
        if not len(held):
            continue
        radius_px = float(np.sinh(level * LEVEL_STEP) * LEVEL_PX)
        margin = int(RIM * abs(radius_px) / view.cell_px) + MARGIN_CELLS
        top, bottom = int(held[0]), int(held[-1]) + 1
        low, high = max(top - margin, 0), min(bottom + margin, rows)
        weight = _share(place[top:bottom] - level)
        source = np.zeros((2, _quick(high - low + margin), _quick(columns + margin)), np.float32)
        source[0, top - low : bottom - low, :columns] = weight * ink[top:bottom]
        source[1, top - low : bottom - low, :columns] = weight * rim[top:bottom]
        spectra = np.fft.rfft2(source)
        for k, gain in enumerate(_transfers(source.shape[1:], radius_px, view, shape, waves)):
            out[k, low:high] += np.fft.irfft2(spectra[0] * gain, source.shape[1:])[: high - low, :columns]
            if k == 0:
                spread = np.fft.irfft2(spectra[1] * gain, source.shape[1:])
                out[5, low:high] += spread[: high - low, :columns]
    middle = view.paper_to_px(float(np.median(view.defocus)))
    x, y = view.x.astype(np.float32), view.y.astype(np.float32)[:, None]
    radial = 2 * x * y * out[4] - (x * x - y * y) * out[3]
    value = out[0] + np.float32(shape[FIELD_ASTIGMATISM]) * radial
    of_depth = {SPHERICAL: out[2], CONSTANT_ASTIGMATISM: out[3], FIELD_ASTIGMATISM: radial}
    return DefocusedChart(value, out[1], out[5], of_depth | _by_blur(value, view.cell_px, middle))


def _by_blur(picture: Picture, cell_px: float, paper_to_px: Array) -> dict[Parameter, Picture]:
    """Derivatives of a blurred picture by those members of a lens's shape that blur all depths alike."""
    size = _quick(picture.shape[0]), _quick(picture.shape[1])
    padding = [(0, n - m) for n, m in zip(size, picture.shape, strict=True)]
    padded = np.pad(picture, padding, mode="edge")
    nu_x, nu_y = _frequencies(size, cell_px)
    square = -2 * np.pi**2 * (nu_x**2 + nu_y**2)
    wanted = {
        PRINT_VARIANCE: -2 * np.pi**2 * _on_paper(nu_x, nu_y, paper_to_px),
        MOTION_COS2: -2 * np.pi**2 * (nu_y**2 - nu_x**2) / 2,
        MOTION_SIN2: -2 * np.pi**2 * nu_x * nu_y,
        COMMON_VARIANCE: square,
    }
    terms = amplitude_terms(np.hypot(nu_x, nu_y).ravel()).T
    wanted |= {LENS[AMPLITUDE.start + k]: term.reshape(square.shape) for k, term in enumerate(terms)}
    spectrum = np.fft.rfft2(padded)
    rows, columns = picture.shape
    return {
        index: np.fft.irfft2(spectrum * gain.astype(np.float32), size)[:rows, :columns].astype(np.float32)
        for index, gain in wanted.items()
    }


def _transfers(
    size: tuple[int, ...], radius_px: float, view: View, shape: Array, waves: DefocusScale
) -> list[Spectrum]:
    """(rows, columns / 2 + 1) transfer function of one level, and its derivatives by defocus, W040 and
    astigmatism along the axes and between them.
    """
    nu_x, nu_y = _frequencies(size, view.cell_px)
    nu = np.hypot(nu_x, nu_y)
    table = np.linspace(
        0, min(float(nu.max()), HIGHEST_TURNS / max(abs(radius_px), MIN_BLUR_PX)), FREQUENCIES
    )
    w, w040 = radius_px * 2 / waves.blur_px_per_wave, float(shape[SPHERICAL])
    paper_to_px = view.paper_to_px(w)
    value, slope, by_w040 = otf_and_slopes(table * waves.airy_px, w - w040, w040)
    soft = np.exp(
        amplitude_terms(table) @ shape[AMPLITUDE] - 2 * np.pi**2 * table**2 * shape[COMMON_VARIANCE]
    )
    value, slope, spherical = (
        np.interp(nu, table, soft * v, right=0.0) for v in (value, slope, by_w040 - slope)
    )
    square = np.maximum(nu**2, 1e-30)
    azimuth, azimuth_sin2 = (nu_y**2 - nu_x**2) / (2 * square), nu_x * nu_y / square
    printed = shape[PRINT_VARIANCE] * _on_paper(nu_x, nu_y, paper_to_px)
    printed = printed + shape[MOTION_COS2] * (nu_y**2 - nu_x**2) / 2 + shape[MOTION_SIN2] * nu_x * nu_y
    printed = np.exp(-2 * np.pi**2 * printed)
    slope, spherical = slope * printed, spherical * printed
    lean = (view.growth[0] * nu_x + view.growth[1] * nu_y) / np.maximum(2 * np.pi * nu**2, 1e-12)
    real = value * printed - shape[CONSTANT_ASTIGMATISM] * azimuth * slope
    value = (real + 1j * (lean * slope)).astype(np.complex64)
    parts = slope, spherical, -azimuth * slope, -azimuth_sin2 * slope
    return [value, *(np.asarray(part, np.float32) for part in parts)]


def _frequencies(size: tuple[int, ...], cell_px: float) -> tuple[Array, Array]:
    """Frequencies along x (1, c) and y (r, 1) of a picture's real spectrum, cycles per px."""
    nu_x, nu_y = np.fft.rfftfreq(size[1]) / cell_px, np.fft.fftfreq(size[0]) / cell_px
    return np.asarray(nu_x[None, :], float), np.asarray(nu_y[:, None], float)


def _on_paper(nu_x: Array, nu_y: Array, paper_to_px: Array) -> Array:
    """Squared frequencies on paper, cycles per mm."""
    (a, b), (c, d) = paper_to_px
    return np.asarray((a * nu_x + c * nu_y) ** 2 + (b * nu_x + d * nu_y) ** 2)


def _share(x: Array) -> Array:
    """Weight of a level at a distance of ``x`` levels: Lagrange's quintic through the six levels around a place."""
    a = np.abs(x)
    near = (1 - a * a) * (4 - a * a) * (3 - a) / 12
    middle = (1 - a * a) * (2 - a) * (3 - a) * (4 - a) / 24
    far = (1 - a) * (2 - a) * (3 - a) * (4 - a) * (5 - a) / 120
    return np.asarray(np.where(a < 1, near, np.where(a < 2, middle, np.where(a < SHARED, far, 0.0))))


def _quick(n: int) -> int:
    """The next length whose Fourier transform is quick."""
    return cv2.getOptimalDFTSize(n)
