"""What the API tells of guided checks, and how programs lead one."""

from __future__ import annotations

from flask import Response

from appliance.guides import catalogue
from appliance.guides.advice import RULES
from appliance.guides.symptoms import SYMPTOMS
from appliance.store import guides as records
from appliance.store.access import OPERATOR
from appliance.store.guide_tables import GuideRun
from appliance.store.search import lens_of
from appliance.web import context
from appliance.web.api import answers as a
from appliance.web.api import asked as q
from appliance.web.api._routes import route
from appliance.web.views import guides as views


@route("GET", "/guides", "Guided checks, and what was seen that leads to each", answer=a.Guides)
def list_guides() -> a.Guides:
    """All procedures, in the order in which they are offered."""
    return a.Guides(
        guides=[a.GuideAnswer.model_validate(one) for one in catalogue.procedures().values()],
        symptoms=[a.SymptomAnswer.model_validate(one) for one in SYMPTOMS],
    )


@route("GET", "/advice", "All advice by its code", answer=a.AdviceAnswers)
def list_advice() -> a.AdviceAnswers:
    """What brings each piece of advice up, and what it says."""
    return a.AdviceAnswers(advice=[a.AdviceAnswer.model_validate(rule) for rule in RULES])


@route("GET", "/lenses/{tag}/guides", "Guided checks that a lens needs now", answer=a.Proposals)
def list_proposals(tag: str) -> a.Proposals:
    """By its kind, what was found before, and what is due."""
    session = context.needed()
    found = views.proposed(session, context.lens_or_404(session, tag))
    return a.Proposals(proposals=[a.ProposalAnswer(guide=one.check, why=one.why) for one in found])


def summary(run: GuideRun) -> a.RunSummary:
    """A run as lists give it."""
    names = ("id", "uuid", "status", "started_at", "ended_at", "verdict", "headline")
    return a.RunSummary(
        guide=run.procedure,
        lens=run.lens.tag if run.lens else None,
        body=run.body.tag if run.body else None,
        operator=run.operator.name if run.operator else None,
        **{name: getattr(run, name) for name in names},
    )


@route("GET", "/runs", "Runs of guided checks, newest first", query=q.RunQuery, answer=a.Runs)
def list_runs(query: q.RunQuery) -> a.Runs:
    """Runs that a filter lets through."""
    session = context.reading()
    lens = lens_of(session, query.lens) if session is not None and query.lens else None
    if session is None or (query.lens and lens is None):
        return a.Runs(runs=[], next=None)
    found = records.find_runs(
        session,
        lens=lens,
        procedure=query.guide,
        open_only=query.open,
        limit=query.limit + 1,
        before=query.before,
    )
    following = found[query.limit - 1].id if len(found) > query.limit else None
    return a.Runs(runs=[summary(run) for run in found[: query.limit]], next=following)


@route("GET", "/runs/{uuid}", "One run with its step, events and finding", answer=a.RunWhole)
def get_run(uuid: str) -> dict[str, object]:
    """Everything kept of a run, and what it concludes so far."""
    session = context.needed()
    return views.whole_run(session, views.run_or_404(session, uuid))


@route("GET", "/runs/{uuid}/report", "One run's report", media="application/pdf")
def get_run_report(uuid: str) -> Response:
    """The PDF report."""
    return views.run_pdf(uuid)


@route("POST", "/runs", "Start a guided check", role=OPERATOR, body=q.NewRun, answer=a.RunWhole, status=201)
def post_run(body: q.NewRun) -> dict[str, object]:
    """Start one, of the lens and body on the bench unless others are named; what was on the bench is paused."""
    catalogue.procedure_named(body.guide)
    return views.start_run(body.guide, body.lens, body.body)


@route("POST", "/runs/{uuid}", "Do something with a run", role=OPERATOR, body=q.RunAction, answer=a.Done)
def post_run_action(uuid: str, body: q.RunAction) -> a.Done:
    """Press, answer, confirm, repeat, leave out, pause, go on, conclude or give up; the state tells what follows."""
    views.run_or_404(context.needed(), uuid)
    views.act_on(uuid, body.do, body.step, dict(body.values))
    return a.Done()


@route(
    "PUT",
    "/station/setting",
    "Say what the lens on the bench is set to",
    role=OPERATOR,
    body=q.SettingBody,
    answer=a.Done,
)
def put_setting(body: q.SettingBody) -> a.Done:
    """Focal length and stop, until another lens is on the bench; null: as records and settings say."""
    context.station().set_up(body.focal_length_mm, body.f_number)
    return a.Done()
