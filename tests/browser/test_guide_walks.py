"""Guided checks walked through on a phone, against a station at work before the simulated bench and its faults."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from at_work import PHOTO_MS, Walk, at_work, lens
from chromium import CHROMIUM
from playwright.sync_api import Browser, expect

pytest_plugins = ["chromium"]
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="Debian's package chromium is not installed")


def test_a_new_zoom_is_added_in_two_taps_and_asked_for_its_focal_length(
    browser: Browser, tmp_path: Path
) -> None:
    with at_work(tmp_path / "data", simulated_distance_mm=900.0) as house:
        walk = Walk(browser, house, tmp_path)
        walk.open("/l/Z-9")
        walk.look("new-lens")
        walk.page.get_by_role("link", name="24–70").click()
        walk.look("how-fast")
        walk.press("2.8")
        expect(walk.page.get_by_text("Which focal length is it at?")).to_be_visible()
        walk.look("which-focal-length")
        walk.press("Test")
        expect(walk.page.get_by_text("Z-9 is a zoom: say at which")).to_be_visible()
        assert house.rig.station.state.oled_text.startswith("WHICH mm? 24 mm")
        walk.look("asked-at-the-station-too")
        walk.press("40")
        expect(walk.page.locator(".big.setting")).to_have_text("40 mm f/2.8")
        walk.look("set-to-40")
        walk.press("Test")
        expect(walk.page.locator("#last .verdict")).to_be_visible(timeout=PHOTO_MS)
        check = house.rig.store.latest("Z-9")
        assert check is not None
        assert (check.setup.focal_length_mm, check.setup.f_number) == (40.0, 2.8)
        walk.open(f"/checks/{check.sequence}")
        expect(walk.page.locator(".as-set")).to_have_text("40 mm f/2.8")
        walk.look("check-at-40")


def test_what_cannot_be_tested_of_a_lens_is_said_before_the_press(browser: Browser, tmp_path: Path) -> None:
    strange = lens("A-1", 50.0, None, 2.0, squeeze=2.0, iris="electronic", focus_drive="by wire")
    with at_work(tmp_path / "data", strange) as house:
        walk = Walk(browser, house, tmp_path)
        walk.open("/l/A-1")
        walk.open("/")
        for words in ("Anamorphic, 2×", "Its iris is set by a camera", "Focus by wire"):
            expect(walk.page.get_by_text(words)).to_be_visible()
        walk.look("what-cannot-be-tested")


def kept(walk: Walk, word: str, *said: str) -> dict[str, Any]:
    """The result's page is looked at, and holds what is ``said``; its PDF is kept; returns its JSON."""
    page = walk.page
    walk.look("result")
    assert page.locator("article header h1.verdict").inner_text() == word
    text = page.locator("main").inner_text()
    for words in said:
        assert words in text, words
    report = page.request.get(page.url + ".pdf").body()
    (walk.folder / "report.pdf").write_bytes(report)
    assert report.startswith(b"%PDF")
    told: dict[str, Any] = page.request.get(page.url + ".json").json()
    return told


def figure_of(told: dict[str, Any], name: str) -> dict[str, Any]:
    found: dict[str, Any] = next(one for one in told["finding"]["figures"] if one["name"] == name)
    return found


def test_a_zoom_soft_at_wide_is_led_to_its_flange_and_to_a_shim(
    browser: Browser,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    zoom = lens("Z-1", 24.0, 70.0, 2.8, focus_drive="ring")
    faults = {"simulated_distance_mm": 1750.0, "simulated_faults": "flange_um=30", "coc_um": 5.0}
    with at_work(tmp_path / "data", zoom, without_photos=monkeypatch, **faults) as house:
        walk = Walk(browser, house, tmp_path)
        walk.open("/guides")
        walk.look("start")
        walk.page.get_by_role("link", name="Zoom: sharp at tele, soft at wide").click()
        walk.look("what-was-seen")
        walk.page.get_by_role("link", name="Back focus of a zoom").click()
        walk.begin("back-focus", "Z-1")
        walk.through(look_at=12)
        told = kept(walk, "PASS", "Flange error now", "Before and after")  # the shim asked for was put in
        flange = figure_of(told, "flange_error_um")
        assert abs(flange["value"] - 30.0) <= 1.5 * flange["u95"]
        walk.open("/lenses/Z-1")
        expect(walk.page.get_by_role("link", name="Back focus of a zoom").first).to_be_visible()
        walk.look("lens-with-its-run")


def _mean_um(checks: list[Any]) -> float:
    return sum(check.result.image_shift_um for check in checks) / len(checks)


def test_an_autofocus_pair_is_measured_shot_by_shot(
    browser: Browser,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    prime = lens("A-85", 85.0, None, 1.8, focus_drive="motor")
    faults = "af_error_um=45 af_scatter_um=4 af_um_per_step=3"
    with at_work(
        tmp_path / "data",
        prime,
        without_photos=monkeypatch,
        simulated_distance_mm=2500.0,
        simulated_faults=faults,
    ) as house:
        walk = Walk(browser, house, tmp_path)
        walk.open("/guides?seen=eyes-soft")
        walk.look("eyes-soft")
        walk.begin("autofocus", "A-85", "B-1")
        walk.through(look_at=8)
        told = kept(walk, walk.title(), "Where each shot focused")
        shots = [event for event in told["events"] if event["kind"] == "photo"]
        assert len(shots) >= 16, "eight, then eight with another fine-tune"
        first = [house.rig.store.get(shot["check"]) for shot in shots[:8]]
        last = [house.rig.store.get(shot["check"]) for shot in shots[-8:]]
        assert abs(_mean_um(last)) < abs(_mean_um(first)), (
            "the fine-tune that was told moves focus the right way"
        )


def test_returns_to_a_mark_show_play(
    browser: Browser,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    prime = lens("R-50", 50.0, None, 2.0, focus_drive="ring")
    faults = "backlash_um=60 return_scatter_um=2"
    with at_work(
        tmp_path / "data",
        prime,
        without_photos=monkeypatch,
        simulated_distance_mm=1250.0,
        simulated_faults=faults,
    ) as house:
        walk = Walk(browser, house, tmp_path)
        walk.begin("return-to-mark", "R-50")
        walk.through(look_at=8)
        told = kept(walk, walk.title(), "Coming from far, focus ends farther")
        play = next(one for one in told["finding"]["figures"] if "backlash" in one["name"])
        assert abs(play["value"] - 60.0) <= 2 * play["u95"]


def test_the_golden_lens_tells_in_the_morning_that_the_bench_moved(
    browser: Browser,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    golden = lens("G-1", 25.0, None, 2.8, focus_drive="ring")
    with at_work(tmp_path / "data", golden, without_photos=monkeypatch) as house:
        walk = Walk(browser, house, tmp_path)
        walk.begin("golden", "G-1")
        walk.through(look_at=8)
        kept(walk, walk.title())
