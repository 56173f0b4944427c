"""How page, command line and terminal speak to the station: one JSON object a line, over a Unix socket.

Requests: ``{"command": "state"}``; ``{"command": "press", "lens": TAG or null}``, answered at once;
``{"command": "check", "lens": TAG or null}``, answered when the check is stored; ``{"command": "lens", "lens": TAG or
null}``. Answers: ``{"ok": …}`` or ``{"error": CLASS, "text": SENTENCE}``.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from appliance import errors
from appliance.errors import FocuscheckError, UsageError
from appliance.store import StoredCheck

LONGEST_REQUEST = 4096
LONGEST_TAG = 40
_LONGEST_SOCKET_PATH = 100
"""The kernel takes 108 bytes."""


@contextmanager
def socket_address(path: Path) -> Iterator[str]:
    """Path to bind or connect to, by way of a folder descriptor where the real one is too long for the kernel."""
    if len(os.fsencode(path)) <= _LONGEST_SOCKET_PATH:
        yield str(path)
        return
    descriptor = os.open(path.parent, os.O_PATH | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{descriptor}/{path.name}"
    finally:
        os.close(descriptor)


def lens_tag(text: object) -> str | None:
    """A lens tag as typed or scanned, without outer space; None if empty.

    Raises
    ------
    UsageError
        If it is longer than a tag can be or has characters that do not print.
    """
    if text is None or (isinstance(text, str) and not text.strip()):
        return None
    if not isinstance(text, str) or len(text.strip()) > LONGEST_TAG or not text.strip().isprintable():
        raise UsageError(
            f"A lens tag has at most {LONGEST_TAG} printable characters, as on the lens's label."
        )
    return text.strip()


def check_to_dict(check: StoredCheck) -> dict[str, Any]:
    """A stored check as JSON, without edges and curve: what ``focuscheck check --json`` prints."""
    return {
        "check": check.sequence,
        "uuid": check.uuid,
        "lens": check.lens_tag,
        "taken_at": check.taken_at.isoformat(timespec="seconds"),
        **check.result.to_dict(),
    }


def error_to_dict(error: Exception) -> dict[str, str]:
    """An error as an answer."""
    if isinstance(error, FocuscheckError):
        return {"error": type(error).__name__, "text": str(error)}
    return {"error": "FocuscheckError", "text": "The measurement failed inside; the station's log says more."}


def error_from_dict(answer: dict[str, str]) -> FocuscheckError:
    """Rebuild an error from an answer."""
    kind = getattr(errors, answer["error"], FocuscheckError)
    error: FocuscheckError = kind(answer["text"])
    return error
