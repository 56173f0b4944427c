"""The bar above the pattern; apart from the layout, so that what only knows its length needs no arrays."""

from __future__ import annotations

BAR_MM = 100.0
"""Length of the bar that is measured with a ruler: 0.1 mm of a ruler is 0.1 % of scale, and it fits
A4's width."""
