"""What the API tells and changes of camera bodies and baselines, and the files it gives."""

from __future__ import annotations

from typing import Any

from flask import Response

from appliance.store import baselines
from appliance.store.access import ADMIN, OPERATOR
from appliance.store.bodies import find_bodies, save_body
from appliance.store.report import note_seen
from appliance.web import context
from appliance.web.api import answers as a
from appliance.web.api import asked as q
from appliance.web.api._routes import route
from appliance.web.api.reads import lens_in_full
from appliance.web.views import checks, lens_files
from appliance.web.views.bodies import body_or_404
from appliance.web.views.lenses import change_baseline


@route("GET", "/bodies", "Camera bodies by tag", query=q.BodyQuery, answer=a.Bodies)
def list_bodies(query: q.BodyQuery) -> a.Bodies:
    """Bodies that a search finds."""
    session = context.reading()
    found = find_bodies(session, query.q, query.limit + 1, query.after) if session else []
    answers = [a.BodyAnswer.model_validate(body) for body in found[: query.limit]]
    return a.Bodies(bodies=answers, next=answers[-1].tag if len(found) > query.limit else None)


@route("GET", "/bodies/{tag}", "One camera body", answer=a.BodyAnswer)
def get_body(tag: str) -> a.BodyAnswer:
    """A body."""
    return a.BodyAnswer.model_validate(body_or_404(context.needed(), tag))


@route("POST", "/bodies", "Add a camera body", role=OPERATOR, body=q.NewBody, answer=a.BodyAnswer, status=201)
def post_body(body: q.NewBody) -> a.BodyAnswer:
    """Add a body."""
    with context.writing("added", f"body {body.tag}") as session:
        made = save_body(session, "", body.model_dump(exclude_none=True), context.utc_now())
        return a.BodyAnswer.model_validate(made)


@route(
    "PATCH", "/bodies/{tag}", "Change a camera body", role=OPERATOR, body=q.BodyFields, answer=a.BodyAnswer
)
def patch_body(tag: str, body: q.BodyFields) -> a.BodyAnswer:
    """Change what is given; null empties a field."""
    with context.writing("changed", f"body {tag}") as session:
        was = body_or_404(session, tag).tag
        given = body.model_dump(exclude_unset=True)
        return a.BodyAnswer.model_validate(save_body(session, was, given, context.utc_now()))


@route("PUT", "/station/body", "Say which body the lens on the bench is tested for", role=OPERATOR,
       body=q.BenchBodyBody, answer=a.Done)  # fmt: skip
def put_bench_body(body: q.BenchBodyBody) -> a.Done:
    """Name a body for the next checks, until another lens is put on the bench."""
    context.station().select_body(body.body)
    return a.Done()


@route("POST", "/health/seen", "Mark the report of mended records as read", role=ADMIN, answer=a.Done)
def post_health_seen() -> a.Done:
    """Take the report of damaged records off page and display; it stays in its file."""
    with context.writing("read what is missing", "records"):
        note_seen(context.settings().data_dir)
    return a.Done()


@route("GET", "/lenses/{tag}/baselines", "Baselines set and cleared by hand", answer=a.Baselines)
def list_baselines(tag: str) -> a.Baselines:
    """Of the lens and of its model, newest first."""
    session = context.needed()
    found = baselines.baselines_of(session, context.lens_or_404(session, tag))
    return a.Baselines(baselines=[a.BaselineAnswer.model_validate(row) for row in found])


@route("POST", "/lenses/{tag}/baseline", "Take the newest checks as baseline", role=OPERATOR, body=q.BaselineBody,
       answer=a.Done)  # fmt: skip
def post_baseline(tag: str, body: q.BaselineBody) -> a.Done:
    """Take the newest checks of the lens, or of all copies of its model, as what is compared with."""
    _change_baseline(tag, "set", body.of, body.focal_length_mm)
    return a.Done()


@route(
    "DELETE", "/lenses/{tag}/baseline", "Clear a baseline", role=OPERATOR, query=q.BaselineBody, answer=a.Done
)
def delete_baseline(tag: str, query: q.BaselineBody) -> a.Done:
    """Compare with the first checks, or with the other copies as they are, again."""
    _change_baseline(tag, "clear", query.of, query.focal_length_mm)
    return a.Done()


def _change_baseline(tag: str, do: str, of: str, focal_mm: float | None) -> None:
    detail = {"do": do, "of": of, "focal_length_mm": focal_mm}
    with context.writing("baseline", f"lens {tag}", **detail) as session:
        change_baseline(session, context.lens_or_404(session, tag), do, of, focal_mm)


@route("GET", "/checks.csv", "Checks as CSV", query=q.CheckFilter, media="text/csv")
def get_checks_csv(query: q.CheckFilter) -> Response:
    """The checks that a filter lets through, newest first."""
    return checks.history_csv()


@route("GET", "/lenses/{tag}/report", "One lens's report", media="application/pdf")
def get_lens_report(tag: str) -> Response:
    """The PDF report."""
    return lens_files.lens_pdf(tag)


@lens_files.pages.get("/report/<path:tag>.json")
def lens_json(tag: str) -> dict[str, Any]:
    """A lens with its comparison, visits, adjustments and newest checks, as the page's own file."""
    session = context.needed()
    return lens_in_full(session, context.lens_or_404(session, tag))


@route("GET", "/labels", "Labels with QR codes", query=q.LabelQuery, media="application/pdf")
def get_labels(query: q.LabelQuery) -> Response:
    """A PDF of label sheets."""
    return lens_files.labels()


@route("GET", "/pictures/{name}", "One picture of a check", media="image/*")
def get_picture(name: str) -> Response:
    """The preview as JPEG or the raw photo as PNG, by the name that the check gives."""
    return checks.picture(name)
