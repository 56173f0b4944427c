"""Focus assist and alignment on the phone: what the station's live session says, and buttons to begin and end it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, render_template, request, url_for

from appliance.station.events import LiveKind
from appliance.station.state import Phase, StationState
from appliance.store.access import OPERATOR
from appliance.web import context
from appliance.web.phrases import MM_PER_INCH, units
from appliance.web.security import needs
from appliance.web.views.now import answer_if_changed, tell_station

pages = Blueprint("guided", __name__)

_PHASES: dict[LiveKind, Phase] = {"assist": Phase.ASSIST, "align": Phase.ALIGN}
_NAMES: dict[LiveKind, str] = {"assist": "Focus assist", "align": "Alignment"}
TURN_WORDS = {
    "nearer": "◄ Turn nearer",
    "farther": "Turn farther ►",
    "hold": "● Hold: focus is on the star",
    "": "Turn slowly: the direction is not clear yet",
}
FIGURE_NAMES = {
    "tilt": "Tilt",
    "roll": "Roll",
    "yaw": "Yaw",
    "distance": "Distance",
    "centre x": "Centring, sideways",
    "centre y": "Centring, up and down",
    "light": "Evenness of the light",
}


@dataclass(frozen=True)
class Guided:
    """One moment of a live session of ``kind``, as far as the page can know it."""

    kind: LiveKind
    state: StationState | None

    @property
    def running(self) -> bool:
        """Whether the station runs a session of this kind."""
        return self.state is not None and self.state.phase is _PHASES[self.kind]

    @property
    def can_start(self) -> bool:
        """Whether the station would begin one."""
        return self.state is not None and self.state.phase not in (Phase.MEASURING, Phase.STARTING)

    @property
    def live(self) -> dict[str, Any] | None:
        """The newest figures of the session; None before the first, and without a session."""
        return self.state.live if self.state is not None and self.running else None

    @property
    def words(self) -> str:
        """What to do now, in one sentence."""
        if self.state is None:
            return "The station is not running."
        if not self.running:
            other = next((_NAMES[kind] for kind, phase in _PHASES.items() if self.state.phase is phase), "")
            if other:
                return f"{other} is running."
            measuring = self.state.phase is Phase.MEASURING
            return "A check is under way." if measuring else f"{_NAMES[self.kind]} is not running."
        if self.live is None:
            return "Looking for the chart."
        return assist_words(self.live) if self.kind == "assist" else align_words(self.live)


def assist_words(live: Mapping[str, Any]) -> str:
    """Which way to turn."""
    if live["found"] or live["turn"]:
        return TURN_WORDS[str(live["turn"])]
    return "No chart can be made out: turn until the figure rises"


def align_words(live: Mapping[str, Any]) -> str:
    """What to put right first."""
    bad = [figure for figure in live["figures"] if not figure["good"]]
    if not live["figures"]:
        return str(live["problem"])
    if not bad:
        return "✓ All green: the bench is aligned"
    return f"{len(bad)} of {len(live['figures'])} to put right: {bad[0]['advice']}"


def figure_text(figure: Mapping[str, Any]) -> str:
    """A figure of alignment with its unit."""
    return _measure(float(figure["value"]), figure)


def limits_text(figure: Mapping[str, Any]) -> str:
    """The limits of a figure, in words."""
    low, high = figure["low"], figure["high"]
    if high is None:
        return f"limit at least {_measure(low, figure)}"
    if low == -high:
        return f"limits ± {_measure(high, figure)}"
    return f"limits {_measure(low, figure)} to {_measure(high, figure)}"


def _measure(value: float, figure: Mapping[str, Any]) -> str:
    if figure["name"] == "light":
        return f"{100 * value:.0f} %"
    if figure["unit"] == "mm":
        return f"{value:.1f} mm" if units() == "mm" else f"{value / MM_PER_INCH:.2f} in"
    text = f"{value:.1f}".replace("-", "−")
    return text + figure["unit"] if figure["unit"] == "°" else f"{text} {figure['unit']}"


@pages.app_context_processor
def _names() -> dict[str, Any]:
    return {"figure_names": FIGURE_NAMES, "figure_text": figure_text, "limits_text": limits_text}


def _guided(kind: LiveKind) -> Guided:
    return Guided(kind, context.state())


def _live(kind: LiveKind, template: str) -> Response:
    guided = _guided(kind)
    part = render_template(template, guided=guided)
    return answer_if_changed({"part": part, "words": guided.words, "running": guided.running})


@pages.get("/focus")
def focus() -> str:
    """Focus assist: how sharp the live picture is, and which way to turn."""
    return render_template("focus.html", guided=_guided("assist"))


@pages.get("/focus/live")
def focus_live() -> Response:
    """The changing part of focus assist, for its script."""
    return _live("assist", "_focus.html")


@pages.post("/focus")
@needs(OPERATOR)
def focus_switch() -> Any:
    """Begin or end focus assist, or forget the best sharpness."""
    client = context.station()
    actions: dict[str, Callable[[], Any]] = {
        "assist": lambda: client.live("assist", True),
        "reset": client.reset_peak,
        "stop": lambda: client.live("assist", False),
    }
    return tell_station(actions.get(request.form.get("do", ""), actions["stop"]), url_for("guided.focus"))


@pages.get("/align")
def align() -> str:
    """Alignment: each figure of the bench against its limits."""
    return render_template("align.html", guided=_guided("align"))


@pages.get("/align/live")
def align_live() -> Response:
    """The changing part of alignment, for its script."""
    return _live("align", "_align.html")


@pages.post("/align")
@needs(OPERATOR)
def align_switch() -> Any:
    """Begin or end alignment."""
    begin = request.form.get("do") == "align"
    return tell_station(lambda: context.station().live("align", begin), url_for("guided.align"))
