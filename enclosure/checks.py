"""What makes a solid printable: closed mesh, overhangs, wall thickness. Used by the tests and by the drawings."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from math import radians, sin

import numpy as np
import numpy.typing as npt
from build123d import Part, Vector
from OCP.BRepClass3d import BRepClass3d_SolidClassifier
from OCP.gp import gp_Pnt
from OCP.TopAbs import TopAbs_State

from enclosure.parts import PrintedPart
from enclosure.render import mesh

Floats = npt.NDArray[np.float64]


class Inside:
    """Tells whether points lie inside a solid; loads the solid once, which asking it each time does not."""

    def __init__(self, solid: Part) -> None:
        box = solid.bounding_box()
        self._low, self._high = tuple(box.min), tuple(box.max)
        self._solids = [BRepClass3d_SolidClassifier(s.wrapped) for s in solid.solids()]

    def __call__(self, point: Vector) -> bool:
        """True if ``point`` lies inside or on the surface."""
        if any(v < a or v > b for v, a, b in zip(point, self._low, self._high, strict=True)):
            return False
        for classifier in self._solids:
            classifier.Perform(gp_Pnt(*point), 1e-6)
            if classifier.State() in (TopAbs_State.TopAbs_IN, TopAbs_State.TopAbs_ON):
                return True
        return False


def open_edges(part: Part) -> int:
    """Edges of the mesh that do not join exactly two triangles; 0 means watertight."""
    vertices, triangles = mesh(part, 0.1)
    _, merged = np.unique(np.round(vertices, 4), axis=0, return_inverse=True)
    triangles = merged.reshape(-1)[triangles]
    triangles = triangles[
        (triangles[:, 0] != triangles[:, 1])
        & (triangles[:, 1] != triangles[:, 2])
        & (triangles[:, 0] != triangles[:, 2])
    ]
    count: Counter[tuple[int, int]] = Counter()
    for a, b, c in triangles.tolist():
        for u, v in ((a, b), (b, c), (c, a)):
            count[(min(u, v), max(u, v))] += 1
    return sum(1 for n in count.values() if n != 2)


def printed_size_mm(part: PrintedPart) -> tuple[float, float, float]:
    """Bounding box as it lies on the bed: two sides and the height."""
    size = part.solid.bounding_box().size
    sides = {"X": size.X, "Y": size.Y, "Z": size.Z}
    axis = "XYZ"[int(np.argmax(np.abs(part.up)))]
    height = sides.pop(axis)
    return (*sides.values(), height)


@dataclass(frozen=True)
class Overhang:
    """A face that hangs over air: its free span in mm, its middle, and whether both sides rest on something."""

    span_mm: float
    middle: tuple[float, float, float]
    bridged: bool


def _short_side(points: Floats) -> tuple[float, Floats]:
    """Shortest width of a flat set of points, and the direction it is measured in."""
    best, direction = np.inf, np.array([1.0, 0.0])
    for angle in np.linspace(0, np.pi, 36, endpoint=False):
        d = np.array([np.cos(angle), np.sin(angle)])
        width = np.ptp(points @ d)
        if width < best - 1e-6:
            best, direction = width, d
    return float(best), direction


def overhangs(part: PrintedPart, limit_deg: float) -> list[Overhang]:
    """Faces steeper than ``limit_deg`` from the vertical that look down and do not lie on the bed."""
    up = np.array(part.up, float)
    first = np.array([0.0, 0.0, 1.0]) if abs(up[0]) > 0.5 else np.array([1.0, 0.0, 0.0])
    plane = np.stack([first, np.cross(up, first)])
    bed = min(float(v @ up) for v in mesh(part.solid)[0])
    inside = Inside(part.solid)
    found = []
    for face in part.solid.faces():
        vertices, triangles = mesh(face, 0.1)
        if not len(triangles):
            continue
        corners = vertices[triangles]
        normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
        areas = np.linalg.norm(normals, axis=1)
        outward = np.array(tuple(face.normal_at(Vector(*corners[0].mean(0)))))
        if np.dot(outward, normals[0]) < 0:
            normals = -normals
        down = -(normals @ up) / np.maximum(areas, 1e-12)
        hanging = (down > sin(radians(limit_deg)) + 0.02) & (corners.mean(1) @ up > bed + 0.05)
        if not hanging.any() or areas[hanging].sum() / 2 < 0.5:
            continue
        points = corners[hanging].reshape(-1, 3)
        middle = points.mean(0)
        found.append(_judged(inside, points @ plane.T, plane, middle, up))
    return found


def _judged(inside: Inside, flat: Floats, plane: Floats, middle: Floats, up: Floats) -> Overhang:
    """Free span of one hanging face: across it if both sides rest on something, else how far it sticks out."""
    short, direction = _short_side(flat)
    other = np.array([-direction[1], direction[0]])
    spans = ((short, direction), (float(np.ptp(flat @ other)), other))
    place = tuple(float(v) for v in np.round(middle, 1))
    for span, d in spans:
        probes = [middle + sign * (plane.T @ d) * (span / 2 + 0.4) - up * 0.3 for sign in (-1, 1)]
        if all(inside(Vector(*probe)) for probe in probes):
            return Overhang(span, place, True)
    return Overhang(short, place, False)


def thinnest_wall_mm(part: Part, samples: int = 500) -> tuple[float, tuple[float, float, float]]:
    """Smallest distance between opposite faces that are nearly parallel, and where.

    A ray goes inwards from points spread over the surface; only the first face that it leaves by counts.
    """
    vertices, triangles = mesh(part, 0.3)
    corners = vertices[triangles]
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    areas = np.linalg.norm(normals, axis=1)
    keep = areas > 1e-9
    corners, normals, areas = corners[keep], normals[keep] / areas[keep, None], areas[keep]
    generator = np.random.default_rng(7)
    # half of the rays by area, half by triangle, so that small features are met too
    chosen = np.concatenate(
        [
            generator.choice(len(areas), samples // 2, p=areas / areas.sum()),
            generator.choice(len(areas), samples // 2),
        ]
    )
    weights = generator.dirichlet((1.0, 1.0, 1.0), len(chosen))
    starts = np.einsum("nk,nkd->nd", weights, corners[chosen]) - 1e-4 * normals[chosen]
    directions = -normals[chosen]
    best, where = np.inf, (0.0, 0.0, 0.0)
    edge1, edge2 = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    for start, direction in zip(starts, directions, strict=True):
        h = np.cross(direction, edge2)
        a = np.einsum("nd,nd->n", edge1, h)
        with np.errstate(all="ignore"):
            s = start - corners[:, 0]
            u = np.einsum("nd,nd->n", s, h) / a
            q = np.cross(s, edge1)
            v = q @ direction / a
            t = np.einsum("nd,nd->n", edge2, q) / a
            hit = (np.abs(a) > 1e-9) & (u >= 0) & (v >= 0) & (u + v <= 1) & (t > 1e-3)
        if not hit.any():
            continue
        nearest = np.argmin(np.where(hit, t, np.inf))
        if normals[nearest] @ direction > 0.94 and t[nearest] < best:
            best, where = float(t[nearest]), tuple(float(v) for v in np.round(start, 1))
    return best, where
