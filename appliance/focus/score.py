"""From photos of the chart to a verdict: the whole measurement as one pure function."""

from __future__ import annotations

from collections.abc import Sequence

from appliance.focus.measure import Measurement, Refusal, measure_frame
from appliance.focus.result import Result, Setup
from appliance.focus.verdict import invalid, judge
from appliance.frame import Frame


def score_frames(frames: Sequence[Frame], setup: Setup) -> Result:
    """Score one or more photos of the same set-up.

    Parameters
    ----------
    frames:
        Photos of the chart, all of the same mount and focus; more of them lower the noise.
    setup:
        Lens, sensor, tolerance.

    Returns
    -------
    Result
        Verdict INVALID with its reasons if the photos cannot be measured; never raises for what a photo shows.

    Raises
    ------
    ValueError
        If there is no frame.
    """
    if not frames:
        raise ValueError("at least one frame is needed")
    measured = [measure_frame(frame, setup) for frame in frames]
    refusals = [m for m in measured if isinstance(m, Refusal)]
    if refusals:
        return invalid(refusals[0])
    return judge([m for m in measured if isinstance(m, Measurement)], setup)
