"""Things that stand in one place do not cut into each other, screws reach, and light reaches the sensor."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import pytest
from build123d import BoundBox, Part, Plane, Solid, Vector

from enclosure.assembly import Standing, assembly
from enclosure.bought import field_of_view
from enclosure.checks import Inside
from enclosure.joints import Joint, joints
from enclosure.params import Params
from enclosure.tests.sets import COVERING, SCREWED, UNUSUAL, label, made

TOUCHING_MM3 = 0.5
SETS = COVERING + UNUSUAL


_BOUNDS: dict[int, tuple[Part, BoundBox]] = {}


def _bounds(part: Part) -> BoundBox:
    """Bounding box, worked out once: keeping the part keeps its id its own."""
    if id(part) not in _BOUNDS:
        _BOUNDS[id(part)] = (part, part.bounding_box())
    return _BOUNDS[id(part)][1]


def _apart(a: Part, b: Part) -> bool:
    p, q = _bounds(a), _bounds(b)
    return any(
        low1 >= high2 - 1e-3 or low2 >= high1 - 1e-3
        for low1, high1, low2, high2 in zip(p.min, p.max, q.min, q.max, strict=True)
    )


def shared_volume(a: Part, b: Part) -> float:
    """Volume in mm³ that two solids both fill."""
    if _apart(a, b):
        return 0.0
    common = a & b
    return 0.0 if common is None else sum(solid.volume for solid in common.solids())


@pytest.mark.parametrize("choices", SETS, ids=label)
def test_no_two_parts_cut_into_each_other(choices: dict[str, object]) -> None:
    standing = assembly(made(choices))
    clashes = {
        (a.name, b.name): round(volume, 1)
        for a, b in combinations(standing, 2)
        if (volume := shared_volume(a.solid, b.solid)) > TOUCHING_MM3
    }
    assert not clashes


@pytest.mark.parametrize("choices", SETS, ids=label)
def test_hood_lamps_and_holders_leave_the_light_path_free(choices: dict[str, object]) -> None:
    p = made(choices)
    light_path = field_of_view(p, spare_mm=3.0)
    assert light_path.is_valid
    assert light_path.volume > 0
    in_the_way = {"paper", "sheet", "chart_bracket_left", "chart_bracket_right"}
    blocked = {
        s.name: round(volume, 1)
        for s in assembly(p)
        if s.name not in in_the_way and (volume := shared_volume(light_path, s.solid)) > 0
    }
    assert not blocked
    # the lips stand 5 mm proud beside the paper: nothing of them lies in the unwidened light path
    exact = field_of_view(p)
    for s in assembly(p):
        if s.name.startswith("chart_bracket"):
            # stops hold the outermost millimetres of the paper's corners; the chart is blank there
            assert shared_volume(exact, s.solid) < 250


def _filled(solids: list[Inside], joint: Joint, depth: float, radius: float, both_ways: bool = True) -> bool:
    """True if the points around the screw at this depth lie in the solids: all four, or two that face each other."""
    plane = Plane(origin=joint.seat, z_dir=Vector(*joint.along))

    def pair(u: float, v: float) -> bool:
        points = [plane.from_local_coords(Vector(k * u * radius, k * v * radius, depth)) for k in (-1, 1)]
        return all(any(inside(point) for inside in solids) for point in points)

    return pair(1, 0) and pair(0, 1) if both_ways else pair(1, 0) or pair(0, 1)


@dataclass(frozen=True)
class Bench:
    """An assembly, with its solids ready to be asked what lies inside them."""

    standing: list[Standing]
    inside: dict[str, list[Inside]]

    @property
    def metal(self) -> list[Inside]:
        """All profiles."""
        return [
            i
            for name in ("rail", "chart_bar", "lamp_bar", "post_left", "post_right")
            for i in self.inside[name]
        ]


def _bench(p: Params) -> Bench:
    standing, inside = assembly(p), {}
    for s in standing:
        inside.setdefault(s.name, []).append(Inside(s.solid))
    return Bench(standing, inside)


def _problem(p: Params, bench: Bench, joint: Joint) -> str:
    """What is wrong with one screw, or an empty string."""
    screw = p.screw(joint.screw)
    head, ring = bench.inside[joint.head_part], screw.clear_mm / 2 + 0.25
    if joint.countersunk:
        if not _filled(head, joint, 4.0, ring):
            return "the head rests on nothing"
    else:
        if not _filled(head, joint, 0.2, ring, both_ways=not joint.over_slot):
            return "the head rests on nothing"
        wide = screw.washer_mm if joint.washer else screw.head_mm
        tall = screw.head_height_mm + (1.0 if joint.washer else 0.0)
        space = Part() + _cylinder(joint, -0.05, -tall, wide)
        for s in bench.standing:
            if s.name not in ("controls",) and shared_volume(space, s.solid) > 0.5:
                return f"the head cuts into {s.name}"
    if joint.into == "slot":
        profile = p.all.profile
        seat_to_slot = next((d / 4 for d in range(0, 80) if _in_profile(p, bench.metal, joint, d / 4)), None)
        if seat_to_slot is None:
            return "no profile under the screw"
        inside = joint.reach_mm - seat_to_slot
        if inside > profile.slot_depth_mm - 0.5:
            return f"meets the slot's bottom: {inside:.2f} mm inside"
        if inside < profile.slot_lip_mm + 3.0:
            return f"too short for the slot nut: {inside:.2f} mm inside"
        return ""
    bore = getattr(screw, "insert_hole_mm", None) or screw.pilot_mm
    target = bench.inside[joint.into]
    # depth over which there is material around the bore, up to the screw's tip
    held = sum(
        0.25 for k in range(1, int(joint.reach_mm * 4)) if _filled(target, joint, k / 4, bore / 2 + 0.35)
    )
    needed = {"m2": 2.0, "m25": 3.0, "m3": 4.0, "m4": 6.0, "m5": 5.0}[joint.screw]
    if held < needed:
        return f"only {held:.2f} mm of thread"
    axis_plane = Plane(origin=joint.seat, z_dir=Vector(*joint.along))
    tip = axis_plane.from_local_coords(Vector(0, 0, joint.reach_mm))
    if any(inside(tip) for inside in target):
        return "the hole is too shallow: the tip meets its bottom"
    return ""


def _cylinder(joint: Joint, start: float, end: float, diameter: float) -> Solid:
    plane = Plane(origin=joint.seat, z_dir=Vector(*joint.along))
    low = min(start, end)
    moved = Plane(origin=plane.from_local_coords(Vector(0, 0, low)), z_dir=Vector(*joint.along))
    return Solid.make_cylinder(diameter / 2, abs(end - start), moved)


def _in_profile(p: Params, metal: list[Inside], joint: Joint, depth: float) -> bool:
    """True if the screw's axis passes at ``depth`` between the lips of a slot: metal beside it, none on it."""
    plane = Plane(origin=joint.seat, z_dir=Vector(*joint.along))

    def at(u: float, v: float) -> Vector:
        return plane.from_local_coords(Vector(u, v, depth + 0.05))

    if any(inside(at(0, 0)) for inside in metal):
        return False
    across = p.all.profile.slot_mm / 2 + 0.5
    for u, v in ((across, 0), (0, across)):
        if all(any(inside(at(k * u, k * v)) for inside in metal) for k in (-1, 1)):
            return True
    return False


@pytest.mark.parametrize("choices", SCREWED, ids=label)
def test_screws_reach_and_do_not_bottom_out(choices: dict[str, object]) -> None:
    p = made(choices)
    bench = _bench(p)
    problems = ((j, _problem(p, bench, j)) for j in joints(p))
    assert not {
        f"{j.what} at {tuple(round(v) for v in j.seat)}: {problem}" for j, problem in problems if problem
    }
