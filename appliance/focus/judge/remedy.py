"""What would settle a RETEST: more photos or light against the noise, or else less of what photos cannot average."""

from __future__ import annotations

from collections.abc import Mapping
from math import ceil, inf, sqrt

NOISE = "noise"
"""The one term of a budget that shrinks with the number of photos."""
MAX_PHOTOS = 64
"""Photos that are still asked for: a minute or two at the bench."""
REMEDIES = {
    NOISE: "Most of the uncertainty is noise: add light, and press again.",
    "sensor_pattern": "Most of the uncertainty is the sensor's own pattern: shift the camera a little, and press "
    "again.",
    "pose": "Most of the uncertainty is where the chart stands in the picture: fill the picture with it, and press "
    "again.",
    "lens_model": "Most of the uncertainty is how far lens and chart depart from what the model knows: clear the view "
    "of the chart, light it evenly, and press again.",
    "chart_flatness": "Most of the uncertainty is how flat the chart is: mount it flatter, enter how flat, and press "
    "again.",
    "aim": "Most of the uncertainty is how well the lens was set on the star: set it again with more care, enter how "
    "well, and press again.",
    "remount": "Most of the uncertainty is taking the lens off and on: remount the lens and press again.",
    "print_scale": "Most of the uncertainty is the chart's true size: read its bar with a steel ruler, or again with a "
    "better one, and press again.",
}
"""What lowers each term of a budget, by its name."""
AT_THE_EDGE = "If it stays, adjust the lens: it stands at the very edge of its tolerance."


def combined(budget_um: Mapping[str, float], photos: float = 1.0, without: str | None = None) -> float:
    """Root sum of squares of a budget, µm, with ``photos`` times as many photos, or but for one of its terms."""
    shares = (u / sqrt(photos) if name == NOISE else u for name, u in budget_um.items() if name != without)
    return sqrt(sum(u * u for u in shares))


def photos_needed(budget_um: Mapping[str, float], photos: int, wanted_u_um: float) -> float:
    """How many photos bring a budget of ``photos`` down to ``wanted_u_um``; infinitely many where none do."""
    room = wanted_u_um**2 - combined(budget_um, without=NOISE) ** 2
    return photos * budget_um[NOISE] ** 2 / room if room > 0 else inf


def remedy(budget_um: Mapping[str, float], photos: int, wanted_u_um: float) -> str:
    """What to do so that the combined standard uncertainty falls to ``wanted_u_um``, in words."""
    needed = photos_needed(budget_um, photos, wanted_u_um)
    if needed <= MAX_PHOTOS:
        count = max(ceil(needed), photos + 1)
        return f"About {count} photos in one check would settle it, or {count / photos:.2g} times the light."
    worst = max(budget_um, key=lambda name: budget_um[name])
    enough = combined(budget_um, without=worst) < wanted_u_um
    return REMEDIES[worst] if enough else f"{REMEDIES[worst]} {AT_THE_EDGE}"
