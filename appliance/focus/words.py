"""A result in words, for the terminal, the page and reports."""

from __future__ import annotations

from appliance.focus.result import Result


def describe_result(result: Result) -> str:
    """Several lines of plain text: verdict, figures with their uncertainty, reasons."""
    lines = [result.verdict.words]
    if result.focus_error_mm is not None and result.focus_error_mm_u95 is not None:
        side = "behind" if result.focus_error_mm > 0 else "in front of"
        lines.append(
            f"Best focus lies {abs(result.focus_error_mm):.2f} mm {side} the aim point: "
            f"{result.focus_error_mm:+.2f} ± {result.focus_error_mm_u95:.2f} mm (95 %)"
        )
    if result.focus_error_mm_at_least is not None:
        lines.append(f"Best focus lies beyond the chart, at {result.focus_error_mm_at_least:+.1f} mm or more")
    if result.image_shift_um is not None and result.image_shift_um_u95 is not None:
        shift = f"{result.image_shift_um:+.1f} ± {result.image_shift_um_u95:.1f} µm on the image side"
        if result.depth_of_focus_um:
            shift += f", {result.image_shift_um / result.depth_of_focus_um:+.2f} depths of focus"
        lines.append(shift)
    if result.tolerance_um is not None:
        lines.append(f"Tolerance {result.tolerance_text}")
    lines += [f"{reason.text} [{reason.code}]" for reason in result.reasons]
    if result.magnification:
        lines.append(
            f"Magnification 1:{1 / result.magnification:.2f}, chart tilted {result.chart_tilt_deg:.1f}°, "
            f"{result.edges_used} edges in {result.frames_used} frame(s)"
        )
    return "\n".join(lines)
