"""Tells another system of each check: in order, each once, tried again until it is taken."""

from __future__ import annotations

import hashlib
import hmac
import http.client
import json
import logging
import secrets
import threading
import urllib.error
import urllib.request
from collections.abc import Callable
from datetime import datetime
from urllib.parse import urlsplit

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from appliance.errors import StorageError, UsageError
from appliance.station.protocol import check_to_dict
from appliance.store import Store
from appliance.store.house import Webhook
from appliance.store.models import Check
from appliance.web import context

FIRST_WAIT_S, LONGEST_WAIT_S = 5.0, 3600.0
LOOK_EVERY_S = 2.0
ANSWER_TIMEOUT_S = 10.0
STOP_WAIT_S = 3.0
SIGNATURE = "X-Focuscheck-Signature"
log = logging.getLogger(__name__)
Send = Callable[[str, bytes, str], None]


def new_webhook(session: Session, url: str, at: datetime) -> Webhook:
    """Keep an address to which the checks from now on are sent.

    Raises
    ------
    UsageError
        If it is no http or https address.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or len(url) > 500 or not url.isprintable():
        raise UsageError("A webhook's address begins with http:// or https:// and a host name.")
    newest = session.scalar(select(func.max(Check.sequence))) or 0
    hook = Webhook(
        url=url, secret=secrets.token_hex(24), cursor=newest, failures=0, last_error="", created_at=at
    )
    session.add(hook)
    session.flush()
    return hook


def signature(secret: str, body: bytes) -> str:
    """HMAC-SHA-256 of the body, by which the receiver knows the sender."""
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def post(url: str, body: bytes, signed: str) -> None:
    """Send one check as a POST of JSON; redirects are not followed.

    Raises
    ------
    OSError, http.client.HTTPException
        Unless it is answered with 2xx within ``ANSWER_TIMEOUT_S``.
    """
    headers = {"Content-Type": "application/json", SIGNATURE: signed, "User-Agent": "focuscheck"}
    request = urllib.request.Request(url, body, headers, method="POST")
    opener = urllib.request.build_opener(_NoRedirect())
    with opener.open(request, timeout=ANSWER_TIMEOUT_S):
        pass


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: object) -> None:
        return None


def wait_s(failures: int) -> float:
    """How long to wait after so many failures in a row, seconds: doubling from 5 s to an hour."""
    return min(FIRST_WAIT_S * 2.0 ** min(failures - 1, 20), LONGEST_WAIT_S) if failures else 0.0


def deliver(store: Store, hook_id: int, send: Send = post) -> bool | None:
    """Send the next check of one webhook: True if it was taken, False if not, None if there is none to send."""
    with store.reading() as session:
        hook = session.get(Webhook, hook_id)
        if hook is None or hook.removed_at is not None:
            return None
        query = select(Check.sequence).where(Check.sequence > hook.cursor).order_by(Check.sequence).limit(1)
        sequence = session.scalar(query)
        url, secret = hook.url, hook.secret
    check = store.get(sequence) if sequence is not None else None
    if check is None:
        return None
    body = json.dumps({"event": "check", **check_to_dict(check)}).encode()
    error = ""
    try:
        send(url, body, signature(secret, body))
    except (OSError, ValueError, http.client.HTTPException) as problem:
        error = f"{type(problem).__name__}: {problem}"[:200]
    with store.session() as session:
        hook = session.get(Webhook, hook_id)
        if hook is not None:
            hook.failures = hook.failures + 1 if error else 0
            hook.last_error = error
            if not error:
                hook.cursor, hook.delivered_at = check.sequence, context.utc_now()
    return not error


class Courier:
    """The thread that delivers."""

    def __init__(self, find_store: Callable[[], Store | None], send: Send = post) -> None:
        self._find_store, self._send = find_store, send
        self._stop = threading.Event()
        self._due: dict[int, float] = {}
        self._thread = threading.Thread(target=self._run, name="webhooks", daemon=True)

    def start(self) -> None:
        """Deliver from now on."""
        self._thread.start()

    def stop(self) -> None:
        """Deliver no more; a check on its way gets a few seconds to be taken, later it is sent again."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(STOP_WAIT_S)

    def _run(self) -> None:
        clock = 0.0
        while not self._stop.wait(LOOK_EVERY_S):
            clock += LOOK_EVERY_S
            try:
                self.round(clock)
            except (StorageError, OSError):
                log.exception("Webhooks wait: the records cannot be read.")

    def round(self, now_s: float) -> None:
        """Send what is due, to every webhook."""
        store = self._find_store()
        if store is None:
            return
        with store.reading() as session:
            kept = select(Webhook.id).where(Webhook.removed_at.is_(None))
            hooks = list(session.scalars(kept))
        for hook in hooks:
            if self._due.get(hook, 0.0) > now_s:
                continue
            while (taken := deliver(store, hook, self._send)) and not self._stop.is_set():
                pass
            if taken is False:
                with store.reading() as session:
                    row = session.get(Webhook, hook)
                    self._due[hook] = now_s + wait_s(row.failures if row else 1)
