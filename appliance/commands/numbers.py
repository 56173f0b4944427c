"""Numbers on the command line, for argparse: what they may be, and what is said of those that they may not."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from math import inf, isfinite, isnan, nan


def positive(text: str) -> float:
    """A number above zero, for argparse."""
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not (isfinite(value) and value > 0):
        raise argparse.ArgumentTypeError(f"'{text}' is not a number above zero")
    return value


def not_negative(text: str) -> float:
    """A number of zero or more, for argparse."""
    return within(0, inf, "")(text)


def within(low: float, high: float, unit: str) -> Callable[[str], float]:
    """A number from ``low`` to ``high``, for argparse: what lies beyond is most likely another unit."""

    def number(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = nan
        if low <= value <= high and isfinite(value):
            return value
        wanted = f"of {low:g} or more" if high == inf else f"from {low:g} to {high:g} {unit}".rstrip()
        hint = ", written with a point and without a unit" if isnan(value) else ""
        raise argparse.ArgumentTypeError(f"'{text}' is not a number {wanted}{hint}")

    return number


def region(text: str) -> tuple[int, int, int, int]:
    """X,Y,W,H in whole pixels, for argparse."""
    parts = text.split(",")
    try:
        x, y, w, h = (int(part) for part in parts)
    except ValueError:
        raise argparse.ArgumentTypeError(f"'{text}' is not X,Y,W,H in whole pixels") from None
    if x < 0 or y < 0 or w < 1 or h < 1:
        raise argparse.ArgumentTypeError(f"'{text}' needs a corner of 0 or more and a size of 1 or more")
    return x, y, w, h
