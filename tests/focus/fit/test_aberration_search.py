"""Lenses with faults beyond the fitted shape, by wave optics of a pupil of points that shares no code with the fit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache

import numpy as np
import numpy.typing as npt
import pytest

from appliance.focus.fit import through_focus
from appliance.focus.lens.data import Segments
from appliance.focus.lens.fitted import FittedLens
from appliance.focus.lens.otf import OtfTable, by_squares, by_w060
from appliance.focus.lens.parameters import APERTURE_RATIO, FIELD_ASTIGMATISM
from appliance.focus.lens.priors import Priors

Array = npt.NDArray[np.float64]
Wavefront = Callable[[Array, Array, float, float], Array]
"""Waves at points x, y of the pupil (radius 1), for a place in the picture x, y in half diagonals."""

FOCUS, EDGES, NOISE = 0.4, 360, 0.004
FREQUENCY = np.array([0.04, 0.08, 0.12, 0.18, 0.24, 0.32])
AIRY_PX = 1.0
PRIORS = Priors(um_per_wave=34.5)


def clean(x: Array, _y: Array, _u: float, _v: float) -> Array:
    return np.zeros_like(x)


def fourth_power(x: Array, y: Array, u: float, v: float) -> Array:
    return 0.3 * (u * u + v * v) ** 2 * (x * x + y * y)


def spherical_at_the_corners(x: Array, y: Array, u: float, v: float) -> Array:
    square = x * x + y * y
    return 0.4 * (u * u + v * v) * (square**2 - square)


def askew(x: Array, y: Array, _u: float, _v: float) -> Array:
    return 0.1 * x * y


def askew_along(x: Array, y: Array, _u: float, v: float) -> Array:
    return 0.15 * v * (x * x - y * y)


def sixth(x: Array, y: Array, _u: float, _v: float) -> Array:
    square = x * x + y * y
    return 0.4 * (square**3 - 1.5 * square**2 + 0.6 * square)


def coma(x: Array, y: Array, _u: float, _v: float) -> Array:
    return 0.4 * y * (x * x + y * y)


def coma_in_the_field(x: Array, y: Array, u: float, v: float) -> Array:
    return 0.4 * (u * x + v * y) * (x * x + y * y)


def eighth(x: Array, y: Array, _u: float, _v: float) -> Array:
    square = x * x + y * y
    return 3.0 * (square**4 - 2 * square**3 + 9 / 7 * square**2 - 2 / 7 * square)


def field_astigmatism_weight(x: Array, y: Array, u: float, v: float) -> Array:
    return -0.8 * ((u * x + v * y) ** 2 - (u * u + v * v) * (x * x + y * y) / 2)


def response(wave: Wavefront, q: float, place: Array, normal: Array, cone: float = 1.0) -> Array:
    """(k,) real part of the OTF along ``normal``, about where the edge lies: the pupil's overlap with itself, summed
    point by point."""
    y, x = np.mgrid[-1:1:81j, -1:1:81j]
    u, v = place
    seen = np.zeros(len(FREQUENCY), complex)

    def phase(px: Array, py: Array) -> Array:
        return cone * ((q - FOCUS) * (px * px + py * py) + wave(px, py, u, v))

    for k, s in enumerate(FREQUENCY * AIRY_PX):
        ahead, behind = ((x + sign * s * normal[0], y + sign * s * normal[1]) for sign in (1, -1))
        both = (np.hypot(*ahead) < 1) & (np.hypot(*behind) < 1)
        whole = 2 / np.pi * (np.arccos(s) - s * np.sqrt(1 - s * s))
        seen[k] = whole * np.exp(2j * np.pi * (phase(*ahead) - phase(*behind)))[both].mean()
    places = np.linspace(-4, 4, 1601)  # rad per cycle and px
    about = seen[:, None] * np.exp(-1j * np.outer(FREQUENCY, places))
    aside = np.square(about.imag / FREQUENCY[:, None]).sum(axis=0)
    shift = places[np.argmin(np.where(about[0].real > 0, aside, np.inf))]
    return np.asarray((seen * np.exp(-1j * shift * FREQUENCY)).real)


@cache
def data(wave: Wavefront, cone: float = 1.0) -> Segments:
    rng = np.random.default_rng(3)
    place = rng.uniform((-0.8, -0.6), (0.8, 0.6), (EDGES, 2))
    angle = np.radians(rng.choice([-11.0, 11.0, 79.0, 101.0], EDGES))
    normal = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    q = 2.0 * place[:, 1] / 0.6
    sfr = np.array([response(wave, *each, cone) for each in zip(q, place, normal, strict=True)])
    square = np.square(place).sum(axis=1)
    return Segments(
        q=q,
        q_half=np.zeros(EDGES),
        scale_px_per_mm=np.full(EDGES, 5.0),
        x=place[:, 0],
        r2=square,
        field_astigmatism_weight=(normal * place).sum(axis=1) ** 2 - square / 2,
        azimuth=np.stack([(normal[:, 1] ** 2 - normal[:, 0] ** 2) / 2, normal[:, 0] * normal[:, 1]], axis=1),
        distortion_defocus=np.zeros(EDGES),
        place=place,
        frequency_cpp=FREQUENCY,
        sfr=sfr + NOISE * rng.standard_normal(sfr.shape),
        covariance=np.tile(NOISE**2 * np.eye(len(FREQUENCY)), (EDGES, 1, 1)),
        count=np.full(EDGES, float(len(FREQUENCY))),
    )


def fits(wave: Wavefront, cone: float = 1.0) -> tuple[FittedLens, FittedLens]:
    """The fit of the shape alone, and the one that looks for more."""
    table, seen = OtfTable(FREQUENCY * AIRY_PX, 4.0), data(wave, cone)
    start, _ = through_focus.search(seen, table, np.arange(-1.0, 1.0, 0.1), PRIORS)
    plain = through_focus.fit(seen, table, start, PRIORS, through_focus.SURVEYED)
    misfit = through_focus.typical_misfit_of(plain, seen, table, PRIORS)
    return plain, through_focus.fit(seen, table, plain.parameters, replace(PRIORS, misfit=misfit))


def off(fit: FittedLens) -> float:
    """Error in standard uncertainties."""
    return abs(fit.best_focus_waves - FOCUS) / float(np.hypot(fit.best_focus_sd_waves, fit.model_sd_waves))


def test_a_lens_that_follows_the_model_shows_nothing_further() -> None:
    plain, fit = fits(clean)
    assert fit.aberrations == ()
    assert fit.best_focus_waves == pytest.approx(plain.best_focus_waves, abs=0.1 * fit.best_focus_sd_waves)
    assert off(fit) < 3


@pytest.mark.parametrize(
    ("wave", "name"),
    [
        (fourth_power, "field curvature of the fourth power"),
        (spherical_at_the_corners, "spherical aberration that changes towards the corners"),
        (askew_along, "astigmatism that changes along the tilt"),
        (sixth, "spherical aberration of sixth order"),
    ],
)
def test_what_the_shape_lacks_is_found_and_moves_focus_no_more(wave: Wavefront, name: str) -> None:
    plain, fit = fits(wave)
    assert abs(plain.best_focus_waves - FOCUS) > 4 * fit.best_focus_sd_waves
    assert name in fit.aberrations
    assert abs(fit.best_focus_waves - FOCUS) < abs(plain.best_focus_waves - FOCUS) / 3
    assert off(fit) < 2


def test_astigmatism_askew_is_found_by_what_it_blurs() -> None:
    plain, fit = fits(askew)
    assert plain.reduced_chi2 > 1.3
    assert fit.reduced_chi2 - 1 < (plain.reduced_chi2 - 1) / 2
    assert "astigmatism askew to the tilt" in fit.aberrations
    assert off(fit) < 2


@pytest.mark.parametrize(
    ("wave", "name", "waves"),
    [(coma, "coma along the tilt", 0.4), (coma_in_the_field, "coma towards the corners", 0.0)],
)
def test_coma_is_found_by_what_it_blurs(wave: Wavefront, name: str, waves: float) -> None:
    plain, fit = fits(wave)
    assert plain.reduced_chi2 > 1.5
    assert fit.reduced_chi2 - 1 < (plain.reduced_chi2 - 1) / 3
    assert name in fit.aberrations
    assert fit.coma_waves == pytest.approx(waves, abs=0.05)
    assert off(fit) < 2


def test_faults_that_no_term_describes_widen_the_interval() -> None:
    table = OtfTable(FREQUENCY * AIRY_PX, 4.0)
    kept, followed = fits(clean)
    assert through_focus.typical_misfit_of(kept, data(clean), table, PRIORS) == 0
    plain, _ = fits(eighth)
    misfit = through_focus.typical_misfit_of(plain, data(eighth), table, PRIORS)
    assert 0.5 * NOISE < misfit < 20 * NOISE
    fit = through_focus.fit(data(eighth), table, plain.parameters, replace(PRIORS, misfit=misfit))
    assert plain.reduced_chi2 > 1.5
    assert fit.reduced_chi2 < 1.5
    assert fit.model_sd_waves > 3 * followed.model_sd_waves
    assert off(fit) < 2


@pytest.mark.parametrize("defocus", [-0.7, 0.0, 0.5])
def test_the_slope_by_sixth_order_is_that_of_the_overlap(defocus: float) -> None:
    def wave(strength: float) -> Wavefront:
        return lambda x, y, _u, _v: strength * (x * x + y * y) ** 3 + 0.2 * (x * x + y * y) ** 2

    here, along = np.zeros(2), np.array([1.0, 0.0])
    up, down = (response(wave(strength), defocus + FOCUS, here, along) for strength in (0.01, -0.01))
    slope = by_w060(FREQUENCY * AIRY_PX, np.array([defocus]), 0.2)[0]
    assert slope == pytest.approx((up - down) / 0.02, abs=0.01)


@pytest.mark.parametrize("cone", [0.85, 1.0])
def test_radial_astigmatism_is_no_further_fault_whatever_it_blurs_across_its_axes(cone: float) -> None:
    _, fit = fits(field_astigmatism_weight, cone)
    assert fit.aberrations == ()
    assert fit.shape[APERTURE_RATIO] == pytest.approx(cone, abs=0.01)
    assert fit.shape[FIELD_ASTIGMATISM] == pytest.approx(0.8, abs=0.03)
    assert fit.reduced_chi2 < 1.15
    assert off(fit) < 2


@pytest.mark.parametrize("defocus", [-0.7, 0.0, 0.5])
@pytest.mark.parametrize("waves", [0.3, 0.9])
def test_astigmatism_across_its_axes_blurs_as_the_overlap_does(defocus: float, waves: float) -> None:
    def wave(strength: float) -> Wavefront:
        return lambda x, y, _u, _v: strength * x * y + 0.2 * (x * x + y * y) ** 2

    here, along = np.zeros(2), np.array([1.0, 0.0])
    some, none = (response(wave(strength), defocus + FOCUS, here, along) for strength in (waves, 0.0))
    _, _, oblique = by_squares(FREQUENCY * AIRY_PX, np.array([defocus]), 0.2)
    powers = waves ** (2 * np.arange(1, oblique.shape[1] + 1))
    assert powers @ oblique[0] == pytest.approx(some - none, abs=0.01)


@pytest.mark.parametrize("defocus", [-0.7, 0.0, 0.5])
def test_the_slope_by_squared_coma_is_that_of_the_overlap(defocus: float) -> None:
    def wave(strength: float) -> Wavefront:
        return lambda x, y, _u, _v: strength * y * (x * x + y * y) + 0.2 * (x * x + y * y) ** 2

    here = np.zeros(2)
    along, across, _ = by_squares(FREQUENCY * AIRY_PX, np.array([defocus]), 0.2)
    for slope, normal in ((along, (0.0, 1.0)), (across, (1.0, 0.0))):
        some, none = (response(wave(coma), defocus + FOCUS, here, np.array(normal)) for coma in (0.1, 0.0))
        assert slope[0] == pytest.approx((some - none) / 0.1**2, abs=0.01)
