"""A whole house for a real browser: the simulated bench, its station, the socket, and the page before them."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from chromium import broken_rules
from conftest import Rig, rig_of, scoring_by
from playwright.sync_api import Browser, Page, expect
from waitress.server import create_server

from appliance.bench.world import World
from appliance.config import Settings, load_settings
from appliance.devices.simulated_camera import SimulatedCamera, faults_of, simulated_scene
from appliance.focus.result import Result, Setup, Verdict
from appliance.frame import Frame
from appliance.station.server import StationServer
from appliance.store.access import PHONE, grant
from appliance.store.clock import now
from appliance.store.house import Body, Lens
from appliance.web.app import create_app
from tests.benchmark.truth import image_shift_um

PHONE_SIZE = (390, 844)
REACH_MM, OWN_UM = 150.0, 0.8
"""How deep the chart is, mm, and what a good photo scatters by (1 σ), µm."""
PHOTO_MS = 120_000
"""A photo of the simulated bench is worked out anew at each focal length."""


@dataclass
class AtWork:
    """A station at work and its page's address."""

    url: str
    rig: Rig


class SceneCamera:
    """The simulated bench without its photos, which take seconds each: what a photo would give follows from its scene.

    Focus within ``REACH_MM`` of the star has a figure, with the scatter and the uncertainty of a good photo; beyond it
    only a side.
    """

    description = "simulated bench without photos"

    def __init__(self, settings: Settings) -> None:
        base = simulated_scene(settings)
        self._world = World(base, faults_of(settings.simulated_faults), settings.simulated_seed)
        self._scene, self._taken = base, 0

    def arrange(
        self, bench: Mapping[str, Any], focal_length_mm: float | None, f_number: float | None
    ) -> None:
        """Do what ``bench`` says, with the lens set so."""
        self._scene = self._world.scene(bench, focal_length_mm, f_number)

    def capture(self) -> Frame:
        """A photo of nothing."""
        self._taken += 1
        return Frame(np.full((64, 64), 900, np.uint16), "rggb", 256, 4095, {"Model": "simulated"})

    glance = capture

    def close(self) -> None:
        """Nothing holds it."""

    def judge(self, _frames: list[Frame], setup: Setup) -> Result:
        """What the measurement would give."""
        error_mm, m = self._scene.lens.focus_error_mm, self._scene.magnification
        tolerance = setup.f_number * (1 + m) * setup.coc_um
        if abs(error_mm) > REACH_MM:
            verdict = Verdict.FAIL_BACK if error_mm > 0 else Verdict.FAIL_FRONT
            least = REACH_MM if error_mm > 0 else -REACH_MM
            return Result(verdict, (), focus_error_mm_at_least=least, tolerance_um=tolerance, magnification=m)
        off_um = OWN_UM * float(self._world.rng("photo", self._taken).standard_normal())
        shift_um = image_shift_um(self._scene, error_mm) + off_um
        verdict = Verdict.PASS if abs(shift_um) < tolerance else Verdict.FAIL_BACK
        return Result(
            Verdict.FAIL_FRONT if verdict is Verdict.FAIL_BACK and shift_um < 0 else verdict,
            (),
            focus_error_mm=error_mm + off_um / (1000 * m**2),
            focus_error_mm_u95=1.96 * OWN_UM / (1000 * m**2),
            image_shift_um=shift_um,
            image_shift_um_u95=1.96 * OWN_UM * 2**0.5,
            tolerance_um=tolerance,
            magnification=m,
            mtf50_peak_cpp=0.2,
            budget_um={"noise": OWN_UM, "pose": OWN_UM},
        )


@contextmanager
def at_work(
    folder: Path, *lenses: Lens, without_photos: pytest.MonkeyPatch | None = None, **settings: Any
) -> Iterator[AtWork]:
    """Serve a station whose bench has these faults, with these lenses in its records and a body B-1.

    ``without_photos``: what puts the measurement's place to :class:`SceneCamera`; None for whole photos.
    """
    simulated = {name: "simulated" for name in ("camera", "panel", "display")}
    given = {"data_dir": folder, "pixel_pitch_um": 6.2, "frames_at_most": 1, **simulated, **settings}
    chosen = load_settings(overrides=given, environment={})
    camera: Any = SceneCamera(chosen) if without_photos else SimulatedCamera(chosen)
    if without_photos:
        scoring_by(without_photos, camera.judge)
    with rig_of(chosen, camera) as rig:
        with rig.store.session() as session:
            session.add_all(lenses)
            session.add(Body(tag="B-1", created_at=now().wall, maker="Canon", model="R5"))
        socket = StationServer(chosen.socket, rig.station)
        socket.start()
        app = create_app(chosen)
        for name in ("reads", "writes"):
            app.extensions[name].allow = lambda _key: True
        server = create_server(app, host="127.0.0.1", port=0, threads=4)
        threading.Thread(target=server.run, daemon=True).start()
        try:
            yield AtWork(f"http://127.0.0.1:{server.effective_port}", rig)
        finally:
            server.close()
            socket.close()


def lens(
    tag: str, low: float | None = None, high: float | None = None, widest: float | None = None, **more: Any
) -> Lens:
    """A lens as the records know it."""
    return Lens(
        tag=tag, created_at=now().wall, focal_min_mm=low, focal_max_mm=high, max_aperture=widest, **more
    )


class Walk:
    """A paired phone that walks through pages and looks at each: a picture, and no rule of accessibility broken."""

    def __init__(self, browser: Browser, house: AtWork, folder: Path) -> None:
        context = browser.new_context(
            viewport={"width": PHONE_SIZE[0], "height": PHONE_SIZE[1]}, locale="en-GB", timezone_id="UTC"
        )
        with house.rig.store.session() as session:
            _, secret = grant(session, PHONE, "walk", "operator", now().wall)
        context.add_cookies([{"name": "focuscheck_phone", "value": secret, "url": house.url}])
        self.page: Page = context.new_page()
        self.page.set_default_timeout(PHOTO_MS)
        self.house, self.folder, self.pictures = house, folder, 0

    def open(self, path: str) -> None:
        self.page.goto(self.house.url + path)

    def look(self, name: str) -> None:
        """Take a picture of the whole page as it is, and hold it to the rules."""
        self.pictures += 1
        self.page.screenshot(path=self.folder / f"{self.pictures:02d}-{name}.png", full_page=True)
        assert broken_rules(self.page, name) == []
        wide = self.page.evaluate("() => document.documentElement.scrollWidth - window.innerWidth")
        assert wide <= 0, f"{name} is {wide} px too wide"

    def press(self, name: str, exact: bool = True) -> None:
        self.page.get_by_role("button", name=name, exact=exact).first.click()

    def begin(self, guide: str, tag: str, body: str = "") -> None:
        """Start a guided check from its page."""
        self.open(f"/guides/{guide}")
        if self.page.get_by_label("Lens (scan").count():
            self.page.get_by_label("Lens (scan").fill(tag)
        if body:
            self.page.get_by_label("Camera body").fill(body)
        self.look(f"{guide}-about")
        self.press("Start")
        expect(self.page.locator("#run")).to_be_visible()

    def title(self) -> str:
        """Of the step or result that is shown."""
        return self.page.locator("h1").inner_text()

    def through(self, look_at: int = 6, most: int = 80) -> str:
        """Go through all steps as they come, with what they propose; returns the verdict's word."""
        seen: set[str] = set()
        for _ in range(most):
            if self.page.locator("article header h1.verdict").count():
                return self.title()
            key = str(self.page.locator("#run").get_attribute("data-key"))
            kind = self.page.locator("button.test").inner_text()
            name = f"{self.title()}-{kind}".replace(" ", "-").lower()
            if len(seen) < look_at and name not in seen:
                seen.add(name)
                self.look(name)
            assert kind in ("Go on", "Done", "Take the photo"), kind
            problem = self.page.locator(".notice").all_inner_texts()
            assert not problem, problem
            self.press(kind)
            self._wait_for_another(key)
        raise AssertionError(f"no end after {most} steps")

    def _wait_for_another(self, key: str) -> None:
        """Until the page shows another step (or a problem with its photo), and measures nothing."""
        self.page.wait_for_function(
            "key => { const run = document.getElementById('run'); const button = document.querySelector('button.test');"
            " if (!run) return document.querySelector('article header h1.verdict') !== null;"
            " return run.dataset.key !== key && (!button || !button.disabled) }",
            arg=key,
        )
