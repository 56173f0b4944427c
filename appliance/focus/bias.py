"""What the edge estimator itself adds to the response of a lens, for the through-focus fit to know."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from appliance.focus.model import (
    GAUSS_WEIGHTS,
    GAUSS_X,
    KAPPA,
    LENS_BLUR,
    PRINT,
    SMEAR,
    SPHERICAL,
    Array,
    Segments,
    defocus,
)
from appliance.focus.near import Look
from appliance.focus.pupil import Spline, otf
from appliance.focus.through import ThroughFocus
from appliance.focus.waves import Waves
from appliance.sfr.predict import nodes_of, predicted

HIGHEST_CPP = 1.5
TABLE_STEP_WAVES = 0.04


def with_bias(data: Segments, fit: ThroughFocus, look: Look) -> Segments:
    """The data of a look with what the estimator, and other print nearby, add to the fitted lens's response."""
    waves, index = look.waves, look.index
    half_width = look.plan.half_width_px[index]
    nodes = nodes_of(min(1 / waves.airy_px, HIGHEST_CPP), half_width)
    frequency = np.concatenate([nodes[0], data.frequency_cpp])
    aperture = _aperture(data.frequency_cpp, look.batch.normal[index])
    count = len(nodes[0])

    true = _model(data, fit, look.batch.normal[index], waves, frequency)
    seen = predicted(
        true[:, :count], nodes, look.batch, index, half_width, waves.airy_px, look.window_px, look.stray
    )
    return replace(data, bias=(seen[:, : len(data.frequency_cpp)] - true[:, count:]) / aperture)


def _aperture(frequency: Array, normal: Array) -> Array:
    return np.asarray(np.sinc(frequency * normal[:, :1]) * np.sinc(frequency * normal[:, 1:]))


def _model(data: Segments, fit: ThroughFocus, normal: Array, waves: Waves, frequency: Array) -> Array:
    """(n, F) SFR of the fitted lens, pixel aperture included, at any frequencies."""
    g2 = data.scale_px_per_mm**2
    mean = float(np.median(g2))
    smooth = mean * fit.shape[PRINT] + fit.shape[LENS_BLUR]
    known = -2 * np.pi**2 * data.frequency_cpp**2 * smooth
    square = -2 * np.pi**2 * frequency**2
    # smooth in frequency, as a lens is: what zigzags is the estimator's own, and would be foreseen twice
    seen = np.sqrt(np.mean(np.square(data.sfr) / np.einsum("nkk->nk", data.covariance), axis=0))
    own = np.square(data.frequency_cpp) * seen
    rest = float(own @ ((fit.log_amplitude - known) * seen) / (own @ own))
    log_amplitude = rest * np.square(np.minimum(frequency, data.frequency_cpp[-1])) + square * smooth
    sign = np.where(data.across, 0.5, -0.5)
    exponent = np.outer((g2 - mean) * fit.shape[PRINT] + sign * fit.shape[SMEAR], square)
    offset = defocus(data, fit.shape)
    reach = float(np.abs(fit.shape[KAPPA]) * (np.abs(offset) + data.q_half).max())
    reach += abs(float(fit.shape[SPHERICAL])) + 2 * TABLE_STEP_WAVES
    steps = int(np.clip(np.ceil(reach / TABLE_STEP_WAVES), 16, 120))
    grid = np.linspace(-reach, reach, 2 * steps + 1)
    table = Spline.of(grid, otf(frequency * waves.airy_px, grid, np.array([fit.shape[SPHERICAL]]))[0].T)
    value = np.zeros((len(offset), len(frequency)))
    for node, weight in zip(GAUSS_X, GAUSS_WEIGHTS, strict=True):
        w = fit.shape[KAPPA] * (offset + node * data.q_half) - fit.shape[SPHERICAL]
        value += weight * table(w)[0]
    return np.asarray(np.exp(log_amplitude[None, :] + exponent) * value * _aperture(frequency, normal))
