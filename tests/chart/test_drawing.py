"""The drawn chart is true to scale in all three formats."""

from __future__ import annotations

import re
from pathlib import Path

import cv2
import numpy as np
import pytest

from appliance.chart.drawing import describe, draw, raster
from appliance.chart.layout import layout
from appliance.errors import StorageError, UsageError


@pytest.fixture(scope="module")
def picture() -> np.ndarray:
    return raster(layout("a4"), 300)


def test_the_raster_has_the_papers_size(picture: np.ndarray) -> None:
    assert picture.shape == (round(297 / 25.4 * 300), round(210 / 25.4 * 300))


def test_a_square_covers_its_exact_area_at_its_exact_place(picture: np.ndarray) -> None:
    for square in layout("a4").squares[::40]:
        corners = np.array(square) * 300 / 25.4
        (x0, y0), (x1, y1) = (
            np.floor(corners.min(axis=0)).astype(int) - 2,
            np.ceil(corners.max(axis=0)).astype(int) + 2,
        )
        ink = 1 - picture[y0:y1, x0:x1] / 255
        side = np.hypot(*(corners[1] - corners[0]))
        assert ink.sum() == pytest.approx(side**2, rel=1e-4)
        yy, xx = np.mgrid[y0:y1, x0:x1] + 0.5
        centre = np.array([(ink * xx).sum(), (ink * yy).sum()]) / ink.sum()
        assert centre == pytest.approx(corners.mean(axis=0), abs=0.002)


def test_a_plain_detector_finds_every_fiducial_where_it_is_said_to_be(picture: np.ndarray) -> None:
    dictionary = cv2.aruco.getPredefinedDictionary(cv2.aruco.DICT_5X5_1000)
    corners, ids, _ = cv2.aruco.ArucoDetector(dictionary).detectMarkers(picture)
    seen = {int(i): c.reshape(4, 2).mean(axis=0) for i, c in zip(ids.ravel(), corners, strict=True)}
    for f in layout("a4").fiducials:
        expected = np.array([f.x_mm, f.y_mm]) * 300 / 25.4 - 0.5
        assert seen[f.id] == pytest.approx(expected, abs=1.0)


def test_the_svg_is_in_millimetres_and_holds_every_polygon(tmp_path: Path) -> None:
    path = tmp_path / "chart.svg"
    draw(layout("letter"), path)
    text = path.read_text()
    assert 'width="215.9mm" height="279.4mm"' in text
    assert 'viewBox="0 0 215.9 279.4"' in text
    assert text.count(" Z") == len(layout("letter").ink)
    assert "focuscheck chart letter-general v1" in text


def test_the_pdf_page_has_the_papers_size_and_forbids_scaling(tmp_path: Path) -> None:
    path = tmp_path / "chart.pdf"
    draw(layout("a3"), path)
    data = path.read_bytes()
    box = re.search(rb"/MediaBox \[ 0 0 ([\d.]+) ([\d.]+) \]", data)
    assert box is not None
    assert [float(v) * 25.4 / 72 for v in box.groups()] == pytest.approx([297, 420], abs=0.01)
    assert b"/PrintScaling /None" in data


def test_the_png_says_its_resolution(tmp_path: Path) -> None:
    from PIL import Image

    path = tmp_path / "chart.png"
    draw(layout("a4"), path, 150)
    with Image.open(path) as image:
        assert image.info["dpi"] == pytest.approx((150, 150), abs=0.02)


def test_the_description_has_paper_aim_layout_version_and_all_edges() -> None:
    data = describe(layout("a4"))
    assert data["paper_mm"] == [210.0, 297.0]
    assert data["aim_mm"] == [105.0, 148.5]
    assert (data["layout"], data["version"]) == ("a4-general", 1)
    assert len(data["edges"]) == len(layout("a4").edges)
    assert {"x1_mm", "y1_mm", "x2_mm", "y2_mm"} <= set(data["edges"][0])


def test_bad_output_names_are_refused_in_words(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"\.pdf, \.svg or \.png"):
        draw(layout("a4"), tmp_path / "chart.doc")
    with pytest.raises(UsageError, match="--dpi"):
        draw(layout("a4"), tmp_path / "chart.png", 5)
    with pytest.raises(UsageError, match="There is no folder"):
        draw(layout("a4"), tmp_path / "no" / "folder" / "chart.pdf")
    (tmp_path / "taken.pdf").mkdir()
    with pytest.raises(StorageError, match="cannot be written"):
        draw(layout("a4"), tmp_path / "taken.pdf")
