"""Guided checks on the phone: which one, the run step by step, and what came of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, abort, jsonify, redirect, render_template, request, url_for
from sqlalchemy.orm import Session

from appliance.errors import FocuscheckError, UsageError
from appliance.focus.result import Verdict
from appliance.guides import catalogue
from appliance.guides.advice import rules_of
from appliance.guides.finding import Finding
from appliance.guides.lens_choices import limits_of
from appliance.guides.procedure import LensKind, Procedure
from appliance.guides.proposals import LastRun, Proposal, proposals
from appliance.guides.symptoms import SYMPTOMS, symptom_named
from appliance.station.protocol import lens_tag
from appliance.station.state import Phase
from appliance.store import guides as records
from appliance.store._facts import lens_facts
from appliance.store.access import OPERATOR
from appliance.store.guide_tables import ACTIVE, DONE, OPEN_STATES, GuideRun
from appliance.store.house import Lens
from appliance.store.search import lens_of, newest_of
from appliance.web import context
from appliance.web.guide_report import guide_report
from appliance.web.security import needs
from appliance.web.views.now import answer_if_changed

NEWEST = 10
pages = Blueprint("guides", __name__)


@dataclass(frozen=True)
class Run:
    """A run as its page shows it."""

    view: dict[str, Any]
    on_bench: bool
    """Whether the station waits for its next step."""
    measuring: bool
    words: str
    """What the station does, or why it does nothing."""

    @property
    def key(self) -> str:
        """What must be the same for the page to be true still."""
        step = (self.view["step"] or {}).get("key", "")
        parts = (
            self.view["status"],
            step,
            self.view["number"],
            self.view["problem"],
            self.on_bench,
            self.measuring,
        )
        return "|".join(map(str, parts))


def run_of(run: GuideRun, session: Session) -> Run:
    """A run, and what the station does with it."""
    state = context.state()
    told = state.guide if state is not None else None
    here = told is not None and told["uuid"] == run.uuid
    view = told if here and told is not None else records.run_view(session, run)
    measuring = state is not None and here and state.phase is Phase.MEASURING
    if state is None:
        words = "The station is not running: nothing can be done just now. What was done is kept."
    elif measuring:
        words = f"Measuring: {state.stage}."
    elif state.phase is Phase.FAULT and here:
        words = state.fault
    elif run.status == ACTIVE and here:
        words = {"measure": "Ready for the photo.", "do": "", "ask": ""}.get(
            (view["step"] or {}).get("kind", ""), ""
        )
    else:
        words = "Paused."
    return Run(view, here and view["status"] == ACTIVE, measuring, words)


def fits(procedure: Procedure, lens: Lens | None) -> bool:
    """Whether a procedure is for this kind of lens, as far as the records say."""
    if lens is None or lens.focal_min_mm is None or procedure.lens is LensKind.ANY:
        return True
    return lens.prime == (procedure.lens is LensKind.PRIME)


def proposed(session: Session, lens: Lens) -> tuple[Proposal, ...]:
    """What this lens needs now."""
    last: dict[str, LastRun] = {}
    for run in records.find_runs(session, lens=lens):
        if run.status == DONE and run.verdict and run.ended_at and run.procedure not in last:
            last[run.procedure] = LastRun(run.ended_at, Verdict(run.verdict))
    newest = newest_of(session, lens)
    return proposals(
        lens_facts(lens),
        last,
        context.utc_now(),
        known=catalogue.procedures(),
        check_verdict=Verdict(newest.verdict) if newest is not None else None,
        every_days=lens.check_every_days or context.settings().check_every_days,
    )


def lens_on_bench() -> Lens | None:
    """The lens that the station's presses are about, if the records know it."""
    state, session = context.state(), context.reading()
    return (
        lens_of(session, state.lens_tag)
        if session is not None and state is not None and state.lens_tag
        else None
    )


@pages.app_context_processor
def _names() -> dict[str, Any]:
    return {"guide_titles": {name: one.title for name, one in catalogue.procedures().items()}}


@pages.get("/guides")
def index() -> str:
    """What was seen, what the lens on the bench needs, what is to be gone on with, and all guided checks."""
    session, lens = context.reading(), lens_on_bench()
    return render_template(
        "guides.html",
        symptoms=SYMPTOMS,
        seen=symptom_named(request.args.get("seen", "")),
        procedures=catalogue.procedures(),
        fits={name: fits(one, lens) for name, one in catalogue.procedures().items()},
        lens=lens,
        proposed=proposed(session, lens) if session is not None and lens is not None else (),
        open=records.find_runs(session, open_only=True) if session is not None else [],
        runs=[run for run in records.find_runs(session, limit=NEWEST) if run.status not in OPEN_STATES]
        if session is not None
        else [],
    )


def about_page(name: str, notice: str = "") -> str:
    """The page of a procedure."""
    if name not in catalogue.procedures():
        abort(404)
    session, lens = context.reading(), lens_on_bench()
    procedure, state = catalogue.procedures()[name], context.state()
    runs = records.find_runs(session, lens=lens, procedure=name, limit=NEWEST) if session is not None else []
    return render_template(
        "guide_about.html",
        procedure=procedure,
        lens=lens,
        fits=fits(procedure, lens),
        limits=limits_of(lens_facts(lens)),
        runs=runs,
        state=state,
        notice=notice,
        manual=f"help/guides/{name}.html",
    )


@pages.get("/guides/<name>")
def about(name: str) -> str:
    """What a guided check answers, and the button that starts it."""
    return about_page(name)


@pages.post("/guides/<name>")
@needs(OPERATOR)
def start(name: str) -> Any:
    """Start a guided check of the lens on the bench, or of the one named."""
    if name not in catalogue.procedures():
        abort(404)
    try:
        view = start_run(name, lens_tag(request.form.get("lens")), lens_tag(request.form.get("body")))
    except FocuscheckError as error:
        return about_page(name, str(error)), 409
    return redirect(url_for("guides.run", uuid=view["uuid"]), 303)


def start_run(name: str, lens: str | None, body: str | None) -> dict[str, Any]:
    """Put lens and body on the bench where they are named, and start; returns the run as JSON.

    Raises
    ------
    FocuscheckError
        If the station is down or busy, or something that the procedure needs is missing.
    """
    client = context.station()
    state = client.state()
    if lens is not None and lens != state.lens_tag:
        client.select_lens(lens)
    if body is not None and body != state.body_tag:
        client.select_body(body)
    return client.guide("start", procedure=name, operator=context.operator_name() or "")


def run_or_404(session: Session, uuid: str) -> GuideRun:
    """The run of that identifier."""
    found = records.find_run(session, uuid)
    if found is None or found.procedure not in catalogue.procedures():
        abort(404, "There is no guided check of that number.")
    return found


@pages.get("/guide/<uuid>")
def run(uuid: str) -> str:
    """A guided check: its next step, or what came of it."""
    return run_page(uuid)


def run_page(uuid: str, notice: str = "") -> str:
    """The page of a run."""
    session = context.needed()
    found = run_or_404(session, uuid)
    if found.status in OPEN_STATES:
        shown = run_of(found, session)
        if shown.view["status"] in OPEN_STATES:
            return render_template("guide_run.html", run=shown, notice=notice, row=found)
        session.refresh(found)
    finding = records.finding_of(session, found)
    return render_template(
        "guide_result.html",
        run=found,
        finding=finding,
        rules=rules_of(finding),
        photos=records.events_of(session, found),
        procedure=catalogue.procedures()[found.procedure],
        left=found.status != DONE,
        notice=notice,
    )


@pages.get("/guide/<uuid>/live")
def live(uuid: str) -> Response:
    """What the station does with a run, for its page's script."""
    session = context.needed()
    shown = run_of(run_or_404(session, uuid), session)
    return answer_if_changed({"key": shown.key, "words": shown.words})


@pages.post("/guide/<uuid>")
@needs(OPERATOR)
def act(uuid: str) -> Any:
    """Do something with a run: press, answer, confirm, repeat, skip, pause, go on, leave, conclude."""
    form, do = request.form, request.form.get("do", "")
    values = {name.removeprefix("in-"): value for name, value in form.items() if name.startswith("in-")}
    run_or_404(context.needed(), uuid)
    try:
        act_on(uuid, do, form.get("step", ""), values)
    except FocuscheckError as error:
        return run_page(uuid, str(error)), 409
    where = url_for("guides.index") if do in ("pause", "leave") else url_for("guides.run", uuid=uuid)
    return redirect(where, 303)


def act_on(uuid: str, do: str, step: str, values: dict[str, Any]) -> None:
    """Have the station do something with a run.

    Raises
    ------
    FocuscheckError
        If the station is down or busy, the run is not on the bench, or its step cannot take that.
    """
    client = context.station()
    if do == "resume":
        client.guide("resume", uuid=uuid)
        return
    actions: dict[str, Callable[[], Any]] = {
        "press": client.press,
        "answer": lambda: client.guide("answer", step=step, values=values),
        **{name: _step_action(name, step) for name in ("done", "skip", "redo")},
        **{name: _run_action(name) for name in ("pause", "leave", "conclude", "close")},
    }
    if do not in actions:
        raise UsageError("A guided check is pressed, answered, done, skipped, repeated, paused or left.")
    told = client.state().guide
    if told is None or told["uuid"] != uuid:
        raise UsageError("This guided check is not on the bench. Go on with it first.")
    actions[do]()


def _step_action(name: str, step: str) -> Callable[[], Any]:
    return lambda: context.station().guide(name, step=step)


def _run_action(name: str) -> Callable[[], Any]:
    return lambda: context.station().guide(name)


@pages.get("/guide/<uuid>.pdf")
def run_pdf(uuid: str) -> Response:
    """What came of a run, as a PDF to hand out."""
    session = context.needed()
    found = run_or_404(session, uuid)
    data = guide_report(
        found, records.finding_of(session, found), _title(found), context.settings().station_name
    )
    name = f"{found.procedure}-{found.lens.tag if found.lens else 'bench'}-{found.started_at:%Y-%m-%d}.pdf"
    safe = "".join(letter if letter.isalnum() or letter in "-._" else "-" for letter in name)
    return Response(
        data, mimetype="application/pdf", headers={"Content-Disposition": f'inline; filename="{safe}"'}
    )


def _title(found: GuideRun) -> str:
    return catalogue.procedures()[found.procedure].title


@pages.get("/guide/<uuid>.json")
def run_json(uuid: str) -> Response:
    """A run with its finding, as JSON."""
    session = context.needed()
    return jsonify(whole_run(session, run_or_404(session, uuid)))


def whole_run(session: Session, found: GuideRun) -> dict[str, Any]:
    """A run as JSON: its view, its answers and photos, and what it concludes so far."""
    finding: Finding = records.finding_of(session, found)
    events = [
        {
            "kind": event.kind.value,
            "step": event.step,
            "data": dict(event.data),
            "check": event.photo.sequence if event.photo else None,
        }
        for event in records.events_of(session, found)
    ]
    return {
        **records.run_view(session, found),
        "ended_at": found.ended_at.isoformat(timespec="seconds") if found.ended_at else None,
        "operator": found.operator.name if found.operator else None,
        "finding": finding.to_dict(),
        "events": events,
    }
