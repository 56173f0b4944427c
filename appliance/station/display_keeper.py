"""Keeps a display showing what it should, and the station going when there is none."""

from __future__ import annotations

import base64
import io
import logging
from collections.abc import Callable

from PIL import Image

from appliance.devices import Display
from appliance.station.screens import Screen, Size

FIRST_RETRY_S = 1.0
LAST_RETRY_S = 30.0

log = logging.getLogger(__name__)


class DisplayKeeper:
    """Shows screens on a display that may be unplugged and come back at any time.

    A lost display is closed and opened anew after 1 s, 2 s, 4 s, … at most 30 s; nothing else ever waits for it.
    """

    def __init__(self, open_display: Callable[[], Display], size: Size) -> None:
        self._open = open_display
        self._display: Display | None = None
        self._screen: Screen | None = None
        self._retry_at: float | None = 0.0
        self._retry_in_s = FIRST_RETRY_S
        self.size = size

    @property
    def lost(self) -> bool:
        """Whether the display is absent."""
        return self._display is None

    @property
    def description(self) -> str:
        """The display in words."""
        return "no display" if self._display is None else self._display.description

    def show(self, screen: Screen, now: float) -> None:
        """Show ``screen``, now or as soon as there is a display again."""
        self._screen = screen
        self.tick(now)
        self._paint(now)

    def tick(self, now: float) -> None:
        """Try to get a lost display back, if it is time."""
        if self._retry_at is None or now < self._retry_at:
            return
        try:
            self._display = self._open()
        except OSError as error:
            self._lose(now, error)
            return
        self._retry_at, self._retry_in_s = None, FIRST_RETRY_S
        self._paint(now)

    def _paint(self, now: float) -> None:
        if self._display is None or self._screen is None:
            return
        try:
            self._display.show(self._screen.picture)
        except OSError as error:
            self._lose(now, error)

    def _lose(self, now: float, error: OSError) -> None:
        log.warning("The display does not answer (%s); trying again in %.0f s.", error, self._retry_in_s)
        self._display = None
        self._retry_at = now + self._retry_in_s
        self._retry_in_s = min(2 * self._retry_in_s, LAST_RETRY_S)

    def close(self) -> None:
        """Darken the display and let it go."""
        if self._display is not None:
            try:
                self._display.close()
            except OSError as error:
                log.warning("The display could not be closed (%s).", error)


def png_base64(picture: Image.Image) -> str:
    """A one-bit picture as base64 PNG, a few hundred bytes."""
    buffer = io.BytesIO()
    picture.save(buffer, "PNG", optimize=True)
    return base64.b64encode(buffer.getvalue()).decode("ascii")
