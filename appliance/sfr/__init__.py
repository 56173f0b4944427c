"""Slanted edge → spatial frequency response with its variance (ISO 12233:2023, e-SFR)."""

from appliance.sfr._tails import WINDOW_END_SIGMA
from appliance.sfr.measure import DEFAULT_FREQUENCY_CPP, REASONS, EdgeBatch, EdgeSfr, measure_edges
from appliance.sfr.pictures import linear_grey
from appliance.sfr.roi import Roi, measure_roi

__all__ = [
    "DEFAULT_FREQUENCY_CPP",
    "REASONS",
    "WINDOW_END_SIGMA",
    "EdgeBatch",
    "EdgeSfr",
    "Roi",
    "linear_grey",
    "measure_edges",
    "measure_roi",
]
