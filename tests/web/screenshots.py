"""The README's pictures of the page, taken by a browser: ``python tests/web/screenshots.py [--measure]``.

Each picture carries the fingerprint of the HTML, styles and scripts it was taken of; a test compares that with the page
as it is now, so that the pictures stay true even where no browser is installed. ``--measure`` first measures the
simulated bench anew for the check that they show.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from flask import Flask, g
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from waitress.server import create_server

sys.path.insert(0, str(Path(__file__).parents[1]))
from examples import StationDouble

from appliance.checks.align import AlignFigure, Alignment
from appliance.checks.focus_assist import AssistFigures
from appliance.config import load_settings
from appliance.focus.result import Result, Setup
from appliance.station import screens
from appliance.station.display_keeper import png_base64
from appliance.station.state import Phase, StationState
from appliance.store import CheckRecord, open_store
from appliance.store.clock import Moment
from appliance.store.house import Access
from appliance.web.app import create_app

GOLDEN = Path(__file__).parents[1] / "golden"
RESULT_FILE, PHOTO_FILE = GOLDEN / "check.json", GOLDEN / "check.jpg"
PAGES = {
    "page-now": ("/", (390, 860)),
    "page-check": ("/checks/3", (390, 1290)),
    "page-lens": ("/lenses/FC-0117", (390, 1180)),
    "page-visit": ("/visits/1", (390, 760)),
    "page-focus": ("/focus", (390, 760)),
    "page-align": ("/align", (390, 1180)),
}
OF_A_HOUSE = ("page-lens", "page-visit")
"""Pages that need a history; the others show the one measured check."""
STATIC = ("page.css", "icon.svg", "live.js", "guided.js", "times.js")
ASSIST = AssistFigures(True, 41.6, 24.9, 37.3, 58.3, 12.4, 0.4, "nearer", 56)
ALIGN = Alignment(
    (
        AlignFigure("tilt", 45.24, "°", 42.0, 48.0, ""),
        AlignFigure("roll", 5.1, "°", -4.0, 4.0, "turn the chart anticlockwise, or the camera the other way"),
        AlignFigure("yaw", -0.42, "°", -3.0, 3.0, ""),
        AlignFigure("distance", 625.31, "mm", 618.8, 631.3, ""),
        AlignFigure("centre x", -0.5, "%", -4.0, 4.0, ""),
        AlignFigure("centre y", 6.2, "%", -4.0, 4.0, "point the camera lower"),
        AlignFigure("light", 0.83, "", 0.7, None, ""),
    )
)
LIVE = {"page-focus": (Phase.ASSIST, ASSIST.to_dict()), "page-align": (Phase.ALIGN, ALIGN.to_dict())}
"""Pages of a live session, with its phase and figures; the others are of a station that has just shown a check."""
KEY = "fingerprint"
SCALE = 2


def measure() -> None:
    """Measure the simulated bench with 30 mm back focus, by the station's own path, for the pictures to show."""
    from appliance.station.service import check_once

    with tempfile.TemporaryDirectory() as folder:
        given = {
            "data_dir": folder,
            "simulated_focus_error_mm": 30.0,
            "simulated_roll_deg": 1.5,
            "camera": "simulated",
        }
        settings = load_settings(overrides=given, environment={})
        check = check_once(settings, "FC-0117")
        RESULT_FILE.write_text(json.dumps(_rounded(check.result.to_dict(edges=True)), indent=0) + "\n")
        with Image.open(Path(folder) / "pictures" / str(check.preview_file)) as photo:
            photo.resize((1014, 760)).save(PHOTO_FILE, quality=80)


def _rounded(value: object) -> object:
    if isinstance(value, float):
        return float(f"{value:.5g}")
    if isinstance(value, dict):
        return {key: _rounded(part) for key, part in value.items()}
    return [_rounded(part) for part in value] if isinstance(value, list | tuple) else value


def example_app(data_dir: Path) -> Flask:
    """The page of a station that has just shown the measured check."""
    os.environ["TZ"] = "UTC"
    time.tzset()
    result = Result.from_dict(json.loads(RESULT_FILE.read_text()))
    store = open_store(data_dir)
    for number in (1, 2, 3):
        moment = Moment("boot", 60.0 * number, datetime(2026, 3, 3, 9, 40 + number, tzinfo=UTC), True)
        uuid = f"00000000-0000-4000-8000-{number:012d}"
        camera = {"description": "simulated bench (25 mm f/2.8)", "simulated": True}
        setup, photo = Setup(25.0, 2.8, 1.55), PHOTO_FILE.read_bytes()
        store.add_check(CheckRecord(uuid, "FC-0117", moment, setup, result, camera, photo, (1014, 760)))
    store.close()
    screen = screens.verdict((128, 64), result)
    state = StationState(
        "run",
        7,
        Phase.RESULT,
        lens_tag="FC-0117",
        check=3,
        verdict=result.verdict.value,
        simulated=True,
        oled_text=screen.text,
        oled_png=png_base64(screen.picture),
    )
    app = create_app(load_settings(overrides={"data_dir": data_dir}, environment={}))
    app.extensions["station"] = StationDouble(state)
    paired = Access(id=1, kind="phone", label="phone", role="operator")
    app.before_request(lambda: setattr(g, "access", paired))  # after the page's own guard
    return app


def house_app(data_dir: Path) -> Flask:
    """The page of a house with the history that the browser's tests walk through."""
    sys.path.insert(0, str(Path(__file__).parents[1] / "browser"))
    from house import furnish

    os.environ["TZ"] = "UTC"
    time.tzset()
    store = open_store(data_dir)
    furnish(store)
    store.close()
    return create_app(load_settings(overrides={"data_dir": data_dir}, environment={}))


def app_of(name: str, data_dir: Path) -> Flask:
    """The page that the picture ``name`` is of."""
    if name in OF_A_HOUSE:
        return house_app(data_dir)
    app = example_app(data_dir)
    if name in LIVE:
        station = app.extensions["station"]
        phase, live = LIVE[name]
        station.now = replace(station.now, phase=phase, live=live)
    return app


def fingerprint(app: Flask, path: str) -> str:
    """Of everything that makes the page look as it does, its photo included."""
    client = app.test_client()
    # the OLED's picture counts by its words, tested with it: PNG bytes differ between versions of zlib
    html = re.sub(r'name="token" value="[^"]*"|data:image/png;base64,[^"]*', "", client.get(path).text)
    parts = [html.encode(), PHOTO_FILE.read_bytes()]
    parts += [client.get(f"/static/{name}").data for name in STATIC]
    return hashlib.sha256(b"\0".join(hashlib.sha256(part).digest() for part in parts)).hexdigest()


def picture_fingerprint(name: str) -> str | None:
    """What a picture says it was taken of."""
    with Image.open(GOLDEN / f"{name}.png") as picture:
        return picture.info.get(KEY)


def take() -> None:
    """Photograph the pages with Chromium."""
    for name, (path, size) in PAGES.items():
        with tempfile.TemporaryDirectory() as folder:
            app = app_of(name, Path(folder))
            server = create_server(app, host="127.0.0.1", port=0)
            threading.Thread(target=server.run, daemon=True).start()
            _shoot(f"http://127.0.0.1:{server.effective_port}{path}", size, GOLDEN / f"{name}.png")
            with Image.open(GOLDEN / f"{name}.png") as shot:
                text = PngInfo()
                text.add_text(KEY, fingerprint(app, path))
                shot.convert("RGB").quantize(256).save(GOLDEN / f"{name}.png", pnginfo=text, optimize=True)


def _shoot(url: str, size: tuple[int, int], file: Path) -> None:
    quiet = ["quic", "first-run", "background-networking", "component-update", "sync", "gpu"]
    with tempfile.TemporaryDirectory() as profile:
        subprocess.run(
            [
                "chromium",
                "--headless",
                "--no-sandbox",
                "--no-first-run",
                *(f"--disable-{word}" for word in quiet),
            ]
            + [
                f"--user-data-dir={profile}",
                "--lang=en-GB",
                "--hide-scrollbars",
                "--virtual-time-budget=2500",
            ]
            + [
                f"--force-device-scale-factor={SCALE}",
                f"--window-size={size[0]},{size[1]}",
                f"--screenshot={file}",
                url,
            ],
            check=True,
            capture_output=True,
            timeout=120,
        )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--measure", action="store_true")
    if parser.parse_args().measure or not RESULT_FILE.exists():
        measure()
    take()
