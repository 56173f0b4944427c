"""``focuscheck run``: station and page as two processes, with the OLED and the button in this terminal."""

from __future__ import annotations

import os
import select
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress

from appliance.config import ENVIRONMENT_PREFIX, Settings
from appliance.devices.choose import camera_is_simulated
from appliance.errors import CameraHangsError, FocuscheckError, RecordsDamagedError, StationDownError
from appliance.station import terminal
from appliance.station.client import StationClient
from appliance.station.listen import listening_socket
from appliance.station.network import page_address
from appliance.station.service import sole_station
from appliance.station.state import Phase, StationState

POLL_S = 0.25
START_TIMEOUT_S = 60.0
STOP_TIMEOUT_S = 15.0
RESTART_WINDOW_S = 300.0
MOST_RESTARTS = 5
"""As often within the window a station that ended itself is started again, as systemd does on a Pi."""


RESTARTED = (CameraHangsError.exit_status, RecordsDamagedError.exit_status)
"""Exit statuses of a station that a fresh start puts right."""


class _Children:
    """The two processes. They live in sessions of their own, so that Ctrl-C reaches only this one, and end with it."""

    def __init__(self, settings: Settings, debug: bool) -> None:
        environment = {
            name: text for name, text in os.environ.items() if not name.startswith(ENVIRONMENT_PREFIX)
        }
        for name, value in settings.model_dump(mode="json").items():
            environment[ENVIRONMENT_PREFIX + name.upper()] = "" if value is None else str(value)
        self._environment, self._debug = environment, debug
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self._restarts: list[float] = []

    def start(self, command: str) -> None:
        flags = ["--debug"] if self._debug else []
        self._processes[command] = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "appliance",
                *flags,
                command,
                "--config",
                os.devnull,
                "--until-stdin-closes",
            ],
            stdin=subprocess.PIPE,
            env=self._environment,
            start_new_session=True,
        )

    def restart_station(self) -> bool:
        """Start the station anew if its camera hung or its records are damaged; False if it may not be again.

        A station that ends for another reason, or soon after it was started anew, has said why, and stays ended.
        """
        process = self._processes.get("station")
        if process is None or process.poll() not in RESTARTED:
            return False
        now = time.monotonic()
        self._restarts = [at for at in self._restarts if now - at < RESTART_WINDOW_S] + [now]
        if len(self._restarts) > MOST_RESTARTS:
            return False
        if process.stdin is not None:
            process.stdin.close()
        print("The station ended itself and is started again.", flush=True)
        self.start("station")
        return True

    def ended(self) -> int | None:
        """Exit status of the first process that ended by itself; it has said why on standard error."""
        for process in self._processes.values():
            if process.poll() is not None:
                return process.returncode or 5
        return None

    def stop(self) -> None:
        """End both, the page first, and wait for them."""
        for process in reversed(self._processes.values()):
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
        for process in reversed(self._processes.values()):
            try:
                process.wait(STOP_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            if process.stdin is not None:
                process.stdin.close()


def run_station_and_page(settings: Settings, debug: bool = False) -> int:
    """Start both, show the OLED here until Ctrl-C, then stop both; returns the exit status.

    Raises
    ------
    AddressInUseError
        If the page's port is taken; nothing has been started then.
    UsageError
        If a station already works in the data folder.
    StorageError
        If the data folder cannot be written.
    """
    listening_socket(settings.host, settings.port).close()
    with sole_station(settings.data_dir):
        pass
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    children = _Children(settings, debug)
    try:
        children.start("station")
        status = _wait_for_station(settings, children)
        if status is None:
            children.start("page")
            status = _wait_for_page(settings, children)
        if status is None:
            print(_welcome(settings), flush=True)
            status = _watch(settings, children)
        return status
    except KeyboardInterrupt:
        print("\nStopping …", flush=True)
        return 0
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        children.stop()
        print("Station and page have stopped.", flush=True)


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


def _wait_for_station(settings: Settings, children: _Children) -> int | None:
    client, deadline = StationClient(settings.socket), time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline:
        with suppress(StationDownError):
            if client.state().phase is not Phase.STARTING:
                return None
        if (status := children.ended()) is not None:
            return status
        time.sleep(POLL_S)
    raise StationDownError(
        f"The station did not start within {START_TIMEOUT_S:g} s. Run: focuscheck --debug station"
    )


def _wait_for_page(settings: Settings, children: _Children) -> int | None:
    host = "127.0.0.1" if settings.host == "0.0.0.0" else "::1" if settings.host == "::" else settings.host
    deadline = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline:
        with suppress(OSError), socket.create_connection((host, settings.port), timeout=POLL_S):
            return None
        if (status := children.ended()) is not None:
            return status
        time.sleep(POLL_S)
    raise StationDownError(
        f"The page did not start within {START_TIMEOUT_S:g} s. Run: focuscheck --debug page"
    )


def _welcome(settings: Settings) -> str:
    bench = "Camera, button and OLED of this machine are in use."
    if camera_is_simulated(settings):
        bench = (
            f"Simulated bench: a {settings.focal_length_mm:g} mm f/{settings.f_number:g} lens with a focus error of "
            f"{settings.simulated_focus_error_mm:+g} mm (--simulated-focus-error-mm)."
        )
    here = f"http://127.0.0.1:{settings.port}"
    address = page_address(settings)
    return "\n".join(
        [
            "",
            f"  The page is at  {address}" + ("" if address == here else f"   (on this machine also {here})"),
            f"  Records are in  {settings.data_dir}",
            f"  {bench}",
            "",
            "  Next: press Enter in this terminal for a test. The page tests too, from a phone or here, once paired.",
            "  A lens's tag typed here, then Enter, is read as the barcode scanner reads it.",
            "  Ctrl-C stops station and page.",
            "",
        ]
    )


def _watch(settings: Settings, children: _Children) -> int:
    client, shown, reading = StationClient(settings.socket), "", True
    while True:
        if (status := children.ended()) is not None and not children.restart_station():
            return status
        with suppress(StationDownError):
            shown = _tell(client.state(), shown, page_address(settings))
        ready, _, _ = select.select([sys.stdin] if reading else [], [], [], POLL_S)
        if ready:
            line = sys.stdin.readline()
            reading = line != ""
            if reading:
                _typed(client, line.strip())


def _typed(client: StationClient, text: str) -> None:
    """Enter is the TEST button; a text before it is what the scanner reads."""
    try:
        client.scan(text) if text else client.press()
    except FocuscheckError as error:
        print(error, flush=True)


def _tell(state: StationState, shown: str, address: str) -> str:
    """Show the OLED if it says something new; returns what it says. Stages of a measurement are one line each."""
    if state.oled_text in ("", shown):
        return shown
    if terminal.can_draw() and state.phase is not Phase.MEASURING:
        print(terminal.framed(state.oled_png, terminal.columns()), flush=True)
    else:
        print(f"OLED: {state.oled_text}", flush=True)
    if state.phase is Phase.RESULT and state.check is not None:
        print(f"{state.oled_text}   Why: {address}/checks/{state.check}", flush=True)
    return state.oled_text
