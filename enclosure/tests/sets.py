"""The parameter sets that the tests look at."""

from __future__ import annotations

from itertools import product

from enclosure.params import Params, load

EVERY = [
    {"station__pi": pi, "station__camera": camera, "station__oled": oled, "station__paper": paper}
    for pi, camera, oled, paper in product(
        ("pi4", "pi5", "zero2w"), ("hq", "gs", "module3"), ("0.96", "1.3"), ("a4", "a3", "letter")
    )
]
"""All choices of boards and paper at the default tilt and lens: 54 benches."""

UNUSUAL = [
    {"station__tilt_deg": 60.0, "station__paper": "letter"},
    {"station__tilt_deg": 40.0, "station__paper": "a3"},
    {"station__tilt_deg": 30.0, "station__paper": "a4"},
    {
        "lens__focal_length_mm": 50.0,
        "lens__flange_mm": 52.0,
        "lens__barrel_diameter_mm": 95.0,
        "lens__length_mm": 130.0,
    },
    {
        "lens__focal_length_mm": 100.0,
        "lens__flange_mm": 44.0,
        "lens__barrel_diameter_mm": 85.0,
        "lens__length_mm": 160.0,
        "lens__f_number": 2.8,
        "station__paper": "a3",
    },
    {
        "lens__focal_length_mm": 16.0,
        "lens__barrel_diameter_mm": 40.0,
        "lens__length_mm": 45.0,
        "distance__sensor_to_aim_mm": 420.0,
    },
    {"chart__board_mm": 6.0, "lamps__post_mm": 500.0},
]
"""Other tilts, a heavy PL-mount lens, a long lens, a short one without cradle, a thick sheet of glass."""


def _covering() -> list[dict[str, object]]:
    """Nine of the 54, such that every two choices meet at least once."""
    pis, cameras, papers = ("pi4", "pi5", "zero2w"), ("hq", "gs", "module3"), ("a4", "a3", "letter")
    return [
        {
            "station__pi": pis[i],
            "station__camera": cameras[j],
            "station__oled": ("0.96", "1.3")[(i * j + i + j) % 2],
            "station__paper": papers[(i + j) % 3],
        }
        for i, j in product(range(3), range(3))
    ]


COVERING = _covering()
SCREWED = [COVERING[0], COVERING[4], COVERING[8], *UNUSUAL[:2], UNUSUAL[3]]
"""Fewer, since every screw's surroundings occur in these: all boards, lowest and highest axis, the thick lens."""


def made(choices: dict[str, object]) -> Params:
    """The parameter set with these choices."""
    return load(**choices)


def label(choices: dict[str, object]) -> str:
    """A readable test id."""
    return "-".join(str(value) for value in choices.values())
