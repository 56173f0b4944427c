"""Every reason a check can give: a stable code and a sentence with what to do."""

from __future__ import annotations

from appliance.focus.result import Reason

REASONS: dict[str, str] = {
    "IN_TOLERANCE": "Focus lies within the tolerance, the uncertainty included.",
    "BACK_FOCUS": "The lens focuses behind the aim point, farther from the camera than it should.",
    "FRONT_FOCUS": "The lens focuses in front of the aim point, nearer to the camera than it should.",
    "BEYOND_CHART": "Focus lies beyond the chart, or so near its end that it may, so that at most a lower bound of "
    "the error is known. Focus again, or use a larger chart.",
    "CHART_TOO_SMALL": "The chart does not reach as far in depth as the tolerance and the uncertainty, so that it "
    "cannot be judged by. Use a larger chart, tilt it more, or go farther away.",
    "TOO_CLOSE_TO_CALL": "The error is so near the tolerance that the uncertainty decides. {remedy}",
    "FRAMES_DISAGREE": "The photos do not go together: {detail}. Something moved between them: let the bench settle "
    "and press again.",
    "NO_CHART": "No chart was found: {detail}. "
    "Point the camera at the chart, take the lens cap off, and focus roughly.",
    "CHART_TOO_FAR": "The chart is so small in the picture that the edges of its squares are up to {longest:.0f} px "
    "long, too short to be measured. Fill the picture with the chart, or print one for this lens and distance.",
    "CHART_CROPPED": "Too little of the chart is in the picture: {detail}. Aim at the star in its middle, and fill the "
    "picture with the chart.",
    "TOO_DARK": "The picture is too dark: the brightest parts reach {percent:.0f} % of full scale. "
    "Take the lens cap off, open the iris, add light or expose longer.",
    "CLIPPED": "The paper is overexposed: {percent:.0f} % of what was looked at reaches the sensor's limit. "
    "Expose shorter or dim the light.",
    "MOTION_BLUR": "The picture is blurred along one direction at all depths. Let the bench settle and press again; if "
    "it stays, the lens is decentred.",
    "FLICKER": "The light changes in bands across the picture: a lamp flickers, or a shadow or glare lies across the "
    "chart. Clear the light's way; use a lamp without flicker, or another exposure time.",
    "WRONG_CHART": "This is not a chart of this version: {detail}. Print the chart again.",
    "WRONG_BAYER": "The raw picture's colours do not lie as {order} has them: the pixels that should be green differ "
    "by {percent:.0f} %, as red and blue do. Check --bayer, or the camera's settings.",
    "WRONG_SCALE": "The chart seems printed at {percent:.1f} % of its true size. "
    "Print at 100 %, or measure its bar and enter that; if it is right, check the distance and the focal length.",
    "SCALE_DISAGREES": "The picture is {percent:.1f} % as large as distance, focal length and the chart's bar of "
    "{bar:g} mm call for. Check the distance, the zoom setting, and that this is the chart whose bar was measured.",
    "TILT_OUT_OF_RANGE": "The chart is tilted by {tilt:.0f}°; "
    "it must lie between {low:.0f}° and {high:.0f}°, best 45°.",
    "WRONG_F_NUMBER": "Blur grows as at about f/{measured:.2g}, not as at the f/{given:g} given. Check the iris, and "
    "the f-number that is set.",
    "FURTHER_ABERRATIONS": "The lens seems to have {what}, too. That is taken into account, and makes the figure "
    "less sure.",
    "DECENTRED": "The lens has coma of {waves:.1f} waves all over the picture, as no centred lens has: something in "
    "it is out of line. The figure allows for it, but have the lens looked at if earlier checks did not show this.",
    "CHECK_F_NUMBER": "Blur grows as at about f/{measured:.2g}, not as at the f/{given:g} given: check the iris and "
    "the f-number that is set, on which the tolerance rests. If they are right, the sensor is tilted in its mount.",
    "WRONG_DISTANCE": "A distance of {distance:g} mm from the sensor is nearer than four focal lengths of {focal:g} "
    "mm, where no lens focuses. Give it in millimetres, from the sensor plane to the star.",
    "WRONG_LENS": "The picture fits a focal length of {measured:.0f} mm, not the {given:.0f} mm given. "
    "Check the lens and its zoom setting.",
    "ANAMORPHIC": "The picture is squeezed by {percent:.0f} %, or the focal length given is not the lens's. Anamorphic "
    "lenses have two magnifications and cannot be measured here; of others check focal length and zoom setting.",
    "NOT_FLAT": "The edges do not lie where a flat chart has them, unless the sensor sits {askew:.0f}° out of square. "
    "Check that the chart is flat and the lens neither anamorphic nor tilted.",
    "TOLERANCE_TOO_TIGHT": "The tolerance of ± {tolerance:.1f} µm is less than four times the remount "
    "repeatability of {repeatability:.1f} µm, so that this station cannot judge to it.",
    "TOO_BLURRED": "Nothing in the picture is sharp enough to tell where focus lies. "
    "Take away what covers the chart, focus roughly, and press again.",
    "POOR_FIT": "The edges do not follow one through-focus curve ({strange:.0f} % of them not at all, reduced "
    "chi-square {chi2:.1f}). "
    "Check that the chart is flat, rigid and evenly lit; if it is, the lens is decentred or not whole.",
    "AMBIGUOUS": "Two focus positions explain the picture about equally well. Focus again or use a larger chart.",
    "GOLDEN_OVERDUE": "The golden lens {tag} {since}: check it first (guided check “Golden lens”), then this "
    "lens again.",
    "GOLDEN_MOVED": "The golden lens {tag} is off by {offset:+.1f} µm: bench or chart has moved. Put that right and "
    "check the golden lens again, then this lens.",
    "FEW_EDGES": "Only {count} edges could be measured near focus. Take away what covers the "
    "chart, focus roughly, fill the picture with it, and press again.",
}


def reason(code: str, **values: object) -> Reason:
    """The reason of that code, its sentence filled with ``values``."""
    return Reason(code, REASONS[code].format(**values))
