"""Camera bodies: what they are called and how small a blur they show. Every function is part of a transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from appliance.errors import UsageError
from appliance.store.house import Body
from appliance.store.lens_csv import checked
from appliance.store.search import like

FIELDS = ("tag", "maker", "model", "serial", "mount", "coc_um", "notes")
"""What can be said of a body; ``coc_um`` is its circle of confusion in µm."""


def find_bodies(session: Session, text: str = "", limit: int = 50, after: str = "") -> Sequence[Body]:
    """Up to ``limit`` bodies by tag, after tag ``after``, with ``text`` in tag, serial, maker or model."""
    query = select(Body).order_by(Body.tag).limit(limit)
    if text:
        columns = (Body.tag, Body.serial, Body.maker + " " + Body.model)
        query = query.where(or_(*(column.ilike(like(text), escape="\\") for column in columns)))
    if after:
        query = query.where(Body.tag > after)
    return session.scalars(query).all()


def body_of(session: Session, tag: str) -> Body | None:
    """The body of that tag."""
    return session.scalars(select(Body).where(Body.tag == tag)).first()


def save_body(session: Session, was: str, given: Mapping[str, Any], at: datetime) -> Body:
    """Add a body, or change the one of tag ``was``; fields that are not given stay as they are.

    Raises
    ------
    UsageError
        If a value cannot be taken, the tag belongs to another body, or there is none of tag ``was``.
    """
    values, errors = checked({name: given[name] for name in FIELDS if name in given})
    if errors:
        raise UsageError("; ".join(errors).capitalize() + ".")
    tag = values.get("tag", was)
    other, found = body_of(session, tag), body_of(session, was) if was else None
    if was and found is None:
        raise UsageError("This body is not there any more.")
    if other is not None and other is not found:
        raise UsageError(f"The tag {tag} belongs to another body.")
    if found is None:
        found = Body(tag=tag, created_at=at)
        session.add(found)
    for name, value in values.items():
        setattr(found, name, value)
    session.flush()
    return found
