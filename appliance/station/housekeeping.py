"""What goes on beside the loop: the scanner's codes, the thermometer, the machine's health, reasons for restarts."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from appliance.config import Settings
from appliance.devices.scanner import tag_of
from appliance.errors import UsageError
from appliance.station.events import BadScan, Checkup, Devices, SelectLens
from appliance.station.health import read_health
from appliance.station.protocol import lens_tag
from appliance.store.report import Report

CHECKUP_S = 30.0
STOP_WAIT_S = 2.0
"""A look at the machine under way when the station is stopped gets this long; a thermometer's bus may hang."""
REASON_FILE = "restart-reason"

log = logging.getLogger(__name__)


class Housekeeping:
    """Watches scanner, thermometer and machine; events go to ``put``."""

    def __init__(self, settings: Settings, devices: Devices, put: Callable[[object], None]) -> None:
        self._data_dir, self._devices, self._put = settings.data_dir, devices, put
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="checkup", daemon=True)

    @property
    def descriptions(self) -> tuple[str, ...]:
        """Scanner and thermometer in words, as far as there are any."""
        return tuple(
            device.description
            for device in (self._devices.scanner, self._devices.thermometer)
            if device is not None
        )

    def start(self) -> None:
        """Watch from now on."""
        if self._devices.scanner is not None:
            self._devices.scanner.listen(lambda code: self._put(scan_event(code)))
        self._thread.start()

    def _run(self) -> None:
        while True:
            self._put(Checkup(read_health(self._data_dir, self._temperature_c())))
            if self._ended.wait(CHECKUP_S):
                return

    def _temperature_c(self) -> float | None:
        if self._devices.thermometer is None:
            return None
        try:
            return round(self._devices.thermometer.celsius(), 2)
        except (OSError, ValueError) as error:
            log.warning("The thermometer does not answer (%s).", error)
            return None

    def close(self) -> None:
        """Stop watching."""
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join(STOP_WAIT_S)
        if self._devices.scanner is not None:
            self._devices.scanner.close()


def scan_event(code: str) -> SelectLens | BadScan:
    """What a code read by the scanner means."""
    try:
        tag = lens_tag(tag_of(code))
    except UsageError:
        tag = None
    return BadScan(code[:40]) if tag is None else SelectLens(tag, scanned=True)


def write_reason(data_dir: Path, text: str) -> None:
    """Keep why the station ends itself, for the next one to say."""
    with suppress(OSError):  # a full disk must not keep a hanging station from ending
        (data_dir / REASON_FILE).write_text(text, encoding="utf-8")


@dataclass(frozen=True)
class Afresh:
    """Why the station starts afresh: a title and a few words for the display, the whole of it for the page."""

    title: str = ""
    short: str = ""
    whole: str = ""


def take_reason(data_dir: Path, mended: Report | None = None) -> Afresh:
    """Why the last station ended itself, or how this one put the records right; empty if neither. Said once."""
    file = data_dir / REASON_FILE
    try:
        text = file.read_text(encoding="utf-8")
        file.unlink()
    except OSError:
        text = ""
    if mended is not None:
        missing = ", ".join(str(number) for number, _ in mended.missing[:3])
        more = " …" if len(mended.missing) > 3 else ""
        told = f"MISSING: check {missing}{more}. See Station health." if missing else "No check is missing."
        return Afresh("RECORDS RESTORED", told, mended.sentence)
    return Afresh("STARTED AFRESH", text, text) if text else Afresh()
