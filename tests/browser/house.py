"""A house with a history and a station whose tests really take a moment, served for a real browser."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from examples import StationDouble, record
from screenshots import PHOTO_FILE, RESULT_FILE, json
from waitress.server import create_server

from appliance.checks.align import Alignment
from appliance.checks.focus_assist import AssistFigures
from appliance.config import load_settings
from appliance.focus.result import Result, Setup, Verdict
from appliance.station import screens
from appliance.station.display_keeper import png_base64
from appliance.station.state import Phase, StationState
from appliance.store import Store, open_store, visits
from appliance.store.clock import Moment
from appliance.store.house import Lens
from appliance.store.search import lens_of
from appliance.web.app import create_app

START = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
MEASURED = Result.from_dict(json.loads(RESULT_FILE.read_text()))


def result(shift_um: float, mtf50: float = 0.16) -> Result:
    """The bench's measurement, as if focus had been elsewhere."""
    if abs(shift_um) < 40:
        verdict = Verdict.PASS
    else:
        verdict = Verdict.FAIL_BACK if shift_um > 0 else Verdict.FAIL_FRONT
    factor = shift_um / (MEASURED.image_shift_um or 1.0)
    return replace(
        MEASURED,
        verdict=verdict,
        image_shift_um=shift_um,
        focus_error_mm=(MEASURED.focus_error_mm or 0.0) * factor,
        mtf50_peak_cpp=mtf50,
    )


@dataclass
class Bench(StationDouble):
    """A station whose press makes and stores a check."""

    store: Store | None = None
    next_result: Result = MEASURED

    def press(self, lens_tag: str | None = None) -> None:
        super().press(lens_tag)
        assert self.now is not None
        self.now = replace(
            self.now, phase=Phase.MEASURING, stage="measuring the edges", version=self.now.version + 1
        )
        threading.Timer(0.4, self._finish, (lens_tag or self.now.lens_tag,)).start()

    def live(self, kind: str, on: bool) -> None:
        """Begin or end a session; what it says is set by :meth:`show`."""
        super().live(kind, on)
        assert self.now is not None
        phase = {"assist": Phase.ASSIST, "align": Phase.ALIGN}[kind] if on else Phase.READY
        self.now = replace(self.now, phase=phase, live=None, version=self.now.version + 1)

    def show(self, figures: AssistFigures | Alignment) -> None:
        """The newest figures of the live session."""
        assert self.now is not None
        self.now = replace(self.now, live=figures.to_dict(), version=self.now.version + 1)

    def _finish(self, tag: str | None) -> None:
        assert self.store is not None
        check = self.store.add_check(check_record(self.store.count() + 1, tag, self.next_result))
        screen = screens.verdict((128, 64), check.result)
        assert self.now is not None
        self.now = replace(
            self.now,
            phase=Phase.RESULT,
            stage="",
            check=check.sequence,
            verdict=check.result.verdict.value,
            version=self.now.version + 1,
            oled_text=screen.text,
            oled_png=png_base64(screen.picture),
        )


def check_record(number: int, tag: str | None, measured: Result, at: datetime | None = None) -> Any:
    moment = Moment("boot", float(number), at or START + timedelta(days=5 * number), True)
    camera = {"description": "simulated bench (25 mm f/2.8)", "simulated": True, "ExposureTime": 8000}
    return record(
        number,
        lens_tag=tag,
        moment=moment,
        result=measured,
        setup=Setup(25.0, 2.8, 1.55),
        camera=camera,
        preview_jpeg=PHOTO_FILE.read_bytes(),
        preview_px=(1014, 760),
    )


def furnish(store: Store) -> None:
    """A lens that has become worse since a return, its copies, and a few others."""
    for k in range(1, 19):
        worse = k > 12
        if k == 13:
            with store.session() as session:
                lens = lens_of(session, "FC-0117")
                assert lens is not None
                visits.start_visit(
                    session, lens, "return", "R-4711", None, START + timedelta(days=5 * 12 + 2)
                )
        shift = (14.0 if worse else 1.0) + (-1) ** k * 1.5
        store.add_check(
            check_record(k, "FC-0117", result(shift, 0.147 if worse else 0.160 + 0.001 * (-1) ** k))
        )
    with store.session() as session:
        visit = visits.find_visit(session, 1)
        assert visit is not None
        visits.finish_visit(session, visit, "no caps", START + timedelta(days=90))
    for k in range(19, 25):
        store.add_check(check_record(k, f"FC-02{k}", result(-4.0 + k, 0.158 + 0.001 * (k % 3))))
    store.add_check(replace(check_record(25, "FC-0301", result(55.0)), body_tag="B-1"))
    with store.session() as session:
        for lens in session.query(Lens):
            lens.maker, lens.model, lens.mount = "Cooke", "S4/i 25", "PL"
            lens.focal_min_mm, lens.max_aperture, lens.serial = 25.0, 2.0, f"S25-{lens.id:04d}"


@dataclass
class House:
    """What a browser test needs."""

    url: str
    bench: Bench
    store: Store


@contextmanager
def open_house(folder: Path) -> Iterator[House]:
    """Serve a furnished house on a free port of this machine."""
    store = open_store(folder)
    furnish(store)
    app = create_app(load_settings(overrides={"data_dir": folder}, environment={}))
    for name in ("reads", "writes"):
        app.extensions[name].allow = lambda _key: True  # browsers of all tests come from one address
    screen = screens.ready((128, 64), "FC-0117", "http://192.0.2.7:8080")
    state = StationState("run", 3, Phase.READY, oled_text=screen.text, oled_png=png_base64(screen.picture))
    bench = Bench(replace(state, lens_tag="FC-0117", simulated=True), store=store)
    app.extensions["station"] = bench
    server = create_server(app, host="127.0.0.1", port=0, threads=6)
    threading.Thread(target=server.run, daemon=True).start()
    try:
        yield House(f"http://127.0.0.1:{server.effective_port}", bench, store)
    finally:
        server.close()
        store.close()
