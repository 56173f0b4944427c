"""How page, command line and terminal speak to the station: one JSON object a line, over a Unix socket.

Answers are ``{"ok": …}`` or ``{"error": CLASS, "text": SENTENCE}``, CLASS being a name of :mod:`appliance.errors`.
Requests, each ``{"command": NAME, …}``:

``state``
    Everything that can be seen of the station: the fields of :class:`appliance.station.state.StationState`. ``phase``
    says what it does; ``live`` holds the newest figures of focus assist or alignment; ``scans`` grows with each lens
    tag from the barcode scanner, which is then in ``lens_tag``; ``health`` holds voltage, disk, clock, temperatures
    and ``warnings``; ``pin_shown`` whether a pairing PIN stands on the OLED.
``press`` (``lens``: TAG or null)
    Presses TEST; answered as soon as the check has begun, with StationBusyError if one is under way.
``check`` (``lens``: TAG or null)
    Presses TEST; answered when the check is stored, with the check.
``lens`` (``lens``: TAG or null)
    Which lens the next presses are about.
``body`` (``body``: TAG or null)
    Which camera body the lens is tested for; its circle of confusion counts. Another lens takes it off again.
``set_up`` (``focal_length_mm``, ``f_number``: numbers or null)
    What the lens on the bench is set to, until another lens is there; null: as records and settings say. A zoom is not
    judged before its focal length is said.
``scan`` (``text``)
    As if the barcode scanner had read this: a bare tag, a body's too, or an address ending in ``/l/TAG``.
``assist``, ``align`` (``on``: true or false)
    Begins or ends focus assist or alignment; they end by themselves after ``live_timeout_s`` and with ``press``.
``peak``
    Lets focus assist forget its best sharpness.
``focus``
    Focuses and locks by the camera's motor, as the FOCUS button does; NoFocusMotorError without one.
``guide`` (``do``: NAME, and what goes with it)
    Does something with the guided check on the bench and answers with what it shows then, ``{}`` if there is none:
    ``view``; ``start`` (``procedure``: NAME, ``operator``) for lens and body on the bench; ``answer`` (``step``,
    ``values`` by input), ``done``, ``skip``, ``redo`` (``step``); ``pause``, ``resume`` (``uuid``), ``leave``;
    ``conclude`` with what there is; ``refresh`` after a photo from a file was kept; ``close`` takes its finding off
    the bench. ``press`` takes its photos.
``pair`` (``pin``: six digits or null, ``seconds``: how long)
    Shows a pairing PIN on the OLED, or takes it down. The station never tells the PIN to anybody.
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
from appliance.store.tags import tag_problem

LONGEST_REQUEST = 4096
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
        If it can be no tag.
    """
    if text is None:
        return None
    if not isinstance(text, str):
        raise UsageError("A lens tag is text, as on the lens's label.")
    tag = text.strip()
    problem = tag_problem(tag)
    if problem:
        raise UsageError(f"That is no lens tag: it {problem}. Take it as it stands on the lens's label.")
    return tag or None


def pairing_pin(request: dict[str, Any]) -> tuple[str | None, float]:
    """PIN and seconds of a ``pair`` request.

    Raises
    ------
    UsageError
        If the PIN is not six digits or the time not within an hour.
    """
    pin, seconds = request.get("pin"), request.get("seconds", 120)
    if pin is not None and not (isinstance(pin, str) and len(pin) == 6 and pin.isascii() and pin.isdigit()):
        raise UsageError("A pairing PIN is six digits.")
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 < seconds <= 3600:
        raise UsageError("A pairing PIN is shown for at most an hour.")
    return pin, float(seconds)


def set_up_request(request: dict[str, Any]) -> tuple[float | None, float | None]:
    """Focal length (mm) and f-number of a ``set_up`` request.

    Raises
    ------
    UsageError
        If either is no number.
    """
    return _number_or_none(request, "focal_length_mm"), _number_or_none(request, "f_number")


def _number_or_none(request: dict[str, Any], name: str) -> float | None:
    value = request.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise UsageError(f"{name} is a number.")
    return float(value)


def guide_request(request: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """What a ``guide`` request does, and what goes with it.

    Raises
    ------
    UsageError
        If it does not say.
    """
    do = request.get("do")
    if not isinstance(do, str):
        raise UsageError(
            "Say what to do with the guided check: view, start, answer, done, skip, redo, pause, …"
        )
    return do, {name: value for name, value in request.items() if name not in ("command", "do")}


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
