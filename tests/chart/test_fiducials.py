"""Fiducials as read here, against OpenCV's own reader, which takes its time."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from appliance.chart import fiducials
from appliance.chart.drawing import raster
from appliance.chart.ink import DICTIONARY_ID
from appliance.chart.layout import layout

VIEWS = [(0, 0, 0.6, 2), (15, 0.5, 0.6, 5), (100, -0.4, 1.0, 5), (-170, 0.3, 0.8, 8)]


@pytest.fixture(scope="module")
def page() -> np.ndarray:
    return np.asarray(raster(layout("a4"), 120), np.uint8)


def seen(page: np.ndarray, turn_deg: float, tilt: float, blur_px: float, noise: float) -> np.ndarray:
    """The page in a picture of 1,000 × 760 px, turned and in perspective."""
    h, w = page.shape
    c, s = np.cos(np.radians(turn_deg)), np.sin(np.radians(turn_deg))
    corners = np.array([[-0.34, -0.48], [0.34, -0.48], [0.34, 0.48], [-0.34, 0.48]]) @ np.array(
        [[c, s], [-s, c]]
    )
    corners = corners / (1 + tilt * corners[:, 1:]) * 740 + (500, 380)
    matrix = cv2.getPerspectiveTransform(
        np.array([[0, 0], [w, 0], [w, h], [0, h]], np.float32), corners.astype(np.float32)
    )
    picture = cv2.warpPerspective(page, matrix, (1000, 760), borderValue=90, flags=cv2.INTER_AREA)
    picture = cv2.GaussianBlur(picture, (0, 0), blur_px).astype(float)
    picture += noise * np.random.default_rng(1).standard_normal(picture.shape)
    return np.clip(picture, 0, 255).astype(np.uint8)


@pytest.mark.parametrize(
    ("turn_deg", "tilt", "blur_px", "noise"),
    VIEWS,
)
def test_the_same_markers_are_found_at_the_same_places(
    page: np.ndarray, turn_deg: float, tilt: float, blur_px: float, noise: float
) -> None:
    picture = seen(page, turn_deg, tilt, blur_px, noise)
    own = fiducials.read(picture)
    settings = cv2.aruco.DetectorParameters()
    settings.cornerRefinementMethod = cv2.aruco.CORNER_REFINE_SUBPIX
    slow = cv2.aruco.ArucoDetector(cv2.aruco.getPredefinedDictionary(DICTIONARY_ID), settings)
    corners, ids, _ = slow.detectMarkers(picture)
    theirs = dict(zip([] if ids is None else ids.ravel().tolist(), corners, strict=True))
    on_page = {f.id for f in layout("a4").fiducials}
    assert len(theirs) >= 4
    large = {m for m, quad in theirs.items() if np.linalg.norm(quad[0, 0] - quad[0, 2]) > 17}
    assert len(large) >= 4, "the page was meant to be seen large enough"
    assert large <= set(own) <= on_page
    for marker in set(theirs) & set(own):
        quad = theirs[marker]
        assert np.abs(own[marker] - quad.reshape(4, 2)).max() < 2.0


def test_no_marker_is_read_into_squares_or_noise() -> None:
    rng = np.random.default_rng(2)
    picture = np.full((760, 1000), 210, np.uint8)
    for x in range(40, 960, 60):
        for y in range(40, 720, 60):
            cv2.rectangle(picture, (x, y), (x + 34, y + 34), int(rng.integers(10, 90)), -1)
    noisy = np.clip(picture + 20 * rng.standard_normal(picture.shape), 0, 255).astype(np.uint8)
    assert fiducials.read(picture) == {}
    assert fiducials.read(noisy) == {}
    assert fiducials.read(rng.integers(0, 255, (760, 1000)).astype(np.uint8)) == {}
    assert fiducials.read(np.full((300, 300), 128, np.uint8)) == {}
