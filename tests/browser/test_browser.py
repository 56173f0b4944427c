"""The page in a real Chromium, on a phone and on a desk: whole visits, keyboard, accessibility, and who is asked."""

from __future__ import annotations

import io
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "web"))
from chromium import CHROMIUM, broken_rules
from house import House, open_house, result
from playwright.sync_api import Browser, Page, expect
from pypdf import PdfReader
from screenshots import ALIGN, ASSIST

from appliance.checks.align import Alignment
from appliance.checks.focus_assist import AssistFigures
from appliance.store.access import ADMIN, PHONE, grant
from appliance.store.clock import now

pytest_plugins = ["chromium"]
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="Debian's package chromium is not installed")

PHONE_SIZE, SMALLEST, DESK = (390, 844), (320, 640), (1280, 900)
PAGES = (
    "/", "/checks", "/checks?verdict=FAIL&model=cooke", "/checks/25", "/lenses", "/lenses/FC-0117", "/visits",
    "/visits/1", "/compare?a=12&b=13", "/focus", "/align", "/health", "/settings", "/pair", "/help", "/help/start",
    "/help/screens", "/help/settings", "/help/glossary", "/lens/new", "/lens/import", "/lens/edit/FC-0117",
    "/bodies", "/bodies/B-1", "/body/new", "/body/edit/B-1", "/help/lenses", "/help/admin", "/help/verdicts",
    "/charts", "/charts/a4-general", "/charts/a4-p3.15", "/guides", "/guides/back-focus",
    "/help/guides", "/help/focus", "/lens/quick/FC-9999", "/nowhere",
)  # fmt: skip


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with open_house(tmp_path_factory.mktemp("house")) as opened:
        yield opened


@dataclass
class Visitor:
    """A browser window that notes what must not happen."""

    page: Page
    house: House
    wrong: list[str] = field(default_factory=list)

    def open(self, path: str) -> None:
        self.page.goto(self.house.url + path)


@pytest.fixture
def window(browser: Browser, house: House, request: pytest.FixtureRequest) -> Iterator[Visitor]:
    size, scheme, role = getattr(request, "param", (PHONE_SIZE, "light", None))
    context = browser.new_context(
        viewport={"width": size[0], "height": size[1]}, color_scheme=scheme, locale="en-GB", timezone_id="UTC"
    )
    if role is not None:
        with house.store.session() as session:
            _, secret = grant(session, PHONE, "browser test", role, now().wall)
        context.add_cookies([{"name": "focuscheck_phone", "value": secret, "url": house.url}])
    page = context.new_page()
    page.set_default_timeout(10_000)
    visitor = Visitor(page, house)
    page.on("request", lambda asked: _note_foreign(visitor, asked.url))
    page.on(
        "console", lambda said: visitor.wrong.append(said.text) if said.type in ("error", "warning") else None
    )
    page.on("pageerror", lambda error: visitor.wrong.append(str(error)))
    yield visitor
    context.close()
    expected = ("status of 404", "status of 403", "status of 409")
    assert [text for text in visitor.wrong if not any(part in text for part in expected)] == []


def _note_foreign(visitor: Visitor, url: str) -> None:
    if not url.startswith((visitor.house.url, "data:")):
        visitor.wrong.append(f"asked {url}")


def pair(window: Visitor, name: str = "") -> None:
    """Pair as a person does: ask, read the OLED, type."""
    window.open("/pair")
    window.page.get_by_role("button", name="Show a PIN on the station").click()
    window.page.get_by_label("PIN on the station's display").fill(window.house.bench.pin or "")
    window.page.get_by_label("Your name").fill(name)
    window.page.get_by_role("button", name="Pair", exact=True).click()
    expect(window.page.get_by_role("link", name="Paired")).to_be_visible()


def test_a_whole_visit_on_the_phone(window: Visitor) -> None:
    page = window.page
    pair(window, "Ann")
    window.open("/visits")
    page.get_by_label("Scan or type the lens's tag").fill("FC-0117")
    page.get_by_label("Return").check()
    page.get_by_label("Rental reference").fill("R-5000")
    page.keyboard.press("Enter")  # as a barcode scanner ends its line
    expect(page.get_by_role("heading", name="Return of FC-0117")).to_be_visible()
    window.house.bench.next_result = result(60.0)
    page.get_by_role("button", name="Test").click()
    expect(page.get_by_text("Tested: FAIL BACK")).to_be_visible(timeout=10_000)
    expect(page.get_by_text("FC-0117 is in maintenance")).to_be_visible()
    page.get_by_label("Note").fill("knocked")
    page.get_by_role("button", name="Done").click()
    report = page.get_by_role("link", name="Report (PDF)").get_attribute("href")
    answer = page.request.get(window.house.url + str(report))
    assert answer.status == 200
    assert answer.body().startswith(b"%PDF")
    page.get_by_role("link", name="FC-0117").first.click()
    page.get_by_label("Why, or what was put right").fill("reshimmed")
    page.get_by_role("button", name="Set state").click()
    expect(page.get_by_text("Maintenance:")).to_have_count(0)
    with window.house.store.session() as session:
        from appliance.store.access import trail

        actions = [line.action for line in trail(session, limit=5)]
    assert actions[:3] == ["status", "ended visit", "began visit"]


@pytest.mark.parametrize("window", [(PHONE_SIZE, "light", "operator")], indirect=True)
def test_a_press_on_the_now_page_shows_the_verdict_by_itself(window: Visitor) -> None:
    window.open("/")
    window.house.bench.next_result = result(3.0)
    window.page.get_by_role("button", name="Test").click()
    expect(window.page.get_by_role("button", name="Measuring …")).to_be_disabled()
    expect(window.page.locator("#last .verdict")).to_have_text("PASS", timeout=10_000)
    expect(window.page.get_by_role("button", name="Test")).to_be_enabled()


@pytest.mark.parametrize("window", [(PHONE_SIZE, "light", "operator")], indirect=True)
def test_focus_assist_follows_the_ring_and_keeps_the_best(window: Visitor) -> None:
    page, bench = window.page, window.house.bench
    window.open("/")
    page.get_by_role("link", name="Focus assist").click()
    page.get_by_role("button", name="Start focus assist").click()
    expect(page.get_by_role("status")).to_have_text("Looking for the chart.")
    bench.show(AssistFigures(False, 3.4))
    expect(page.get_by_role("status")).to_have_text("No chart can be made out: turn until the figure rises")
    bench.show(AssistFigures(True, 58.3, 50.1, 49.8, 58.3, 0.1, 0.2, "hold", 56))
    expect(page.get_by_role("status")).to_have_text("● Hold: focus is on the star")
    best = page.locator(".sharpness .peak")
    place = best.get_attribute("x1")
    bench.show(replace(ASSIST, middle=20.0))
    expect(page.get_by_role("status")).to_have_text("◄ Turn nearer")
    expect(page.locator(".big")).to_contain_text("20.0")
    assert best.get_attribute("x1") == place
    assert broken_rules(page, "focus assist at work") == []
    page.get_by_role("button", name="Forget the best").click()
    assert bench.pressed[-1] == "reset"
    page.get_by_role("button", name="Stop").click()
    expect(page.get_by_role("button", name="Start focus assist")).to_be_enabled()


@pytest.mark.parametrize("window", [(SMALLEST, "dark", "operator")], indirect=True)
def test_alignment_runs_until_all_is_green(window: Visitor) -> None:
    page, bench = window.page, window.house.bench
    window.open("/align")
    page.get_by_role("button", name="Start alignment").click()
    expect(page.get_by_role("status")).to_have_text("Looking for the chart.")
    bench.show(ALIGN)
    expect(page.get_by_role("status")).to_contain_text("2 of 7 to put right")
    expect(page.locator(".is-bad")).to_have_count(2)
    assert broken_rules(page, "alignment at work") == []
    wide = page.evaluate("() => document.documentElement.scrollWidth - window.innerWidth")
    assert wide <= 0
    bench.show(Alignment(tuple(replace(figure, value=0.0, low=-1.0, high=1.0) for figure in ALIGN.figures)))
    expect(page.get_by_role("status")).to_have_text("✓ All green: the bench is aligned")
    expect(page.locator(".is-good")).to_have_count(7)
    bench.live("align", False)  # at the station, or by its own time-out
    expect(page.get_by_role("button", name="Start alignment")).to_be_enabled()


def test_history_is_filtered_and_paged(window: Visitor) -> None:
    page = window.page
    window.open("/checks")
    page.get_by_placeholder("Tag, serial, model or rental").fill("FC-0301")
    page.get_by_role("button", name="Find").click()
    expect(page.locator("ol.history li")).to_have_count(1)
    page.get_by_role("link", name="Show all").click()
    page.get_by_text("Filter", exact=True).click()
    page.get_by_label("Verdict").select_option("FAIL")
    page.get_by_role("button", name="Show", exact=True).click()
    for badge in page.locator("ol.history .badge").all_text_contents():
        assert badge.startswith("FAIL")


@pytest.mark.parametrize("window", [(DESK, "light", "operator")], indirect=True)
def test_everything_is_reached_by_keyboard_alone(window: Visitor) -> None:
    page = window.page
    window.open("/checks/25")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
    seen = set()
    for _ in range(60):
        page.keyboard.press("Tab")
        focused = page.evaluate(
            "() => { const e = document.activeElement; const s = getComputedStyle(e);"
            " if (e === document.body) return ['', ''];"
            " return [e.textContent.trim().slice(0, 40), s.outlineStyle] }"
        )
        if focused[0]:
            seen.add(focused[0])
            assert focused[1] != "none", f"{focused[0]} shows no focus"
    for name in ("Lenses", "Report (PDF)", "Void this check", "Help"):
        assert name in seen
    page.get_by_text("Void this check").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.type("pressed by mistake")
    page.keyboard.press("Enter")
    expect(page.get_by_text("It counts for nothing")).to_be_visible()


def test_without_script_everything_can_be_read(browser: Browser, house: House) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    for path, words in (
        ("/", "Last verdict"),
        ("/checks", "FC-0117"),
        ("/lenses/FC-0117", "Softer than its own past"),
        ("/focus", "Focus assist is not running."),
        ("/align", "Alignment is not running."),
    ):
        page.goto(house.url + path)
        assert words in page.content()
    context.close()


@pytest.mark.parametrize(
    "window",
    [(PHONE_SIZE, "light", ADMIN), (SMALLEST, "dark", ADMIN), (DESK, "light", None), (DESK, "dark", ADMIN)],
    indirect=True,
    ids=["phone", "smallest-dark", "desk-stranger", "desk-dark"],
)
def test_no_page_breaks_an_accessibility_rule_or_scrolls_sideways(window: Visitor) -> None:
    for path in PAGES:
        window.open(path)
        assert broken_rules(window.page, path) == []
        wide = window.page.evaluate("() => document.documentElement.scrollWidth - window.innerWidth")
        assert wide <= 0, f"{path} is {wide} px too wide"


def test_a_label_s_code_puts_the_lens_on_the_bench_once_paired(window: Visitor) -> None:
    bench = window.house.bench
    before = list(bench.pressed)
    window.open("/l/FC-0301")
    expect(window.page.get_by_role("heading", name="Lens FC-0301")).to_be_visible()
    assert bench.pressed == before
    pair(window)
    window.open("/l/FC-0301")
    assert bench.pressed[-1] == "FC-0301"


@pytest.mark.parametrize("window", [(DESK, "dark", "operator")], indirect=True)
def test_a_check_and_a_lens_print_as_paper_does(window: Visitor) -> None:
    """Nothing to press, dark on white even from a dark phone, verdicts in their colours, and not wider than a sheet."""
    page = window.page
    page.emulate_media(media="print")
    page.set_viewport_size({"width": 718, "height": 1000})  # A4 less its margins, in CSS pixels
    for path, words in (
        ("/checks/24", "Where the uncertainty comes from"),
        ("/lenses/FC-0117", "Trend at 25 mm"),
    ):
        window.open(path)
        for gone in ("form", ".bar nav", "footer nav", "button", ".skip"):
            for element in page.locator(gone).all():
                expect(element).not_to_be_visible()
        assert page.evaluate("() => document.documentElement.scrollWidth - window.innerWidth") <= 0
        colours = "([a, b]) => getComputedStyle(document.querySelector(a))[b]"
        assert page.evaluate(colours, ["body", "backgroundColor"]) == "rgb(255, 255, 255)"
        assert page.evaluate(colours, ["td", "color"]) == "rgb(0, 0, 0)"
        verdict = ".card" if "checks" in path else ".badge"
        assert page.evaluate(colours, [verdict, "printColorAdjust"]) == "exact"
        paper = PdfReader(io.BytesIO(page.pdf(format="A4")))
        text = "".join(sheet.extract_text() for sheet in paper.pages)
        assert words in text
        assert len(paper.pages) <= 5


def test_times_are_the_viewer_s_with_script_and_the_station_s_without(browser: Browser, house: House) -> None:
    for script in (True, False):
        context = browser.new_context(
            java_script_enabled=script,
            timezone_id="Asia/Tokyo",
            locale="en-GB",
            viewport={"width": 800, "height": 800},
        )
        page = context.new_page()
        page.goto(house.url + "/checks/20")
        shown = page.locator("article header time").inner_text()
        station = datetime.fromisoformat(str(page.locator("article header time").get_attribute("datetime")))
        viewer = station.astimezone(ZoneInfo("Asia/Tokyo")) if script else station.astimezone()
        assert f"{viewer:%H:%M}" in shown
        context.close()


@pytest.mark.parametrize("window", [(PHONE_SIZE, "light", "operator")], indirect=True)
def test_a_baseline_is_set_and_cleared_by_hand(window: Visitor) -> None:
    page = window.page
    window.open("/lenses/FC-0117")
    page.locator("summary", has_text="Baseline").click()
    page.get_by_role("button", name="Take the newest checks as its baseline").click()
    expect(page.get_by_text("Baseline set on")).to_be_visible()
    page.locator("summary", has_text="Baseline").click()
    page.get_by_role("button", name="Take all copies of Cooke S4/i 25 as its model's baseline").click()
    expect(page.get_by_text("Baseline of its model set on")).to_be_visible()
    for name in ("Clear its baseline", "Clear its model's baseline"):
        page.locator("summary", has_text="Baseline").click()
        page.get_by_role("button", name=name).click()
        expect(page.get_by_role("button", name=name)).to_have_count(0)


@pytest.mark.parametrize("window", [(PHONE_SIZE, "light", "operator")], indirect=True)
def test_lengths_are_shown_in_inch_to_a_phone_that_prefers_it(window: Visitor) -> None:
    page = window.page
    window.open("/settings")
    page.get_by_label("inch").check()
    page.get_by_role("button", name="Keep").click()
    for path in ("/", "/checks", "/checks/24", "/lenses/FC-0117", "/compare?a=12&b=13"):
        window.open(path)
        assert " in" in page.locator("main").inner_text()
        assert not re.search(r"[+−][\d.]+ ± [\d.]+ mm", page.locator("main").inner_text()), path


@pytest.mark.parametrize("window", [(PHONE_SIZE, "dark", "operator")], indirect=True)
def test_a_chart_is_measured_with_a_ruler_and_forgotten_when_printed_anew(window: Visitor) -> None:
    page = window.page
    window.open("/health")
    page.get_by_role("link", name="Charts").click()
    page.get_by_role("link", name="letter-general v1").click()
    page.get_by_label("The bar measures, mm").fill("9,98")
    page.get_by_role("button", name="Keep this reading").click()
    expect(page.get_by_role("alert")).to_contain_text("most likely a slip")
    page.get_by_label("The bar measures, mm").fill("99,8")
    page.keyboard.press("Enter")
    expect(page.get_by_role("row", name="Bar of 100 mm")).to_contain_text("99.80 ± 0.20 mm")
    forget = page.get_by_role("button", name="Yes, forget it")
    expect(forget).to_be_hidden()
    page.get_by_text("Forget the reading of its bar").click()
    forget.click()
    expect(page.get_by_role("row", name="Bar of 100 mm")).to_contain_text("not measured")
