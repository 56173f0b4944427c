"""Slanted edge → spatial frequency response with its variance (ISO 12233:2023, e-SFR)."""

from appliance.sfr.measure import DEFAULT_FREQUENCY_CPP, REASONS, EdgeBatch, measure_edges

__all__ = ["DEFAULT_FREQUENCY_CPP", "REASONS", "EdgeBatch", "measure_edges"]
