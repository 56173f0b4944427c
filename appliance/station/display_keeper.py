"""Keeps a display showing what it should, and the station going when there is none."""

from __future__ import annotations

import base64
import io
import logging
from collections.abc import Callable
from contextlib import suppress

from PIL import Image, ImageChops

from appliance.devices import Display
from appliance.station._drawing import Size
from appliance.station.screens import Screen

FIRST_RETRY_S = 1.0
LAST_RETRY_S = 30.0
_SHIFTS = ((0, 0), (1, 0), (1, 1), (0, 1), (-1, 1), (-1, 0), (-1, -1), (0, -1), (1, -1))
"""Where the picture stands in turn, px: no pixel is lit for ever."""
DIM = 0.05

log = logging.getLogger(__name__)


class DisplayKeeper:
    """Shows screens on a display that may be unplugged and come back at any time.

    A lost display is closed and opened anew after 1 s, 2 s, 4 s, … at most 30 s; nothing else ever waits for it.
    """

    def __init__(
        self,
        open_display: Callable[[], Display],
        size: Size,
        shift_s: float = 60.0,
        dim_after_s: float = 120.0,
        dark_after_s: float = 1800.0,
    ) -> None:
        self._open = open_display
        self._display: Display | None = None
        self._screen: Screen | None = None
        self._retry_at: float | None = 0.0
        self._retry_in_s = FIRST_RETRY_S
        self._shift_s, self._dim_after_s, self._dark_after_s = shift_s, dim_after_s, dark_after_s
        self._shift, self._shift_at = 0, 0.0
        self._touched, self._bright = 0.0, 1.0
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
        if self._screen is None or screen.text != self._screen.text:
            self.wake(now)
        self._screen = screen
        self.tick(now)
        self._paint(now)

    def wake(self, now: float) -> None:
        """Somebody is at the station: full brightness from now on."""
        self._touched = now
        self._brighten(1.0, now)

    def tick(self, now: float) -> None:
        """Get a lost display back if it is time; shift the picture, dim it, switch it dark."""
        if self._retry_at is not None:
            if now >= self._retry_at:
                self._reopen(now)
            return
        idle = now - self._touched
        share = 0.0 if idle >= self._dark_after_s else DIM if idle >= self._dim_after_s else 1.0
        self._brighten(share, now)
        if now >= self._shift_at:
            self._shift, self._shift_at = (self._shift + 1) % len(_SHIFTS), now + self._shift_s
            self._paint(now)

    def _reopen(self, now: float) -> None:
        try:
            self._display = self._open()
        except OSError as error:
            self._lose(now, error)
            return
        self._retry_at, self._retry_in_s = None, FIRST_RETRY_S
        self._shift, self._shift_at, self._bright = 0, now + self._shift_s, 1.0
        self._paint(now)

    def _brighten(self, share: float, now: float) -> None:
        if self._display is None or share == self._bright:
            return
        self._bright = share
        try:
            self._display.brightness(share)
        except OSError as error:
            self._lose(now, error)

    def _paint(self, now: float) -> None:
        if self._display is None or self._screen is None:
            return
        try:
            self._display.show(shifted(self._screen.picture, _SHIFTS[self._shift]))
        except OSError as error:
            self._lose(now, error)

    def _lose(self, now: float, error: OSError) -> None:
        log.warning("The display does not answer (%s); trying again in %.0f s.", error, self._retry_in_s)
        lost, self._display = self._display, None
        if lost is not None:
            with suppress(OSError):  # it is gone already; only its bus is let go here
                lost.close()
        self._retry_at = now + self._retry_in_s
        self._retry_in_s = min(2 * self._retry_in_s, LAST_RETRY_S)

    def close(self) -> None:
        """Darken the display and let it go."""
        if self._display is not None:
            try:
                self._display.close()
            except OSError as error:
                log.warning("The display could not be closed (%s).", error)


def shifted(picture: Image.Image, by: tuple[int, int]) -> Image.Image:
    """The picture moved by ``by`` px right and down; what comes in from outside is dark."""
    if by == (0, 0):
        return picture
    moved = ImageChops.offset(picture, *by)
    width, height = picture.size
    if by[0]:
        moved.paste(0, (0, 0, 1, height) if by[0] > 0 else (width - 1, 0, width, height))
    if by[1]:
        moved.paste(0, (0, 0, width, 1) if by[1] > 0 else (0, height - 1, width, height))
    return moved


def png_base64(picture: Image.Image) -> str:
    """A one-bit picture as base64 PNG, a few hundred bytes."""
    buffer = io.BytesIO()
    picture.save(buffer, "PNG", optimize=True)
    return base64.b64encode(buffer.getvalue()).decode("ascii")
