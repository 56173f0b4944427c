"""Printed charts: what was measured of each, and the two steps that measure it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from flask import Blueprint, abort, redirect, render_template, request, url_for
from sqlalchemy.orm import Session

from appliance.chart.layout import PAPERS_MM, title_of
from appliance.errors import BarReadingError, BlurReadingError, UsageError
from appliance.focus.printed_chart import BLUR_STEPS, RULER_STEPS, RULER_U95_MM, Print, blur_to_keep
from appliance.store import prints
from appliance.store.access import OPERATOR
from appliance.store.house import PrintReading
from appliance.web import context
from appliance.web.security import needs

pages = Blueprint("charts", __name__)


@pages.get("/charts")
def index() -> str:
    """The charts that were seen or measured, and the general ones."""
    session = context.reading()
    kept = prints.prints_kept(session) if session else {}
    seen = prints.charts_seen(session) if session else []
    titles = list(dict.fromkeys([*seen, *(title_of(f"{paper}-general") for paper in PAPERS_MM)]))
    return render_template(
        "charts.html", charts={title: kept.get(title, Print()) for title in titles}, seen=seen
    )


def title_or_404(name: str) -> str:
    """The title of the chart of that name."""
    try:
        return prints.chart_title(name)
    except UsageError as error:
        abort(404, str(error))


@pages.get("/charts/<name>")
def chart(name: str) -> str:
    """One printed chart: what is known of it, and how to measure it."""
    return _page(title_or_404(name))


def _page(title: str, notice: str = "") -> str:
    session = context.reading()
    check = prints.last_check(session, title) if session else None
    seen, why_not = None, ""
    if check is not None:
        try:
            seen = blur_to_keep(check.result.get("figures", {}))
        except BlurReadingError as error:
            why_not = str(error)
    return render_template(
        "chart.html",
        title=title,
        known=(prints.prints_kept(session) if session else {}).get(title, Print()),
        readings=prints.readings_of(session, title) if session else [],
        check=check,
        seen=seen,
        why_not=why_not,
        ruler_steps=RULER_STEPS,
        blur_steps=BLUR_STEPS,
        ruler_u95=RULER_U95_MM,
        notice=notice,
    )


def _change(action: str, change: Callable[[Session, str, Mapping[str, str]], PrintReading]) -> Any:
    """Do what a form of a chart's page asks for, and show the page again."""
    given = request.form
    title = title_or_404(given.get("chart", ""))
    detail = {name: text[:40] for name, text in given.items() if name not in ("token", "chart")}
    try:
        with context.writing(action, f"chart {title}", **detail) as session:
            change(session, title, given)
    except UsageError as error:
        return _page(title, str(error)), 409
    return redirect(url_for("charts.chart", name=title.split(" ")[0]), 303)


def number(text: str, wrong: type[UsageError]) -> float:
    """A number as people type it, with a decimal comma too."""
    try:
        return float(text.strip().replace(",", "."))
    except ValueError:
        raise wrong(f"'{text.strip()[:20]}' is no number; type it like 99.8.") from None


@pages.post("/charts/bar")
@needs(OPERATOR)
def bar() -> Any:
    """Keep what a ruler reads on the bar."""

    def change(session: Session, title: str, given: Mapping[str, str]) -> PrintReading:
        read = number(given.get("bar_mm", ""), BarReadingError)
        u95 = number(given.get("u95_mm") or f"{RULER_U95_MM}", BarReadingError)
        return prints.set_bar(session, title, read, context.utc_now(), context.who(), u95)

    return _change("measured bar", change)


@pages.post("/charts/blur")
@needs(OPERATOR)
def blur() -> Any:
    """Keep the print's spread: as typed, else that of a check."""

    def change(session: Session, title: str, given: Mapping[str, str]) -> PrintReading:
        at, who = context.utc_now(), context.who()
        if given.get("blur_um", "").strip():
            spread = number(given["blur_um"], BlurReadingError)
            return prints.set_blur(session, title, spread, None, at, who, "given")
        sequence = number(given["check"], BlurReadingError) if given.get("check", "").strip() else None
        whole = None if sequence is None else int(sequence) if sequence.is_integer() else 0
        return prints.set_blur_from_check(session, title, whole, at, who)

    return _change("measured blur", change)


@pages.post("/charts/forget")
@needs(OPERATOR)
def forget() -> Any:
    """Take the chart for one that was not measured."""
    return _change(
        "forgot reading",
        lambda session, title, given: prints.forget(
            session, title, given.get("kind", ""), context.utc_now(), context.who()
        ),
    )


@pages.post("/charts/undo")
@needs(OPERATOR)
def undo() -> Any:
    """Go back to what was kept before the last change."""
    return _change(
        "took back reading",
        lambda session, title, given: prints.take_back(
            session, title, given.get("kind", ""), context.utc_now(), context.who()
        ),
    )
