"""Slanted edge → spatial frequency response with its variance (ISO 12233:2023, e-SFR)."""

from appliance.sfr.batch import REASONS, EdgeBatch, EdgeSfr
from appliance.sfr.measure import DEFAULT_FREQUENCY_CPP, measure_edges
from appliance.sfr.pictures import linear_grey
from appliance.sfr.profiles import Beforehand, Comparison, Profiles, compare, expected, nodes_of
from appliance.sfr.roi import Roi, measure_roi

__all__ = [
    "DEFAULT_FREQUENCY_CPP",
    "REASONS",
    "Beforehand",
    "Comparison",
    "EdgeBatch",
    "EdgeSfr",
    "Profiles",
    "Roi",
    "compare",
    "expected",
    "linear_grey",
    "measure_edges",
    "measure_roi",
    "nodes_of",
]
