"""Finds and reads the chart's fiducials in a grey picture.

OpenCV finds the quadrilaterals. Reading them is done here for all at once: OpenCV compares every candidate, and most
are the chart's plain squares, with a thousand markers one by one, which takes thirty times as long as finding them.
"""

from __future__ import annotations

from functools import cache

import cv2
import numpy as np
import numpy.typing as npt

from appliance.arrays import Array, Mask
from appliance.chart.ink import DICTIONARY_ID

BITS = 5
"""Inner modules along a side; a border of one dark module surrounds them."""
MAX_WRONG_BITS = 1
"""Of 25; any two markers of the dictionary, however turned, differ in at least 5."""
MAX_WRONG_IN_BORDER = 6
"""Of 24 dark modules."""
MIN_LIGHT_BITS = 3
MIN_CONTRAST = 12.0
"""Between dark and light modules, of 255."""


@cache
def _detector() -> cv2.aruco.ArucoDetector:
    settings = cv2.aruco.DetectorParameters()
    settings.adaptiveThreshWinSizeMin = 7
    settings.adaptiveThreshWinSizeMax = 67
    settings.adaptiveThreshWinSizeStep = 20
    settings.minMarkerPerimeterRate = 0.015
    dictionary = cv2.aruco.getPredefinedDictionary(DICTIONARY_ID)
    one = cv2.aruco.Dictionary(dictionary.bytesList[:1], BITS, 0)
    return cv2.aruco.ArucoDetector(one, settings)


@cache
def _codes() -> npt.NDArray[np.float32]:
    """(4, ids, 25) inner bits of every marker as ± 1, turned by 0 … 3 quarters."""
    dictionary = cv2.aruco.getPredefinedDictionary(DICTIONARY_ID)
    bits = np.array(
        [cv2.aruco.Dictionary.getBitsFromByteList(row[None], BITS) for row in dictionary.bytesList]
    )
    turned = [np.rot90(bits, quarter, axes=(1, 2)) for quarter in range(4)]
    return np.asarray(2.0 * np.stack(turned).reshape(4, len(bits), -1) - 1.0, np.float32)


def read(picture: npt.NDArray[np.uint8]) -> dict[int, Array]:
    """Find the fiducials in a picture.

    Parameters
    ----------
    picture:
        (h, w) grey picture of 8 bits.

    Returns
    -------
    (4, 2) corners in px by id, pixel centres at integers, in the marker's own order from its top left clockwise.
    """
    known, _, others = _detector().detectMarkers(picture)
    quads = np.array([*known, *others], np.float32).reshape(-1, 4, 2)
    bits, framed = _bits(picture, quads)
    # plain squares and what has no dark border are none; of the rest the corners are wanted to a fraction of a pixel
    framed &= bits[:, 1:-1, 1:-1].sum(axis=(1, 2)) >= MIN_LIGHT_BITS
    rough = quads[framed]
    fine = np.array([_fine(picture, quad) for quad in rough], np.float32).reshape(-1, 4, 2)
    found: dict[int, Array] = {}
    wrong: dict[int, int] = {}
    for corners in (fine, rough):
        bits, framed = _bits(picture, corners)
        inner = 2.0 * bits[framed, 1:-1, 1:-1].reshape(-1, BITS * BITS) - 1.0
        distance = (BITS * BITS - np.einsum("rib,nb->nri", _codes(), inner, optimize=True)) / 2
        for quad, by_turn in zip(fine[framed], distance, strict=True):
            turn, marker = (int(n) for n in np.unravel_index(int(by_turn.argmin()), by_turn.shape))
            errors = int(by_turn[turn, marker])
            if errors < wrong.get(marker, MAX_WRONG_BITS + 1):
                found[marker], wrong[marker] = np.roll(quad, turn, axis=0).astype(np.float64), errors
    return found


def _bits(picture: npt.NDArray[np.uint8], quads: npt.NDArray[np.float32]) -> tuple[Mask, Mask]:
    """(n, 7, 7) which modules are light, and (n,) whether contrast and a dark border speak for a fiducial."""
    if not len(quads):
        return np.zeros((0, BITS + 2, BITS + 2), bool), np.zeros(0, bool)
    modules = _modules(picture, quads)
    dark, light = np.percentile(modules.reshape(len(quads), -1), (10, 90), axis=1)
    bits = modules > ((dark + light) / 2)[:, None, None]
    border = bits.copy()
    border[:, 1:-1, 1:-1] = False
    return bits, (light - dark > MIN_CONTRAST) & (border.sum(axis=(1, 2)) <= MAX_WRONG_IN_BORDER)


def _modules(picture: npt.NDArray[np.uint8], quads: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """(n, 7, 7) mean light in the middle of each module of n quadrilaterals."""
    count = BITS + 2
    part = (np.arange(count)[:, None] + np.array([0.25, 0.5, 0.75])).ravel()
    x, y = np.meshgrid(part, part)
    places = np.stack([x.ravel(), y.ravel()], axis=1)[None].astype(np.float32)
    square = np.array([[0, 0], [count, 0], [count, count], [0, count]], np.float32)
    seen = np.concatenate(
        [cv2.perspectiveTransform(places, cv2.getPerspectiveTransform(square, quad)) for quad in quads]
    )
    value = cv2.remap(picture, seen[..., 0], seen[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(value.reshape(len(quads), count, 3, count, 3).mean(axis=(2, 4)), np.float32)


def _fine(picture: npt.NDArray[np.uint8], quad: npt.NDArray[np.float32]) -> Array:
    """The corners to a fraction of a pixel, within a small part of the marker's side."""
    side = float(np.linalg.norm(quad - np.roll(quad, 1, axis=0), axis=1).min())
    window = int(np.clip(0.3 * side / (BITS + 2), 1, 5))
    stop = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_MAX_ITER, 30, 0.05)
    corners = cv2.cornerSubPix(picture, quad.reshape(-1, 1, 2).copy(), (window, window), (-1, -1), stop)
    return np.asarray(corners.reshape(4, 2), np.float64)
