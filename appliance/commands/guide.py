"""``focuscheck guide``: guided checks at the bench, step by step, by the running station or one made for it."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from appliance.commands.numbers import within
from appliance.commands.settings_options import add_settings_options, given_settings, settings_of
from appliance.config import Settings
from appliance.errors import UsageError
from appliance.focus.result import Verdict
from appliance.frame import BAYER_ORDERS

_COMMON = ("data_dir", "camera", "focal_length_mm", "f_number", "simulated_faults", "simulated_distance_mm")
_KEYS = "Enter goes on; s skips this step, r repeats the last one, p pauses, q gives up."
PAUSED_STATUS = 3
"""Exit status of a guided check that was paused: nothing is said of the lens yet, as with RETEST."""


def add_parsers(commands: Any) -> None:
    """Add the command."""
    text = "lead through a guided check: back focus of a zoom, autofocus pair, focus lock, marks, …"
    p = commands.add_parser(
        "guide",
        help=text,
        description=text[0].upper() + text[1:] + ". Without a name: what there is, and what was paused.",
        epilog="Exit status: 0 PASS, 1 FAIL, 2 wrong usage, 3 RETEST or paused, 4 INVALID. " + _KEYS,
        allow_abbrev=False,
    )
    p.add_argument("name", nargs="?", metavar="NAME", help="which guided check")
    p.add_argument("--lens", metavar="TAG", help="asset tag of the lens")
    p.add_argument("--body", metavar="TAG", help="asset tag of the camera body")
    p.add_argument(
        "--go-on",
        nargs="?",
        const="",
        metavar="UUID",
        help="go on with the one on the bench, or a paused one",
    )
    p.add_argument(
        "--set", action="append", default=[], metavar="STEP.INPUT=VALUE", help="answer a question beforehand"
    )
    p.add_argument(
        "--yes", action="store_true", help="ask nothing: take answers given and defaults, and press by itself"
    )
    p.add_argument("--photo", type=Path, action="append", default=[], metavar="FILE",
                   help="take the photos from these files, in order, instead of the station's camera")  # fmt: skip
    p.add_argument(
        "--photo-pitch", type=within(0.2, 50, "µm"), metavar="UM", help="pixel pitch of those files' sensor"
    )
    p.add_argument("--bayer", choices=BAYER_ORDERS, help="those files are raw mosaics of this order")
    p.add_argument(
        "--linear", action="store_true", help="take 8-bit values of those files as linear in light"
    )
    p.add_argument("--json", action="store_true", help="the finding as JSON")
    add_settings_options(p, _COMMON)
    p.set_defaults(run=_run)


@dataclass(frozen=True)
class _Bench:
    """The station as this command uses it, in this process or another."""

    settings: Settings
    guide: Callable[..., dict[str, Any]]
    press: Callable[[], Any]
    select: Callable[[str | None, str | None], None]


def _run(options: argparse.Namespace) -> int:
    if options.name is None and options.go_on is None:
        return _list(options)
    answers = _answers(options.set)
    if options.photo and options.photo_pitch is None:
        raise UsageError("Say the pixel pitch of the files' sensor with --photo-pitch, µm.")
    with _bench(options) as bench:
        view = _begin(bench, options)
        try:
            view = _walk(bench, options, view, answers)
        except (KeyboardInterrupt, EOFError):
            bench.guide("pause")
            print(f"Paused. Go on with: focuscheck guide --go-on {view['uuid']}", file=sys.stderr)
            return PAUSED_STATUS
    return _told(view, options.json)


def _begin(bench: _Bench, options: argparse.Namespace) -> dict[str, Any]:
    if options.go_on is not None:
        view = bench.guide("resume", uuid=options.go_on) if options.go_on else bench.guide("view")
        if not view:
            raise UsageError("No guided check is on the bench. Those that were paused: focuscheck guide")
        return view
    from appliance.guides.catalogue import procedure_named
    from appliance.station.protocol import lens_tag

    procedure_named(options.name)
    if options.lens is not None or options.body is not None:
        bench.select(lens_tag(options.lens), lens_tag(options.body))
    return bench.guide("start", procedure=options.name)


def _walk(
    bench: _Bench, options: argparse.Namespace, view: dict[str, Any], answers: Mapping[str, Mapping[str, str]]
) -> dict[str, Any]:
    """Do step after step until there is a finding, or somebody pauses or gives up."""
    asks = not options.yes and sys.stdin.isatty()
    photos = list(options.photo)
    tries = 0
    while view and view["step"] is not None:
        step, before = view["step"], view["number"]
        _show(view, sys.stderr)
        said = input("> ").strip().lower() if asks and step["kind"] != "ask" else ""
        if said in ("s", "r", "p", "q"):
            view = _aside(bench, view, said)
            continue
        if step["kind"] == "ask":
            view = bench.guide("answer", step=step["key"], values=_values(step, answers, asks))
        elif step["kind"] == "do":
            view = bench.guide("done", step=step["key"])
        else:
            view = _photographed(bench, options, view, photos)
        tries = tries + 1 if view.get("number") == before and view.get("problem") else 0
        if not asks and tries >= MAX_TRIES:
            bench.guide("pause")
            raise UsageError(f"Step “{step['title']}” gives no photo that counts: {view['problem']}")
    return view


MAX_TRIES = 3
"""Where nobody is there to put anything right, a photo is tried so often."""


def _photographed(
    bench: _Bench, options: argparse.Namespace, view: dict[str, Any], photos: list[Path]
) -> dict[str, Any]:
    if not options.photo:
        bench.press()
        return bench.guide("view")
    if not photos:
        bench.guide("pause")
        go_on = f"focuscheck guide --go-on {view['uuid']} --photo …"
        raise UsageError(f"There are fewer files than photos are wanted. Go on with: {go_on}")
    from appliance.station.measure import Wanted
    from appliance.station.photo_files import Reading, measure_file
    from appliance.store import GuideLink, open_store

    step, path = view["step"], photos.pop(0)
    wanted = Wanted(
        view["lens"], view["body"], step["focal_length_mm"], step["f_number"], step["distance_mm"],
        GuideLink(view["uuid"], view["procedure"], step["key"]),
    )  # fmt: skip
    store = open_store(bench.settings.data_dir)
    try:
        measure_file(
            store, bench.settings, wanted, path, Reading(options.photo_pitch, options.bayer, options.linear)
        )
    finally:
        store.close()
    return bench.guide("refresh")


def _aside(bench: _Bench, view: dict[str, Any], said: str) -> dict[str, Any]:
    if said == "p":
        raise KeyboardInterrupt
    if said == "q":
        bench.guide("leave")
        raise UsageError("Given up; what was measured so far is kept.")
    if said == "s":
        return bench.guide("skip", step=view["step"]["key"])
    if not view["handled"]:
        print("There is nothing to repeat yet.", file=sys.stderr)
        return view
    return bench.guide("redo", step=view["handled"][-1]["key"])


def _values(step: dict[str, Any], answers: Mapping[str, Mapping[str, str]], asks: bool) -> dict[str, str]:
    values = dict(answers.get(step["key"], {}))
    for asked in step["inputs"]:
        if asked["name"] in values or not asks:
            continue
        choices = "".join(f"\n    {value}: {words}" for value, words in asked["choices"])
        default = "" if asked["default"] is None else f" [{asked['default']}]"
        values[asked["name"]] = input(
            f"  {asked['label']} {asked['unit']}{choices}{default}: ".replace("  :", ":")
        )
    return values


def _answers(given: list[str]) -> dict[str, dict[str, str]]:
    answers: dict[str, dict[str, str]] = {}
    for text in given:
        place, equals, value = text.partition("=")
        step, dot, name = place.rpartition(".")
        if not (equals and dot and step and name):
            raise UsageError(f"--set takes STEP.INPUT=VALUE, not {text!r}.")
        answers.setdefault(step, {})[name] = value
    return answers


def _show(view: dict[str, Any], stream: Any) -> None:
    step, last = view["step"], view["last"]
    if last is not None and last["image_shift_um"] is not None:
        print(
            f"      check {last['check']}: {last['image_shift_um']:+.1f} ± {last['image_shift_um_u95']:.1f} µm",
            file=stream,
        )
    if view["problem"]:
        print(f"      {view['problem']}", file=stream)
    print(f"[{view['number']}/{view['of']}] {step['title']}: {step['text']}", file=stream)


def _told(view: dict[str, Any], as_json: bool) -> int:
    finding = view.get("finding")
    if finding is None:
        return PAUSED_STATUS
    if as_json:
        print(json.dumps({**view, "finding": finding}, ensure_ascii=False, indent=1))
    else:
        print(f"{finding['word']}: {finding['headline']}")
        for figure in finding["figures"]:
            value, u95 = figure["value"], figure["u95"]
            told = f"{value:.4g}" if u95 is None else f"{value:+.4g} ± {u95:.3g}"
            print(f"  {figure['label']}: {told} {figure['unit']}".rstrip())
        for cause in finding["causes"]:
            print(f"  {cause['code']}: {cause['text']}")
        if finding["next_action"]:
            print(finding["next_action"])
        print(f"Kept as guided check {view['uuid']}.")
    return Verdict(finding["verdict"]).exit_status


def _list(options: argparse.Namespace) -> int:
    from appliance.guides.catalogue import procedures
    from appliance.store import open_history
    from appliance.store.guides import find_runs

    for procedure in procedures().values():
        print(f"{procedure.name:<18} {procedure.question} ({procedure.minutes} min)")
    store = open_history(settings_of(options).data_dir)
    if store is not None:
        with store.reading() as session:
            for run in find_runs(session, open_only=True):
                lens = f" of lens {run.lens.tag}" if run.lens else ""
                print(
                    f"{run.status}: {run.procedure}{lens}, begun {run.started_at:%Y-%m-%d %H:%M}, --go-on {run.uuid}"
                )
        store.close()
    return 0


@contextmanager
def _bench(options: argparse.Namespace) -> Iterator[_Bench]:
    """The running station, or one made for this command."""
    from appliance.devices.choose import camera_is_simulated
    from appliance.devices.simulated_camera import faults_of
    from appliance.station.client import StationClient
    from appliance.station.service import ready_station, station_answers

    settings = settings_of(options)
    if station_answers(settings):
        ignored = sorted(set(given_settings(options)) - {"data_dir", "socket_path"})
        if ignored:
            names = ", ".join("--" + name.replace("_", "-") for name in ignored)
            raise UsageError(
                f"A station is running here, with settings of its own, and would not use {names}."
            )
        client = StationClient(settings.socket)

        def select(lens: str | None, body: str | None) -> None:
            client.select_lens(lens)
            client.select_body(body)

        yield _Bench(settings, client.guide, lambda: client.check(None), select)
        return
    if camera_is_simulated(settings):
        faults_of(
            settings.simulated_faults
        )  # a fault that there is not is said before the guided check begins
    with ready_station(settings) as station:

        def select_here(lens: str | None, body: str | None) -> None:
            station.select_lens(lens)
            station.select_body(body)

        yield _Bench(
            settings,
            lambda do, **fields: station.guide(do, fields),
            lambda: station.press().result(),
            select_here,
        )
