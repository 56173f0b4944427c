"""``focuscheck run``, ``station``, ``page`` and ``check``."""

from __future__ import annotations

import argparse
import json
from typing import Any

from appliance.commands.settings_options import add_settings_options, given_settings, settings_of
from appliance.errors import UsageError
from appliance.focus.result import Result, Verdict

_COMMON = ("data_dir", "host", "port", "camera", "focal_length_mm", "f_number", "coc_um", "tolerance_um")
_BENCH = ("simulated_focus_error_mm",)


def add_parsers(commands: Any) -> None:
    """Add the subcommands of the station."""
    run = _add(commands, "run", _run, "start station and page; Enter is the TEST button, Ctrl-C stops both")
    add_settings_options(run, _COMMON + _BENCH)
    station = _add(commands, "station", _station, "start the station alone: camera, button, OLED, records")
    add_settings_options(station, _COMMON + _BENCH)
    page = _add(commands, "page", _page, "start the page alone: history, and the running station's state")
    add_settings_options(page, ("data_dir", "host", "port"))
    check = _add(commands, "check", _check, "press TEST once and say the verdict")
    check.add_argument("--lens", metavar="TAG", help="asset tag of the lens, to find the check again")
    check.add_argument("--json", action="store_true", help="print the check as JSON")
    add_settings_options(check, _COMMON + _BENCH)
    for parser in (station, page):
        parser.add_argument("--until-stdin-closes", action="store_true", help=argparse.SUPPRESS)


def _add(commands: Any, name: str, function: Any, text: str) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = commands.add_parser(
        name, help=text, description=text[0].upper() + text[1:] + ".", allow_abbrev=False
    )
    parser.set_defaults(run=function)
    return parser


def _run(options: argparse.Namespace) -> int:
    from appliance.station.supervisor import run_station_and_page

    return run_station_and_page(settings_of(options), options.debug)


def _station(options: argparse.Namespace) -> int:
    from appliance.station.service import serve

    return serve(settings_of(options), options.until_stdin_closes)


def _page(options: argparse.Namespace) -> int:
    from appliance.commands._page_pulse import start_pulse
    from appliance.station.notify import Notifier
    from appliance.web.server import serve

    settings, notifier = settings_of(options), Notifier()
    if notifier.wanted:
        start_pulse(settings, notifier)
    return serve(settings, options.until_stdin_closes)


def _check(options: argparse.Namespace) -> int:
    from appliance.focus.judge.wording import describe_result
    from appliance.station.client import StationClient
    from appliance.station.protocol import check_to_dict, lens_tag
    from appliance.station.service import check_once, station_answers

    settings = settings_of(options)
    tag = lens_tag(options.lens)
    if options.lens is not None and tag is None:
        raise UsageError("--lens needs the lens's tag; without --lens the check is of the lens scanned last.")
    if station_answers(settings):
        ignored = sorted(set(given_settings(options)) - {"data_dir", "socket_path"})
        if ignored:
            names = ", ".join("--" + name.replace("_", "-") for name in ignored)
            raise UsageError(
                f"A station is running here, with settings of its own, and would not use {names}. Change them on its "
                "page, or stop it first."
            )
        check = StationClient(settings.socket).check(tag)
    else:
        check = check_to_dict(check_once(settings, tag))
    if options.json:
        print(json.dumps(check, ensure_ascii=False, indent=2))
    else:
        fields = Result.__dataclass_fields__
        print(
            describe_result(
                Result.from_dict({name: value for name, value in check.items() if name in fields})
            )
        )
        print(f"Stored as check {check['check']}" + (f" of lens {check['lens']}." if check["lens"] else "."))
    return Verdict(check["verdict"]).exit_status
