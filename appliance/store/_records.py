"""Values that go into the store and come out of it, free of the database's types."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from appliance.focus.result import Result, Setup
from appliance.store.clock import Moment


@dataclass(frozen=True)
class CheckRecord:
    """A finished check on its way into the store."""

    uuid: str
    lens_tag: str | None
    moment: Moment
    setup: Setup
    result: Result
    camera: Mapping[str, Any]
    preview_jpeg: bytes | None
    """The photo's green plane, 8 bits, gamma-coded; None if there was no photo to keep."""
    preview_px: tuple[int, int] = (0, 0)
    """Width and height of the preview."""


@dataclass(frozen=True)
class StoredCheck:
    """A check as it was stored. ``taken_at`` is UTC and only as good as ``clock_synced`` says."""

    sequence: int
    uuid: str
    lens_tag: str | None
    taken_at: datetime
    clock_synced: bool | None
    setup: Setup
    result: Result
    camera: Mapping[str, Any]
    software_version: str
    preview_file: str | None
    """File name in the pictures folder."""
    preview_px: tuple[int, int] | None
    """Width and height of the preview."""
