"""Measured profiles of edges held against those of a lens whose SFR is known.

An SFR measured for its own sake needs a window: it must not depend on what it is going to be used for, and noise from
flat parts of the picture carries no signal. But whatever the window keeps out is lost to a model that would have known
what to expect there, and what the window cuts off is a bias. Where the profile of a model is at hand, all of the strip
can be used: by generalised least squares, with all that a strip may have beside the lens's response left free (both
levels, the light's gradient across the edge, the edge's place, and its skew where blur changes across it).

The estimate of D(f) = S(f) − T̂(f), with T the normal fit that the residuals are about, is that of a response which is
straight between the k frequencies asked for: a profile Σ D_k ψ_k(u). That is no approximation of the model, whose own
profile is projected in the same way (:meth:`Comparison.seen`), but only decides what part of the data is looked at.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from appliance.sfr._bins import H
from appliance.sfr._normal import F64, cumulative, density

EDGES_PER_CHUNK = 128
STEP_CPP = 0.002
STRUCTURE, ALIKE_PX = 1e-4, 2.0
"""Standard deviation of what no model knows of a profile, in parts of the contrast, and over how far it is alike."""
LEAST_SKEW = 3e-4
"""Standard deviation of the skew of an edge, in parts of the contrast: coma is of opposite sign on opposite edges."""
SFR_PRIOR = 1.0
"""Standard deviation expected of D: keeps what a strip cannot tell at bay."""


@dataclass(frozen=True)
class Profiles:
    """Profiles of n edges in K bins at ``u`` (K,) px from the edge, the light side positive, less their normal fits T.

    ``count`` (n, K) samples and their mean ``residual`` (n, K); ``sigma`` (n,) px of T; levels ``dark`` and noise of a
    sample on either side, ``noise_dark`` and ``noise_light`` (n,); standard deviation of what no model knows of the
    profile, ``structure`` (n,), and of its ``skew`` (n,). All but counts in parts of the edge's contrast.
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

    def take(self, index: Any) -> Profiles:
        """The profiles of an index array."""
        return Profiles(self.u, *(getattr(self, f.name)[index] for f in fields(self)[1:]))

    @property
    def rise(self) -> F64:
        """(n, K) the normal fit T."""
        return cumulative(self.u[None, :] / self.sigma[:, None])

    @property
    def lit(self) -> F64:
        """(n, K) what light that grows by its own amount per px across the edge adds."""
        return np.asarray(self.u[None, :] * (self.dark[:, None] + self.rise))

    @property
    def weight(self) -> F64:
        """(n, K) inverse variance of each bin's mean; 0 where there is no sample."""
        rise = self.rise
        variance = np.square(self.noise_dark)[:, None] * (1 - rise)
        variance += np.square(self.noise_light)[:, None] * rise
        return np.asarray(
            self.count / (variance + self.count * np.square(self.structure)[:, None] * (ALIKE_PX / H))
        )


def nodes_of(top_cpp: float, reach_px: float) -> tuple[F64, F64]:
    """Frequencies and weights (F,) for a profile out to ``reach_px``: Gauss-Legendre from 0 to ``top_cpp``."""
    count = int(24 + 3.0 * top_cpp * reach_px)
    x, w = np.polynomial.legendre.leggauss(count)
    return (x + 1) / 2 * top_cpp, w / 2 * top_cpp


@dataclass(frozen=True)
class Comparison:
    """What profiles of n edges say of their SFR at k frequencies, and what those of a lens would have said.

    ``sfr`` (n, k) with ``covariance`` (n, k, k), of which ``count`` independent values count. Of edges with the SFR S
    (n, F) at the frequencies ``nodes_cpp`` (F,) it would be ``matrix`` (n, k, F) S + ``constant`` (n, k).
    """

    sfr: F64
    covariance: F64
    count: int
    nodes_cpp: F64
    matrix: F64
    constant: F64

    def seen(self, sfr: F64) -> F64:
        """(n, k) what edges with these SFR (n, F), pixel aperture included, would have given."""
        return np.asarray(np.einsum("nkf,nf->nk", self.matrix, sfr) + self.constant)

    def slope(self, change: F64) -> F64:
        """(n, k, p) changes of what is seen with changes (n, F, p) of the SFR."""
        return np.asarray(self.matrix @ change)


def compare(
    profiles: Profiles,
    frequency_cpp: F64,
    top_cpp: float,
    stray: F64 | None = None,
    gradient: F64 | None = None,
    gradient_sd: float = 1e-3,
) -> Comparison:
    """Compare n profiles with those of lenses, at k frequencies.

    Parameters
    ----------
    profiles:
        As :func:`measure_edges` keeps them.
    frequency_cpp:
        (k,) frequencies, cycles per pixel.
    top_cpp:
        Where the SFR of the lenses to compare with ends.
    stray:
        (n, K) what else lies in the profiles, parts of the contrast.
    gradient, gradient_sd:
        (n,) the light's relative change per px towards the light side, as far as it is known, and how well it is.
    """
    u = profiles.u
    nodes = nodes_of(top_cpp, float(u[-1]))
    waves = _profiles_of_waves(u, *nodes)
    basis = _hats(u, frequency_cpp)
    edges = np.arange(len(profiles.sigma))
    beside = np.zeros(profiles.count.shape) if stray is None else stray
    if gradient is not None:
        beside = beside + gradient[:, None] * profiles.lit
    parts = [
        _compared(profiles.take(chunk), frequency_cpp, basis, waves, beside[chunk], gradient_sd)
        for chunk in np.split(edges, range(EDGES_PER_CHUNK, len(edges), EDGES_PER_CHUNK))
    ]
    sfr, covariance, count, matrix, constant = (np.concatenate(part) for part in zip(*parts, strict=True))
    return Comparison(sfr, covariance, round(float(count.sum())), nodes[0], matrix, constant)


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


def _compared(
    p: Profiles, frequency: F64, basis: F64, waves: F64, stray: F64, gradient_sd: float
) -> tuple[F64, F64, F64, F64, F64]:
    """``sfr``, ``covariance``, counts (n,), ``matrix`` and ``constant`` of some edges."""
    n, many = len(p.sigma), basis.shape[1]
    weight, rise = p.weight, p.rise
    bump = density(p.u[None, :] / p.sigma[:, None])
    skew = bump * np.square(p.u[None, :] / p.sigma[:, None])
    free = np.stack([1 - rise, rise, p.lit, bump, skew], axis=1)
    weighted = free * weight[:, None, :]
    normal = weighted @ free.transpose(0, 2, 1)
    normal[:, 2, 2] += 1 / gradient_sd**2
    normal[:, 4, 4] += 1 / np.square(p.skew)
    scale = 1 / np.sqrt(np.maximum(np.einsum("npp->np", normal), 1e-30))
    inverse = np.linalg.inv(normal * scale[:, :, None] * scale[:, None, :] + 1e-10 * np.eye(free.shape[1]))
    inverse *= scale[:, :, None] * scale[:, None, :]
    by_free = weighted @ basis  # (n, 5, k)
    lever = by_free.transpose(0, 2, 1) @ inverse  # (n, k, 5)

    def projected(values: F64) -> F64:
        """(n, k, …) of (K, …) profiles alike for all edges: ψᵀ times the weight that is left of the free terms."""
        own = (weight @ (basis[:, :, None] * values[:, None, :]).reshape(len(p.u), -1)).reshape(n, many, -1)
        return np.asarray(own - lever @ (weighted @ values))

    def projected_each(values: F64) -> F64:
        """(n, k) of one profile (n, K) for each edge."""
        own = (weight * values) @ basis
        return np.asarray(own - np.einsum("nkp,np->nk", lever, np.einsum("npu,nu->np", weighted, values)))

    information = projected(basis)
    gain = np.linalg.inv(information + np.eye(many) / SFR_PRIOR**2)
    known = gain @ information
    gauss = np.exp(-2 * np.square(np.pi * frequency[None, :] * p.sigma[:, None]))
    seen = np.einsum("nkl,nl->nk", gain, projected_each(p.residual))
    fixed = np.einsum("nkl,nl->nk", gain, projected_each(0.5 - rise + stray))
    return (
        np.asarray(gauss + seen),
        np.asarray(gain),
        np.einsum("nkk->n", known),
        np.asarray(gain @ projected(waves)),
        np.asarray(gauss + fixed),
    )
