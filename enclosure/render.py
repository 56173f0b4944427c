"""Shaded pictures of solids, drawn in software: no graphics card, display or OpenGL needed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt
from build123d import GeomType, Shape
from PIL import Image, ImageColor

Floats = npt.NDArray[np.float64]
LIGHT = np.array([-0.35, -0.55, 0.9])
BACKGROUND = (255, 255, 255)
EDGE_SHADE = 0.35


@dataclass(frozen=True)
class Mesh:
    """Triangles that are no solid, such as print on paper; drawn without edges."""

    vertices: Floats
    triangles: npt.NDArray[np.int64]


@dataclass(frozen=True)
class View:
    """Where a picture is taken from: a direction towards the eye, and its size in pixels."""

    towards_eye: tuple[float, float, float]
    size: tuple[int, int] = (900, 600)


def _axes(view: View) -> Floats:
    """Rows: right, up, towards the eye."""
    eye = np.array(view.towards_eye, float)
    eye /= np.linalg.norm(eye)
    up = np.array([0.0, 0.0, 1.0]) if abs(eye[2]) < 0.98 else np.array([1.0, 0.0, 0.0])
    right = np.cross(up, eye)
    right /= np.linalg.norm(right)
    return np.stack([right, np.cross(eye, right), eye])


def mesh(shape: Shape | Mesh, tolerance: float = 0.2) -> tuple[Floats, npt.NDArray[np.int64]]:
    """Vertices (n, 3) in mm and triangles (m, 3) of ``shape``."""
    if isinstance(shape, Mesh):
        return shape.vertices, shape.triangles
    vertices, triangles = shape.tessellate(tolerance, 0.3)
    return np.array([tuple(v) for v in vertices]), np.array(triangles)


def _edge_points(shape: Shape, step: float) -> Floats:
    """Points along all edges, ``step`` mm apart."""
    points = []
    for edge in shape.edges():
        if edge.geom_type == GeomType.LINE:
            a, b = np.array(tuple(edge.start_point())), np.array(tuple(edge.end_point()))
            knots = np.stack([a, b])
        else:
            knots = np.array([tuple(edge.position_at(t)) for t in np.linspace(0, 1, 17)])
        for a, b in pairwise(knots):
            count = max(2, int(np.linalg.norm(b - a) / step) + 1)
            points.append(a + (b - a) * np.linspace(0, 1, count)[:, None])
    return np.concatenate(points) if points else np.zeros((0, 3))


def render(items: Sequence[tuple[Shape | Mesh, str]], view: View) -> Image.Image:
    """Draw ``items`` (shape, colour) by parallel projection, as large as the picture allows."""
    axes, double = _axes(view), 2
    width, height = view.size[0] * double, view.size[1] * double
    meshes = [(*mesh(shape), colour, shape) for shape, colour in items]
    flat = np.concatenate([vertices for vertices, *_ in meshes]) @ axes.T
    low, high = flat.min(0), flat.max(0)
    scale = min(width * 0.94 / (high[0] - low[0]), height * 0.94 / (high[1] - low[1]))
    middle = (low + high) / 2

    def project(points: Floats) -> Floats:
        q = (points @ axes.T - middle) * scale
        return np.stack([q[:, 0] + width / 2, height / 2 - q[:, 1], q[:, 2]], axis=1)

    depth = np.full((height, width), -np.inf)
    picture = np.full((height, width, 3), BACKGROUND, float)
    light = LIGHT / np.linalg.norm(LIGHT)
    for vertices, triangles, colour, _ in meshes:
        _fill(project(vertices), vertices, triangles, _rgb(colour), light, depth, picture)
    for _, _, colour, shape in meshes:
        if isinstance(shape, Mesh):
            continue
        _lines(project(_edge_points(shape, 0.7 / scale)), _rgb(colour), depth, picture)
    image = Image.fromarray(np.clip(picture, 0, 255).astype(np.uint8))
    return image.resize(view.size, Image.Resampling.BOX)


def _rgb(colour: str) -> Floats:
    return np.array(ImageColor.getrgb(colour)[:3], float)


def _fill(
    screen: Floats,
    world: Floats,
    triangles: npt.NDArray[np.int64],
    colour: Floats,
    light: Floats,
    depth: Floats,
    picture: Floats,
) -> None:
    corners = world[triangles]
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    lengths = np.linalg.norm(normals, axis=1)
    keep = lengths > 1e-12
    shade = 0.52 + 0.48 * np.abs(normals[keep] @ light) / lengths[keep]
    height, width = depth.shape
    for (a, b, c), bright in zip(screen[triangles[keep]], shade, strict=True):
        x0, x1 = int(max(min(a[0], b[0], c[0]), 0)), int(min(max(a[0], b[0], c[0]) + 1, width - 1))
        y0, y1 = int(max(min(a[1], b[1], c[1]), 0)), int(min(max(a[1], b[1], c[1]) + 1, height - 1))
        area = (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])
        if x0 > x1 or y0 > y1 or abs(area) < 1e-9:
            continue
        xs, ys = np.arange(x0, x1 + 1) + 0.5, (np.arange(y0, y1 + 1) + 0.5)[:, None]
        u = ((b[0] - xs) * (c[1] - ys) - (b[1] - ys) * (c[0] - xs)) / area
        v = ((c[0] - xs) * (a[1] - ys) - (c[1] - ys) * (a[0] - xs)) / area
        inside = (u >= -1e-9) & (v >= -1e-9) & (u + v <= 1 + 1e-9)
        z = u * a[2] + v * b[2] + (1 - u - v) * c[2]
        view = depth[y0 : y1 + 1, x0 : x1 + 1]
        hit = inside & (z > view)
        view[hit] = z[hit]
        picture[y0 : y1 + 1, x0 : x1 + 1][hit] = colour * bright


def _lines(points: Floats, colour: Floats, depth: Floats, picture: Floats) -> None:
    height, width = depth.shape
    x, y = points[:, 0].astype(int), points[:, 1].astype(int)
    inside = (x >= 1) & (x < width - 1) & (y >= 1) & (y < height - 1)
    x, y, z = x[inside], y[inside], points[inside, 2]
    seen = z > depth[y, x] - 3.0
    for i, j in ((0, 0), (1, 0), (0, 1)):
        picture[y[seen] + j, x[seen] + i] = colour * EDGE_SHADE
