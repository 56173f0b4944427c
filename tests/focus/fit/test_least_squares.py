"""The equations of the through-focus fit, put together by blocks, are those of the whole Jacobian."""

from __future__ import annotations

import numpy as np

from appliance.focus.fit.least_squares import normal_equations
from appliance.focus.lens.parameters import EVEN_TERMS, SHAPE_PARAMETERS


def test_blocks_make_the_same_equations_as_the_dense_product() -> None:
    rng = np.random.default_rng(1)
    n, k, terms = 30, 7, EVEN_TERMS
    jacobian = np.zeros((n, k, SHAPE_PARAMETERS + terms * k))
    jacobian[..., :SHAPE_PARAMETERS] = rng.normal(size=(n, k, SHAPE_PARAMETERS))
    for term in range(terms):
        jacobian[:, np.arange(k), SHAPE_PARAMETERS + term * k + np.arange(k)] = rng.normal(size=(n, k))
    whitener = np.tril(rng.normal(size=(n, k, k)))
    weight, residual = rng.random((n, k)), rng.normal(size=(n, k))
    normal, gradient = normal_equations(whitener, weight, residual, jacobian)
    dense = (whitener @ jacobian).reshape(n * k, -1)
    np.testing.assert_allclose(normal, (dense * weight.ravel()[:, None]).T @ dense, atol=1e-10)
    np.testing.assert_allclose(gradient, dense.T @ (weight * residual).ravel(), atol=1e-10)
