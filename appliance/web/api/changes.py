"""What the API changes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import abort

from appliance.errors import UsageError
from appliance.store import access as records
from appliance.store import lens_csv, visits
from appliance.store.access import ADMIN, OPERATOR, TOKEN
from appliance.store.compare import set_baseline
from appliance.store.house import Webhook
from appliance.store.models import Check
from appliance.store.search import LARGEST_NUMBER, lens_of
from appliance.web import context
from appliance.web.api import models as m
from appliance.web.api._routes import route
from appliance.web.api.reads import lens_answer, visit_answer
from appliance.web.views.lenses import save_lens
from appliance.web.webhook import new_webhook


@route("POST", "/checks/{check}/void", "Void a check", role=OPERATOR, body=m.VoidBody, answer=m.Done)
def post_void(check: int, body: m.VoidBody) -> m.Done:
    """Take a check out of every count; it stays readable."""
    with context.writing("voided", f"check {check}", reason=body.reason) as session:
        row = session.get(Check, check) if 0 < check < LARGEST_NUMBER else None
        if row is None:
            abort(404)
        visits.void_check(session, row, body.reason, context.who(), context.utc_now())
    return m.Done()


@route("POST", "/lenses", "Add a lens", role=OPERATOR, body=m.NewLens, answer=m.LensAnswer, status=201)
def post_lens(body: m.NewLens) -> m.LensAnswer:
    """Add a lens."""
    with context.writing("added", f"lens {body.tag}") as session:
        return lens_answer(session, save_lens(session, "", body.model_dump(exclude_none=True)))


@route("PATCH", "/lenses/{tag}", "Change a lens", role=OPERATOR, body=m.LensFields, answer=m.LensAnswer)
def patch_lens(tag: str, body: m.LensFields) -> m.LensAnswer:
    """Change what is given; null empties a field."""
    with context.writing("changed", f"lens {tag}") as session:
        lens = context.lens_or_404(session, tag)
        given = body.model_dump(exclude_unset=True)
        return lens_answer(session, save_lens(session, lens.tag, given))


@route("PUT", "/lenses/{tag}/status", "Clear, block or retire a lens", role=OPERATOR, body=m.StatusBody,
       answer=m.LensAnswer)  # fmt: skip
def put_status(tag: str, body: m.StatusBody) -> m.LensAnswer:
    """Set a lens's state."""
    with context.writing("status", f"lens {tag}", status=body.status, note=body.note) as session:
        lens = context.lens_or_404(session, tag)
        visits.set_status(lens, body.status, body.note)
        return lens_answer(session, lens)


@route("POST", "/lenses/{tag}/adjustments", "Note an adjustment", role=OPERATOR, body=m.AdjustmentBody,
       answer=m.AdjustmentAnswer, status=201)  # fmt: skip
def post_adjustment(tag: str, body: m.AdjustmentBody) -> m.AdjustmentAnswer:
    """Note what was turned or shimmed."""
    with context.writing("adjusted", f"lens {tag}", kind=body.kind, amount=body.amount) as session:
        lens = context.lens_or_404(session, tag)
        operator = context.operator_in(session)
        made = visits.add_adjustment(
            session, lens, body.kind, body.amount, body.note, operator, context.utc_now()
        )
        session.flush()
        return m.AdjustmentAnswer.model_validate(made)


@route("POST", "/lenses/{tag}/baseline", "Take the newest checks as baseline", role=OPERATOR, answer=m.Done)
def post_baseline(tag: str) -> m.Done:
    """Take the newest checks as what the lens is compared with."""
    with context.writing("baseline", f"lens {tag}") as session:
        lens = context.lens_or_404(session, tag)
        try:
            set_baseline(session, lens, None, context.utc_now(), context.who())
        except LookupError:
            raise UsageError("There is no check of this lens to take as its baseline.") from None
    return m.Done()


@route("POST", "/lenses/import", "Import lenses from CSV", role=OPERATOR, body=m.CsvBody, answer=m.CsvAnswer)
def post_import(body: m.CsvBody) -> m.CsvAnswer:
    """Preview an import, or do it."""
    data = body.csv.encode("utf-8", "surrogatepass")
    with context.writing("imported" if body.sure else "previewed import", "lenses") as session:
        preview = lens_csv.read(session, data)
        errors = [*preview.errors]
        errors += [f"line {row.line}: {text}" for row in preview.rows for text in row.errors]
        added = sum(row.new for row in preview.rows)
        imported = body.sure and preview.good
        if imported:
            lens_csv.store(session, preview, context.utc_now())
    rows = len(preview.rows)
    return m.CsvAnswer(rows=rows, added=added, changed=rows - added, errors=errors[:500], imported=imported)


@route("POST", "/visits", "Begin a visit", role=OPERATOR, body=m.VisitBody, answer=m.VisitAnswer, status=201)
def post_visit(body: m.VisitBody) -> m.VisitAnswer:
    """Begin a check-out or a return."""
    with context.writing("began visit", f"lens {body.lens}", kind=body.kind, rental=body.rental) as session:
        lens = lens_of(session, body.lens)
        if lens is None:
            raise UsageError(f"No lens has the tag {body.lens}.")
        operator = context.operator_in(session)
        made = visits.start_visit(session, lens, body.kind, body.rental, operator, context.utc_now())
        return visit_answer(made)


@route("POST", "/visits/{visit}/done", "End a visit", role=OPERATOR, body=m.DoneBody, answer=m.VisitAnswer)
def post_done(visit: int, body: m.DoneBody) -> m.VisitAnswer:
    """End a visit."""
    with context.writing("ended visit", f"visit {visit}", note=body.note) as session:
        found = visits.find_visit(session, visit)
        if found is None:
            abort(404)
        visits.finish_visit(session, found, body.note, context.utc_now())
        return visit_answer(found)


@route("POST", "/station/test", "Press TEST", role=OPERATOR, body=m.BenchBody, answer=m.Done, status=202)
def post_test(body: m.BenchBody) -> m.Done:
    """Start a check, of a lens other than the one on the bench if given; its verdict comes with the state."""
    context.station().press(body.lens)
    return m.Done()


@route(
    "PUT", "/station/lens", "Say which lens is on the bench", role=OPERATOR, body=m.BenchBody, answer=m.Done
)
def put_bench(body: m.BenchBody) -> m.Done:
    """Select a lens."""
    context.station().select_lens(body.lens)
    return m.Done()


@route("POST", "/station/focus", "Begin or end focus assist", role=OPERATOR, body=m.FocusBody, answer=m.Done)
def post_focus(body: m.FocusBody) -> m.Done:
    """Begin or end focus assist or alignment; its figures come with the state."""
    client = context.station()
    actions: dict[str, Callable[[], Any]] = {
        "assist": lambda: client.live("assist", True),
        "align": lambda: client.live("align", True),
        "stop": lambda: client.live("assist", False),
        "reset": client.reset_peak,
    }
    actions[body.do]()
    return m.Done()


@route("POST", "/tokens", "Make an API token", role=ADMIN, body=m.TokenBody, answer=m.TokenAnswer, status=201)
def post_token(body: m.TokenBody) -> m.TokenAnswer:
    """Make a token; its secret is given this once."""
    with context.writing("made token", f"token {body.name}", role=body.role) as session:
        made, secret = records.grant(session, TOKEN, body.name, body.role, context.utc_now())
        return m.TokenAnswer(id=made.id, name=made.label, role=made.role, secret=secret)


@route("DELETE", "/access/{id}", "Revoke a token or unpair a phone", role=ADMIN, answer=m.Done)
def delete_access(id: int) -> m.Done:
    """End an access."""
    with context.writing("revoked", f"access {id}") as session:
        if records.revoke(session, id, context.utc_now()) is None:
            abort(404)
    return m.Done()


@route("POST", "/webhooks", "Send each check somewhere", role=ADMIN, body=m.WebhookBody, answer=m.WebhookAnswer,
       status=201)  # fmt: skip
def post_webhook(body: m.WebhookBody) -> m.WebhookAnswer:
    """Add a webhook."""
    with context.writing("added webhook", "webhooks") as session:
        hook = new_webhook(session, body.url, context.utc_now())
        return m.WebhookAnswer(id=hook.id, url=hook.url, secret=hook.secret)


@route("DELETE", "/webhooks/{id}", "Send no more", role=ADMIN, answer=m.Done)
def delete_webhook(id: int) -> m.Done:
    """Remove a webhook."""
    with context.writing("removed webhook", f"webhook {id}") as session:
        hook = session.get(Webhook, id) if 0 < id < LARGEST_NUMBER else None
        if hook is None:
            abort(404)
        hook.removed_at = context.utc_now()
    return m.Done()
