"""Quantiles of Student's t, χ² and F, for intervals from few repeats; scipy would cost a Pi 112 MB for these three."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from math import exp, inf, lgamma, log, sqrt

_TINY = 1e-300
_TERMS = 500
"""Of the continued fractions; they converge in fewer than a hundred for up to 10⁴ degrees of freedom."""


@cache
def t_quantile(p: float, dof: float) -> float:
    """Quantile ``p`` of Student's t with ``dof`` degrees of freedom (not a whole number where effective)."""
    if p == 0.5:
        return 0.0
    tail = 2 * min(p, 1 - p)
    x = _inverse(lambda x: incomplete_beta(dof / 2, 0.5, x), tail)
    t = sqrt(dof * (1 - x) / x) if x > 0 else inf
    return t if p > 0.5 else -t


@cache
def f_quantile(p: float, dof1: float, dof2: float) -> float:
    """Quantile ``p`` of F with ``dof1`` and ``dof2`` degrees of freedom."""
    if p > 0.5:  # there the place is close to 1, and its distance from it is what counts
        return 1 / f_quantile(1 - p, dof2, dof1)
    x = _inverse(lambda x: incomplete_beta(dof1 / 2, dof2 / 2, x), p)
    return dof2 * x / (dof1 * (1 - x)) if x < 1 else inf


@cache
def chi2_quantile(p: float, dof: float) -> float:
    """Quantile ``p`` of χ² with ``dof`` degrees of freedom."""
    high = dof
    while incomplete_gamma(dof / 2, high / 2) < p:
        high *= 2
    return high * _inverse(lambda share: incomplete_gamma(dof / 2, share * high / 2), p)


def incomplete_beta(a: float, b: float, x: float) -> float:
    """Regularised incomplete beta function I_x(a, b), by its continued fraction (DLMF 8.17.22)."""
    if x <= 0 or x >= 1:
        return float(x >= 1)
    if x > (a + 1) / (a + b + 2):
        return 1 - incomplete_beta(b, a, 1 - x)
    front = exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log(1 - x)) / a

    def coefficient(k: int) -> float:
        m = k // 2
        if k % 2 == 0:
            return m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        return -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))

    return front / _continued(lambda k: (coefficient(k), 1.0), 1.0)


def incomplete_gamma(a: float, x: float) -> float:
    """Regularised lower incomplete gamma function P(a, x): its series (DLMF 8.7.1) or continued fraction (8.9.2)."""
    if x <= 0:
        return 0.0
    front = exp(a * log(x) - x - lgamma(a))
    if x < a + 1:
        term = total = 1 / a
        for n in range(1, 100_000):
            term *= x / (a + n)
            total += term
            if term < 1e-16 * total:
                break
        return front * total
    return 1 - front / _continued(lambda k: (-k * (k - a), x + 2 * k + 1 - a), x + 1 - a)


def _continued(terms: Callable[[int], tuple[float, float]], first: float) -> float:
    """b₀ + a₁/(b₁ + a₂/(b₂ + …)) with (a_k, b_k) = ``terms(k)``, by Lentz's method (DLMF 3.10)."""
    value = c = first or _TINY
    d = 0.0
    for k in range(1, _TERMS):
        a, b = terms(k)
        d = 1 / ((b + a * d) or _TINY)
        c = (b + a / c) or _TINY
        value *= c * d
        if abs(c * d - 1) < 1e-15:
            break
    return value


def _inverse(cdf: Callable[[float], float], p: float) -> float:
    """Where ``cdf``, rising from 0 to 1 on [0, 1], is ``p``; by bisection in the end that is the more finely told."""
    low, high = 0.0, 1.0
    for _ in range(200):
        middle = (low + high) / 2
        if low > 0 and high / low > 2:
            middle = sqrt(low * high)
        elif low == 0 and high > _TINY:
            middle = high / 16 if high < 1e-3 else high / 2
        if middle in (low, high):
            break
        if cdf(middle) < p:
            low = middle
        else:
            high = middle
    return (low + high) / 2
