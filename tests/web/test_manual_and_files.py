"""The manual is complete, and what is carried away (PDF, labels, CSV, JSON) is whole."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from examples import RESULT, SETUP, record
from page_fixtures import Page, add
from pypdf import PdfReader

from appliance.config import Settings
from appliance.focus.reasons import REASONS
from appliance.focus.result import EdgePoint, Result, Verdict
from appliance.store.clock import now
from appliance.store.house import Lens
from appliance.web import crops, pdf_fonts, svg_to_pdf
from appliance.web.label_sheets import SHEETS
from appliance.web.labels import label_sheets, label_url
from appliance.web.pdf_fonts import BOLD, REGULAR, UNKNOWN, legible
from appliance.web.report import check_report
from appliance.web.settings_groups import grouped_settings
from appliance.web.views.help import CHAPTERS

pytest_plugins = ["page_fixtures"]
GOLDEN = Path(__file__).parents[1] / "golden"


def test_every_setting_is_in_the_manual_and_on_the_page(page: Page) -> None:
    manual, shown = page.get("/help/settings").text, page.get("/settings").text
    for name, field in Settings.model_fields.items():
        assert f"<code>{name}</code>" in manual
        assert (field.description or "")[:30].replace("'", "&#39;") in manual
        assert f">{name}</th>" in shown
    groups = grouped_settings(Settings())
    assert sum(len(group) for group in groups.values()) == len(Settings.model_fields)


def test_every_screen_is_in_the_manual(page: Page) -> None:
    manual = page.get("/help/screens").text
    screens = {
        "": "now",
        "checks": "history",
        "lenses": "lenses",
        "lens": "lens",
        "visits": "visits",
        "bodies": "bodies",
        "body": "bodies",
    }
    own = {"charts", "guides", "guide", "focus", "align", "compare", "health", "settings", "pair", "help"}
    files = {
        "live",
        "static",
        "pictures",
        "api",
        "healthz",
        "metrics",
        "labels.pdf",
        "lenses.csv",
        "checks.csv",
        "report",
        "l",
    }
    for rule in page.app.url_map.iter_rules():
        first = rule.rule.split("/")[1]
        if "GET" in (rule.methods or set()) and first not in files:
            assert first in own or first in screens, f"{rule.rule} is not in the manual"
            assert f'<dt id="{screens.get(first, first)}">' in manual
    assert '<dt id="check">' in manual


def test_every_reason_is_explained_and_every_link_of_the_manual_leads_somewhere(page: Page) -> None:
    text = page.get("/help/verdicts").text
    for code in REASONS:
        assert code in text
    assert "{" not in text
    for path in ("/help", *(f"/help/{name}" for name in CHAPTERS)):
        for link in re.findall(r'href="(/[^"#?]*)"', page.get(path).text):
            assert page.get(link).status_code == 200, link


def measured() -> Result:
    return Result.from_dict(json.loads((GOLDEN / "check.json").read_text()))


def texts_of(pdf: bytes) -> str:
    """What a reader of a PDF can read and copy."""
    return "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages)


def test_a_report_holds_verdict_figures_curve_photo_and_crops(page: Page) -> None:
    add(page, measured(), preview_jpeg=(GOLDEN / "check.jpg").read_bytes(), preview_px=(1014, 760))
    pdf = page.get("/checks/1.pdf").data
    text = texts_of(pdf)
    for words in (
        "FAIL BACK",
        "Through focus",
        "At best focus",
        "Beyond",
        "MTF50",
        "Tolerance",
        "Lens FC-1",
    ):
        assert words in text, words
    assert pdf.count(b"/Subtype /Image") == 4  # the photo and three crops


def test_a_lens_s_report_tells_its_trend_visits_and_adjustments(page: Page) -> None:
    add(page, RESULT)
    page.post("/visits", lens="FC-1", kind="return", rental="R-77")
    page.post("/lens/adjust", tag="FC-1", kind="shim", amount="20")
    add(page, RESULT)
    text = texts_of(page.get("/report/FC-1.pdf").data)
    for words in (
        "Trend",
        "Return,",
        "rental R-77, FAIL BACK",
        "shim +20 µm (checks 1 and 2)",
        "Newest checks",
    ):
        assert words in text, words


def test_a_report_bears_a_missing_or_damaged_photo(tmp_path: Path) -> None:
    from appliance.store import open_store

    store = open_store(tmp_path)
    check = store.add_check(record(1, result=measured()))
    for photo in (None, tmp_path / "gone.jpg", store.picture(check.preview_file or "")):
        assert check_report(check, None, photo, "Station 1").startswith(b"%PDF")


def contrasts(edges: Iterable[EdgePoint]) -> list[float]:
    return [edge.contrast for edge in edges if edge.contrast is not None]


def test_the_close_ups_show_the_aim_and_the_sharpest_place() -> None:
    result = measured()
    aim, best, beyond = crops.windows(result)
    assert result.aim_px is not None
    assert aim.x <= result.aim_px[0] <= aim.x + aim.size
    inside = [
        e
        for e in result.edges
        if best.x <= e.x1 <= best.x + best.size and best.y <= e.y1 <= best.y + best.size
    ]
    elsewhere = [
        e
        for e in result.edges
        if beyond.x <= e.x1 <= beyond.x + beyond.size and beyond.y <= e.y1 <= beyond.y + beyond.size
    ]
    assert inside
    assert max(contrasts(inside)) > 0.8 * max(contrasts(result.edges))
    assert not elsewhere or np.median(contrasts(elsewhere)) < max(contrasts(inside))
    assert crops.windows(replace(result, aim_px=None)) == []
    in_focus = crops.windows(replace(result, focus_error_mm=0.1))
    assert [crop.title for crop in in_focus] == ["At the aim, and at best focus", "Beyond"]
    assert (in_focus[0].x, in_focus[0].y) == (aim.x, aim.y)


@pytest.mark.parametrize("sheet", SHEETS)
@pytest.mark.parametrize("tag", ["FC-0117", "A/B 7#?", "x" * 40])
def test_a_label_s_code_decodes_to_the_lens_s_address(sheet: str, tag: str) -> None:
    lens = Lens(tag=tag, maker="Cooke", model="S4/i", serial="1", created_at=now().wall)
    pdf = label_sheets([lens], "http://192.0.2.7:8080", sheet)
    picture = rendered_rectangles(pdf)
    text, _, _ = cv2.QRCodeDetector().detectAndDecode(picture)
    assert text == label_url("http://192.0.2.7:8080", tag)


def rendered_rectangles(pdf: bytes) -> np.ndarray:
    """The filled rectangles of a page at about 8 px per module, as a scanner would see them."""
    content = PdfReader(io.BytesIO(pdf)).pages[0].get_contents().get_data().decode("latin-1")
    boxes = np.array(
        [
            [float(v) for v in box]
            for box in re.findall(r"n ([\d.]+) ([\d.]+) ([\d.]+) ([\d.]+) re f", content)
        ]
    )
    scale = 8 / boxes[0, 2]
    boxes *= scale
    left, bottom = boxes[:, 0].min(), boxes[:, 1].min()
    size = int(max(np.ptp(boxes[:, 0]), np.ptp(boxes[:, 1]))) + 8 + 80
    picture = np.full((size, size), 255, np.uint8)
    for x, y, w, h in boxes:
        x1, y1 = x - left + 40, y - bottom + 40
        picture[
            size - round(float(y1 + h)) : size - round(float(y1)), round(float(x1)) : round(float(x1 + w))
        ] = 0
    return picture


def test_a_label_paper_is_chosen_on_the_page(page: Page) -> None:
    add(page, RESULT)
    text = page.get("/lenses").text
    for name, sheet in SHEETS.items():
        assert f'<option value="{name}">{sheet.title}</option>' in text
        width, height = (
            PdfReader(io.BytesIO(page.get(f"/labels.pdf?sheet={name}&skip=2").data)).pages[0].mediabox[2:]
        )
        assert (float(width) / 72 * 25.4, float(height) / 72 * 25.4) == pytest.approx(sheet.page, abs=0.1)


def test_labels_begin_after_those_that_are_used_and_go_on_to_the_next_sheet() -> None:
    lenses = [Lens(tag=f"FC-{k}", maker="", model="", serial="", created_at=now().wall) for k in range(30)]
    assert label_sheets(lenses, "http://a", "a4-3x8", 20).count(b"/Type /Page\n") == 3
    assert label_sheets(lenses[:4], "http://a", "a4-3x8", 20).count(b"/Type /Page\n") == 1


def test_pages_speak_inch_to_those_who_prefer_it(page: Page) -> None:
    add(page, replace(RESULT, focus_error_mm=25.4, focus_error_mm_u95=2.54))
    add(page, Result(Verdict.FAIL_FRONT, (), focus_error_mm_at_least=-120.9))
    add(page, Result(Verdict.FAIL_BACK, (), focus_error_mm_at_least=0.0))
    assert "+25.4 ± 2.5 mm" in page.get("/checks").text
    assert "beyond −120 mm" in page.get("/checks").text
    assert "beyond −120 mm" in page.get("/compare?a=1&b=2").text
    assert "behind the aim point" in page.get("/checks").text
    page.post("/settings/units", units="inch")
    assert "+1.000 ± 0.100 in" in page.get("/checks").text
    assert "Focus lies 1.000 in behind the aim point" in page.get("/checks/1").text
    assert "beyond −4.75 in" in page.get("/checks").text
    assert "in front of the aim point, by 4.75 in or more" in page.get("/checks/2").text
    page.post("/settings/units", units="furlong")
    assert " mm" in page.get("/checks").text


def test_json_and_csv_hold_what_was_measured(page: Page) -> None:
    add(page, RESULT)
    whole = page.get("/checks/1.json").get_json()
    assert whole["image_shift_um"] == 65.1
    kept = set(Result.__dataclass_fields__) - {"trace"}  # how a fit came about is for the one who measures
    assert Result.from_dict({k: whole[k] for k in kept}) == RESULT
    assert whole["setup"]["focal_length_mm"] == SETUP.focal_length_mm
    add(page, Result(Verdict.FAIL_FRONT, (), focus_error_mm_at_least=-120.5))
    lines = io.StringIO(page.get("/checks.csv").text.lstrip("\ufeff")).read().splitlines()
    newest, oldest = csv.DictReader(lines)
    assert (newest["focus_error_mm_at_least"], newest["image_shift_um"]) == ("-120.5", "")
    assert (oldest["focus_error_mm_at_least"], oldest["image_shift_um"]) == ("", "65.1")


def test_drawings_come_onto_paper_with_all_their_parts() -> None:
    lines = svg_to_pdf._lines("M1 2V5H7M3 4h0L9 9")
    assert lines == [[(1, 2), (1, 5), (7, 5)], [(3, 4), (3, 4), (9, 9)]]


NAMES = ("Ελένη Παπαδοπούλου", "Юрий Щукин", "Žluťoučký Kůň", "Łódź – Ångström № 5", "Nguyễn Thị", "ÅNGSTRÖM")


@pytest.mark.parametrize("name", NAMES)
def test_names_in_greek_cyrillic_and_every_latin_stand_in_reports_as_written(page: Page, name: str) -> None:
    add(page, RESULT, operator=name)
    page.post("/lens/save", was="FC-1", tag="FC-1", maker=name, notes=name)
    page.post("/checks/1/void", reason=name)
    report, lens = (texts_of(page.get(path).data) for path in ("/checks/1.pdf", "/report/FC-1.pdf"))
    assert report.count(name) >= 2
    assert name in lens
    assert name in texts_of(page.get("/labels.pdf?tags=FC-1").data)
    assert UNKNOWN not in report + lens


@pytest.mark.parametrize(
    ("name", "seen"),
    [
        ("佐藤 Optics", f"{UNKNOWN * 2} Optics"),
        ("שלום", UNKNOWN * 4),
        ("lens \N{CAMERA} \N{MATHEMATICAL BOLD CAPITAL A}", f"lens {UNKNOWN} {UNKNOWN}"),
        ("a\u202eb\x00c\nd", f"a{UNKNOWN}b{UNKNOWN}c d"),
        ("A\u030angstrom − µ ◂", "Ångstrom − µ ◂"),
    ],
)
def test_letters_that_the_fonts_lack_are_seen_to_be_missing(name: str, seen: str) -> None:
    assert legible(name) == seen
    lens = Lens(tag=name, maker=name, model="", serial="", created_at=now().wall)
    assert seen.split()[-1] in texts_of(label_sheets([lens], "http://a", "a4-3x8"))


def test_fonts_go_with_their_licence() -> None:
    folder = Path(pdf_fonts.__file__).with_name("fonts")
    assert {file.name for file in folder.iterdir()} == {f"{REGULAR}.ttf", f"{BOLD}.ttf", "LICENSE-DejaVu.txt"}
    pdf = PdfReader(io.BytesIO(label_sheets([Lens(tag="A", created_at=now().wall)], "http://a", "a4-3x8")))
    for font in pdf.pages[0]["/Resources"]["/Font"].values():
        face = font.get_object()
        if "/FontDescriptor" in face:  # Helvetica, which reportlab always names, is every reader's own
            assert "/FontFile2" in face["/FontDescriptor"]
