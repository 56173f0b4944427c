"""What ``focuscheck doctor`` examines, each part by itself: one that fails keeps no other from being looked at."""

from __future__ import annotations

import importlib.util
import socket
from collections.abc import Callable, Iterator
from typing import Any, Literal

from appliance.checks.align import DISTANCE_SHARE
from appliance.config import Settings
from appliance.devices import choose
from appliance.devices.scanner import EvdevScanner, find_scanner
from appliance.errors import FocuscheckError
from appliance.focus.result import Setup
from appliance.station.client import StationClient
from appliance.station.finding import Finding, look_at_records
from appliance.station.following import following
from appliance.station.health import LEAST_FREE_MB, read_health
from appliance.station.network import page_address
from appliance.station.service import sole_station, station_answers
from appliance.station.state import Phase
from appliance.station.view import view
from appliance.store import open_history

DARK, BRIGHT = 0.3, 0.92
"""Share of saturation of the chart's white below which it is dim, above which it is near clipping."""
_NO_THERMOMETER = "None; the sensor's own temperature is kept."


def examine(settings: Settings) -> list[Finding]:
    """Examine everything; devices only where no station holds them."""
    findings = [*_storage(settings), *look_at_records(settings.data_dir)]
    if station_answers(settings):
        findings += _station(settings)
    else:
        findings.append(Finding("station", "note", "It does not run; its devices are opened for this look."))
        findings += _camera(settings)
        findings += _panel(settings)
    findings += _scanner(settings)
    findings += _machine(settings)
    findings += _network(settings)
    return findings


def _storage(settings: Settings) -> Iterator[Finding]:
    try:
        if not station_answers(settings):
            with sole_station(settings.data_dir):
                pass
        yield Finding("storage", "ok", f"{settings.data_dir} can be written.")
    except FocuscheckError as error:
        yield Finding("storage", "bad", str(error))


def _station(settings: Settings) -> Iterator[Finding]:
    state = StationClient(settings.socket).state()
    if state.phase is Phase.FAULT:
        yield Finding("station", "bad", state.fault)
    else:
        yield Finding("station", "ok", f"It runs: {state.oled_text}.")
    for part, device in zip(("camera", "button, lamps", "OLED"), state.devices, strict=False):
        missing = device.startswith("no ")
        yield Finding(part, "bad" if missing and part == "camera" else "note" if missing else "ok", device)
    if state.stuck_button:
        yield Finding("button", "bad", f"{state.stuck_button} is held down; check its wires.")
    if state.notice:
        yield Finding("restart", "note", state.notice)
    yield _told_temperature((state.health or {}).get("bench_c"), settings.thermometer)
    if state.phase in (Phase.READY, Phase.RESULT):
        yield from _seen_by_station(settings)
    elif state.phase is not Phase.FAULT:
        yield Finding(
            "chart", "note", f"The station is at work ({state.phase}); look again when it is ready."
        )


def _told_temperature(bench_c: float | None, thermometer: str) -> Finding:
    if bench_c is not None:
        return Finding("thermometer", "ok", f"{bench_c:.1f} °C")
    if thermometer in ("auto", "none"):
        return Finding("thermometer", "note", _NO_THERMOMETER)
    return Finding("thermometer", "note", "It does not answer; the sensor's own temperature is kept.")


def _seen_by_station(settings: Settings) -> Iterator[Finding]:
    """What the station's own camera sees, by a moment of alignment."""
    try:
        with following(StationClient(settings.socket), "align") as states:
            seen = next((state.live for state in states), None)
    except FocuscheckError as error:
        yield Finding("raw frames", "bad", str(error))
        return
    if seen is None:
        yield Finding("raw frames", "note", "Somebody else used the station; look again.")
    else:
        yield from _bench(seen, settings)


def _camera(settings: Settings) -> Iterator[Finding]:
    try:
        camera = choose.open_camera(settings)
    except FocuscheckError as error:
        yield Finding("camera", "bad", str(error))
        return
    try:
        yield Finding("camera", "ok", camera.description)
        yield from _bench(view(camera.capture(), _setup(settings)), settings)
    except FocuscheckError as error:
        yield Finding("raw frames", "bad", str(error))
    finally:
        camera.close()


def _bench(seen: dict[str, Any], settings: Settings) -> Iterator[Finding]:
    """What a photo says, as :func:`~appliance.station.view.view` gives it."""
    yield Finding("raw frames", "ok", seen["raw_frames"])
    yield _light(seen["white_share"], seen["exposure_us"])
    yield from _chart(seen, settings)


def _light(share: float, exposure_us: int | None) -> Finding:
    text = f"the brightest parts reach {100 * share:.0f} % of saturation at {exposure_us} µs"
    if share < DARK:
        return Finding("light", "bad", f"Too dark: {text}. Is the lens cap off and the lamp on?")
    if share > BRIGHT:
        return Finding("light", "bad", f"Too bright: {text}. Dim the lamp or set exposure_us.")
    return Finding("light", "ok", text[0].upper() + text[1:] + ".")


def _chart(seen: dict[str, Any], settings: Settings) -> Iterator[Finding]:
    if not seen["figures"]:
        yield Finding("chart", "bad", seen["problem"])
        return
    off = [figure for figure in seen["figures"] if not figure["good"]]
    yield Finding("chart", "ok", f"It is in view: {seen['chart']}.")
    distance = next(figure for figure in seen["figures"] if figure["name"] == "distance")
    yield _print_scale(seen["chart"], _setup(settings), distance["value"])
    if off:
        advice = "; ".join(figure["advice"] for figure in off)
        yield Finding("alignment", "note", f"{advice}. Run: focuscheck align")
    else:
        yield Finding("alignment", "ok", "All within limits.")


def _setup(settings: Settings) -> Setup:
    """What these settings say, with what is kept of the printed charts."""
    kept = open_history(settings.data_dir)
    if kept is None:
        return settings.setup()
    try:
        return kept.setup_for(None, settings.setup())
    finally:
        kept.close()


def _print_scale(chart: str, setup: Setup, seen_mm: float) -> Finding:
    """At which scale the chart in view is printed: by the ruler, else by the distance, else that nobody knows.

    ``seen_mm`` is the distance from the sensor that the chart's size shows, with the bar as it was read.
    """
    bar_mm = setup.print_of(chart).bar_mm
    read = "" if bar_mm is None else f"{bar_mm:g} % by its bar of {bar_mm:g} mm"
    if setup.distance_mm is None:
        if read:
            return Finding("print scale", "ok", f"{read}; it shows {seen_mm:.0f} mm from the sensor.")
        text = (
            f"Its bar was not measured; run: focuscheck prints ruler {chart.split(' ')[0]}. It shows {seen_mm:.0f} mm "
            "from the sensor, if it is printed at 100 % and the focal length is true; set distance_mm to have that "
            "checked."
        )
        return Finding("print scale", "note", text)
    # judged by these settings: the station that took the photo may have been started with others
    ratio = setup.distance_mm / seen_mm
    state: Literal["ok", "bad"] = "ok" if abs(1 / ratio - 1) <= DISTANCE_SHARE else "bad"
    text = f"{100 * ratio:.1f} % of what distance_mm = {setup.distance_mm:g} calls for"
    return Finding("print scale", state, f"{text}; {read or 'its bar was not measured'}.")


def _panel(settings: Settings) -> Iterator[Finding]:
    def panel() -> str:
        opened = choose.open_panel(settings)
        down: list[str] = []
        opened.listen(lambda button, closed, at: down.append(button.upper()) if closed else None)
        opened.close()
        if down:
            raise OSError(f"{down[0]} is held down, or its wires touch.")
        return opened.description

    def oled() -> str:
        display = choose.open_display(settings)
        display.close()
        return display.description

    yield _tried("button, lamps", panel, "bad")
    yield _tried("OLED", oled, "note")
    thermometer = choose.open_thermometer(settings)
    if thermometer is None:
        yield Finding("thermometer", "note", _NO_THERMOMETER)
    else:
        yield _tried(
            "thermometer", lambda: f"{thermometer.celsius():.1f} °C, {thermometer.description}", "note"
        )


def _tried(part: str, look: Callable[[], str], otherwise: Literal["note", "bad"]) -> Finding:
    try:
        return Finding(part, "ok", look())
    except (FocuscheckError, OSError) as error:
        return Finding(part, otherwise, str(error))


def _scanner(settings: Settings) -> Iterator[Finding]:
    scanner = choose.open_scanner(settings)
    if not isinstance(scanner, EvdevScanner):
        yield Finding("scanner", "note", scanner.description if scanner else "None is wanted.")
        return
    path = find_scanner(settings.scanner)
    text = f"{path}" if path else "None is plugged in; set scanner to its device if there is one."
    yield Finding("scanner", "ok" if path else "note", text)


def _machine(settings: Settings) -> Iterator[Finding]:
    health = read_health(settings.data_dir)
    free = health.disk_free_mb
    if free is not None:
        low = free < LEAST_FREE_MB
        yield Finding("disk", "bad" if low else "ok", f"{free} MB free." + (" Make room." if low else ""))
    if health.clock_synced is None:
        yield Finding("clock", "note", "Whether it is set from the network is not known here.")
    elif health.clock_synced:
        yield Finding("clock", "ok", "Set from the network.")
    else:
        yield Finding("clock", "note", "Not yet set from the network; checks are ordered all the same.")
    if health.under_voltage is None:
        yield Finding("power", "note", "This machine does not tell its supply voltage.")
    elif health.under_voltage or health.under_voltage_since_boot:
        yield Finding("power", "bad", "The supply voltage is or was too low: use the Pi's own power supply.")
    else:
        yield Finding("power", "ok", "The supply voltage is right.")
    if choose.on_raspberry_pi() and importlib.util.find_spec("lgpio") is None:
        yield Finding("pins", "bad", "python3-lgpio is missing: sudo apt install python3-lgpio")


def _network(settings: Settings) -> Iterator[Finding]:
    address = page_address(settings)
    alone = "127.0.0.1" in address or "[::1]" in address
    text = f"{address}, {socket.gethostname()}.local"
    yield Finding("network", "note" if alone else "ok", text + (" (this machine only)" if alone else ""))
