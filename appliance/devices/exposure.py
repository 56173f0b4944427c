"""The exposure: a short search for the time that sets the chart's white to its target, then fixed."""

from __future__ import annotations

import numpy as np

from appliance.frame import Frame, greens

TARGET_WHITE = 0.65
"""Share of the range between black and white that the chart's white is exposed to: clear of clipping and of noise."""
_NEAR = 0.08
_CLIPPED = 0.95
_STILL_GOOD = (0.35, 0.9)


def white_share(frame: Frame) -> float:
    """Where the chart's white lies between black and saturation, from the green pixels of the picture's middle."""
    height, width = frame.plane.shape
    top, left = height // 4 // 2 * 2, width // 4 // 2 * 2
    middle = frame.plane[top : height - top, left : width - left]
    if frame.bayer is not None:
        middle = greens(middle, frame.bayer)[0][::3, ::3]
    return float((np.percentile(middle, 98) - frame.black) / (frame.white - frame.black))


class ExposureSearch:
    """Proposes exposures and learns from each frame's white; at most ``MOST_FRAMES`` frames.

    ``low_us`` and ``high_us`` are what the sensor can do.
    """

    FIRST_US = 10_000
    LONGEST_US = 250_000
    MOST_FRAMES = 8

    def __init__(self, low_us: int, high_us: int) -> None:
        self._low, self._high = max(low_us, 30), min(high_us, self.LONGEST_US)
        self.exposure_us = int(np.clip(self.FIRST_US, self._low, self._high))
        self._frames = 0

    def learn(self, white: float) -> bool:
        """Take in the white at :attr:`exposure_us`; True if that exposure stays, else there is a new one to try."""
        self._frames += 1
        if abs(white - TARGET_WHITE) < _NEAR or self._frames >= self.MOST_FRAMES:
            return True
        factor = 0.25 if white > _CLIPPED else TARGET_WHITE / max(white, 0.02)
        following = int(np.clip(self.exposure_us * factor, self._low, self._high))
        if following == self.exposure_us:  # at the end of what the sensor can do
            return True
        self.exposure_us = following
        return False

    @staticmethod
    def still_good(white: float) -> bool:
        """Whether an exposure found earlier may stay: neither near clipping nor lost in noise."""
        return _STILL_GOOD[0] <= white <= _STILL_GOOD[1]
