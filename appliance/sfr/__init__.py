"""Slanted edge → spatial frequency response with its variance (ISO 12233:2023, e-SFR)."""

from appliance.sfr.batch import PART_LEFT_OUT, REASONS, EdgeBatch, EdgeSfr
from appliance.sfr.measure import DEFAULT_FREQUENCY_CPP, measure_edges
from appliance.sfr.pictures import linear_grey
from appliance.sfr.profiles import EsfPriors, Profiles, SfrFit, expected, fit_sfr, nodes_of
from appliance.sfr.roi import Roi, measure_roi

__all__ = [
    "DEFAULT_FREQUENCY_CPP",
    "PART_LEFT_OUT",
    "REASONS",
    "EdgeBatch",
    "EdgeSfr",
    "EsfPriors",
    "Profiles",
    "Roi",
    "SfrFit",
    "expected",
    "fit_sfr",
    "linear_grey",
    "measure_edges",
    "measure_roi",
    "nodes_of",
]
