"""Where focus lies: a physical through-focus model, fitted to every frequency of every edge.

Each edge segment j lies at its own depth; its defocus, in waves of wavefront error at the pupil's rim, is linear in
dioptres (not in millimetres). The model of its SFR at frequency ν is

    S(ν) = A(ν) · exp(−2π² ν² (σ_p² g_j² + l + v_j)) · [mean of OTF(ν; W020, W040) + E(ν, w_j)]
    w_j = κ (q_j − q_f − b x_j − d r_j² − a t_j − e ((n_j · r_j)² − r_j²/2)),   W020 = w_j − W040

with q the depth in waves, σ_p the print's spread on paper, g the local scale in px/mm, l a blur of the lens itself that
is alike at all depths (variance in px²) and A(ν), near 1 and smooth, whatever else is (the pixel aperture is divided
out before), κ the ratio of the actual to the nominal cone of light, b and d field tilt and curvature, a and e
astigmatism that is even over the picture (t_j by the edge's direction) and that grows as the radius squared, and v_j
what a smear in any direction, as motion leaves it, adds across the edge (variance in px²) to its mean, in l. What the
data would show of it, ink nearby included, is foreseen (``foresight.py``, ``strips.py``). E is what the lens's
wavefront has beyond defocus and spherical aberration: free at every frequency (four cosines with a prior), but even
about best focus, so that a lens, or a world, that does not follow the model widens the interval instead of moving the
result. What astigmatism blurs of edges askew to it is taken out of the data, as is what the edges tell of faults that
the shape has not: coma, what changes over the picture otherwise, what is of sixth order (``faults.py``,
``further.py``). What is off even so is weighed by how far it is off (``missed.py``). What else tells of the same shape,
the widely blurred parts of the picture (``whole.py``), comes in as one quadratic form.

**Best focus** q_f is the *diffraction focus*: the plane of least RMS wavefront error, where W020 = −W040 for the
remaining spherical aberration. There the peak of the point spread (Strehl ratio) is highest, it does not depend on a
choice of frequency or pixel, and every frequency's response is near its own maximum; paraxial focus lies W040 waves
beside it and is nobody's idea of sharp. With field curvature or tilt, q_f is the value on the optical axis. A tilt of
the sensor along the chart's slope cannot be told from a change of slope by one photo; then q_f is where the chart is
sharpest on the column through the aim point. All edges run nearly along or across the tilt: of a pinched lens, whose
focus changes four times in a turn, q_f is that of such edges.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from appliance.focus.further import EXACT_PART, LINEAR_PART, Further, crossing, found, nothing
from appliance.focus.missed import HIDDEN_PART, STRANGE_CHI2, unknown, usual_miss
from appliance.focus.model import EVEN_TERMS, Model, print_log_amplitude, split
from appliance.focus.pupil import PupilTable
from appliance.focus.segments import (
    AMPLITUDE,
    FOCUS,
    KAPPA,
    LENS_BLUR,
    PRINT,
    SHAPE_PARAMETERS,
    SMEAR,
    SMEAR_LEAN,
    SPHERICAL,
    Array,
    Segments,
)
from appliance.focus.solve import Solution, explored, gauss_newton, q_sd_of
from appliance.focus.terms import EVEN_SD_STRANGE, SMEAR_SD_STRANGE, SPHERICAL_SD_STRANGE, Terms

CONVINCING = 12.0
"""By how much a lens with more aberration, or a bench with more smear, than usual must lower −2 log posterior."""
LOG_AMPLITUDE_SD = 0.35
"""Standard deviation of the log amplitude at each frequency by itself, where a fit's start is searched for."""
CROSSED_ROUNDS = 2
"""So often is taken out what astigmatism blurs of edges askew to it, before anything further is looked for."""
FURTHER_ROUNDS, SETTLED = 12, 0.05
"""So often is looked for more; it ends when focus moves by less than this of its standard deviation."""
ANOTHER_STOP = 0.25
"""A cone that is off by more is another stop, which looks like much else: then nothing further is looked for."""
EXPLORE_FROM_UM = 0.2
"""A focus known to better than this on the image side needs no look at the shape of its likelihood."""


@dataclass(frozen=True)
class ThroughFocus:
    """Outcome of the fit.

    ``q_focus``, ``q_sd`` (from noise) and ``q_unknown`` (from what no model knows, see ``missed.py``, and
    how far looser and ``further`` terms moved focus) in waves; ``parameters`` (p,) all that was fitted, ``shape`` the
    first of them by index (FOCUS … LENS_BLUR), with their ``covariance`` (p, p) scaled by the reduced chi-square;
    ``piece_chi2`` (n,) is that of each piece; ``log_amplitude`` (k,) is the log of all that blurs alike, at the median
    scale; ``coma_waves`` is that of a decentred lens.
    """

    q_focus: float
    q_sd: float
    q_unknown: float
    parameters: Array
    shape: Array
    log_amplitude: Array
    even: Array
    even_scale: float
    covariance: Array
    reduced_chi2: float
    piece_chi2: Array
    further: tuple[str, ...] = ()
    coma_waves: float = 0.0

    @property
    def q_paraxial(self) -> float:
        """Where rays near the axis meet, W020 = 0, in waves."""
        return self.q_focus + float(self.shape[SPHERICAL] / self.shape[KAPPA])

    def moved(self, waves: float) -> ThroughFocus:
        """The same with all depths ``waves`` farther away."""
        parameters = self.parameters.copy()
        parameters[FOCUS] += waves
        return replace(
            self,
            q_focus=self.q_focus + waves,
            parameters=parameters,
            shape=parameters[:SHAPE_PARAMETERS],
        )


def search(data: Segments, table: PupilTable, candidates: Array, terms: Terms) -> tuple[Array, Array]:
    """Try each focus position of ``candidates`` (c,) in waves, which may reach beyond the chart, at nominal shape.

    Returns
    -------
    Parameters (p,) for :func:`fit` to start from, and the (c,) chi-square.
    """
    model = Model(data, table, terms.error)
    prior = print_log_amplitude(data.frequency_cpp, terms.print_sigma_mm[0], float(np.sqrt(model.g2_mean)))
    per_variance = -2 * np.pi**2 * data.frequency_cpp**2 * model.g2_mean
    prior_sd = np.hypot(LOG_AMPLITUDE_SD, per_variance * terms.print_variance[1])
    chi2, amplitudes = model.scan(candidates, prior, prior_sd)
    best = int(np.argmin(chi2))
    start, _ = terms.priors(len(data.frequency_cpp))
    start[FOCUS] = candidates[best]
    start[PRINT] = max(float(per_variance @ amplitudes[best] / (per_variance @ per_variance)), 0.0)
    return start, chi2


def fit(
    data: Segments,
    table: PupilTable,
    start: Array,
    terms: Terms,
    flexible: bool = True,
    further: bool = True,
    explore: bool = True,
) -> ThroughFocus:
    """Fit the through-focus model.

    Parameters
    ----------
    data, table:
        The measured segments and the pupil's OTF at their frequencies.
    start:
        (p,) parameters to start from, of :func:`search` or of a fit to the same frequencies.
    flexible:
        Let the even terms loose where the lens does not follow the model.
    further:
        Look for what the lens has beyond the shape.
    explore:
        Walk the likelihood where it matters for ``q_sd``; takes as long as all the rest.
    """
    model = Model(data, table, terms.error)
    model.centre_even(float(start[FOCUS]))
    mean, sd = terms.priors(len(data.frequency_cpp))
    best, sd = _convinced(model, gauss_newton(model, start, mean, sd), mean, sd)
    best, crossed = _uncrossed(model, best, mean, sd)
    more, moved, apart = crossed, 0.0, 0.0
    if further and abs(best.v[KAPPA] - 1) < ANOTHER_STOP:
        plain = best
        best, more, terms = _further(model, best, mean, sd, terms, crossed)
        moved = np.hypot(EXACT_PART * (best.v[FOCUS] - plain.v[FOCUS]), LINEAR_PART * more.q_linear)
    if flexible and best.reduced_chi2 > STRANGE_CHI2:
        rigid = best
        sd[SHAPE_PARAMETERS:] = EVEN_SD_STRANGE
        best = gauss_newton(model, best.v, mean, sd)
        # two ways to describe what follows neither quite: the truth may be at either
        apart = float(best.v[FOCUS] - rigid.v[FOCUS]) / 2
    q_sd = float(np.hypot(q_sd_of(best), np.sqrt(more.q_variance)))
    if explore and q_sd > EXPLORE_FROM_UM / terms.um_per_wave:
        q_sd = explored(model, best, mean, sd, q_sd)
    hidden = HIDDEN_PART * q_sd if terms.faulty or more.chosen else 0.0
    q_unknown = float(np.hypot.reduce([unknown(model, best, terms.missed), moved, apart, hidden]))
    return _outcome(model, best, q_sd, q_unknown, more)


def _outcome(model: Model, best: Solution, q_sd: float, q_unknown: float, further: Further) -> ThroughFocus:
    frequency = model.data.frequency_cpp
    shape, even = split(best.v, len(frequency))
    blur = -2 * np.pi**2 * frequency**2 * (model.g2_mean * shape[PRINT] + shape[LENS_BLUR])
    return ThroughFocus(
        q_focus=float(best.v[FOCUS]),
        q_sd=q_sd,
        q_unknown=q_unknown,
        parameters=best.v,
        shape=shape,
        log_amplitude=model.curves.amplitude @ shape[AMPLITUDE] + blur,
        even=even,
        even_scale=model.even_scale,
        covariance=np.asarray(np.linalg.pinv(best.normal) * max(best.reduced_chi2, 1.0), float),
        reduced_chi2=best.reduced_chi2,
        piece_chi2=model.piece_chi2(best.v),
        further=further.names,
        coma_waves=further.coma_waves,
    )


def _uncrossed(model: Model, best: Solution, mean: Array, sd: Array) -> tuple[Solution, Further]:
    """The fit with what the shape's own astigmatism blurs across its axes taken out of the data."""
    known = nothing(model)
    for _ in range(CROSSED_ROUNDS):
        more = replace(known, value=crossing(model, best.v))
        if not (known.value.any() or more.value.any()):
            break
        _take_out(model, more)
        best, known = gauss_newton(model, best.v, mean, sd), more
    return best, known


def _further(
    model: Model, best: Solution, mean: Array, sd: Array, terms: Terms, known: Further
) -> tuple[Solution, Further, Terms]:
    """The fit with what the photo shows of the lens beyond its shape, and is not ``known`` yet, taken out of the data.

    What is missed still weighs the edges, so that more may be found.
    """
    for _ in range(FURTHER_ROUNDS):
        more = found(model, best, known, terms.um_per_wave)
        if not more.chosen:
            break
        before = best
        _take_out(model, more)
        best = gauss_newton(model, best.v, mean, sd)
        if best.reduced_chi2 > before.reduced_chi2:
            _take_out(model, known)
            return before, known, terms
        nothing_new, known = set(more.chosen) == set(known.chosen), more
        if terms.missed:
            terms = replace(terms, missed=usual_miss(model, best.v, terms.model_error))
            model.weigh(terms.error)
            best = gauss_newton(model, best.v, mean, sd)
        if nothing_new and abs(best.v[FOCUS] - before.v[FOCUS]) < SETTLED * q_sd_of(best):
            break
    return best, known, terms


def _take_out(model: Model, further: Further) -> None:
    model.bend(further.moved)
    model.y = model.data.sfr - further.value


def _convinced(model: Model, best: Solution, mean: Array, sd: Array) -> tuple[Solution, Array]:
    """The fit with much spherical aberration or smear, where that convinces, and the priors (p,) that it has then."""
    for members, strange in (([SPHERICAL], SPHERICAL_SD_STRANGE), ([SMEAR, SMEAR_LEAN], SMEAR_SD_STRANGE)):
        if (np.abs(best.v[members]) > sd[members] / 2).any():
            loose_sd = sd.copy()
            loose_sd[members] = strange
            loose = gauss_newton(model, best.v, mean, loose_sd)
            if loose.cost < best.cost - CONVINCING:
                best, sd = loose, loose_sd
    return best, sd


def _model_of(fit: ThroughFocus, data: Segments, table: PupilTable, error: float) -> Model:
    model = Model(data, table, error)
    model.even_scale = fit.even_scale
    model.y = model.data.sfr - crossing(model, fit.parameters)
    return model


def misfit(data: Segments, table: PupilTable, fit: ThroughFocus, terms: Terms) -> Array:
    """(n,) chi-square of each piece."""
    return _model_of(fit, data, table, terms.error).piece_chi2(fit.parameters)


def missed_by(fit: ThroughFocus, data: Segments, table: PupilTable, terms: Terms) -> float:
    """By how much each response of most edges is off a fit, beyond noise; 0 for a lens that follows it."""
    if fit.reduced_chi2 < 1:
        return 0.0
    return usual_miss(_model_of(fit, data, table, terms.model_error), fit.parameters, terms.model_error)


def curve(fit: ThroughFocus, table: PupilTable, q: Array) -> Array:
    """(n, k) SFR of the fitted model on the optical axis at depths ``q`` (n,) in waves."""
    w = fit.shape[KAPPA] * (q - fit.q_focus)
    value, _ = table.at_spherical(fit.shape[SPHERICAL])[0](w - fit.shape[SPHERICAL])
    phase = np.outer(np.clip(fit.even_scale * w, -np.pi, np.pi), np.arange(1, EVEN_TERMS + 1))
    return np.asarray(np.exp(fit.log_amplitude) * (value + np.cos(phase) @ fit.even), float)
