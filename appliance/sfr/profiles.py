"""Measured profiles of edges held against those of a lens whose SFR is known.

An SFR measured for its own sake needs a window: it must not depend on what it is going to be used for, and noise from
flat parts of the picture carries no signal. But whatever the window keeps out is lost to a model that would have known
what to expect there, and what the window cuts off is a bias. Where the profile of a model is at hand, all of the strip
can be used: by generalised least squares, with all that a strip may have beside the lens's response left free (both
levels, the light's gradient across the edge, the edge's place, and its skew where blur changes across it).

The estimate of D(f) = S(f) − T̂(f), with T the normal fit that the residuals are about, is that of a response which is
straight between the k frequencies asked for: a profile Σ D_k ψ_k(u). That is no approximation of the model, whose own
profile is projected in the same way (:meth:`SfrFit.seen`), but only decides what part of the data is looked at.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np

from appliance.robust import scaled_inverse
from appliance.sfr._bins import H
from appliance.sfr._gaussian import F64, cumulative, density

EDGES_PER_CHUNK = 128
STEP_CPP = 0.002
STRUCTURE, ALIKE_PX = 1e-4, 2.0
"""Standard deviation of what no model knows of a profile, in parts of the contrast, and over how far it is alike."""
MIN_SKEW = 3e-4
"""Standard deviation of the skew of an edge, in parts of the contrast: coma is of opposite sign on opposite edges."""
SFR_PRIOR = 1.0
"""Standard deviation expected of D: keeps what a strip cannot tell at bay."""


@dataclass(frozen=True)
class Profiles:
    """Profiles of n edges in K bins at ``u`` (K,) px from the edge, the light side positive, less their normal fits T.

    ``count`` (n, K) samples and their mean ``residual`` (n, K); ``sigma`` (n,) px of T; levels ``dark`` and noise of a
    sample on either side, ``noise_dark`` and ``noise_light`` (n,); standard deviation of what no model knows of the
    profile, ``structure`` (n,), and of its ``skew`` (n,). All that in parts of the edge's contrast. The edge was
    ``found_px`` (n,) from the bins' origin.
    """

    u: F64
    count: F64
    residual: F64
    sigma: F64
    dark: F64
    noise_dark: F64
    noise_light: F64
    structure: F64
    skew: F64
    found_px: F64

    def take(self, index: Any) -> Profiles:
        """The profiles of an index array."""
        return Profiles(self.u, *(getattr(self, f.name)[index] for f in fields(self)[1:]))

    def between(self, dark: F64, light: F64) -> Profiles:
        """The same in parts of the contrast between other levels, (n,) each in parts of the present contrast."""
        contrast = light - dark
        step = self.step
        seen = (self.dark - dark)[:, None] + step + self.residual
        return replace(
            self,
            residual=np.where(self.count > 0, seen / contrast[:, None] - step, 0.0),
            dark=dark / contrast,
            noise_dark=self.noise_dark / contrast,
            noise_light=self.noise_light / contrast,
        )

    @property
    def step(self) -> F64:
        """(n, K) the normal fit T."""
        return cumulative(self.u[None, :] / self.sigma[:, None])

    @property
    def shift_term(self) -> F64:
        """(n, K) what a shift by 1 px towards the light side adds."""
        return np.asarray(-density(self.u[None, :] / self.sigma[:, None]) / self.sigma[:, None])

    @property
    def gradient_term(self) -> F64:
        """(n, K) what light that grows by its own amount per px across the edge adds."""
        return np.asarray(self.u[None, :] * (self.dark[:, None] + self.step))

    @property
    def weight(self) -> F64:
        """(n, K) inverse variance of each bin's mean; 0 where there is no sample."""
        step = self.step
        variance = np.square(self.noise_dark)[:, None] * (1 - step)
        variance += np.square(self.noise_light)[:, None] * step
        return np.asarray(
            self.count / (variance + self.count * np.square(self.structure)[:, None] * (ALIKE_PX / H))
        )


def nodes_of(top_cpp: float, reach_px: float) -> tuple[F64, F64]:
    """Frequencies and weights (F,) for a profile out to ``reach_px``: Gauss-Legendre from 0 to ``top_cpp``."""
    count = int(24 + 3.0 * top_cpp * reach_px)
    x, w = np.polynomial.legendre.leggauss(count)
    return (x + 1) / 2 * top_cpp, w / 2 * top_cpp


def expected(sfr: F64, top_cpp: float, u: F64) -> F64:
    """(n, K) profiles of edges with the SFR (n, F), pixel aperture included, at the nodes of :func:`nodes_of`."""
    return np.asarray(0.5 + sfr @ _profiles_of_waves(u, *nodes_of(top_cpp, float(u[-1]))).T)


@dataclass(frozen=True)
class SfrFit:
    """What profiles of n edges say of their SFR at k frequencies, and what those of a lens would have said.

    ``sfr`` (n, k) with ``covariance`` (n, k, k), of which ``count`` (n,) independent values count. Of edges with the
    SFR S (n, F) at the frequencies ``nodes_cpp`` (F,) it would be ``matrix`` (n, k, F) S + ``constant`` (n, k). If dark
    and light levels were higher than was known beforehand, it would be more by ``by_levels`` (n, k, 2).
    """

    sfr: F64
    covariance: F64
    count: F64
    nodes_cpp: F64
    matrix: F64
    constant: F64
    by_levels: F64

    def seen(self, sfr: F64) -> F64:
        """(n, k) what edges with these SFR (n, F), pixel aperture included, would have given."""
        return np.asarray(np.einsum("nkf,nf->nk", self.matrix, sfr) + self.constant)

    def slope(self, change: F64) -> F64:
        """(n, k, p) changes of what is seen with changes (n, F, p) of the SFR."""
        return np.asarray(self.matrix @ change)

    def take(self, index: Any) -> SfrFit:
        """That of the edges of an index array."""
        own = {f.name: getattr(self, f.name)[index] for f in fields(self) if f.name != "nodes_cpp"}
        return SfrFit(nodes_cpp=self.nodes_cpp, **own)


@dataclass(frozen=True)
class EsfPriors:
    """What is known of n strips in K bins before they are compared.

    ``beside`` (n, K) is what lies in the profiles beside the lens's response, in parts of the contrast. Standard
    deviations of what is not in it yet: of the levels of either side, ``dark_sd`` and ``light_sd`` (n,), of the
    edge's place, ``place_sd`` (n,) px, and of the light's relative change per px across the edge, ``gradient_sd``.
    """

    beside: F64
    dark_sd: F64
    light_sd: F64
    place_sd: F64
    gradient_sd: float = 1e-3

    @classmethod
    def nothing(cls, profiles: Profiles) -> EsfPriors:
        """Where edges tell all by themselves."""
        free = np.full(len(profiles.sigma), np.inf)
        return cls(np.zeros(profiles.count.shape), free, free, free)

    def take(self, index: Any) -> EsfPriors:
        """That of the strips of an index array."""
        return replace(
            self,
            beside=self.beside[index],
            dark_sd=self.dark_sd[index],
            light_sd=self.light_sd[index],
            place_sd=self.place_sd[index],
        )


def fit_sfr(
    profiles: Profiles,
    frequency_cpp: F64,
    top_cpp: float,
    known: EsfPriors | None = None,
    antisymmetric_only: bool = False,
) -> SfrFit:
    """Compare n profiles with those of lenses, at k frequencies.

    Parameters
    ----------
    profiles:
        As :func:`measure_edges` keeps them.
    frequency_cpp:
        (k,) frequencies, cycles per pixel.
    top_cpp:
        Where the SFR of the lenses to compare with ends.
    known:
        What is known beforehand; nothing by default.
    lopsided:
        Whether the lens may throw more light to one side, as coma does. Then either side of an edge counts as much as
        the other, so that what is alike on both tells nothing, however large it is.
    """
    known = known or EsfPriors.nothing(profiles)
    u = profiles.u
    nodes = nodes_of(top_cpp, float(u[-1]))
    waves = _profiles_of_waves(u, *nodes)
    basis = _hats(u, frequency_cpp)
    edges = np.arange(len(profiles.sigma))
    parts = [
        _compared(profiles.take(chunk), frequency_cpp, basis, waves, known.take(chunk), antisymmetric_only)
        for chunk in np.split(edges, range(EDGES_PER_CHUNK, len(edges), EDGES_PER_CHUNK))
    ]
    sfr, covariance, count, matrix, constant, levels = (
        np.concatenate(part) for part in zip(*parts, strict=True)
    )
    return SfrFit(sfr, covariance, count, nodes[0], matrix, constant, levels)


def _profiles_of_waves(u: F64, frequency: F64, weight: F64) -> F64:
    """(K, F) what an SFR of 1 at one frequency adds to the profile in bins, less the half that is always there."""
    wave = np.sin(2 * np.pi * np.outer(u, frequency))
    return np.asarray(wave * (weight * np.sinc(frequency * H) / (np.pi * frequency)))


def _hats(u: F64, frequency: F64) -> F64:
    """(K, k) profiles ψ of an SFR that rises from 0 to 1 at one frequency of a list, and falls to 0 at the next."""
    end = 2 * frequency[-1] - frequency[-2]
    fine = np.arange(0.5 * STEP_CPP, end, STEP_CPP)
    grid = np.concatenate([[0.0], frequency, [end]])
    hats = np.stack([np.interp(fine, grid, unit) for unit in np.eye(len(grid))[1:-1]], axis=1)
    return np.asarray(_profiles_of_waves(u, fine, np.full(len(fine), STEP_CPP)) @ hats)


def _beside(p: Profiles, known: EsfPriors, antisymmetric_only: bool) -> tuple[F64, F64, list[F64]]:
    """Weights (n, K) of the bins, what else may lie in the profiles (n, free, K), and its standard deviations (n,).

    It is dark and light level, the light's gradient, the edge's place, and its skew.
    """
    weight, step, n = p.weight, p.step, len(p.sigma)
    skew = density(p.u[None, :] / p.sigma[:, None]) * np.square(p.u[None, :] / p.sigma[:, None])
    free = np.stack([1 - step, step, p.gradient_term, p.shift_term, skew], axis=1)
    gradient_sd = np.full(n, known.gradient_sd)
    if not antisymmetric_only:
        return weight, free, [known.dark_sd, known.light_sd, gradient_sd, known.place_sd, p.skew]
    opposite = weight[:, ::-1]
    weight = 2 * weight * opposite / np.maximum(weight + opposite, 1e-30)
    # of what is not alike on both sides there is the contrast and the light's gradient
    return (
        weight,
        (free - free[..., ::-1])[:, 1:3] / 2,
        [np.hypot(known.dark_sd, known.light_sd), gradient_sd],
    )


def _compared(
    p: Profiles, frequency: F64, basis: F64, waves: F64, known: EsfPriors, antisymmetric_only: bool
) -> tuple[F64, F64, F64, F64, F64, F64]:
    """``sfr``, ``covariance``, counts (n,), ``matrix``, ``constant`` and ``by_levels`` of some edges."""
    n, many = len(p.sigma), basis.shape[1]
    step = p.step
    weight, free, sds = _beside(p, known, antisymmetric_only)
    weighted = free * weight[:, None, :]
    normal = weighted @ free.transpose(0, 2, 1)
    for k, sd in enumerate(sds):
        normal[:, k, k] += 1 / np.square(sd)
    inverse = scaled_inverse(normal)
    half = len(p.u) // 2
    even = weight[:, half:] + weight[:, half - 1 :: -1]
    odd = weighted[..., half:] - weighted[..., half - 1 :: -1]
    by_free = odd @ basis[half:]  # (n, free, k)
    lever = by_free.transpose(0, 2, 1) @ inverse  # (n, k, free)

    def projected(values: F64) -> F64:
        """(n, k, …) of odd profiles (K, …) alike for all edges: ψᵀ times the weight that is left of the free terms."""
        # ψ is odd too, so that both sides of the edge go into the long products as one
        pairs = (basis[half:, :, None] * values[half:, None, :]).reshape(len(p.u) - half, -1)
        return np.asarray((even @ pairs).reshape(n, many, -1) - lever @ (odd @ values[half:]))

    def projected_each(values: F64) -> F64:
        """(n, k) of one profile (n, K) for each edge."""
        own = (weight * values) @ basis
        return np.asarray(own - np.einsum("nkp,np->nk", lever, np.einsum("npu,nu->np", weighted, values)))

    information = projected(basis)
    gain = np.linalg.inv(information + np.eye(many) / SFR_PRIOR**2)
    telling = gain @ information
    gauss = np.exp(-2 * np.square(np.pi * frequency[None, :] * p.sigma[:, None]))
    seen = np.einsum("nkl,nl->nk", gain, projected_each(p.residual))
    fixed = np.einsum("nkl,nl->nk", gain, projected_each(0.5 - step + known.beside))
    levels = [np.einsum("nkl,nl->nk", gain, projected_each(side)) for side in (1 - step, step)]
    return (
        np.asarray(gauss + seen),
        np.asarray(gain),
        np.einsum("nkk->n", telling),
        np.asarray(gain @ projected(waves)),
        np.asarray(gauss + fixed),
        np.stack(levels, axis=2),
    )
