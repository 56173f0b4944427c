"""What is on the bench is asked, not assumed: a new lens in two taps, a zoom's focal length and a stop in one each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for

from appliance.errors import FocuscheckError, UsageError
from appliance.guides.lens_choices import (
    APERTURES,
    PRIMES_MM,
    ZOOMS_MM,
    Limit,
    focal_choices_mm,
    limits_of,
    marked_mm,
    stop_choices,
)
from appliance.station.protocol import lens_tag
from appliance.station.state import StationState
from appliance.store._facts import lens_facts
from appliance.store.access import OPERATOR
from appliance.store.house import Lens
from appliance.store.search import lens_of
from appliance.web import context
from appliance.web.security import needs
from appliance.web.views.lenses import save_lens
from appliance.web.views.now import tell_station

pages = Blueprint("setting", __name__)


@dataclass(frozen=True)
class BenchSetting:
    """What the lens on the bench is set to, what it can be set to, and what cannot be tested of it."""

    focal_length_mm: float | None
    f_number: float | None
    choices_mm: tuple[float, ...]
    marks_mm: tuple[float, ...]
    stops: tuple[float, ...]
    limits: tuple[Limit, ...]

    @property
    def asks(self) -> bool:
        """Whether a check cannot be judged before the focal length is said."""
        return bool(self.choices_mm) and self.focal_length_mm is None


def bench_setting(lens: Lens | None, state: StationState | None) -> BenchSetting | None:
    """Of the lens on the bench; None if none that the records know is there.

    A prime stands at its own focal length, and every lens at its largest aperture, unless somebody said otherwise.
    """
    if lens is None or state is None or state.lens_tag != lens.tag:
        return None
    facts = lens_facts(lens)
    own_mm = lens.focal_min_mm if lens.prime else None
    return BenchSetting(
        state.focal_length_mm or own_mm,
        state.f_number or lens.max_aperture,
        focal_choices_mm(facts),
        marked_mm(facts),
        stop_choices(facts),
        limits_of(facts),
    )


@pages.app_context_processor
def _names() -> dict[str, Any]:
    return {"bench_setting": bench_setting}


@pages.post("/setting")
@needs(OPERATOR)
def setting() -> Any:
    """Say what the lens on the bench is set to, then go back to Now or to the visit under way."""
    focal, stop = (request.form.get(name, type=float) for name in ("focal", "stop"))
    visit = request.form.get("visit", type=int)
    then = (
        url_for("visits.visit", number=visit)
        if visit is not None and 0 < visit < 2**62
        else url_for("now.show")
    )
    return tell_station(lambda: context.station().set_up(focal, stop), then)


@pages.get("/lens/quick/<path:tag>")
@needs(OPERATOR)
def quick(tag: str) -> Any:
    """A new lens in two taps: what it is, and how fast."""
    session = context.reading()
    found = lens_of(session, tag) if session is not None else None
    if found is not None and found.focal_min_mm is not None:
        return redirect(url_for("lenses.lens", tag=tag), 303)
    return _quick_page(tag)


def _quick_page(tag: str, notice: str = "") -> str:
    return render_template(
        "lens_quick.html",
        tag=tag[:40],
        low=request.values.get("low", type=float),
        high=request.values.get("high", type=float),
        primes=PRIMES_MM,
        zooms=ZOOMS_MM,
        apertures=APERTURES,
        notice=notice,
    )


@pages.post("/lens/quick")
@needs(OPERATOR)
def quick_save() -> Any:
    """Keep a lens that was added in two taps, and put it on the bench."""
    form = request.form
    try:
        tag = lens_tag(form.get("tag"))
        given = {"tag": tag, "focal_min_mm": form.get("low"), "focal_max_mm": form.get("high")}
        with context.writing("added", f"lens {tag}") as session:
            was = lens_of(session, tag or "")
            save_lens(session, was.tag if was else "", {**given, "max_aperture": form.get("aperture")})
    except UsageError as error:
        return _quick_page(form.get("tag", ""), str(error)), 409
    try:
        context.station().select_lens(tag)
    except FocuscheckError as error:  # it is in the records all the same
        return _quick_page(tag or "", f"{tag} is kept, but not on the bench: {error}"), 409
    return redirect(url_for("now.show"), 303)
