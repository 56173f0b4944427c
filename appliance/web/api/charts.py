"""What the API tells and changes of printed charts."""

from __future__ import annotations

from sqlalchemy.orm import Session

from appliance.errors import UsageError
from appliance.focus.printed_chart import Print
from appliance.store import prints
from appliance.store.access import OPERATOR
from appliance.web import context
from appliance.web.api import answers as a
from appliance.web.api import asked as q
from appliance.web.api._routes import route
from appliance.web.views.charts import title_or_404


@route("GET", "/charts", "Printed charts that were seen or measured", answer=a.Charts)
def list_charts() -> a.Charts:
    """Charts in the order of the family."""
    session = context.reading()
    if session is None:
        return a.Charts(charts=[])
    kept = prints.prints_kept(session)
    return a.Charts(charts=[_brief(title, kept.get(title, Print())) for title in prints.charts_seen(session)])


@route("GET", "/charts/{chart}", "One printed chart with all its readings", answer=a.ChartAnswer)
def get_chart(chart: str) -> a.ChartAnswer:
    """What was measured of a chart, newest first."""
    title, session = title_or_404(chart), context.reading()
    if session is None:
        return a.ChartAnswer(**_brief(title, Print()).model_dump(), readings=[])
    return _whole(session, title)


def _brief(title: str, known: Print) -> a.ChartBrief:
    return a.ChartBrief(chart=title, scale=known.scale if known.bar_mm is not None else None, **vars(known))


def _whole(session: Session, title: str) -> a.ChartAnswer:
    known = prints.prints_kept(session).get(title, Print())
    readings = [a.ReadingAnswer.model_validate(row) for row in prints.readings_of(session, title)]
    return a.ChartAnswer(**_brief(title, known).model_dump(), readings=readings)


@route("PUT", "/charts/{chart}/bar", "Keep what a ruler reads on the bar", role=OPERATOR, body=q.BarBody,
       answer=a.ChartAnswer)  # fmt: skip
def put_bar(chart: str, body: q.BarBody) -> a.ChartAnswer:
    """Lengths at this chart are true ones from the next check on."""
    title = title_or_404(chart)
    with context.writing("measured bar", f"chart {title}", **body.model_dump()) as session:
        prints.set_bar(session, title, body.bar_mm, context.utc_now(), context.who(), body.u95_mm)
        return _whole(session, title)


@route("PUT", "/charts/{chart}/blur", "Keep the print's spread, as given or as a check shows it", role=OPERATOR,
       body=q.BlurBody, answer=a.ChartAnswer)  # fmt: skip
def put_blur(chart: str, body: q.BlurBody) -> a.ChartAnswer:
    """From ``blur_um``, else from ``check``, else from the last check of this chart."""
    title = title_or_404(chart)
    if body.blur_um is not None and body.check is not None:
        raise UsageError("Give blur_um or check, not both.")
    with context.writing("measured blur", f"chart {title}", **body.model_dump()) as session:
        at, who = context.utc_now(), context.who()
        if body.blur_um is None:
            prints.set_blur_from_check(session, title, body.check, at, who)
        else:
            prints.set_blur(session, title, body.blur_um, body.blur_u_um, at, who, "given")
        return _whole(session, title)


@route(
    "DELETE", "/charts/{chart}", "Forget a reading", role=OPERATOR, query=q.ReadingBody, answer=a.ChartAnswer
)
def delete_reading(chart: str, query: q.ReadingBody) -> a.ChartAnswer:
    """Take the chart for one that was not measured; its readings stay in its history."""
    title = title_or_404(chart)
    with context.writing("forgot reading", f"chart {title}", kind=query.kind) as session:
        prints.forget(session, title, query.kind, context.utc_now(), context.who())
        return _whole(session, title)


@route("POST", "/charts/{chart}/undo", "Take back the last change", role=OPERATOR, body=q.ReadingBody,
       answer=a.ChartAnswer)  # fmt: skip
def post_undo(chart: str, body: q.ReadingBody) -> a.ChartAnswer:
    """Go back to what was kept before."""
    title = title_or_404(chart)
    with context.writing("took back reading", f"chart {title}", kind=body.kind) as session:
        prints.take_back(session, title, body.kind, context.utc_now(), context.who())
        return _whole(session, title)
