"""Pairing: ask for a PIN, read it off the OLED, enter it."""

from __future__ import annotations

import secrets
from typing import Any, cast

from flask import Blueprint, abort, current_app, g, redirect, render_template, request, url_for

from appliance.errors import FocuscheckError
from appliance.store import access as records
from appliance.store.access import ADMIN, OPERATOR, PHONE
from appliance.web import context
from appliance.web.pairing import PIN_LIFE_S, Pairing
from appliance.web.security import COOKIE, PHONE_COOKIE, set_cookie

pages = Blueprint("pair", __name__, url_prefix="/pair")
HOLD_TEST = (
    "To pair as administrator, somebody must hold the TEST button at the station while you press Pair."
)


def pairing() -> Pairing:
    """The page's pairing."""
    return cast(Pairing, current_app.extensions["pairing"])


def pair_page(notice: str = "") -> str:
    """The page with either the button that asks for a PIN or the field that takes it."""
    shown, wait_s = pairing().waiting_for(), pairing().wait_s()
    return render_template("pair.html", notice=notice, shown=shown, wait_s=wait_s, hold_test=HOLD_TEST)


@pages.get("")
def show() -> str:
    """How to pair this phone."""
    return pair_page()


@pages.post("/begin")
def begin() -> Any:
    """Show a PIN on the OLED."""
    role = ADMIN if request.form.get("role") == ADMIN else OPERATOR
    if context.store() is None:
        return pair_page(context.NO_RECORDS), 503
    pin = pairing().begin(role)
    if pin is None:
        return pair_page("Too many wrong PINs. Wait, then ask for a new one."), 429
    try:
        context.station().pair(pin, PIN_LIFE_S)
    except FocuscheckError as error:
        pairing().cancel()
        return pair_page(f"The PIN could not be shown. {error}"), 503
    return redirect(url_for("pair.show"), 303)


@pages.post("")
def enter() -> Any:
    """Take the PIN; a right one makes this browser a paired phone."""
    if pairing().waiting_for() == ADMIN and not _somebody_is_at_the_station():
        return pair_page(HOLD_TEST), 403
    role = pairing().enter("".join(request.form.get("pin", "")[:20].split()))
    if role is None:
        return pair_page("That was not the PIN on the OLED, or it had run out."), 403
    name = request.form.get("name", "").strip()[:60]
    label = (request.user_agent.string or "unknown browser")[:120]
    kept = context.store()
    if kept is None:
        abort(503, context.NO_RECORDS)
    at = context.utc_now()
    with kept.session() as session:
        operator = records.operator_named(session, name if name.isprintable() else "", at)
        access, secret = records.grant(session, PHONE, label, role, at, operator)
        records.note(session, f"phone {access.id}", request.remote_addr or "", "paired", f"phone {access.id}", at,
                     {"role": role, "name": name})  # fmt: skip
    _take_pin_down()
    response = redirect(url_for("now.show"), 303)
    g.token = None  # tokens from before the pairing are void: nobody can have planted one
    set_cookie(response, PHONE_COOKIE, secret)
    set_cookie(response, COOKIE, secrets.token_urlsafe(24))
    return response


def _somebody_is_at_the_station() -> bool:
    """Whether TEST is held down; on a simulated bench, which has no button, whether the browser is on it."""
    state = context.state()
    if state is None:
        return False
    return state.button_down or (state.simulated and request.remote_addr in ("127.0.0.1", "::1"))


def _take_pin_down() -> None:
    try:
        context.station().pair(None, 0)
    except FocuscheckError:
        current_app.logger.info("The PIN could not be taken off the OLED; it is void all the same.")


@pages.post("/end")
def end() -> Any:
    """Unpair this phone."""
    if g.access is not None:
        with context.writing("unpaired", f"phone {g.access.id}") as session:
            records.revoke(session, g.access.id, context.utc_now())
    response = redirect(url_for("pair.show"), 303)
    response.delete_cookie(PHONE_COOKIE, path="/")
    return response
