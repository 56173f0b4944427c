"""Photos whose outcome is kept: what a change that is to change nothing is held to.

``.venv/bin/python tests/focus/outcomes.py`` measures them anew, writes ``outcomes.json`` and says what changed:
only when an outcome is meant to change, and then with the reason in the commit.
"""

from __future__ import annotations

import json
import sys
import zlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from appliance.bench import Chart, Lens, Light, Mishap, Scene, Sensor, photograph
from appliance.chart.layout import layout
from appliance.focus.printed_chart import ANY_CHART, Print
from appliance.focus.result import Setup
from appliance.focus.score import score_frames
from appliance.frame import Frame

STORED = Path(__file__).with_suffix(".json")
PRECISION = 1e-6
"""Of an interval, or of a figure that has none: far above rounding, far below what anybody could see."""
_BAYER = Sensor(1014, 760, 6.2)
_MONO = replace(_BAYER, bayer=None)
_TRUE = {ANY_CHART: Print(100.0, 0.0)}

Case = tuple[Scene, dict[str, Any], int]
"""Scene, what the set-up is told beside lens and sensor, and how many photos are judged together."""


def _scene(
    focal: float = 25, stop: float = 2.8, distance: float = 650, dof: float = 0, lens: Any = None, **more: Any
) -> Scene:
    """A lens with best focus ``dof`` depths of field behind the aim."""
    scene = Scene(
        Lens(focal, stop, **(lens or {})), object_distance_mm=distance, **{"sensor": _BAYER, **more}
    )
    return replace(scene, lens=replace(scene.lens, focus_error_mm=dof * scene.depth_of_field_mm))


def _cases() -> Iterator[tuple[str, Case]]:
    true = {"prints": _TRUE}
    yield "in focus", (_scene(), {**true, "tolerance_um": 30.0}, 1)
    yield "monochrome, back focus", (_scene(dof=1.5, sensor=_MONO), true, 1)
    yield "front focus, three photos", (_scene(50, 1.4, 1500, -2.0, tilt_deg=40, roll_deg=5), true, 3)
    yield "wide lens, printed nobody knows how", (_scene(12, 4.0, 420, -1.0, tilt_deg=50, roll_deg=-5), {}, 1)
    yield "long lens", (_scene(100, 5.6, 2600, 0.5, tilt_deg=45, roll_deg=3), true, 1)
    yield (
        "close up",
        (_scene(50, 4.0, 400, 0.8, sensor=_MONO), {**true, "print_blur_um": 20.0, "print_blur_u_um": 2.0}, 1),
    )
    yield "stopped down", (_scene(25, 8.0, 650, 0.5), true, 1)
    yield "much spherical aberration", (_scene(25, 2.8, 650, 1.0, {"spherical_waves": 0.5}), true, 1)
    yield (
        "astigmatism, curvature, distortion",
        (
            _scene(
                19.4,
                2.6,
                434,
                1.0,
                {"astigmatism_waves": 0.6, "field_curvature_um": -40.0, "distortion_percent": -3.0},
                sensor=_MONO,
                tilt_deg=42,
            ),
            true,
            1,
        ),
    )
    yield (
        "sensor out of square",
        (_scene(25, 2.8, 650, 0.3, {"sensor_tilt_x_mrad": 6.0, "sensor_tilt_y_mrad": -4.0}), true, 1),
    )
    yield "moved", (_scene(40, 3.6, 540, -1.0, tilt_deg=38, mishap=Mishap(motion_px=(1.0, -0.6))), true, 1)
    yield "another stop than given", (_scene(25, 4.0, 650, 1.0), {**true, "f_number": 2.8}, 1)
    yield "closer still", (_scene(35, 4.0, 260, 0.8, sensor=_MONO), true, 1)
    yield "beyond the chart", (_scene(25, 2.8, 650, 12.0), true, 1)
    yield (
        "uneven light, dark",
        (_scene(25, 2.8, 650, -0.7, light=Light(exposure=0.25, slope_x=0.3, slope_y=-0.2)), true, 1),
    )
    yield "distance given", (_scene(25, 2.8, 650, 0.5), {**true, "distance_mm": 676.2, "aim_u_mm": 1.0}, 1)
    letter = Chart(layout("letter"), print_blur_um=45.0)
    yield "another sheet, a soft print", (_scene(35, 2.0, 900, 0.5, chart=letter), true, 1)
    yield "flickering lamp", (_scene(light=Light(flicker=0.2, flicker_rows=90.0)), true, 1)
    yield "no light", (_scene(mishap=Mishap(lens_cap=True)), true, 1)
    yield "another lens than given", (_scene(25, 2.8, 650), {**true, "focal_length_mm": 50.0}, 1)
    small = Chart(print_scale=0.97)
    yield "a chart of 97 per cent", (_scene(chart=small), {**true, "distance_mm": 676.0}, 1)


CASES: dict[str, Case] = dict(_cases())


def outcome(name: str) -> dict[str, Any]:
    """What is found in the photos of one case, and what tells whether they are still the same photos."""
    scene, told, count = CASES[name]
    photos = [photograph(scene, 11 + k) for k in range(count)]
    frames = [Frame(photo.mosaic, photo.bayer, photo.black, photo.white) for photo in photos]
    marked = {
        "focal_length_mm": scene.lens.focal_length_mm,
        "f_number": scene.lens.f_number,
        "pixel_pitch_um": scene.sensor.pitch_um,
    }
    result = score_frames(frames, Setup(**{**marked, **told}))
    edges = result.edges
    return {
        "photos": [zlib.crc32(photo.mosaic.tobytes()) for photo in photos],
        "result": json.loads(json.dumps(result.to_dict())),
        "edges": {
            "count": len(edges),
            "used": sum(edge.used for edge in edges),
            "depth_mm": sum(edge.depth_mm for edge in edges),
            "contrast": sum(edge.contrast or 0.0 for edge in edges),
            "contrast_sd": sum(edge.contrast_sd or 0.0 for edge in edges),
            "mtf50_cpp": sum(edge.mtf50_cpp or 0.0 for edge in edges),
        },
    }


def changes(name: str, stored: dict[str, Any], found: dict[str, Any]) -> list[str]:
    """What differs between two outcomes: lengths by more than a millionth of their interval, the rest of themselves."""
    scale = {
        "focus_error_mm": "focus_error_mm_u95",
        "image_shift_um": "image_shift_um_u95",
        "focus_error_mm_at_least": "focus_error_mm_u95",
    }

    def walked(at: str, a: Any, b: Any, unit: float) -> Iterator[str]:
        if isinstance(a, dict) and isinstance(b, dict):
            for key in sorted(a.keys() | b.keys()):
                own = a.get(scale.get(key, "")) or 0.0
                yield from walked(f"{at}.{key}", a.get(key), b.get(key), own)
        elif isinstance(a, list) and isinstance(b, list) and len(a) == len(b):
            for k, (x, y) in enumerate(zip(a, b, strict=True)):
                yield from walked(f"{at}[{k}]", x, y, 0.0)
        elif isinstance(a, float) and isinstance(b, float):
            if abs(a - b) > PRECISION * (unit or max(abs(a), 1.0)):
                yield f"{at}: {a!r} became {b!r}"
        elif a != b:
            yield f"{at}: {a!r} became {b!r}"

    return list(walked(name, stored, found, 0.0))


def main() -> None:
    """Measure anew and keep, saying what changed."""
    before = json.loads(STORED.read_text()) if STORED.exists() else {}
    after = {name: outcome(name) for name in CASES}
    for name in CASES:
        for change in changes(name, before.get(name, {}), after[name]):
            print(change, file=sys.stderr)
    STORED.write_text(json.dumps(after, indent=1) + "\n")


if __name__ == "__main__":
    main()
