"""The guide, the parts list and the pictures say what the code makes."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from appliance.chart.ink import DICTIONARY_ID
from appliance.chart.layout import layout
from enclosure import guide, mounts, pictures, wiring
from enclosure.assembly import assembly
from enclosure.bought import cross_bar_length_mm, lamp_bar_length_mm
from enclosure.joints import counted
from enclosure.params import load
from enclosure.parts import light, printed_parts, tools

FOLDER = Path(guide.__file__).parent
STALE = "out of date: run ./scripts/enclosure --pictures, look, and commit"


@pytest.fixture(scope="module")
def bill() -> dict[str, dict[str, str]]:
    with (FOLDER / "bom.csv").open(encoding="utf-8", newline="") as file:
        return {row["part"]: row for row in csv.DictReader(file)}


def test_tables_in_the_guide_are_those_of_the_code() -> None:
    text = guide.README.read_text(encoding="utf-8")
    assert guide.with_tables(text, load()) == text, STALE


def test_every_printed_part_and_picture_is_named_in_the_guide() -> None:
    text = guide.README.read_text(encoding="utf-8")
    p = load()
    assert [n for n in (part.name for part in [*printed_parts(p), *tools(p)]) if f"`{n}`" not in text] == []
    assert [n for n in pictures.PICTURES if f"pictures/{n}.png" not in text] == []
    linked = set(re.findall(r"\((pictures/[^)]+)\)", text))
    assert all((FOLDER / name).is_file() for name in linked)


def test_parts_list_counts_every_screw_and_insert(bill: dict[str, dict[str, str]]) -> None:
    needed = counted(load())
    assert {name: int(bill[name]["quantity"]) for name in needed} == dict(needed)


def test_parts_list_gives_the_lengths_that_the_code_draws(bill: dict[str, dict[str, str]]) -> None:
    p = load()
    start, end = p.rail_span_mm
    lengths = (end - start, cross_bar_length_mm(p), lamp_bar_length_mm(p))
    for length in lengths:
        assert f"aluminium profile 20x40 slot 6 {length:.0f} mm" in bill
    assert f"aluminium profile 20x20 slot 6 {p.all.lamps.post_mm:.0f} mm" in bill
    width, height = p.board_size_mm
    assert f"chart sheet {width:.0f} x {height:.0f} x {p.all.chart.board_mm:g} mm" in bill
    hood = f"{light.hood_width_mm(p):.0f} x {np.ceil(light.hood_length_mm(p)):.0f}"
    assert f"hood sheet {hood} x {p.all.lamps.hood_sheet_mm:g} mm" in bill


def test_parts_list_says_what_to_search_for_and_a_price(bill: dict[str, dict[str, str]]) -> None:
    for row in bill.values():
        assert row["search_for"]
        assert float(row["typical_price_eur"]) > 0
        assert int(row["quantity"]) > 0


def test_price_in_the_guide_is_the_parts_lists(bill: dict[str, dict[str, str]]) -> None:
    total = sum(float(row["typical_price_eur"]) * int(row["quantity"]) for row in bill.values())
    said = int(re.search(r"about (\d+) €", guide.README.read_text(encoding="utf-8"))[1])
    assert abs(said - total) < 10


def test_wiring_follows_the_stations_settings() -> None:
    pins = wiring.default_pins()
    by_device = {w.device: w for w in wiring.wires() if isinstance(w.carries, int)}
    assert by_device["TEST button"].carries == pins["button_pin"]
    assert by_device["Red lamp (LED)"].carries == pins["red_lamp_pin"]
    # header pins of the GPIO numbers, from the 40-pin header's published pinout
    published = {2: 3, 3: 5, 4: 7, 17: 11, 27: 13, 22: 15, 23: 16, 24: 18, 25: 22}
    for wire in wiring.wires():
        if isinstance(wire.carries, int) and wire.carries in published:
            assert wire.pin == published[wire.carries]
    moved = {w.device: w for w in wiring.wires({**pins, "button_pin": 26}) if w.carries == 26}
    assert moved["TEST button"].pin == 37
    without = wiring.table({**pins, "buzzer_pin": None})
    assert "Buzzer" not in without


def test_no_two_wires_but_supplies_share_a_pin() -> None:
    pins = [w.pin for w in wiring.wires()]
    assert len(pins) == len(set(pins))


def test_wiring_diagram_is_up_to_date() -> None:
    assert (pictures.FOLDER / "wiring.svg").read_text(encoding="utf-8") == wiring.svg(), STALE


def test_adapter_lengths_are_flange_distance_less_c_mount() -> None:
    assert mounts.adapter_length_mm(mounts.FLANGE_MM["Arri PL"]) == pytest.approx(34.474)
    assert mounts.adapter_length_mm(mounts.FLANGE_MM["Canon EF, EF-S"]) == pytest.approx(26.474)
    assert mounts.adapter_length_mm(mounts.FLANGE_MM["Nikon F"]) == pytest.approx(28.974)
    assert "not with this camera" in mounts.advice("Nikon Z")


@pytest.mark.parametrize("name", pictures.PICTURES)
def test_picture_looks_like_what_the_code_makes(name: str, standing) -> None:
    kept = np.asarray(Image.open(pictures.FOLDER / f"{name}.png").convert("RGB"), float)
    drawn = np.asarray(pictures.picture(load(), name, standing).convert("RGB"), float)
    assert kept.shape == drawn.shape, STALE
    # small differences of colour reduction between versions are no different picture
    different = (np.abs(kept - drawn).max(axis=2) > 48).mean()
    assert different < 0.002, STALE


def test_the_chart_in_the_pictures_is_the_printed_one_and_not_its_mirror_image() -> None:
    chart = layout("a4")
    finder = cv2.aruco.ArucoDetector(cv2.aruco.getPredefinedDictionary(DICTIONARY_ID))
    _, ids, _ = finder.detectMarkers(cv2.imread(str(pictures.FOLDER / "chart.png"), cv2.IMREAD_GRAYSCALE))
    large = {marker.id for marker in chart.fiducials if marker.side_mm > 15}
    assert large <= set(ids.ravel().tolist()) <= {marker.id for marker in chart.fiducials}


@pytest.fixture(scope="module")
def standing():
    return assembly(load())
