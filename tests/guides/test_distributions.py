"""Quantiles are those of scipy, from one degree of freedom to thousands and into the tails."""

import pytest
from scipy import stats

from appliance.guides.distributions import chi2_quantile, f_quantile, t_quantile

P = (0.0005, 0.025, 0.2, 0.5, 0.9, 0.975, 0.9995)


@pytest.mark.parametrize("dof", [1, 2, 3.7, 7, 30, 500, 5000])
@pytest.mark.parametrize("p", P)
def test_quantiles_are_those_of_scipy(p: float, dof: float) -> None:
    assert t_quantile(p, dof) == pytest.approx(stats.t.ppf(p, dof), rel=1e-9, abs=1e-12)
    assert chi2_quantile(p, dof) == pytest.approx(stats.chi2.ppf(p, dof), rel=1e-9)
    for other in (1, 4, 60):
        assert f_quantile(p, dof, other) == pytest.approx(stats.f.ppf(p, dof, other), rel=1e-8)
