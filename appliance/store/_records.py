"""Values that go into the store and come out of it, free of the database's types."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from appliance.focus.result import Result, Setup
from appliance.store.clock import Moment


@dataclass(frozen=True)
class GuideLink:
    """The step of a guided check that a check is the photo of; both are stored in one transaction."""

    run_uuid: str
    procedure: str
    step: str


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
    raw_png: bytes | None = None
    """The first photo as the sensor gave it, 16-bit PNG; kept for failures and for some days (see retention)."""
    raw_px: tuple[int, int] = (0, 0)
    """Width and height of the raw photo."""
    station: str | None = None
    """Name of the station."""
    operator: str | None = None
    """Who tested, where that is known."""
    body_tag: str | None = None
    """Camera body that the lens is tested for, where one was named."""
    temperature_c: float | None = None
    """At the bench, else of the sensor, °C."""
    guide: GuideLink | None = None


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
    raw_file: str | None = None
    """File name of the raw photo, while it is kept."""
    operator: str | None = None
    station: str | None = None
    body_tag: str | None = None
    visit_id: int | None = None
    temperature_c: float | None = None
    voided_at: datetime | None = None
    voided_by: str | None = None
    void_reason: str | None = None
