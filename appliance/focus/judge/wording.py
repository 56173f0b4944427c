"""A result in words, for the terminal, the page and reports."""

from __future__ import annotations

from math import copysign, floor

from appliance.focus.lens.parameters import LENS
from appliance.focus.result import Result

UNITS = {
    "um": "µm",
    "mm": "mm",
    "percent": "%",
    "deg": "°",
    "mrad": "mrad",
    "waves": "waves",
    "dioptres": "dioptres",
    "depths_of_focus": "depths of focus",
}
"""Suffix of a figure's name and what it stands for."""


SPOKEN = {
    "decentring_coma_waves": "coma all over the field, W131, as of a decentred lens, waves",
    **{parameter.figure.name: parameter.figure.label for parameter in LENS if parameter.figure},
    "distortion_corner_percent": "distortion at the corner, %",
    "reduced_chi2": "misfit of the curve (reduced chi-square; 1 is noise alone)",
}
"""Figures whose name alone would say too little."""


def plain(value: float) -> str:
    """A further figure to three digits, without exponents and to the fourth decimal at most."""
    if abs(value) < 5e-4:
        return "0"
    text = f"{round(value, 4):.3g}"
    text = f"{float(text):.0f}" if "e" in text else text
    return text.replace("-", "−")


def label(name: str) -> str:
    """A further figure's name with its unit, as people read it: ``flange error, µm``."""
    for ending, words in (("_u95", " ± (95 %)"), ("_u", " ± (1 σ)"), ("", "")):
        if name.endswith(ending):
            name, interval = name.removesuffix(ending), words
            break
    if name in SPOKEN:
        said, comma, unit = SPOKEN[name].partition(",")
        return f"{said}{interval}{comma}{unit}"
    for ending, unit in UNITS.items():
        if name.endswith(f"_{ending}"):
            return f"{name.removesuffix(f'_{ending}').replace('_', ' ')}{interval}, {unit}"
    return name.replace("_", " ") + interval


def towards_zero(value: float, places: int) -> float:
    """The value cut off after so many decimals, so that what is promised is not more than is known."""
    return copysign(floor(abs(value) * 10**places) / 10**places, value)


def describe_shift(result: Result) -> list[str]:
    """The focus error in dioptres, and what would take it away at the camera, a line each; empty without one."""
    figures, lines = result.figures, []
    if "focus_error_dioptres" in figures:
        lines.append(f"{figures['focus_error_dioptres']:+.4f} dioptres")
    if "flange_error_um" in figures:
        flange, turn, u95 = (
            figures[name] for name in ("flange_error_um", "ring_turn_deg", "ring_turn_deg_u95")
        )
        far = "far from" if flange > 0 else "near to"
        way = "away from" if turn > 0 else "towards"
        trusted = f"If the focus ring is trusted: flange error {flange:+.1f} µm, "
        lines.append(
            f"{trusted}the sensor sits too {far} the lens; on an HQ camera turn the back-focus ring by "
            f"{abs(turn):.1f} ± {u95:.1f}° (95 %), which moves the lens {way} the sensor"
            if abs(turn) > u95
            else f"{trusted}no more than its uncertainty; leave the back-focus ring as it is"
        )
    return lines


def describe_result(result: Result) -> str:
    """Several lines of plain text: verdict, figures with their uncertainty, reasons."""
    lines = [result.verdict.words]
    if result.focus_error_mm is not None and result.focus_error_mm_u95 is not None:
        side = "behind" if result.focus_error_mm > 0 else "in front of"
        lines.append(
            f"Best focus lies {abs(result.focus_error_mm):.2f} mm {side} the aim point: "
            f"{result.focus_error_mm:+.2f} ± {result.focus_error_mm_u95:.2f} mm (95 %)"
        )
    if result.bounded:
        least = towards_zero(abs(result.focus_error_mm_at_least or 0.0), 1)
        by, side = f"{least:.1f} mm or more " if least else "", "behind" if result.side > 0 else "in front of"
        lines.append(f"Best focus lies {by}{side} the aim point; this photo does not show how far")
    if result.image_shift_um is not None and result.image_shift_um_u95 is not None:
        shift = f"{result.image_shift_um:+.1f} ± {result.image_shift_um_u95:.1f} µm on the image side"
        if result.depth_of_focus_um:
            shift += f", {result.image_shift_um / result.depth_of_focus_um:+.2f} depths of focus"
        lines.append(shift)
    lines += describe_shift(result)
    if result.tolerance_um is not None:
        lines.append(f"Tolerance {result.tolerance_text}")
    lines += [f"{reason.text} [{reason.code}]" for reason in result.reasons]
    if result.magnification:
        lines.append(
            f"Magnification 1:{1 / result.magnification:.2f}, chart tilted {result.chart_tilt_deg:.1f}°, "
            f"{result.edges_used} edges in {result.frames_used} frame(s)"
        )
    if result.chart and result.print_text:
        lines.append(f"Chart {result.chart}: {result.print_text}{_blur(result)}")
    return "\n".join(lines)


def _blur(result: Result) -> str:
    if "print_blur_um" not in result.figures:
        return ""
    blur, u = result.figures["print_blur_um"], result.figures["print_blur_um_u"]
    return f"; its print spreads by {blur:.0f} ± {1.96 * u:.0f} µm (95 %)"
