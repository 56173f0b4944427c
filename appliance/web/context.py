"""What every request has at hand: records, station, the person who asks, and a transaction that leaves its trail."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, NoReturn, cast

from flask import Flask, abort, current_app, g, request
from sqlalchemy.orm import Session

from appliance.config import Settings
from appliance.errors import StationDownError, StationSilentError
from appliance.station.client import StationClient
from appliance.station.state import StationState
from appliance.store import Store
from appliance.store import access as records
from appliance.store.house import Lens, Operator
from appliance.store.search import lens_of
from appliance.web.history import History

NO_RECORDS = "There are no records yet: the station has to start once before anything can be kept."


def settings() -> Settings:
    """The page's settings."""
    return cast(Settings, current_app.extensions["settings"])


def station() -> StationClient:
    """The station's client."""
    return cast(StationClient, current_app.extensions["station"])


def state() -> StationState | None:
    """The station's state, asked once a request; None if it is down."""
    if "state" not in g:
        g.silence = ""
        try:
            g.state = station().state()
        except StationSilentError as error:
            g.state, g.silence = None, str(error)
        except StationDownError:
            g.state = None
    return cast(StationState | None, g.state)


def silence() -> str:
    """Since when the station does not answer, in words; empty if it does, or if there is none."""
    state()
    return cast(str, g.silence)


def store() -> Store | None:
    """The records, None before the first station has made them."""
    return cast(History, current_app.extensions["history"]).store


def reading() -> Session | None:
    """This request's session for reading; None while there are no records."""
    if "reading" not in g:
        kept = store()
        g.reading = kept.reading() if kept else None
    return cast(Session | None, g.reading)


def needed() -> Session:
    """As :func:`reading`, for what cannot be there without records."""
    session = reading()
    if session is None:
        abort(404)
    return session


def close_reading(app: Flask) -> None:
    """End each request's reading session with the request."""

    @app.teardown_appcontext
    def close(_error: BaseException | None) -> None:
        session = g.pop("reading", None)
        if session is not None:
            session.close()


def utc_now() -> datetime:
    """This moment."""
    return datetime.now(UTC)


def role() -> str:
    """What the one who asks may do."""
    access = g.get("access")
    return access.role if access is not None else ""


def may(wanted: str) -> bool:
    """Whether the one who asks may do what ``wanted`` may (reader < operator < admin)."""
    held = role()
    return bool(held) and records.ROLES.index(held) >= records.ROLES.index(wanted)


def who() -> str:
    """The one who asks, in words for the audit trail."""
    access = g.get("access")
    if access is None:
        return "nobody"
    name = f"{access.operator.name}, " if access.operator else ""
    return f"{name}{access.kind} {access.id} ({access.label})"


def operator_name() -> str | None:
    """Name of the person whose phone this is."""
    access = g.get("access")
    return access.operator.name if access is not None and access.operator else None


def operator_in(session: Session) -> Operator | None:
    """The operator of this request, in a session that writes."""
    access = g.get("access")
    return session.get(Operator, access.operator_id) if access is not None and access.operator_id else None


@contextmanager
def writing(action: str, subject: str, **detail: Any) -> Iterator[Session]:
    """A transaction that changes something and says so in the audit trail; both are kept or neither.

    Parameters
    ----------
    action, subject:
        What is done, to what: ``voided``, ``check 7``. Who does it, and from where, is the request's.
    detail:
        What was given, as JSON takes it.

    Raises
    ------
    StorageError
        If the records cannot be written. Where there are none yet the request ends with 503.
    """
    kept = store()
    if kept is None:
        abort(503, NO_RECORDS)
    with kept.session() as session:
        yield session
        records.note(session, who(), request.remote_addr or "", action, subject, utc_now(), detail)


def lens_or_404(session: Session, tag: str) -> Lens:
    """The lens of that tag."""
    lens = lens_of(session, tag)
    if lens is None:
        _no_lens()
    return lens


def _no_lens() -> NoReturn:
    abort(404, "No lens has this tag. Look it up under Lenses, or add it there.")
