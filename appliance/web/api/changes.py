"""What the API changes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import abort

from appliance.errors import UsageError
from appliance.store import access as records
from appliance.store import lens_csv, visits
from appliance.store.access import ADMIN, OPERATOR, TOKEN
from appliance.store.house import Webhook
from appliance.store.models import Check
from appliance.store.search import LARGEST_NUMBER, lens_of
from appliance.web import context
from appliance.web.api import answers as a
from appliance.web.api import asked as q
from appliance.web.api._routes import route
from appliance.web.api.reads import lens_answer, visit_answer
from appliance.web.views.lenses import save_lens
from appliance.web.webhook import new_webhook


@route("POST", "/checks/{check}/void", "Void a check", role=OPERATOR, body=q.VoidBody, answer=a.Done)
def post_void(check: int, body: q.VoidBody) -> a.Done:
    """Take a check out of every count; it stays readable."""
    with context.writing("voided", f"check {check}", reason=body.reason) as session:
        row = session.get(Check, check) if 0 < check < LARGEST_NUMBER else None
        if row is None:
            abort(404)
        visits.void_check(session, row, body.reason, context.who(), context.utc_now())
    return a.Done()


@route("POST", "/lenses", "Add a lens", role=OPERATOR, body=q.NewLens, answer=a.LensAnswer, status=201)
def post_lens(body: q.NewLens) -> a.LensAnswer:
    """Add a lens."""
    with context.writing("added", f"lens {body.tag}") as session:
        return lens_answer(session, save_lens(session, "", body.model_dump(exclude_none=True)))


@route("PATCH", "/lenses/{tag}", "Change a lens", role=OPERATOR, body=q.LensFields, answer=a.LensAnswer)
def patch_lens(tag: str, body: q.LensFields) -> a.LensAnswer:
    """Change what is given; null empties a field."""
    with context.writing("changed", f"lens {tag}") as session:
        lens = context.lens_or_404(session, tag)
        given = body.model_dump(exclude_unset=True)
        return lens_answer(session, save_lens(session, lens.tag, given))


@route("PUT", "/lenses/{tag}/status", "Clear, block or retire a lens", role=OPERATOR, body=q.StatusBody,
       answer=a.LensAnswer)  # fmt: skip
def put_status(tag: str, body: q.StatusBody) -> a.LensAnswer:
    """Set a lens's state."""
    with context.writing("status", f"lens {tag}", status=body.status, note=body.note) as session:
        lens = context.lens_or_404(session, tag)
        visits.set_status(lens, body.status, body.note)
        return lens_answer(session, lens)


@route("POST", "/lenses/{tag}/adjustments", "Note an adjustment", role=OPERATOR, body=q.AdjustmentBody,
       answer=a.AdjustmentAnswer, status=201)  # fmt: skip
def post_adjustment(tag: str, body: q.AdjustmentBody) -> a.AdjustmentAnswer:
    """Note what was turned or shimmed."""
    with context.writing("adjusted", f"lens {tag}", kind=body.kind, amount=body.amount) as session:
        lens = context.lens_or_404(session, tag)
        operator = context.operator_in(session)
        made = visits.add_adjustment(
            session, lens, body.kind, body.amount, body.note, operator, context.utc_now()
        )
        session.flush()
        return a.AdjustmentAnswer.model_validate(made)


@route("POST", "/lenses/import", "Import lenses from CSV", role=OPERATOR, body=q.CsvBody, answer=a.CsvAnswer)
def post_import(body: q.CsvBody) -> a.CsvAnswer:
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
    return a.CsvAnswer(rows=rows, added=added, changed=rows - added, errors=errors[:500], imported=imported)


@route("POST", "/visits", "Begin a visit", role=OPERATOR, body=q.VisitBody, answer=a.VisitAnswer, status=201)
def post_visit(body: q.VisitBody) -> a.VisitAnswer:
    """Begin a check-out or a return."""
    with context.writing("began visit", f"lens {body.lens}", kind=body.kind, rental=body.rental) as session:
        lens = lens_of(session, body.lens)
        if lens is None:
            raise UsageError(f"No lens has the tag {body.lens}.")
        operator = context.operator_in(session)
        made = visits.start_visit(session, lens, body.kind, body.rental, operator, context.utc_now())
        return visit_answer(made)


@route("POST", "/visits/{visit}/done", "End a visit", role=OPERATOR, body=q.DoneBody, answer=a.VisitAnswer)
def post_done(visit: int, body: q.DoneBody) -> a.VisitAnswer:
    """End a visit."""
    with context.writing("ended visit", f"visit {visit}", note=body.note) as session:
        found = visits.find_visit(session, visit)
        if found is None:
            abort(404)
        visits.finish_visit(session, found, body.note, context.utc_now())
        return visit_answer(found)


@route("POST", "/station/test", "Press TEST", role=OPERATOR, body=q.BenchBody, answer=a.Done, status=202)
def post_test(body: q.BenchBody) -> a.Done:
    """Start a check, of a lens other than the one on the bench if given; its verdict comes with the state."""
    context.station().press(body.lens)
    return a.Done()


@route(
    "PUT", "/station/lens", "Say which lens is on the bench", role=OPERATOR, body=q.BenchBody, answer=a.Done
)
def put_bench(body: q.BenchBody) -> a.Done:
    """Select a lens."""
    context.station().select_lens(body.lens)
    return a.Done()


@route("POST", "/station/focus", "Begin or end focus assist", role=OPERATOR, body=q.FocusBody, answer=a.Done)
def post_focus(body: q.FocusBody) -> a.Done:
    """Begin or end focus assist or alignment; its figures come with the state."""
    client = context.station()
    actions: dict[str, Callable[[], Any]] = {
        "assist": lambda: client.live("assist", True),
        "align": lambda: client.live("align", True),
        "stop": lambda: client.live("assist", False),
        "reset": client.reset_peak,
    }
    actions[body.do]()
    return a.Done()


@route("POST", "/tokens", "Make an API token", role=ADMIN, body=q.TokenBody, answer=a.TokenAnswer, status=201)
def post_token(body: q.TokenBody) -> a.TokenAnswer:
    """Make a token; its secret is given this once."""
    with context.writing("made token", f"token {body.name}", role=body.role) as session:
        made, secret = records.grant(session, TOKEN, body.name, body.role, context.utc_now())
        return a.TokenAnswer(id=made.id, name=made.label, role=made.role, secret=secret)


@route("DELETE", "/access/{id}", "Revoke a token or unpair a phone", role=ADMIN, answer=a.Done)
def delete_access(id: int) -> a.Done:
    """End an access."""
    with context.writing("revoked", f"access {id}") as session:
        if records.revoke(session, id, context.utc_now()) is None:
            abort(404)
    return a.Done()


@route("POST", "/webhooks", "Send each check somewhere", role=ADMIN, body=q.WebhookBody, answer=a.WebhookAnswer,
       status=201)  # fmt: skip
def post_webhook(body: q.WebhookBody) -> a.WebhookAnswer:
    """Add a webhook."""
    with context.writing("added webhook", "webhooks") as session:
        hook = new_webhook(session, body.url, context.utc_now())
        return a.WebhookAnswer(id=hook.id, url=hook.url, secret=hook.secret)


@route("DELETE", "/webhooks/{id}", "Send no more", role=ADMIN, answer=a.Done)
def delete_webhook(id: int) -> a.Done:
    """Remove a webhook."""
    with context.writing("removed webhook", f"webhook {id}") as session:
        hook = session.get(Webhook, id) if 0 < id < LARGEST_NUMBER else None
        if hook is None:
            abort(404)
        hook.removed_at = context.utc_now()
    return a.Done()
