"""``focuscheck config show`` and ``config check``."""

from __future__ import annotations

import argparse
import json
from typing import Any

from appliance.commands.settings_options import add_settings_options, given_settings, settings_of
from appliance.config import Settings, merged_values
from appliance.devices.pins import check_pins, pins_used


def add_parsers(commands: Any) -> None:
    """Add ``config``."""
    config = commands.add_parser("config", help="show or check the settings", allow_abbrev=False)
    parts = config.add_subparsers(title="config commands", metavar="show|check", required=True)
    show = parts.add_parser("show", help="every setting with its value, and where that came from")
    show.add_argument("--json", action="store_true", help="as JSON")
    check = parts.add_parser("check", help="say whether the settings can be used; exit status 2 if not")
    for parser, function in ((show, _show), (check, _check)):
        add_settings_options(parser, ())
        parser.set_defaults(run=function)


def _show(options: argparse.Namespace) -> int:
    settings = settings_of(options)
    _, origins = merged_values(options.config, given_settings(options), None)
    values = settings.model_dump(mode="json")
    rows = [
        {
            "name": name,
            "value": value,
            "from": origins.get(name, "default"),
            "about": Settings.model_fields[name].description,
        }
        for name, value in values.items()
    ]
    if options.json:
        print(json.dumps(rows, ensure_ascii=False, indent=2))
        return 0
    for row in rows:
        shown = "(empty)" if row["value"] in (None, "") else row["value"]
        print(f"{row['name']} = {shown}   [{row['from']}]\n    {row['about']}")
    return 0


def _check(options: argparse.Namespace) -> int:
    settings = settings_of(options)
    check_pins(settings)
    pins = ", ".join(f"{pin} {what.split(' (')[0]}" for pin, what in pins_used(settings))
    print(f"The settings can be used. Pins: {pins}.")
    return 0
