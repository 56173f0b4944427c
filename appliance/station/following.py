"""Live figures as another process follows them, over the station's socket."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from appliance.errors import CameraError, StationDownError
from appliance.station.client import StationClient
from appliance.station.state import StationState

POLL_S = 0.1
FIRST_FIGURES_S = 60.0
"""Longest wait for the first figures: a camera may have to be opened and its exposure searched."""


@contextmanager
def following(client: StationClient, kind: str) -> Iterator[Iterator[StationState]]:
    """States with figures of ``assist`` or ``align``, begun with the block and ended with it.

    Raises
    ------
    StationBusyError
        If a check is under way.
    StationDownError, CameraError
        As :func:`fresh`.
    """
    client.live(kind, True)
    try:
        yield fresh(client.state, kind)
    finally:
        client.live(kind, False)


def fresh(state: Callable[[], StationState], kind: str) -> Iterator[StationState]:
    """Each state whose figures are new, until the session ends.

    Raises
    ------
    StationDownError
        If no figures come in time.
    CameraError
        If the session ended because the camera failed.
    """
    shown = None
    deadline = time.monotonic() + FIRST_FIGURES_S
    while (now := state()).phase.value == kind:
        if now.live is not None and now.live != shown:
            shown = now.live
            yield now
        elif shown is None and time.monotonic() > deadline:
            raise StationDownError("The station gives no figures. Read: focuscheck doctor")
        time.sleep(POLL_S)
    if now.fault:
        raise CameraError(now.fault)
