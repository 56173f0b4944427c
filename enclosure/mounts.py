"""Adapter lengths for lens mounts, from their flange focal distances."""

from __future__ import annotations

C_MOUNT_MM = 17.526
CS_MOUNT_MM = 12.526

FLANGE_MM: dict[str, float] = {
    "CS": 12.526,
    "C": 17.526,
    "Nikon Z": 16.0,
    "Sony E": 18.0,
    "Canon EF-M": 18.0,
    "Canon RF": 20.0,
    "L mount": 20.0,
    "Micro Four Thirds": 19.25,
    "Fujifilm X": 17.7,
    "Fujifilm G": 26.7,
    "Leica M": 27.8,
    "Canon FD": 42.0,
    "Minolta MD": 43.5,
    "Canon EF, EF-S": 44.0,
    "Sony A, Minolta AF": 44.5,
    "M42": 45.46,
    "Pentax K": 45.46,
    "Nikon F": 46.5,
    "Leica R": 47.0,
    "Arri PL": 52.0,
    "Arri LPL": 44.0,
}
"""Flange focal distance in mm, as the mounts' makers publish it."""

MAKEABLE_FROM_MM = 5.0
"""Shorter adapters leave no room for two threads."""


def adapter_length_mm(flange_mm: float) -> float:
    """Length of an adapter from a C-mount camera to a lens with this flange focal distance."""
    return flange_mm - C_MOUNT_MM


def advice(name: str) -> str:
    """What to put between the camera and a lens."""
    if name == "CS":
        return "no adapter; take off the C-CS ring"
    if name == "C":
        return "no adapter; the 5 mm C-CS ring stays on"
    length = adapter_length_mm(FLANGE_MM[name])
    if length >= MAKEABLE_FROM_MM:
        return "bought adapter to C mount"
    return "not with this camera: too short for an adapter"


def table() -> str:
    """The adapter table as Markdown."""
    rows = [
        "| Mount | Flange focal distance, mm | Adapter to C mount, mm | What to do |",
        "|---|---:|---:|---|",
    ]
    for name, flange in sorted(FLANGE_MM.items(), key=lambda item: item[1]):
        rows.append(f"| {name} | {flange:g} | {adapter_length_mm(flange):+.3f} | {advice(name)} |")
    return "\n".join(rows)
