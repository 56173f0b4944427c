"""The whole bench put together: every printed and bought part where it stands."""

from __future__ import annotations

from dataclasses import dataclass

from build123d import Compound, Part

from enclosure.bought import bought_parts
from enclosure.params import Params
from enclosure.parts import printed_parts

PRINT_COLOURS = {
    "lamp_clip": "#44474c",
    "hood_clip_rear": "#44474c",
    "hood_clip_left": "#44474c",
    "hood_clip_right": "#44474c",
    "box_lid": "#f0b35e",
}
PRINT_COLOUR = "#e08a3c"


@dataclass(frozen=True)
class Standing:
    """One part in the bench frame."""

    name: str
    solid: Part
    colour: str
    printed: bool


def assembly(p: Params) -> list[Standing]:
    """Every part, once for each place it stands in."""
    standing = [
        Standing(part.name, place * part.solid, PRINT_COLOURS.get(part.name, PRINT_COLOUR), True)
        for part in printed_parts(p)
        for place in part.places
    ]
    return standing + [Standing(part.name, part.solid, part.colour, False) for part in bought_parts(p)]


def compound(p: Params) -> Compound:
    """The assembly as one shape with labels, for the STEP file."""
    children = []
    for part in assembly(p):
        shape = Compound(part.solid.wrapped)
        shape.label = part.name
        children.append(shape)
    return Compound(label="focuscheck bench", children=children)
