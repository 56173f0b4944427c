"""Every printed part is one closed solid that a common printer makes without support."""

from __future__ import annotations

import pytest
from build123d import Vector

from enclosure.checks import open_edges, overhangs, printed_size_mm, thinnest_wall_mm
from enclosure.params import ParameterError, Params, load
from enclosure.parts import PrintedPart, printed_parts, tools
from enclosure.tests.sets import EVERY, UNUSUAL, made


def _distinct() -> list[tuple[str, Params, PrintedPart]]:
    """Each different solid of all parameter sets once."""
    seen, found = set(), []
    for choices in EVERY + UNUSUAL:
        p = made(choices)
        for part in printed_parts(p) + tools(p):
            if id(part.solid) not in seen:
                seen.add(id(part.solid))
                found.append((f"{part.name}-{len(seen)}", p, part))
    return found


DISTINCT = _distinct()
every_part = pytest.mark.parametrize(("p", "part"), [d[1:] for d in DISTINCT], ids=[d[0] for d in DISTINCT])


@every_part
def test_is_one_valid_watertight_solid(p: Params, part: PrintedPart) -> None:
    assert len(part.solid.solids()) == 1
    assert part.solid.is_valid
    assert part.solid.volume > 1000
    assert open_edges(part.solid) == 0


@every_part
def test_fits_the_printer(p: Params, part: PrintedPart) -> None:
    wide, deep, high = printed_size_mm(part)
    assert max(wide, deep) <= p.all.printer.bed_mm
    assert high <= p.all.printer.height_mm


@every_part
def test_prints_without_support_or_names_the_need(p: Params, part: PrintedPart) -> None:
    hanging = [
        o
        for o in overhangs(part, p.all.printer.overhang_deg)
        if o.span_mm > (p.all.printer.bridge_mm if o.bridged else 1.0)
    ]
    assert not hanging or part.support, hanging


@every_part
def test_lies_on_the_bed_with_a_real_face(p: Params, part: PrintedPart) -> None:
    up = Vector(*part.up)
    bed = min(vertex.center().dot(up) for vertex in part.solid.vertices())
    area = sum(
        f.area
        for f in part.solid.faces()
        if f.normal_at().dot(up) < -0.999 and abs(f.center().dot(up) - bed) < 0.01
    )
    assert area > 150, f"only {area:.0f} mm² on the bed"


@every_part
def test_walls_are_thick_enough(p: Params, part: PrintedPart) -> None:
    thickness, where = thinnest_wall_mm(part.solid)
    assert thickness >= p.all.printer.wall_mm, where


def test_a_set_that_cannot_be_printed_is_refused_by_name() -> None:
    with pytest.raises(ParameterError, match="camera upright would be"):
        load(station__paper="a3", station__tilt_deg=30.0)
    with pytest.raises(ParameterError, match="tilt_deg = 70"):
        load(station__tilt_deg=70.0)
    with pytest.raises(ParameterError, match="barrel_diameter_mm"):
        load(lens__barrel_diameter_mm=140.0)
