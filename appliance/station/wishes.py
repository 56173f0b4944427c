"""What other threads may ask of a station; everything goes through the loop's queue of events."""

from __future__ import annotations

import queue
from collections.abc import Mapping
from concurrent.futures import Future
from typing import Any

from appliance.station import events
from appliance.station.events import LiveKind, Request
from appliance.station.housekeeping import scan_event
from appliance.store import StoredCheck


class Wishes:
    """The part of a station that others call, from any thread."""

    def __init__(self) -> None:
        self._events: queue.SimpleQueue[object] = queue.SimpleQueue()

    def press(self, lens_tag: str | None = None) -> Future[StoredCheck]:
        """Start a check as the TEST button does; the future holds the stored check or what went wrong.

        ``lens_tag`` is the lens of this check only; None for the one selected. Ends focus assist and alignment.

        Raises
        ------
        StationBusyError
            If a check is under way; presses are never queued.
        """
        request = Request(lens_tag)
        self._events.put(request)
        request.accepted.result()
        return request.done

    def select_lens(self, tag: str | None) -> None:
        """Say which lens the next presses are about."""
        self._events.put(events.SelectLens(tag))

    def select_body(self, tag: str | None) -> None:
        """Say which camera body the lens is tested for, until another lens is selected."""
        self._events.put(events.SelectBody(tag))

    def set_up(self, focal_length_mm: float | None, f_number: float | None) -> None:
        """Say what the lens on the bench is set to; raises UsageError if its records say that it cannot be."""
        wish = events.SetUp(focal_length_mm, f_number)
        self._events.put(wish)
        wish.accepted.result()

    def scan(self, code: str) -> None:
        """Read a barcode as the scanner does: a bare tag, or an address ending in ``/l/TAG``."""
        self._events.put(scan_event(code))

    def live(self, kind: LiveKind, on: bool) -> None:
        """Begin or end focus assist or alignment; raises StationBusyError while a check is under way."""
        wish = events.SetLive(kind, on)
        self._events.put(wish)
        wish.accepted.result()

    def reset_peak(self) -> None:
        """Let focus assist forget its best sharpness."""
        self._events.put(events.ResetPeak())

    def focus(self) -> None:
        """Focus and lock by the camera's motor, as FOCUS does; raises StationBusyError or NoFocusMotorError."""
        wish = events.FocusNow()
        self._events.put(wish)
        wish.accepted.result()

    def guide(self, do: str, fields: Mapping[str, Any]) -> dict[str, Any]:
        """Begin, answer or end a guided check (:meth:`appliance.station.guiding.Guiding.act`), or ``view`` it.

        Raises
        ------
        StationBusyError, UsageError
            If it cannot be done now.
        """
        wish = events.Guide(do, fields)
        self._events.put(wish)
        return wish.answered.result()

    def show_pin(self, pin: str | None, seconds: float) -> None:
        """Show a pairing PIN on the OLED for so long; None takes it down."""
        self._events.put(events.ShowPin(pin, seconds))

    def stop(self) -> None:
        """End :meth:`run` soon."""
        self._events.put(events.Stop())
