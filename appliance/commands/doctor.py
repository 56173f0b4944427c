"""``focuscheck doctor``: looks at everything a station needs; each part is OK, or what to do."""

from __future__ import annotations

import argparse
import json
from typing import Any

from appliance.commands.settings_options import add_settings_options, settings_of

_MARKS = {"ok": "OK  ", "note": "note", "bad": "BAD "}


def add_parsers(commands: Any) -> None:
    """Add ``doctor``."""
    parser = commands.add_parser(
        "doctor",
        help="look at camera, chart, light, button, OLED, storage, clock, power and network",
        description="Look at everything a station needs: each part is OK, or what to do. Uses the running station's "
        "own view where there is one; otherwise opens the devices itself.",
        epilog="Exit status: 0 if nothing is BAD, else 1.",
        allow_abbrev=False,
    )
    parser.add_argument("--json", action="store_true", help="as JSON")
    add_settings_options(parser, ("data_dir", "camera"))
    parser.set_defaults(run=_doctor)


def _doctor(options: argparse.Namespace) -> int:
    from appliance.station.doctor import examine

    findings = examine(settings_of(options))
    good = all(finding.state != "bad" for finding in findings)
    if options.json:
        parts = [{"part": f.part, "state": f.state, "text": f.text} for f in findings]
        print(json.dumps({"good": good, "parts": parts}, ensure_ascii=False, indent=2))
    else:
        width = max(len(finding.part) for finding in findings)
        for finding in findings:
            print(f"{_MARKS[finding.state]}  {finding.part:<{width}}  {finding.text}")
    return 0 if good else 1
