"""Chooses from the chart family: the chart whose cells suit a lens, a distance and a sensor."""

from __future__ import annotations

from appliance import optics
from appliance.chart.layout import FAMILY_PITCH_MM, Layout, layout
from appliance.errors import UsageError

SENSORS_MM: dict[str, tuple[float, float, float]] = {
    "hq": (6.287, 4.712, 1.55),
    "gs": (5.023, 3.754, 3.45),
    "cm3": (6.451, 3.629, 1.4),
}
"""Width, height in mm and pixel pitch in µm of the sensors of the HQ camera, GS camera and Camera Module 3."""
CELLS_ACROSS = 13.0
"""Cells that should be seen across the picture: enough edges, each long enough."""
MIN_DEPTHS_OF_FIELD = 4.0
LARGEST_F_NUMBER = 11.0
"""Lenses are not checked stopped down further."""
USUAL_COC_UM = 15.0


def sensor_size_mm(sensor: str) -> tuple[float, float, float]:
    """Width and height in mm of a named sensor or of ``WxH`` in mm, and its pixel pitch in µm.

    Of a sensor whose pixels are not known, the circle of confusion of its client stands for the pitch.
    """
    if sensor.lower() in SENSORS_MM:
        return SENSORS_MM[sensor.lower()]
    try:
        width, height = (float(part) for part in sensor.lower().replace("×", "x").split("x"))
    except ValueError:
        width = height = 0.0
    if not (1 <= width <= 100 and 1 <= height <= 100):
        raise UsageError(
            f"--sensor '{sensor}' is none of {', '.join(SENSORS_MM)} and no size like 6.29x4.71 in mm."
        )
    return width, height, USUAL_COC_UM


def choose_layout(
    paper: str,
    focal_length_mm: float | None = None,
    distance_mm: float | None = None,
    sensor: str = "hq",
    f_number: float | None = None,
) -> tuple[Layout, list[str]]:
    """The chart for a set-up, or the general one, with notes for the user.

    Parameters
    ----------
    distance_mm:
        From the sensor plane to the aim point.

    Raises
    ------
    UsageError
        If only one of focal length and distance is given, or the lens cannot focus there.
    """
    if (focal_length_mm is None) != (distance_mm is None):
        raise UsageError("Give --focal-length and --distance together, or neither for the general chart.")
    width, height, circle_um = sensor_size_mm(sensor)
    if focal_length_mm is None or distance_mm is None:
        if f_number is not None:
            raise UsageError(
                "--f-number tells how deep the chart is for a lens: give --focal-length and --distance."
            )
        return layout(paper), []
    try:
        object_mm = optics.object_distance_from_sensor_distance_mm(focal_length_mm, distance_mm)
    except ValueError as error:
        raise UsageError(
            f"A lens of {focal_length_mm:g} mm cannot focus at {distance_mm:g} mm: {error}."
        ) from error
    m = focal_length_mm / (object_mm - focal_length_mm)
    wanted = width / m / CELLS_ACROSS
    pitch = min(FAMILY_PITCH_MM, key=lambda p: abs(p / wanted - 1) if p <= wanted * 1.3 else 10 + p)
    chart = layout(paper, pitch)
    return chart, _notes(chart, m, width, height, f_number, circle_um)


def _notes(
    chart: Layout, m: float, width_mm: float, height_mm: float, f_number: float | None, circle_um: float
) -> list[str]:
    """What a chart's user should know of it, at a magnification before a sensor of that size."""
    seen_mm = width_mm / m
    notes = [f"Magnification 1:{1 / m:.1f}; the camera sees {seen_mm:.0f} × {height_mm / m:.0f} mm."]
    seen_half, printed_half = height_mm / m / 2, chart.rows * chart.pitch_mm / 2 * 0.7071
    depths_at_1 = min(seen_half, printed_half) / optics.depth_of_field_mm(1.0, m, circle_um)
    widest = depths_at_1 / MIN_DEPTHS_OF_FIELD
    deeper = (
        "take a larger paper or tilt the chart more"
        if printed_half < seen_half
        else "go farther away or tilt the chart more"
    )
    if f_number is not None:
        depths = depths_at_1 / f_number
        notes.append(
            f"At f/{f_number:g} and 45° the chart spans ± {depths:.1f} depths of field, for blur of {circle_um:g} µm."
        )
        if depths < MIN_DEPTHS_OF_FIELD:
            notes.append(f"That is less than ± {MIN_DEPTHS_OF_FIELD:g}: {deeper}.")
    elif widest < LARGEST_F_NUMBER:
        notes.append(
            f"At 45° the chart spans ± {MIN_DEPTHS_OF_FIELD:g} depths of field up to f/{widest:.2g}, for blur of "
            f"{circle_um:g} µm; stopped down further, {deeper}."
        )
    if seen_mm < 5 * chart.pitch_mm:
        notes.append("The camera sees very little of the chart at this distance: step back.")
    if chart.columns * chart.pitch_mm < 0.35 * seen_mm:
        notes.append("The paper fills little of the picture: a larger paper or a shorter distance is better.")
    return notes
