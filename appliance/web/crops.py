"""Cut-outs of the photo at the aim, at best focus and beyond, each a window onto the one picture file."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from markupsafe import Markup

from appliance.focus.result import EdgePoint, Result

SHARE = 0.11
"""Width of a crop in that of the picture."""


@dataclass(frozen=True)
class Crop:
    """A window (px of the full picture) and what it shows."""

    title: str
    x: float
    y: float
    size: float


def windows(result: Result) -> list[Crop]:
    """Windows at the aim, where the sharpest edges lie, and as far behind focus as the aim's side is in front.

    The first two are one where focus lies within the aim's.
    """
    if result.aim_px is None or result.picture_px is None or not any(edge.used for edge in result.edges):
        return []
    width, height = result.picture_px
    size = SHARE * width
    edges = tuple(edge for edge in result.edges if edge.used)
    focus = result.focus_error_mm if result.focus_error_mm is not None else _sharpest(edges)
    depths = np.array([edge.depth_mm for edge in edges])
    beyond = float(depths.max() if focus >= 0 else depths.min())
    x, y = result.aim_px
    aim = _window("At the aim", x, y, size, width, height)
    wanted = [("At best focus", focus), ("Beyond", focus + 0.6 * (beyond - focus))]
    near = [edge.depth_mm for edge in edges if _within(aim, edge)]
    if near and min(near) <= focus <= max(near):
        aim, wanted = replace(aim, title="At the aim, and at best focus"), wanted[1:]
    found = [aim]
    for title, depth in wanted:
        centre = _centre(edges, depth, x)
        if centre is not None:
            found.append(_window(title, *centre, size, width, height))
    return found


def _within(crop: Crop, edge: EdgePoint) -> bool:
    x, y = (edge.x1 + edge.x2) / 2, (edge.y1 + edge.y2) / 2
    return crop.x <= x <= crop.x + crop.size and crop.y <= y <= crop.y + crop.size


def _sharpest(edges: tuple[EdgePoint, ...]) -> float:
    return max(edges, key=lambda edge: edge.contrast or 0.0).depth_mm


def _centre(edges: tuple[EdgePoint, ...], depth: float, aim_x: float) -> tuple[float, float] | None:
    """Middle of the edge that is nearest to the depth and to the picture's middle column."""
    near = sorted(edges, key=lambda edge: abs(edge.depth_mm - depth))[:12]
    if not near:
        return None
    edge = min(near, key=lambda edge: abs((edge.x1 + edge.x2) / 2 - aim_x))
    return (edge.x1 + edge.x2) / 2, (edge.y1 + edge.y2) / 2


def _window(title: str, x: float, y: float, size: float, width: int, height: int) -> Crop:
    left = min(max(x - size / 2, 0.0), width - size)
    top = min(max(y - size / 2, 0.0), height - size)
    return Crop(title, left, top, size)


def crops(result: Result, picture_url: str) -> list[tuple[str, Markup]]:
    """Title and drawing of each of :func:`windows`, onto the picture at ``picture_url``."""
    width, height = result.picture_px or (1, 1)
    template = Markup(
        '<svg viewBox="{crop.x:.0f} {crop.y:.0f} {crop.size:.0f} {crop.size:.0f}" role="img" aria-label="{crop.title}" '
        'class="crop"><image href="{url}" x="0" y="0" width="{width}" height="{height}"/></svg>'
    )
    return [
        (crop.title, template.format(crop=crop, url=picture_url, width=width, height=height))
        for crop in windows(result)
    ]
