"""Who may ask, and for what: host names, origins, tokens, roles, rates, and the headers of every answer."""

from __future__ import annotations

import contextlib
import ipaddress
import secrets
import socket
from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast
from urllib.parse import urlsplit

from flask import Flask, Response, abort, current_app, g, redirect, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from appliance.config import Settings
from appliance.errors import StorageError
from appliance.store import access as records
from appliance.store.house import Access
from appliance.web import context
from appliance.web.limits import RateLimit

COOKIE = "focuscheck_token"
PHONE_COOKIE = "focuscheck_phone"
FIELD = "token"
YEAR_S = 365 * 86400
READS, WRITES = (20.0, 200.0), (1.0, 60.0)
"""Requests per second and at once, of one address."""
API = "/api/"
PAIR_FIRST = "To test and to change anything, pair this phone with the station first."
_OPEN = ("/static/", "/pair", "/healthz", "/metrics", "/help")
"""What is shown to anybody, even where a setting closes reading."""
_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}
View = TypeVar("View", bound=Callable[..., Any])


def guard(app: Flask, settings: Settings, pair_page: Callable[[str], str]) -> None:
    """Check every request to ``app`` before it is served, and every answer before it leaves.

    ``pair_page`` makes the page, with a notice, that stands in for one that only a paired phone may see.
    """
    app.extensions["pair_page"] = pair_page
    names = _own_names(settings)
    app.extensions["reads"], app.extensions["writes"] = RateLimit(*READS), RateLimit(*WRITES)

    @app.before_request
    def check() -> Any:
        if not _host_allowed(request.host, names):
            abort(421)
        changes = request.method not in ("GET", "HEAD", "OPTIONS")
        limit: RateLimit = app.extensions["writes" if changes else "reads"]
        if not request.path.startswith("/static/") and not limit.allow(request.remote_addr or ""):
            abort(429)
        g.token = request.cookies.get(COOKIE) or secrets.token_urlsafe(24)
        g.access, by_token = _find_access()
        if changes and not by_token:
            _check_origin()
            _check_token()
        if not settings.open_reading and g.access is None and not request.path.startswith(_OPEN):
            if request.path.startswith(API):
                abort(401)
            return redirect(url_for("pair.show"), 303)
        return None

    @app.after_request
    def finish(response: Response) -> Response:
        for name, value in _HEADERS.items():
            response.headers.setdefault(name, value)
        response.headers.setdefault("Cache-Control", "no-store")
        token = g.get("token")
        if token and request.cookies.get(COOKIE) != token and response.mimetype == "text/html":
            set_cookie(response, COOKIE, token)
        return response


def set_cookie(response: BaseResponse, name: str, value: str) -> None:
    """A cookie that no script and no other site gets hold of."""
    response.set_cookie(
        name, value, httponly=True, samesite="Strict", secure=request.is_secure, max_age=YEAR_S, path="/"
    )


def _find_access() -> tuple[Access | None, bool]:
    """Access of this request, and whether it came by an API token rather than a cookie."""
    kind, _, secret = request.headers.get("Authorization", "").partition(" ")
    by_token = kind.lower() == "bearer" and request.path.startswith(API)
    secret = secret.strip() if by_token else request.cookies.get(PHONE_COOKIE, "")
    session = context.reading()
    kind = records.TOKEN if by_token else records.PHONE
    found = records.find_access(session, secret, kind) if secret and session is not None else None
    if by_token and found is None:
        abort(401)
    if found is not None and records.stale(found, context.utc_now()):
        _note_use(found.id)
    return found, by_token


def _note_use(number: int) -> None:
    kept = context.store()
    if kept is not None:
        with contextlib.suppress(StorageError), kept.session() as session:
            access = session.get(Access, number)
            if access is not None:
                access.used_at = context.utc_now()


def needs(role: str) -> Callable[[View], View]:
    """Let only those in who may do what ``role`` may; a browser that is not paired is shown how to."""

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(*args: Any, **kwargs: Any) -> Any:
            if not context.may(role):
                if request.path.startswith(API):
                    abort(401 if g.get("access") is None else 403)
                if g.get("access") is not None:
                    abort(403, "Only an administrator may do this. Pair this phone as one, at the station.")
                page = current_app.extensions["pair_page"](PAIR_FIRST)
                return current_app.make_response((page, 403))
            return view(*args, **kwargs)

        return cast(View, guarded)

    return decorate


def _own_names(settings: Settings) -> set[str]:
    name = socket.gethostname().lower()
    further = (text.strip().lower() for text in settings.allowed_hosts.split(","))
    return {"localhost", name, f"{name.split('.')[0]}.local", *further} - {""}


def _host_allowed(host: str, names: set[str]) -> bool:
    """Only addresses and our own names: a foreign name that resolves to this machine is DNS rebinding."""
    try:
        bare = urlsplit(f"//{host}").hostname or ""
        ipaddress.ip_address(bare)
    except ValueError:
        return bare.lower().rstrip(".") in names
    return True


def _check_origin() -> None:
    origin = request.headers.get("Origin") or request.headers.get("Referer")
    if origin is None or urlsplit(origin).netloc != request.host:
        abort(403, "This request came from another page. Open the station's own page and try again.")


def _check_token() -> None:
    sent = request.headers.get("X-Token") or request.form.get(FIELD, "")
    kept = request.cookies.get(COOKIE, "")
    if not kept or not secrets.compare_digest(sent.encode(), kept.encode()):
        abort(403, "The page was out of date. Go back, reload it, and try again.")
