"""Between the values of a check and its rows: a record in, the tables' rows, a stored check out."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, defer, selectinload

from appliance.config import SOFTWARE_VERSION
from appliance.focus.result import EdgePoint, Result, Setup, Verdict
from appliance.store._records import CheckRecord, GuideLink, StoredCheck
from appliance.store.guide_tables import GuideEvent, GuideRun
from appliance.store.house import MAINTENANCE, Adjustment, Body, Lens, Operator, Station, Visit
from appliance.store.models import Check, Picture, Shot

SUMMARY_ONLY = (selectinload(Check.pictures), defer(Check.result), defer(Check.camera))
"""What a list of checks leaves out."""

_SUMMARY = (
    "verdict",
    "reasons",
    "focus_error_mm",
    "focus_error_mm_u95",
    "focus_error_mm_at_least",
    "image_shift_um",
    "image_shift_um_u95",
    "tolerance_um",
)


def picture_rows(record: CheckRecord) -> list[tuple[Picture, bytes]]:
    """The pictures of a check and their content."""
    pictures = []
    for kind, content, size_px in (
        ("preview", record.preview_jpeg, record.preview_px),
        ("raw", record.raw_png, record.raw_px),
    ):
        if content is not None:
            pictures.append((picture_row(kind, record.uuid, content, size_px), content))
    return pictures


def picture_row(kind: str, uuid: str, content: bytes, size_px: tuple[int, int]) -> Picture:
    """The row of one picture, ``preview`` or ``raw``, of the check ``uuid``; ``size_px`` is width and height."""
    return Picture(
        kind=kind,
        file_name=f"{uuid}.{'png' if kind == 'raw' else 'jpg'}",
        width_px=size_px[0],
        height_px=size_px[1],
        size_bytes=len(content),
    )


def new_check(session: Session, record: CheckRecord) -> Check:
    """The row of a finished check, its lens and people found or made."""
    result, moment, setup = record.result, record.moment, record.setup
    lens = named(session, Lens, "tag", record.lens_tag, moment.wall)
    visit = open_visit(session, lens) if lens is not None and lens.id is not None else None
    operator = named(session, Operator, "name", record.operator, moment.wall)
    mtf50 = result.mtf50_peak_cpp
    summary = result.to_dict()
    check = Check(
        uuid=record.uuid,
        lens=lens,
        body=named(session, Body, "tag", record.body_tag, moment.wall),
        station=named(session, Station, "name", record.station, moment.wall),
        operator=operator or (visit.operator if visit else None),
        visit=visit,
        boot_id=moment.boot_id,
        monotonic_s=moment.monotonic_s,
        taken_at=moment.wall,
        clock_synced=moment.clock_synced,
        **{name: getattr(result, name) for name in _SUMMARY[2:]},
        verdict=result.verdict.value,
        focal_length_mm=setup.focal_length_mm,
        f_number=setup.f_number,
        mtf50_lp_mm=mtf50 / setup.pixel_pitch_um * 1000 if mtf50 else None,
        temperature_c=record.temperature_c,
        reasons=[asdict(reason) for reason in result.reasons],
        result=summary,
        setup=asdict(setup),
        camera=dict(record.camera),
        software_version=SOFTWARE_VERSION,
        chart=result.chart,
        purpose=record.guide.procedure if record.guide else "",
    )
    if result.edges or result.curve:
        check.shots.append(_shot(result))
    return check


def _shot(result: Result) -> Shot:
    names = EdgePoint.__dataclass_fields__ if result.edges else ()
    columns = {name: [getattr(edge, name) for edge in result.edges] for name in names}
    return Shot(number=1, edges=columns, curve=asdict(result.curve) if result.curve else None)


def named(session: Session, kind: type[Any], key: str, name: str | None, at: datetime) -> Any:
    """The row of ``kind`` whose ``key`` is ``name``, made if new; None for no name."""
    if name is None:
        return None
    found = session.scalars(select(kind).where(getattr(kind, key) == name)).first()
    return found or kind(**{key: name, "created_at": at})


def open_visit(session: Session, lens: Lens) -> Visit | None:
    """The visit that the lens is in just now."""
    query = select(Visit).where(Visit.lens_id == lens.id).order_by(Visit.id.desc()).limit(1)
    newest = session.scalars(query).first()
    return newest if newest is not None and newest.done_at is None else None


def after_check(session: Session, check: Check) -> None:
    """What a stored check changes: its visit's outcome, the lens's state, adjustments that waited for it.

    A photo of a guided check changes none of them.
    """
    if check.purpose:
        return
    failed = check.verdict in (Verdict.FAIL_BACK, Verdict.FAIL_FRONT)
    if check.visit is not None:
        check.visit.outcome = check.verdict
        if failed and check.lens is not None:
            check.lens.status = MAINTENANCE
            check.lens.status_note = f"{Verdict(check.verdict).words} in check {check.sequence}"
    if check.lens is not None and check.verdict != Verdict.INVALID:
        waiting = select(Adjustment).where(
            Adjustment.lens_id == check.lens.id, Adjustment.after_sequence.is_(None)
        )
        for adjustment in session.scalars(waiting):
            adjustment.after_sequence = check.sequence


def add_photo(session: Session, link: GuideLink, check: Check) -> None:
    """The event of a guided check's photo, in the transaction of its check: kept are both or neither."""
    run_id = session.scalars(select(GuideRun.id).where(GuideRun.uuid == link.run_uuid)).one()
    problem = check.reasons[0]["text"] if check.verdict == Verdict.INVALID and check.reasons else ""
    session.add(
        GuideEvent(
            run_id=run_id,
            kind="photo",
            step=link.step,
            data={"problem": problem},
            check_sequence=check.sequence,
            at=check.taken_at,
        )
    )
    session.flush()


def stored(check: Check, whole: bool = True) -> StoredCheck:
    """The value of a row; without edges, curve and the camera's words if not ``whole``."""
    kept = {picture.kind: picture for picture in check.pictures if picture.removed_at is None}
    preview, raw = kept.get("preview"), kept.get("raw")
    return StoredCheck(
        sequence=check.sequence,
        uuid=check.uuid,
        lens_tag=check.lens.tag if check.lens else None,
        taken_at=check.taken_at,
        clock_synced=check.clock_synced,
        setup=Setup.from_dict(check.setup),
        result=Result.from_dict(_whole_result(check) if whole else {n: getattr(check, n) for n in _SUMMARY}),
        camera=check.camera if whole else {},
        software_version=check.software_version,
        preview_file=preview.file_name if preview else None,
        preview_px=(preview.width_px, preview.height_px) if preview else None,
        raw_file=raw.file_name if raw else None,
        operator=check.operator.name if check.operator else None,
        station=check.station.name if whole and check.station else None,
        body_tag=check.body.tag if whole and check.body else None,
        visit_id=check.visit_id,
        temperature_c=check.temperature_c,
        voided_at=check.voided_at,
        voided_by=check.voided_by,
        void_reason=check.void_reason,
    )


def _whole_result(check: Check) -> dict[str, Any]:
    data = dict(check.result)
    if check.shots:
        columns, data["curve"] = check.shots[0].edges, check.shots[0].curve
        data["edges"] = [
            dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)
        ]
    return data
