"""``focuscheck prints``: what was measured of the printed charts; guided with a ruler, and with a photo close up."""

from __future__ import annotations

import argparse
import getpass
import json
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from appliance.commands.numbers import positive
from appliance.commands.settings_options import add_settings_options, settings_of
from appliance.errors import BlurReadingError, UsageError
from appliance.focus.printed_chart import BLUR_STEPS, RULER_STEPS, RULER_U95_MM, Print, blur_to_keep
from appliance.frame import BAYER_ORDERS

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from appliance.store.prints import Kind

_OF_PHOTO = ("focal_length_mm", "f_number", "pixel_pitch_um")
"""Settings that say what a photo was taken with."""
_KEPT_BY: dict[str, Kind] = {"ruler": "bar", "blur": "blur"}
"""What each step keeps."""
_NAME = "chart's name as printed above its pattern, like a4-general"


def add_parsers(commands: Any) -> None:
    """Add ``prints`` and what can be done with them."""
    parser = commands.add_parser(
        "prints",
        help="what was measured of the printed charts: true size by a ruler, and how sharp the print is",
        description="Every printed chart is measured once: its bar of 100 mm with a ruler, so that all lengths are "
        "true ones, and how far its print spreads, with a photo taken close up. Each step explains itself if called "
        "without a figure.",
        epilog="Example: focuscheck prints ruler a4-general 99.8",
        allow_abbrev=False,
    )
    parser.set_defaults(run=_list)
    parser.add_argument("--json", action="store_true", help="as JSON")
    add_settings_options(parser, ("data_dir",))
    steps = parser.add_subparsers(title="steps", metavar="STEP")
    ruler = _step(steps, "ruler", _ruler, "keep what a ruler reads on the chart's bar of 100 mm")
    ruler.add_argument("bar", nargs="?", type=positive, metavar="MM", help="the reading, mm")
    ruler.add_argument(
        "--u95",
        type=positive,
        default=RULER_U95_MM,
        metavar="MM",
        help="how well it is read, 95 %% (default 0.2)",
    )
    blur = _step(steps, "blur", _blur, "keep how far the chart's print spreads", _OF_PHOTO)
    source = blur.add_mutually_exclusive_group()
    source.add_argument("--check", type=int, metavar="N", help="from check number N of this chart")
    source.add_argument(
        "--photo", type=Path, metavar="FILE", help="from a photo of it, taken close up by the lens set"
    )
    source.add_argument("--um", type=positive, metavar="UM", help="from elsewhere: 1 σ on paper, µm")
    blur.add_argument("--bayer", choices=BAYER_ORDERS, help="with --photo: it is a raw mosaic of this order")
    blur.add_argument("--linear", action="store_true", help="with --photo: 8-bit values are linear in light")
    for name, function, text in (
        ("forget", _forget, "take a chart for one that was not measured, as when it is printed anew"),
        ("undo", _undo, "go back to what was kept before the last change"),
    ):
        step = _step(steps, name, function, text)
        step.add_argument("step", choices=tuple(_KEPT_BY), help="which step's figure")
        step.add_argument(
            "--sure", action="store_true", help="do it; without this, only say what would change"
        )


def _step(
    steps: Any, name: str, function: Any, text: str, common: tuple[str, ...] = ()
) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = steps.add_parser(
        name, help=text, description=text[0].upper() + text[1:] + ".", allow_abbrev=False
    )
    parser.add_argument("chart", metavar="CHART", help=_NAME)
    before = {action.dest for action in parser._actions}
    add_settings_options(parser, ("data_dir", *common))
    for action in parser._actions:  # what was given before the step's name must not be emptied by it
        if action.dest not in before:
            action.default = argparse.SUPPRESS
    parser.set_defaults(run=function)
    return parser


@contextmanager
def _writing(
    options: argparse.Namespace, action: str, title: str
) -> Iterator[tuple[Session, dict[str, Any]]]:
    """A transaction with its line in the audit trail, and who and when for its rows."""
    from appliance.store import open_store
    from appliance.store.access import note
    from appliance.store.clock import now

    store, at, who = open_store(settings_of(options).data_dir), now().wall, f"{_user()}, command line"
    try:
        with store.session() as session:
            yield session, {"at": at, "who": who}
            note(session, who, "", action, f"chart {title}", at)
    finally:
        store.close()


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "somebody"


def _kept(options: argparse.Namespace) -> dict[str, Print]:
    from appliance.store import open_history
    from appliance.store.prints import prints_kept

    store = open_history(settings_of(options).data_dir)
    if store is None:
        return {}
    with closing(store), store.reading() as session:
        return prints_kept(session)


def _list(options: argparse.Namespace) -> int:
    kept = _kept(options)
    if options.json:
        print(json.dumps({title: vars(known) for title, known in sorted(kept.items())}, indent=1))
    elif not kept:
        print("No printed chart was measured yet. Begin with: focuscheck prints ruler a4-general")
    else:
        for title, known in sorted(kept.items()):
            print(f"{title}: {known.summary()}")
    return 0


def _ruler(options: argparse.Namespace) -> int:
    from appliance.store.prints import chart_title, set_bar

    title = chart_title(options.chart)
    if options.bar is None:
        _guide(title, "Its true size, with a ruler:", RULER_STEPS, _kept(options))
        print(f"Then enter it: focuscheck prints ruler {options.chart} 99.8, with your figure.")
        return 0
    with _writing(options, "measured bar", title) as (session, by):
        made = set_bar(session, title, options.bar, u95_mm=options.u95, **by)
    scale = Print(made.value, made.standard_u)
    print(f"Chart {title} is {scale.words()}.")
    if abs(scale.scale - 1) > 0.015:
        print(
            "That is 'fit to page' or the like: checks take it into account, but printing at 100 % is better."
        )
    return 0


def _blur(options: argparse.Namespace) -> int:
    from appliance.store.prints import chart_title, set_blur, set_blur_from_check

    title = chart_title(options.chart)
    if options.check is options.photo is options.um is None:
        _guide(title, "How far its print spreads, with a photo close up:", BLUR_STEPS, _kept(options))
        print(f"Then take it: focuscheck prints blur {options.chart} --check N, with that check's number.")
        return 0
    seen = None if options.photo is None else _blur_of_photo(options, title)
    with _writing(options, "measured blur", title) as (session, by):
        if options.check is not None:
            made = set_blur_from_check(session, title, options.check, **by)
        elif seen is not None:
            made = set_blur(session, title, *seen, source="photo", **by)
        else:
            made = set_blur(session, title, options.um, None, source="given", **by)
    print(f"Chart {title}: {Print(blur_um=made.value, blur_u_um=made.standard_u).spread()}.")
    return 0


def _blur_of_photo(options: argparse.Namespace, title: str) -> tuple[float, float]:
    """The print's spread in a photo; nothing that is kept of the chart enters it but its true size."""
    from appliance.focus.result import Setup, Verdict
    from appliance.focus.score import score_frames
    from appliance.pictures import read_frame

    known, settings = _kept(options).get(title, Print()), settings_of(options)
    given = {name: getattr(settings, name) for name in _OF_PHOTO}
    setup = Setup(**given, prints={title: Print(known.bar_mm, known.bar_u_mm)})
    result = score_frames([read_frame(options.photo, options.bayer, None, options.linear)], setup)
    if result.chart is not None and result.chart != title:
        raise BlurReadingError(f"The photo shows the chart {result.chart}, not {title}.")
    if result.verdict is Verdict.INVALID:
        raise BlurReadingError(f"The photo cannot be measured. {result.reasons[0].text}")
    return blur_to_keep(result.figures)


def _guide(title: str, what: str, steps: tuple[str, ...], kept: dict[str, Print]) -> None:
    print(f"Chart {title}: {kept.get(title, Print()).summary()}.\n\n{what}")
    for number, text in enumerate(steps, 1):
        print(f"  {number}. {text}")
    print()


def _forget(options: argparse.Namespace) -> int:
    from appliance.store.prints import chart_title, forget

    title, kind = chart_title(options.chart), _KEPT_BY[options.step]
    if not options.sure:
        known = _kept(options).get(title, Print()).summary()
        raise UsageError(f"Kept of chart {title}: {known}. To forget its {kind}, add --sure.")
    with _writing(options, f"forgot {kind}", title) as (session, by):
        forget(session, title, kind, **by)
    print(f"Chart {title}: {_kept(options).get(title, Print()).summary()}.")
    return 0


def _undo(options: argparse.Namespace) -> int:
    from appliance.store.prints import chart_title, take_back

    title, kind = chart_title(options.chart), _KEPT_BY[options.step]
    if not options.sure:
        known = _kept(options).get(title, Print()).summary()
        raise UsageError(
            f"Kept of chart {title}: {known}. To go back to its {kind} before the last change, add --sure."
        )
    with _writing(options, f"took back {kind}", title) as (session, by):
        take_back(session, title, kind, **by)
    print(f"Chart {title}: {_kept(options).get(title, Print()).summary()}.")
    return 0
