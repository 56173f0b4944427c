"""One measurement: take photos, score them, take more while more may settle it, and store the outcome."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from appliance.config import Settings
from appliance.devices import Arrangeable, Camera
from appliance.errors import NotKeptError, RecordsDamagedError, StorageError
from appliance.focus.judge.remedy import combined
from appliance.focus.result import Result, Setup, Verdict
from appliance.frame import Frame
from appliance.station.golden import golden_reason, guarded
from appliance.store import CheckRecord, GuideLink, Store, StoredCheck
from appliance.store.clock import now

WORTH_MORE = 0.9
"""More frames are taken only while doubling them shrinks the uncertainty at least to this share."""
PREVIEW_QUALITY = 85

Progress = Callable[[str], None]
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Wanted:
    """What a check is to be of: asset tags of lens and camera body, as far as they are named."""

    lens_tag: str | None = None
    body_tag: str | None = None
    focal_length_mm: float | None = None
    f_number: float | None = None
    distance_mm: float | None = None
    """What lens and bench are set to, where somebody said so; None for what records and settings say."""
    guide: GuideLink | None = None
    """The step of a guided check that this is the photo of."""
    bench: Mapping[str, Any] = field(default_factory=dict)
    """What the technician was told to do, for the simulated bench."""

    def set_up(self, setup: Setup) -> Setup:
        """The set-up with what was said in the place of what records and settings say."""
        said = {name: getattr(self, name) for name in ("focal_length_mm", "f_number", "distance_mm")}
        return replace(setup, **{name: value for name, value in said.items() if value is not None})


def measure_and_store(
    camera: Camera,
    settings: Settings,
    store: Store,
    wanted: Wanted,
    simulated: bool,
    progress: Progress,
    bench_c: float | None = None,
) -> tuple[StoredCheck, Frame]:
    """One whole check, and its first photo; when this returns, the check is on the disk.

    The lens is judged by its own tolerance and circle of confusion where the records give them, and not at all while
    the golden lens is overdue or has moved, if the settings say so. ``bench_c`` is the
    temperature at the bench, °C; without one the sensor's own is kept.

    Raises
    ------
    CameraError
        If no photo can be taken.
    StorageError
        If it cannot be stored; it then counts for nothing.
    """
    moment = now()
    setup = store.setup_for(wanted.lens_tag, settings.setup(), wanted.body_tag, as_marked=not simulated)
    setup = wanted.set_up(setup)
    if isinstance(camera, Arrangeable):
        camera.arrange(wanted.bench, wanted.focal_length_mm, wanted.f_number)
    result, frame = take_and_score(camera, settings, setup, progress)
    if wanted.guide is None and wanted.lens_tag != settings.golden_lens_tag:
        result = guarded(result, golden_reason(settings, store, moment), settings.golden_refuse)
    progress("storing")
    jpeg, size_px = preview_jpeg(frame)
    record = CheckRecord(
        uuid=str(uuid.uuid4()),
        lens_tag=wanted.lens_tag,
        body_tag=wanted.body_tag,
        station=settings.station_name,
        moment=moment,
        setup=setup.with_print_of(result.chart),
        result=result,
        camera={
            **frame.metadata,
            "description": camera.description,
            "simulated": simulated,
            "bayer": frame.bayer,
            "black": frame.black,
            "white": frame.white,
        },
        temperature_c=_temperature(frame, bench_c),
        preview_jpeg=jpeg,
        preview_px=size_px,
        guide=wanted.guide,
    )
    try:
        return store.add_check(record), frame
    except RecordsDamagedError:
        raise
    except StorageError as error:
        if settings.when_not_kept == "refuse":
            raise
        raise NotKeptError(f"{_in_words(result)}, but NOT KEPT. {error}") from None


def _in_words(result: Result) -> str:
    """Verdict and figure of a check that has no record."""
    if result.focus_error_mm is None or result.focus_error_mm_u95 is None:
        return result.verdict.words
    return f"{result.verdict.words}, {result.focus_error_mm:+.1f} ± {result.focus_error_mm_u95:.1f} mm"


def keep_raw(store: Store, check: StoredCheck, frame: Frame) -> None:
    """Keep the photo as the sensor gave it; called once the verdict is shown, which does not wait for 20 MB.

    A photo that is not in whole numbers (no camera gives one) is not kept. What cannot be stored is logged: the check
    is on the disk and stands.
    """
    if frame.plane.dtype != np.uint16:
        return
    try:
        store.add_raw(check.sequence, raw_png(frame), (frame.plane.shape[1], frame.plane.shape[0]))
    except StorageError as error:
        log.warning("%s", error)


def raw_png(frame: Frame) -> bytes:
    """The photo's values, uint16, as a PNG without loss; run lengths pack noise as well as longer searches do.

    Raises
    ------
    RuntimeError
        If OpenCV cannot code it.
    """
    how = [cv2.IMWRITE_PNG_COMPRESSION, 1, cv2.IMWRITE_PNG_STRATEGY, cv2.IMWRITE_PNG_STRATEGY_RLE]
    ok, data = cv2.imencode(".png", frame.plane, how)
    if not ok:
        raise RuntimeError("the photo could not be coded as PNG")
    return data.tobytes()


def _temperature(frame: Frame, bench_c: float | None) -> float | None:
    own = frame.metadata.get("SensorTemperature")
    return bench_c if bench_c is not None else None if own is None else float(own)


def take_and_score(
    camera: Camera, settings: Settings, setup: Setup, progress: Progress
) -> tuple[Result, Frame]:
    """Photograph the chart and score it by ``setup``; returns the result and the first photo.

    While the verdict is RETEST the number of photos is doubled, up to ``frames_at_most``, as long as that narrows the
    uncertainty: what photos cannot average (pose, flatness, aim) stays.
    """
    from appliance.focus.score import Scoring

    scoring = Scoring(setup)
    first: Frame | None = None
    taken, wanted = 0, settings.frames_at_first
    while True:
        while taken < wanted:
            taken += 1
            number = f"{taken} of {wanted}"
            progress(f"taking photo {number}" if wanted > 1 else "taking the photo")
            frame = camera.capture()
            first = first or frame
            progress(f"measuring {number}" if wanted > 1 else "measuring the edges")
            scoring.add(frame)
        result = scoring.result()
        wanted = min(2 * taken, settings.frames_at_most)
        if result.verdict is not Verdict.RETEST or wanted <= taken or not _worth_more(result):
            assert first is not None
            return result, first


def _worth_more(result: Result) -> bool:
    """Whether twice as many photos would narrow the uncertainty."""
    return combined(result.budget_um, photos=2) <= WORTH_MORE * combined(result.budget_um)


def preview_jpeg(frame: Frame) -> tuple[bytes, tuple[int, int]]:
    """The photo for the eye: green plane, white at the brightest hundredth, gamma-coded; JPEG and (width, height).

    A mosaic comes out at half size, one pixel per 2 × 2 block. Raises RuntimeError if OpenCV cannot code it.
    """
    plane: npt.NDArray[np.floating] = frame.plane.astype(np.float32)
    if frame.bayer is not None:
        even, odd = (half.astype(np.float32) for half in frame.greens())
        plane = (even + odd) / 2
    light = np.clip((plane - frame.black) / (frame.white - frame.black), 0, 1)
    brightest = max(float(np.percentile(light[::4, ::4], 99.5)), 0.02)
    coded = np.clip(light / brightest, 0, 1) ** np.float32(1 / 2.2) * 255
    picture: npt.NDArray[np.uint8] = coded.astype(np.uint8)
    ok, data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, PREVIEW_QUALITY])
    if not ok:
        raise RuntimeError("the preview could not be coded as JPEG")
    return data.tobytes(), (picture.shape[1], picture.shape[0])
