"""``focuscheck align`` and ``assist``: live figures of the bench, by the running station or one made for it."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from appliance.commands.settings_options import add_settings_options, settings_of
from appliance.config import Settings
from appliance.errors import CameraError
from appliance.station.state import Phase, StationState

POLL_S = 0.2
FIRST_FIGURES_S = 60.0
NOT_GOOD = 1
"""Exit status while something is out of its limits."""

_COMMON = ("data_dir", "camera", "focal_length_mm", "distance_mm")


def add_parsers(commands: Any) -> None:
    """Add the live commands."""
    for name, function, text in (
        ("align", _align, "show live tilt, roll, yaw, distance, centring and light until all are good"),
        ("assist", _assist, "show live sharpness and which way to turn the focus ring"),
    ):
        parser = commands.add_parser(
            name,
            help=text,
            description=text[0].upper() + text[1:] + ". Ctrl-C ends it.",
            epilog="Exit status: 0 all good, 1 something is out of its limits, 4 no photo.",
            allow_abbrev=False,
        )
        parser.add_argument("--once", action="store_true", help="one photo only")
        parser.add_argument(
            "--json", action="store_true", help="figures as JSON, one object a line; with --once one"
        )
        add_settings_options(parser, _COMMON)
        parser.set_defaults(run=function)


def _align(options: argparse.Namespace) -> int:
    return _run(options, "align", _align_line, lambda figures: bool(figures["good"]))


def _assist(options: argparse.Namespace) -> int:
    return _run(options, "assist", _assist_line, lambda figures: figures["turn"] == "hold")


def _align_line(figures: dict[str, Any]) -> str:
    if not figures["figures"]:
        return str(figures["problem"])
    return "\n".join(
        f"{'ok ' if figure['good'] else '-> '} {figure['name']:<9} {figure['value']:>8.2f} {figure['unit']:<2} "
        f"{_limits(figure):<18} {figure['advice']}".rstrip()
        for figure in figures["figures"]
    )


def _limits(figure: dict[str, Any]) -> str:
    low, high = figure["low"], figure["high"]
    if high is None:
        return f"(at least {low:g})"
    return f"({low:g} to {high:g})"


def _assist_line(figures: dict[str, Any]) -> str:
    if not figures["found"]:
        return f"coarse {figures['middle']:.1f}: too blurred to see the chart; turn until this rises"
    focus = "" if figures["focus_mm"] is None else f", focus {figures['focus_mm']:+.1f} mm"
    turn = {"hold": "hold", "": "turn slowly"}.get(figures["turn"], f"turn {figures['turn']}")
    return f"sharpness {figures['middle']:.1f} (peak {figures['peak']:.1f}){focus}: {turn}"


def _run(
    options: argparse.Namespace,
    kind: str,
    line: Callable[[dict[str, Any]], str],
    good: Callable[[dict[str, Any]], bool],
) -> int:
    settings = settings_of(options)
    figures: dict[str, Any] = {}
    with suppress(KeyboardInterrupt), _states(settings, kind) as states:
        for state in states:
            assert state.live is not None
            figures = state.live
            print(json.dumps(figures, ensure_ascii=False) if options.json else line(figures), flush=True)
            if options.once:
                break
            if not options.json and kind == "align":
                if good(figures):
                    print("All good.")
                    break
                print("", flush=True)
    if not figures:
        return CameraError.exit_status
    return 0 if good(figures) else NOT_GOOD


@contextmanager
def _states(settings: Settings, kind: str) -> Iterator[Iterator[StationState]]:
    """States with figures of the running station, or of one made for this command."""
    from appliance.station.client import StationClient
    from appliance.station.following import FIRST_FIGURES_S, following, fresh
    from appliance.station.service import running_station, station_answers

    if station_answers(settings):
        with following(StationClient(settings.socket), kind) as states:
            yield states
        return
    with running_station(settings) as station:
        state = station.wait_for(lambda state: state.phase is not Phase.STARTING, FIRST_FIGURES_S)
        if state.phase is Phase.FAULT:
            raise CameraError(state.fault)
        station.live("align" if kind == "align" else "assist", True)
        yield fresh(lambda: station.state, kind)
