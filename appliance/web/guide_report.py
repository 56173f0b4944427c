"""The PDF of a guided check, fit to hand to a customer."""

from __future__ import annotations

from collections.abc import Sequence

from appliance.guides.advice import rules_of
from appliance.guides.finding import Figure, Finding
from appliance.store.guide_tables import DONE, GuideRun
from appliance.web.finding_plot import finding_plot
from appliance.web.finding_words import figure_text
from appliance.web.pdf_fonts import BOLD
from appliance.web.report import WIDTH, Paper, _when
from appliance.web.svg_to_pdf import SOFT


def guide_report(run: GuideRun, finding: Finding, title: str, station: str) -> bytes:
    """A run as a PDF: verdict, main figures, plots, causes, advice, then all other figures."""
    paper = Paper(f"{title}, {run.lens.tag if run.lens else station}", station)
    paper.line(title, 16, BOLD)
    parts = [
        f"Lens {run.lens.tag}{f', {run.lens.name}' if run.lens.name else ''}" if run.lens else "",
        f"body {run.body.tag}" if run.body else "",
        _when(run.ended_at or run.started_at),
        run.operator.name if run.operator else "",
    ]
    paper.line(" · ".join(filter(None, parts)), 9.5, colour=SOFT)
    if run.status != DONE:
        paper.line("Not finished: this is of the steps done so far.", 11, BOLD, "#b3261e")
    paper.banner(finding.verdict.value, finding.headline, finding.word)
    if finding.next_action and finding.next_action != finding.headline:
        paper.line(finding.next_action, 10.5, BOLD)
    paper.table([_row(figure) for figure in finding.figures if figure.main])
    for plot in finding.plots:
        paper.heading(plot.title, 0.5 * WIDTH)
        paper.drawing(finding_plot(plot), WIDTH * 0.78)
    _said(paper, finding)
    other = [_row(figure) for figure in finding.figures if not figure.main]
    if other:
        paper.heading("For the optics bench")
        paper.table(other)
    paper.table([("Number", run.uuid), ("Software", f"focuscheck {run.software_version}")])
    return paper.done()


def _said(paper: Paper, finding: Finding) -> None:
    if finding.causes:
        paper.heading("Why")
        _list(paper, [f"{cause.text} ({cause.code})" for cause in finding.causes])
    rules = rules_of(finding)
    if rules:
        paper.heading("What to do")
        _list(paper, [f"{rule.text} Skipped: {rule.skipped[0].lower()}{rule.skipped[1:]}" for rule in rules])


def _list(paper: Paper, lines: Sequence[str]) -> None:
    for line in lines:
        paper.line(f"· {line}")


def _row(figure: Figure) -> tuple[str, str]:
    return figure.label, figure_text(figure)
