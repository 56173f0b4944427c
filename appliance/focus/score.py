"""From photos of the chart to a verdict: the whole measurement as one pure function, or photo by photo."""

from __future__ import annotations

from collections.abc import Sequence

from appliance.focus.judge.verdict import invalid, judge
from appliance.focus.measure import Measurement, Refusal, measure_frame
from appliance.focus.result import Result, Setup
from appliance.frame import Frame


class Scoring:
    """Photos of one mount and focus, each measured as it comes and judged together as often as wanted."""

    def __init__(self, setup: Setup) -> None:
        self.setup = setup
        self._measured: list[Measurement] = []
        self._refused: Refusal | None = None

    def add(self, frame: Frame) -> None:
        """Measure one photo more; after one that cannot be measured no other is looked at."""
        if self._refused is not None:
            return
        outcome = measure_frame(frame, self.setup)
        if isinstance(outcome, Refusal):
            self._refused = outcome
        else:
            self._measured.append(outcome)

    def result(self) -> Result:
        """What all photos say together: INVALID with its reasons if one cannot be measured.

        Raises
        ------
        ValueError
            If there is no photo.
        """
        if self._refused is not None:
            return invalid(self._refused)
        if not self._measured:
            raise ValueError("at least one frame is needed")
        return judge(self._measured, self.setup)


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
    scoring = Scoring(setup)
    for frame in frames:
        scoring.add(frame)
    return scoring.result()
