"""What a guided check concludes: verdict, figures with intervals, causes, advice, plots; as values and as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from appliance.focus.result import Reason, Verdict


@dataclass(frozen=True)
class Figure:
    """One figure. ``u95`` is the half-width of its 95 % interval, None for what is no estimate (a count, a setting)."""

    name: str
    """Stable, with its unit as suffix: ``flange_error_um``."""
    label: str
    """In words."""
    value: float
    u95: float | None = None
    unit: str = ""
    main: bool = True
    """Whether it stands on the result's first screen; others are for the optics bench."""
    low: float | None = None
    high: float | None = None
    """Ends of a 95 % interval that is not even about ``value`` (a spread, a share); then ``u95`` is None."""

    @property
    def interval(self) -> tuple[float, float] | None:
        """The 95 % interval; None for what is no estimate."""
        if self.low is not None and self.high is not None:
            return self.low, self.high
        return None if self.u95 is None else (self.value - self.u95, self.value + self.u95)


@dataclass(frozen=True)
class Series:
    """Points or a line of a plot; ``u95`` are half-widths of bars."""

    label: str
    x: tuple[float, ...]
    y: tuple[float, ...]
    u95: tuple[float, ...] = ()
    style: Literal["points", "line", "outliers", "before"] = "points"


@dataclass(frozen=True)
class Band:
    """A horizontal band, such as a tolerance."""

    low: float
    high: float
    label: str = ""


@dataclass(frozen=True)
class Plot:
    """A plot as data; page and PDF draw the same."""

    title: str
    x_label: str
    y_label: str
    series: tuple[Series, ...]
    bands: tuple[Band, ...] = ()
    x_ticks: tuple[tuple[float, str], ...] = ()
    """Own marks of the x axis, place and words; empty for numbers."""

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Plot:
        """Rebuild from ``dataclasses.asdict``, as stored."""
        series = tuple(
            Series(s["label"], tuple(s["x"]), tuple(s["y"]), tuple(s["u95"]), s["style"])
            for s in data["series"]
        )
        ticks = tuple((float(at), str(words)) for at, words in data["x_ticks"])
        bands = tuple(Band(**band) for band in data["bands"])
        return cls(data["title"], data["x_label"], data["y_label"], series, bands, ticks)


@dataclass(frozen=True)
class Finding:
    """A guided check's conclusion.

    Attributes
    ----------
    verdict:
        PASS: nothing is wrong. FAIL_BACK, FAIL_FRONT: beyond tolerance, by the sign of the main figure; where what is
        wrong has no sign, FAIL_BACK stands for FAIL (see ``word``). RETEST: too close to tell. INVALID: not enough, or
        contradictory.
    headline:
        One sentence with the main figure.
    causes:
        What is wrong, by stable codes, the likeliest first; empty where nothing is.
    advice:
        Codes of :mod:`appliance.guides.advice`, the first to do first.
    next_action:
        What to do now, in one sentence.
    data:
        What later visits compare with, JSON-ready.
    """

    verdict: Verdict
    headline: str
    figures: tuple[Figure, ...] = ()
    causes: tuple[Reason, ...] = ()
    advice: tuple[str, ...] = ()
    next_action: str = ""
    plots: tuple[Plot, ...] = ()
    signed: bool = True
    """Whether FAIL has a direction."""
    data: Mapping[str, Any] = field(default_factory=dict)

    @property
    def word(self) -> str:
        """The verdict as shown: ``FAIL BACK``, or ``FAIL`` where what is wrong has no direction."""
        failed = self.verdict in (Verdict.FAIL_BACK, Verdict.FAIL_FRONT)
        return "FAIL" if failed and not self.signed else self.verdict.words

    def figure(self, name: str) -> Figure | None:
        """The figure of that name."""
        return next((figure for figure in self.figures if figure.name == name), None)

    def named(self, code: str) -> bool:
        """Whether this cause is named."""
        return any(cause.code == code for cause in self.causes)

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready dictionary."""
        data = asdict(self)
        return {**data, "verdict": self.verdict.value, "word": self.word, "data": dict(self.data)}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Finding:
        """Rebuild a finding from :meth:`to_dict`."""
        return cls(
            verdict=Verdict(data["verdict"]),
            headline=data["headline"],
            figures=tuple(Figure(**figure) for figure in data["figures"]),
            causes=tuple(Reason(**cause) for cause in data["causes"]),
            advice=tuple(data["advice"]),
            next_action=data["next_action"],
            plots=tuple(Plot.from_dict(plot) for plot in data["plots"]),
            signed=data["signed"],
            data=data["data"],
        )


def not_yet(missing: str) -> Finding:
    """The finding of a run that has not given enough: ``missing`` says what is, as a sentence."""
    return Finding(Verdict.INVALID, missing, causes=(Reason("NOT_ENOUGH", missing),), next_action=missing)
