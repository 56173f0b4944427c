"""Runs a station as a process: lock, store, devices, socket, signals; or once, for a single check."""

from __future__ import annotations

import fcntl
import logging
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from appliance.config import Settings
from appliance.devices.choose import (
    camera_is_simulated,
    on_raspberry_pi,
    open_camera,
    open_display,
    open_panel,
    open_scanner,
    open_thermometer,
)
from appliance.devices.power import power_off
from appliance.errors import FocuscheckError, StorageError, UsageError
from appliance.station.client import StationClient
from appliance.station.daemon import Station
from appliance.station.events import Devices
from appliance.station.lifeline import when_stdin_closes
from appliance.station.network import page_address
from appliance.station.notify import Notifier
from appliance.station.server import StationServer
from appliance.station.state import Phase
from appliance.store import StoredCheck
from appliance.store.starting import start_store

START_TIMEOUT_S = 60.0

log = logging.getLogger(__name__)


@contextmanager
def sole_station(data_dir: Path) -> Iterator[None]:
    """Hold the data folder for this process: two stations on one camera would spoil each other's checks.

    Raises
    ------
    UsageError
        If another station holds it.
    StorageError
        If the folder cannot be written.
    """
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(data_dir / "station.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o660)
    except OSError as error:
        raise StorageError(
            f"The data folder {data_dir} cannot be written ({error.strerror}). Give the station's user the right to "
            "write there, or choose another folder with --data-dir."
        ) from None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError:
        raise UsageError(
            f"A station already works in {data_dir}. Use that one, or give this one a folder with --data-dir."
        ) from None
    finally:
        os.close(descriptor)


@contextmanager
def running_station(settings: Settings, notifier: Notifier | None = None) -> Iterator[Station]:
    """A station in this process, its loop in a thread, until the block ends."""
    with ExitStack() as held:
        held.enter_context(sole_station(settings.data_dir))
        store, mended = start_store(settings.data_dir)
        held.callback(store.close)
        panel = open_panel(settings)
        devices = Devices(
            open_camera=lambda: open_camera(settings),
            open_display=lambda: open_display(settings),
            panel=panel,
            simulated=camera_is_simulated(settings),
            scanner=open_scanner(settings),
            thermometer=open_thermometer(settings),
            power_off=power_off if on_raspberry_pi() and settings.panel != "simulated" else None,
        )
        station = Station(settings, devices, store, page_address(settings), notifier, mended)
        loop = threading.Thread(target=station.run, name="station", daemon=True)
        loop.start()
        try:
            yield station
        finally:
            station.stop()
            loop.join(START_TIMEOUT_S)


def serve(settings: Settings, until_stdin_closes: bool = False) -> int:
    """Run the station until a signal ends it; returns the exit status.

    ``until_stdin_closes``: also end when standard input does, so that no station outlives the program that started it.
    """
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    if until_stdin_closes:
        when_stdin_closes(ended.set)
    notifier = Notifier()
    with running_station(settings, notifier) as station:
        server = StationServer(settings.socket, station)
        server.start()
        notifier.ready()
        log.info("The station answers on %s.", settings.socket)
        try:
            while not ended.wait(0.5) and station.exit_status == 0:
                pass
        finally:
            server.close()
    return station.exit_status


def check_once(settings: Settings, lens_tag: str | None) -> StoredCheck:
    """One check by a station made for it: the same path as a press, without socket and page.

    Raises
    ------
    FocuscheckError
        What went wrong, as the class it was there.
    """
    with ready_station(settings) as station:
        return station.press(lens_tag).result()


@contextmanager
def ready_station(settings: Settings) -> Iterator[Station]:
    """As :func:`running_station`, once it is ready.

    Raises
    ------
    FocuscheckError
        If it cannot become so.
    """
    with running_station(settings) as station:
        state = station.wait_for(lambda state: state.phase is not Phase.STARTING, START_TIMEOUT_S)
        if station.exit_status:
            raise FocuscheckError(state.fault)
        yield station


def station_answers(settings: Settings) -> bool:
    """Whether a station runs for this data folder."""
    if not settings.socket.exists():
        return False
    from appliance.errors import StationDownError

    try:
        StationClient(settings.socket).state()
    except StationDownError:
        return False
    return True
