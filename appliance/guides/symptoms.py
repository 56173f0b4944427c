"""What was seen, and which guided check answers it: the start page's table."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Symptom:
    """Something a client, an assistant or a technician saw.

    ``checks`` are names of procedures, the one to do first in front; ``why`` says in a sentence what that one tells.
    """

    key: str
    seen: str
    checks: tuple[str, ...]
    why: str


SYMPTOMS: tuple[Symptom, ...] = (
    Symptom(
        "tele-sharp-wide-soft", "Zoom: sharp at tele, soft at wide", ("back-focus",),
        "A sensor at the wrong distance shows at the wide end first. Three focal lengths tell it from a worn zoom.",
    ),
    Symptom(
        "eyes-soft", "Eyes soft, ears or nose sharp", ("autofocus", "focus-lock", "body-or-lens"),
        "Autofocus that lies in front or behind: eight shots tell a shift from scatter.",
    ),
    Symptom(
        "sometimes-soft", "Autofocus: sometimes sharp, sometimes not", ("focus-lock", "autofocus"),
        "Focus that does not stay where it was put, or that hunts, is counted shot by shot.",
    ),
    Symptom(
        "one-side-soft", "Soft on one side", ("tilt",),
        "The lens is turned in its mount: what turns with it is the lens, what stays is the bench.",
    ),
    Symptom(
        "marks-off", "Distance marks are off, infinity is not at infinity", ("witness-marks", "back-focus"),
        "Two distances tell a shim that is missing from a scale that slipped.",
    ),
    Symptom(
        "not-back-to-mark", "Comes back to the mark, but not to focus", ("return-to-mark",),
        "Returns from near and from far show play, slip and drift.",
    ),
    Symptom(
        "fell", "Soft since it fell", ("tilt", "back-focus", "witness-marks", "return-to-mark"),
        "A knock tilts first; then it moves the mount or the zoom.",
    ),
    Symptom(
        "soft-stopped-down", "Sharp wide open, soft stopped down (or the other way)", ("aperture-series",),
        "Some lenses move focus with the stop; the best stop is told too.",
    ),
    Symptom(
        "frame-changes", "The picture grows or shrinks when focus is pulled", ("breathing",),
        "That is breathing: magnification, not focus. It is measured in per cent.",
    ),
    Symptom(
        "every-lens-soft", "Every lens is off, or lens and body blame each other", ("golden", "body-or-lens"),
        "All lenses off means the body or the bench, not the lenses.",
    ),
    Symptom(
        "changes-with-heat", "It was good yesterday; the room is colder or warmer", ("temperature",),
        "Metal grows with heat: how far is measured, and taken into account.",
    ),
    Symptom(
        "bench-doubted", "Can this bench be trusted, and to how little?", ("golden", "gauge"),
        "The station checks itself, and says the smallest tolerance that it can judge.",
    ),
)  # fmt: skip


def symptom_named(key: str) -> Symptom | None:
    """The symptom of that key; None if there is none."""
    return next((symptom for symptom in SYMPTOMS if symptom.key == key), None)
