"""One table of parameters: places, priors, bounds and figures all come from it."""

from __future__ import annotations

import ast
from pathlib import Path

import numpy as np
import pytest

from appliance import focus
from appliance.focus.judge.wording import label
from appliance.focus.lens.parameters import (
    AMPLITUDE,
    EVEN,
    EVEN_TERMS,
    FOCUS,
    LENS,
    LEVELS,
    SHAPE_PARAMETERS,
    SPHERICAL,
    Conditions,
    lens_priors,
    within_bounds,
)
from appliance.focus.lens.priors import Priors


def test_a_parameter_is_its_place_in_a_vector() -> None:
    v = np.arange(float(SHAPE_PARAMETERS))
    assert [v[parameter] for parameter in LENS] == v.tolist()
    assert np.outer(v, v)[SPHERICAL, SPHERICAL] == v[SPHERICAL] ** 2
    assert len({parameter.name for parameter in LENS}) == len({p.symbol for p in LENS}) == len(LENS)
    assert [p.name for p in LENS[AMPLITUDE]] == ["amplitude_1", "amplitude_3", "amplitude_4"]
    assert [p.name for p in LENS[LEVELS]] == ["dark_level", "light_level"]


def test_every_parameter_says_what_it_is_and_where_its_prior_comes_from() -> None:
    for parameter in (*LENS, EVEN):
        assert len(parameter.meaning) > 20, parameter.name
        assert len(parameter.source) > 10, parameter.name
        mean, sd = parameter.prior(Conditions())
        low, high = parameter.bounds
        assert low <= mean <= high
        assert sd > 0
        assert parameter.loose_sd is None or parameter.loose_sd > sd


def test_what_is_known_of_a_print_and_a_stop_is_in_the_priors() -> None:
    known = Conditions((0.02, 0.004), 140.0)
    told = {p.name: (m, s) for p, m, s in zip(LENS, *lens_priors(known), strict=True)}
    assert told["print_variance"] == pytest.approx((4e-4, 2 * 0.02 * 0.004 + 0.004**2))
    # twice the µm per wave of f/4: half of the aberration in waves is left, and half of a µm's worth
    assert told["spherical"] == pytest.approx((0.0, 0.05 / 2))
    assert told["curvature"] == pytest.approx((0.0, 60 / 140))
    assert np.isinf(told["focus"][1])


def test_even_terms_are_narrower_the_finer_they_ripple() -> None:
    mean, sd = Priors(um_per_wave=10.0).vectors(3)
    assert len(mean) == len(sd) == SHAPE_PARAMETERS + 3 * EVEN_TERMS
    assert sd[SHAPE_PARAMETERS:].reshape(EVEN_TERMS, 3)[:, 0] == pytest.approx(0.01 / np.array([1, 4, 9, 16]))


def test_a_step_beyond_a_bound_is_clipped_and_no_other() -> None:
    v = np.full(SHAPE_PARAMETERS + 5, 7.0)
    bounded = within_bounds(v)
    assert bounded[SPHERICAL] == SPHERICAL.bounds[1]
    assert bounded[FOCUS] == 7.0
    assert (bounded[SHAPE_PARAMETERS:] == 7.0).all()
    assert (v == 7.0).all(), "the vector that was given stays"


def test_every_figure_has_words_and_a_unit() -> None:
    for parameter in LENS:
        if parameter.figure:
            assert label(parameter.figure.name) == parameter.figure.label


def test_no_other_module_knows_a_place_by_number() -> None:
    for path in Path(focus.__file__).parent.rglob("*.py"):
        if path.name == "parameters.py":
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if (
                isinstance(node, ast.Subscript)
                and isinstance(node.value, ast.Attribute)
                and node.value.attr == "shape"
            ):
                # `.shape` of an array is one thing, a lens's another; this is about `fit.shape[3]`
                whose = ast.unparse(node.value.value)
                if whose in ("fit", "self.fit", "x.fit"):
                    assert not isinstance(node.slice, ast.Constant), f"{path.name}: {ast.unparse(node)}"
