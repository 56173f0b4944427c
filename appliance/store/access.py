"""Who may do what: paired phones and API tokens by the digest of their secret, and the trail of what they changed."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from appliance.errors import UsageError
from appliance.store.house import Access, Audit, Operator
from appliance.store.search import LARGEST_NUMBER

READER, OPERATOR, ADMIN = "reader", "operator", "admin"
ROLES = (READER, OPERATOR, ADMIN)
PHONE, TOKEN = "phone", "token"
PREFIX = "fc_"
"""Of every API token, so that one left in a file is recognised."""
_SEEN_EVERY = timedelta(minutes=5)


def digest(secret: str) -> str:
    """What is kept of a secret; secrets have 256 bits, so that no salt or slow hash is needed."""
    return hashlib.sha256(secret.encode()).hexdigest()


def grant(
    session: Session, kind: str, label: str, role: str, at: datetime, operator: Operator | None = None
) -> tuple[Access, str]:
    """Make a phone's or a token's access; returns it with its secret, which is never seen again.

    Raises
    ------
    UsageError
        If there is no such role.
    """
    if role not in ROLES:
        raise UsageError(f"A role is one of: {', '.join(ROLES)}.")
    secret = (PREFIX if kind == TOKEN else "") + secrets.token_urlsafe(32)
    access = Access(
        kind=kind, digest=digest(secret), label=label, role=role, created_at=at, operator=operator
    )
    session.add(access)
    session.flush()
    return access, secret


def find_access(session: Session, secret: str, kind: str) -> Access | None:
    """The access of a secret that has not been revoked."""
    query = select(Access).where(Access.digest == digest(secret), Access.kind == kind)
    access = session.scalars(query).first()
    return access if access is not None and access.revoked_at is None else None


def stale(access: Access, at: datetime) -> bool:
    """Whether its last use is to be noted anew; not at every request, to spare the memory card."""
    return access.used_at is None or abs(at - access.used_at) > _SEEN_EVERY


def all_access(session: Session, kind: str) -> Sequence[Access]:
    """Phones or tokens that have not been revoked, newest first."""
    query = select(Access).where(Access.kind == kind, Access.revoked_at.is_(None)).order_by(Access.id.desc())
    return session.scalars(query).all()


def revoke(session: Session, number: int, at: datetime) -> Access | None:
    """End a phone's or token's access; None if there is none of that number."""
    access = session.get(Access, number) if 0 < number < LARGEST_NUMBER else None
    if access is not None and access.revoked_at is None:
        access.revoked_at = at
    return access


def operator_named(session: Session, name: str, at: datetime) -> Operator | None:
    """The operator of that name, made if new; None for an empty name."""
    name = " ".join(name.split())
    if not name:
        return None
    found = session.scalars(select(Operator).where(Operator.name == name)).first()
    return found or Operator(name=name, created_at=at)


def note(
    session: Session,
    who: str,
    address: str,
    action: str,
    subject: str,
    at: datetime,
    detail: Mapping[str, Any] | None = None,
) -> None:
    """Add a line to the audit trail."""
    session.add(
        Audit(at=at, who=who, address=address, action=action, subject=subject, detail=dict(detail or {}))
    )


def trail(
    session: Session, subject: str = "", limit: int = 100, before: int | None = None
) -> Sequence[Audit]:
    """Lines of the audit trail, newest first, of one subject if given (``lens FC-1``)."""
    query = select(Audit).order_by(Audit.id.desc()).limit(limit)
    if subject:
        query = query.where(Audit.subject == subject)
    if before is not None:
        query = query.where(Audit.id < min(before, LARGEST_NUMBER))
    return session.scalars(query).all()
