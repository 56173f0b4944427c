"""A photo that another camera took, measured and kept as a check: for lenses that only their own body can work."""

from __future__ import annotations

import hashlib
import uuid
from dataclasses import dataclass, replace
from pathlib import Path

from appliance.config import Settings
from appliance.errors import PictureError
from appliance.focus.score import score_frames
from appliance.frame import Bayer
from appliance.pictures import read_frame
from appliance.station.measure import Wanted, preview_jpeg
from appliance.store import CheckRecord, Store, StoredCheck
from appliance.store.clock import now


@dataclass(frozen=True)
class Reading:
    """How a file is to be read, as ``focuscheck score`` is told it: its sensor's pitch (µm), Bayer order, linearity."""

    pixel_pitch_um: float
    bayer: Bayer | None = None
    linear: bool = False


def measure_file(
    store: Store, settings: Settings, wanted: Wanted, path: Path, reading: Reading
) -> StoredCheck:
    """Measure the photo in ``path`` and keep it as a check; when this returns it is on the disk.

    Raises
    ------
    PictureError
        If it cannot be read; nothing is kept then.
    StorageError
        If it cannot be stored.
    """
    frame = read_frame(path, reading.bayer, None, reading.linear)
    setup = store.setup_for(wanted.lens_tag, settings.setup(), wanted.body_tag, as_marked=True)
    setup = replace(wanted.set_up(setup), pixel_pitch_um=reading.pixel_pitch_um)
    result = score_frames([frame], setup)
    jpeg, size_px = preview_jpeg(frame)
    try:
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise PictureError(f"{path} cannot be read any more ({error.strerror}).") from None
    record = CheckRecord(
        uuid=str(uuid.uuid4()),
        lens_tag=wanted.lens_tag,
        body_tag=wanted.body_tag,
        station=settings.station_name,
        moment=now(),
        setup=setup.with_print_of(result.chart),
        result=result,
        camera={**frame.metadata, "description": f"file {path.name}", "sha256": digest, "simulated": False},
        preview_jpeg=jpeg,
        preview_px=size_px,
        guide=wanted.guide,
    )
    return store.add_check(record)
