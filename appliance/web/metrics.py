"""``/metrics``: what a house's monitoring watches, as Prometheus reads it; numbers, no names of lenses or people."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from typing import Any

from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from appliance.config import SOFTWARE_VERSION, Settings
from appliance.focus.result import Verdict
from appliance.station.state import Phase, StationState
from appliance.store.backups import newest_backup
from appliance.store.clock import now
from appliance.store.models import Check
from appliance.store.report import read_report

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_FROM_HEALTH = {
    "bench_c": ("focuscheck_bench_temperature_celsius", "Temperature at the bench."),
    "cpu_c": ("focuscheck_processor_temperature_celsius", "Temperature of the processor."),
    "under_voltage": ("focuscheck_under_voltage", "Whether the supply voltage is too low."),
    "clock_synced": ("focuscheck_clock_synced", "Whether the clock was set from the network."),
}


class _Now(Collector):
    """What is true at the moment of asking."""

    def __init__(
        self, settings: Settings, state: StationState | None, silent: bool, session: Session | None
    ) -> None:
        self._settings, self._state, self._silent, self._session = settings, state, silent, session

    def collect(self) -> Iterator[Metric]:
        """Every figure, once."""
        yield from self._checks()
        yield from self._keeping()
        state = self._state
        yield _gauge("focuscheck_station_up", "Whether the station answers.", state is not None)
        yield _gauge(
            "focuscheck_station_silent", "Whether there is a station that does not answer.", self._silent
        )
        if state is None:
            return
        yield _gauge(
            "focuscheck_station_fault", "Whether the station shows a fault.", state.phase is Phase.FAULT
        )
        no_camera = any(device.startswith("no camera") for device in state.devices)
        yield _gauge("focuscheck_camera_missing", "Whether the station has no camera.", no_camera)
        yield _gauge("focuscheck_display_lost", "Whether the display does not answer.", state.display_lost)
        yield CounterMetricFamily(
            "focuscheck_busy_presses", "Presses answered with busy.", state.busy_presses
        )
        for key, (name, about) in _FROM_HEALTH.items():
            value = (state.health or {}).get(key)
            if value is not None:
                yield _gauge(name, about, value)

    def _checks(self) -> Iterator[Metric]:
        counts = CounterMetricFamily("focuscheck_checks", "Checks in the records.", labels=["verdict"])
        found: dict[str, int] = {}
        if self._session is not None:
            query = select(Check.verdict, func.count()).group_by(Check.verdict)
            found = {verdict: count for verdict, count in self._session.execute(query)}
        for verdict in Verdict:
            counts.add_metric([verdict.value], found.get(verdict.value, 0))
        yield counts

    def _keeping(self) -> Iterator[Metric]:
        folder = self._settings.data_dir
        if folder.exists():
            disk = shutil.disk_usage(folder)
            yield _gauge("focuscheck_disk_free_bytes", "Room on the disk of the records.", disk.free)
            yield _gauge("focuscheck_disk_size_bytes", "Size of the disk of the records.", disk.total)
        newest = newest_backup(folder)
        age_s = newest.age_s(now()) if newest else None
        if age_s is not None:
            yield _gauge("focuscheck_backup_age_seconds", "Age of the newest copy of the records.", age_s)
        report = read_report(folder)
        missing = len(report.missing) if report else 0
        yield _gauge("focuscheck_checks_missing", "Checks that were shown and are gone.", missing)
        version = GaugeMetricFamily("focuscheck_version", "Version of the software.", labels=["version"])
        version.add_metric([SOFTWARE_VERSION], 1)
        yield version


def _gauge(name: str, about: str, value: Any) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, about, float(value))


def metrics_text(
    settings: Settings, state: StationState | None, silent: bool, session: Session | None
) -> bytes:
    """Every figure of this moment as Prometheus reads it, the page's own memory and descriptors too."""
    registry = CollectorRegistry()
    registry.register(_Now(settings, state, silent, session))
    ProcessCollector(registry=registry)
    return generate_latest(registry)
