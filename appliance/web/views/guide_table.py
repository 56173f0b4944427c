"""The table of marks and distances that a guided check made, to be taken into a follow focus or motor."""

from __future__ import annotations

from flask import Blueprint, Response, abort

from appliance.guides.return_to_mark import csv_of
from appliance.store import guides as records
from appliance.web import context
from appliance.web.views.checks import csv_file
from appliance.web.views.guides import run_or_404

pages = Blueprint("guide_table", __name__)


@pages.get("/guide/<uuid>.csv")
def run_csv(uuid: str) -> Response:
    """A run's table of marks as CSV; 404 where the run has none."""
    session = context.needed()
    found = run_or_404(session, uuid)
    finding = records.finding_of(session, found)
    if not finding.data.get("table"):
        abort(404)
    return csv_file(csv_of(finding), f"marks-{found.started_at:%Y-%m-%d}.csv")
