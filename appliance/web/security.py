"""Who may ask, and for what: host names, origins, tokens, and the headers that keep a browser in its place."""

from __future__ import annotations

import ipaddress
import secrets
import socket
from urllib.parse import urlsplit

from flask import Flask, Response, abort, g, request

from appliance.config import Settings

COOKIE = "focuscheck_token"
FIELD = "token"
_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


def guard(app: Flask, settings: Settings) -> None:
    """Check every request to ``app`` before it is served, and every answer before it leaves."""
    names = _own_names(settings)

    @app.before_request
    def check() -> None:
        if not _host_allowed(request.host, names):
            abort(421)
        g.token = request.cookies.get(COOKIE) or secrets.token_urlsafe(24)
        if request.method not in ("GET", "HEAD", "OPTIONS"):
            _check_origin()
            _check_token()

    @app.after_request
    def finish(response: Response) -> Response:
        for name, value in _HEADERS.items():
            response.headers.setdefault(name, value)
        response.headers.setdefault("Cache-Control", "no-store")
        token = g.get("token")
        if token and request.cookies.get(COOKIE) != token and response.mimetype == "text/html":
            response.set_cookie(COOKIE, token, httponly=True, samesite="Strict", max_age=365 * 86400)
        return response


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
    sent, kept = request.form.get(FIELD, ""), request.cookies.get(COOKIE, "")
    if not kept or not secrets.compare_digest(sent.encode(), kept.encode()):
        abort(403, "The page was out of date. Go back, reload it, and try again.")
