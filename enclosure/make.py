"""Write STL, STEP and SVG of every part, the assembly and its pictures. Run by ./scripts/enclosure."""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path

from build123d import Location, Part, Plane, Vector, export_step, export_stl

from enclosure import drawing, guide, pictures
from enclosure.assembly import compound
from enclosure.checks import printed_size_mm
from enclosure.joints import counted
from enclosure.params import DEFAULT, ParameterError, Params, load
from enclosure.parts import PrintedPart, printed_parts, tools

OUT = Path(__file__).with_name("out")


def on_bed(part: PrintedPart) -> Part:
    """The solid turned and set down as it is printed: +z away from the bed, one corner at the origin."""
    up = Vector(*part.up)
    side = Vector(0, 0, 1) if abs(up.Z) < 0.5 else Vector(1, 0, 0)
    turned = Plane(origin=(0, 0, 0), x_dir=side, z_dir=up).to_local_coords(part.solid)
    low = turned.bounding_box().min
    return Location((-low.X, -low.Y, -low.Z)) * turned


def write_part(part: PrintedPart, folder: Path) -> None:
    """STL as it is printed, STEP and drawing as it stands."""
    export_stl(on_bed(part), str(folder / "stl" / f"{part.name}.stl"), tolerance=0.05, angular_tolerance=0.2)
    export_step(part.solid, str(folder / "step" / f"{part.name}.step"))
    svg = drawing.part_drawing(part.solid, part.name.replace("_", " "))
    (folder / "svg" / f"{part.name}.svg").write_text(svg, encoding="utf-8")


def print_list(p: Params) -> str:
    """What to print, how often and how, as text."""
    rows = []
    for part in [*printed_parts(p), *tools(p)]:
        size = " x ".join(f"{side:.0f}" for side in printed_size_mm(part))
        grams = part.solid.volume / 1000 * 1.27 * 0.6
        rows.append(f"{part.quantity} x {part.name:20s} {size:>15s} mm  about {grams:4.0f} g  {part.advice}")
    return "\n".join(rows)


def write_everything(p: Params, folder: Path) -> None:
    """All files of one bench into ``folder``."""
    for name in ("stl", "step", "svg"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    for part in [*printed_parts(p), *tools(p)]:
        write_part(part, folder)
    for name, svg in drawing.sheets(p).items():
        (folder / "svg" / f"{name}.svg").write_text(svg, encoding="utf-8")
    export_step(compound(p), str(folder / "step" / "bench.step"))
    pictures.write_all(p, folder / "pictures")
    (folder / "print-list.txt").write_text(print_list(p) + "\n", encoding="utf-8")
    (folder / "screws.json").write_text(
        json.dumps(dict(sorted(counted(p).items())), indent=1) + "\n", encoding="utf-8"
    )


def main(arguments: list[str] | None = None) -> int:
    """Command line; 2 if the parameters describe nothing that can be built."""
    parser = argparse.ArgumentParser(prog="./scripts/enclosure", description=__doc__)
    parser.add_argument("--params", type=Path, default=DEFAULT, help="parameter file (enclosure/params.toml)")
    parser.add_argument("--out", type=Path, default=OUT, help="folder to write to (enclosure/out)")
    parser.add_argument(
        "--pictures", action="store_true", help="only draw the pictures and tables of README.md anew"
    )
    chosen = parser.parse_args(arguments)
    began = time.monotonic()
    try:
        p = load(chosen.params)
    except (ParameterError, OSError) as error:
        print(f"enclosure: {error}", file=sys.stderr)
        return 2
    if chosen.pictures:
        pictures.write_all(p, pictures.FOLDER)
        guide.write_tables(p)
        print(f"pictures in {pictures.FOLDER}")
        return 0
    write_everything(p, chosen.out)
    print(print_list(p))
    print(f"optical axis {p.axis_height_mm:g} mm above the rail,")
    print(f"aim point {p.sensor_to_aim_mm:g} mm from the sensor plane,")
    start, end = p.rail_span_mm
    print(f"rail {end - start:g} mm; written to {chosen.out} in {time.monotonic() - began:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
