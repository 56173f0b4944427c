"""A check's side-car: its whole record as JSON beside its picture, from which its rows can be made anew.

``UUID.json.gz`` in the pictures folder, written before the row: everything of the row but the numbers of other rows,
which are told by what they stand for (the lens's tag and description, the body's tag, names of station and operator,
rental of the visit). It is plain JSON, packed by gzip, whose CRC tells a damaged one.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import zlib
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import DateTime, Table, select
from sqlalchemy.orm import DeclarativeBase, Session

from appliance.store._columns import Utc
from appliance.store._records import GuideLink
from appliance.store._rows import add_photo, after_check
from appliance.store.guide_tables import GuideEvent, GuideRun
from appliance.store.house import Body, Lens, Operator, Station, Visit
from appliance.store.models import Check, Picture, Shot

ENDING = ".json.gz"
VERSION = 1


def sidecar_name(uuid: str) -> str:
    """File name of the side-car of the check ``uuid``."""
    return uuid + ENDING


def digest_of(content: bytes) -> str:
    """SHA-256 of a side-car's file, as the journal keeps it."""
    return hashlib.sha256(content).hexdigest()


def packed(check: Check, guide: GuideLink | None = None) -> bytes:
    """The side-car of a check that has its number, and of the guided step it is the photo of, as the file's content."""
    visit = check.visit
    data = {
        "version": VERSION,
        "check": _values(check),
        "lens": _values(check.lens) if check.lens else None,
        "body": _values(check.body) if check.body else None,
        "station": check.station.name if check.station else None,
        "operator": check.operator.name if check.operator else None,
        "visit": {**_values(visit), "operator": visit.operator.name if visit.operator else None}
        if visit
        else None,
        "guide": asdict(guide) if guide else None,
        "pictures": [_values(picture) for picture in check.pictures],
        "shots": [{"number": shot.number, "edges": shot.edges, "curve": shot.curve} for shot in check.shots],
    }
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"), default=_coded)
    return gzip.compress(text.encode(), 6, mtime=0)


def unpacked(content: bytes) -> dict[str, Any]:
    """Read a side-car's content back.

    Raises
    ------
    ValueError
        If it is damaged, or is none.
    """
    try:
        data = json.loads(gzip.decompress(content))
    except (OSError, EOFError, zlib.error) as error:
        raise ValueError(f"the side-car is damaged ({error})") from None
    if not isinstance(data, dict) or not isinstance(data.get("check"), dict):
        raise ValueError("the side-car holds no check")
    if not isinstance(data["check"].get("sequence"), int) or not isinstance(data["check"].get("uuid"), str):
        raise ValueError("the side-car's check has no number")
    return data


def rebuild(session: Session, data: dict[str, Any], pictures: Path) -> Check:
    """Make the rows of a check anew from its side-car; lens, body, people and visit are found or made.

    Parameters
    ----------
    session:
        A transaction that writes.
    data:
        What :func:`unpacked` gave.
    pictures:
        The pictures folder: a picture whose file is gone comes back as taken away, a raw photo that came after the
        side-car as a picture.
    """
    values = _decoded(Check.__table__, data["check"])
    at = values["taken_at"]
    lens = _found(session, Lens, "tag", data.get("lens"), at)
    body = _found(session, Body, "tag", data.get("body"), at)
    check = Check(
        **values,
        lens=lens,
        body=body,
        station=_found(session, Station, "name", _name(data.get("station")), at),
        operator=_found(session, Operator, "name", _name(data.get("operator")), at),
    )
    session.add(check)
    session.flush()
    check.visit = _visit(session, lens, data.get("visit"), at)
    for shot in data.get("shots", ()):
        check.shots.append(Shot(number=shot["number"], edges=shot["edges"], curve=shot["curve"]))
    for picture in data.get("pictures", ()):
        check.pictures.append(_picture(picture, pictures, at))
    raw = pictures / f"{check.uuid}.png"
    if raw.is_file() and not any(picture.kind == "raw" for picture in check.pictures):
        check.pictures.append(_raw(raw))
    session.flush()
    after_check(session, check)
    _guided(session, check, data.get("guide"))
    return check


def _guided(session: Session, check: Check, guide: dict[str, str] | None) -> None:
    """Take the photo into its guided check again, if that is in the records; the check stands in any case."""
    if guide is None:
        return
    link = GuideLink(guide["run_uuid"], guide["procedure"], guide["step"])
    known = session.scalar(select(GuideRun.id).where(GuideRun.uuid == link.run_uuid)) is not None
    there = select(GuideEvent.id).where(GuideEvent.check_sequence == check.sequence)
    if known and session.scalars(there).first() is None:
        add_photo(session, link, check)


def _coded(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if hasattr(value, "item"):  # a number of numpy's, as cameras tell them
        return value.item()
    raise TypeError(f"{type(value).__name__} in a check's record")


def _plain(table: Any) -> list[Any]:
    return [column for column in table.columns if not column.foreign_keys and column.name != "id"]


def _values(row: DeclarativeBase) -> dict[str, Any]:
    """The row's own columns by name, without its number and those of other rows."""
    return {column.name: getattr(row, column.name) for column in _plain(row.__table__)}


def _decoded(table: Table | Any, data: dict[str, Any]) -> dict[str, Any]:
    """Values for the table's columns; what this version does not know of is left out, what it lacks is empty."""
    values = {}
    for column in _plain(table):
        if column.name in data:
            value = data[column.name]
            moment = isinstance(column.type, DateTime | Utc)
            values[column.name] = datetime.fromisoformat(value) if moment and value is not None else value
    return values


def _name(name: str | None) -> dict[str, Any] | None:
    return None if name is None else {"name": name}


def _found(session: Session, kind: type[Any], key: str, data: dict[str, Any] | None, at: datetime) -> Any:
    if data is None:
        return None
    found = session.scalars(select(kind).where(getattr(kind, key) == data[key])).first()
    if found is None:
        found = kind(**{"created_at": at, **_decoded(kind.__table__, data)})
        session.add(found)
        session.flush()
    return found


def _visit(session: Session, lens: Lens | None, data: dict[str, Any] | None, at: datetime) -> Visit | None:
    if lens is None or data is None:
        return None
    values = _decoded(Visit.__table__, data)
    same = select(Visit).where(Visit.lens_id == lens.id, Visit.started_at == values["started_at"])
    found = session.scalars(same.where(Visit.kind == values["kind"])).first()
    if found is None:
        operator = _found(session, Operator, "name", _name(data.get("operator")), at)
        found = Visit(**values, lens=lens, operator=operator)
        session.add(found)
        session.flush()
    return found


def _picture(data: dict[str, Any], folder: Path, at: datetime) -> Picture:
    picture = Picture(**_decoded(Picture.__table__, data))
    if picture.removed_at is None and not (folder / picture.file_name).is_file():
        picture.removed_at = at
    return picture


def _raw(file: Path) -> Picture:
    """The row of a raw photo by its file: width and height stand in a PNG's header (RFC 2083, 4.1.1)."""
    with file.open("rb") as stream:
        head = stream.read(24)
    width, height = (int.from_bytes(head[at : at + 4], "big") for at in (16, 20))
    return Picture(
        kind="raw", file_name=file.name, width_px=width, height_px=height, size_bytes=file.stat().st_size
    )
