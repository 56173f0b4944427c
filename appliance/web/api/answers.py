"""What the API gives."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict


class Given(BaseModel):
    """Base of what is given."""

    model_config = ConfigDict(from_attributes=True)


class CheckSummary(Given):
    """A check in a list."""

    check: int
    uuid: str
    lens: str | None
    taken_at: datetime
    verdict: str
    focus_error_mm: float | None
    focus_error_mm_u95: float | None
    focus_error_mm_at_least: float | None
    """Signed: the error is at least so large. At 0 only ``verdict`` tells the side."""
    image_shift_um: float | None
    image_shift_um_u95: float | None
    tolerance_um: float | None
    reasons: list[str]
    operator: str | None
    visit: int | None
    voided_at: datetime | None
    void_reason: str | None


class Checks(Given):
    """A page of checks; ``next`` is the ``before`` of the next one."""

    checks: list[CheckSummary]
    next: int | None


class Whole(BaseModel):
    """A check with everything kept of it: figures, edges, curve, set-up, camera."""

    model_config = ConfigDict(extra="allow")
    check: int
    uuid: str
    lens: str | None
    taken_at: datetime
    verdict: str


class LensAnswer(Given):
    """A lens."""

    tag: str
    serial: str
    maker: str
    model: str
    mount: str
    notes: str
    focal_min_mm: float | None
    focal_max_mm: float | None
    max_aperture: float | None
    coc_um: float | None
    tolerance_um: float | None
    check_every_days: int | None
    squeeze: float
    """Of an anamorphic lens; 1 for all others."""
    iris: str
    focus_drive: str
    status: str
    status_note: str
    newest: CheckSummary | None = None


class Lenses(Given):
    """A page of lenses; ``next`` is the ``after`` of the next one."""

    lenses: list[LensAnswer]
    next: str | None


class MiddleAnswer(Given):
    """Median and robust standard deviation (1.4826 MAD) of ``count`` figures."""

    median: float
    sigma: float
    count: int


class FigureAnswer(BaseModel):
    """One figure of a lens against its past and its model."""

    latest: float | None
    baseline: MiddleAnswer | None
    model: MiddleAnswer | None
    change: Literal["step", "drift"] | None
    change_amount: float | None
    change_check: int | None
    change_visit: int | None


class ComparisonAnswer(BaseModel):
    """A lens against its past and its model, in words and figures."""

    sentences: list[str]
    focal_length_mm: float | None
    image_shift_um: FigureAnswer
    mtf50_lp_mm: FigureAnswer
    checks: list[int]


class AdjustmentAnswer(Given):
    """An adjustment with the check before and the one after."""

    id: int
    kind: str
    amount: float | None
    unit: str
    note: str
    made_at: datetime
    before_sequence: int | None
    after_sequence: int | None


class Adjustments(BaseModel):
    """Adjustments of a lens, newest first."""

    adjustments: list[AdjustmentAnswer]


class VisitAnswer(BaseModel):
    """A visit."""

    id: int
    lens: str
    kind: str
    rental: str
    started_at: datetime
    done_at: datetime | None
    outcome: str | None
    note: str


class Visits(BaseModel):
    """Visits, newest first."""

    visits: list[VisitAnswer]


class StationAnswer(BaseModel):
    """The station's state at this moment."""

    model_config = ConfigDict(extra="allow")
    phase: str
    lens_tag: str | None
    check: int | None
    verdict: str | None


class HealthAnswer(BaseModel):
    """Whether station and records answer."""

    station: str
    records: bool


class Done(BaseModel):
    """It was done."""

    done: Literal[True] = True


class CsvAnswer(BaseModel):
    """What an import would do, or did."""

    rows: int
    added: int
    changed: int
    errors: list[str]
    imported: bool


class TokenAnswer(BaseModel):
    """A new token; its secret is given this once."""

    id: int
    name: str
    role: str
    secret: str


class WebhookAnswer(BaseModel):
    """A new webhook; the secret that signs its bodies is given this once."""

    id: int
    url: str
    secret: str


class AuditAnswer(BaseModel):
    """Lines of the audit trail, newest first."""

    lines: list[dict[str, Any]]


class BodyAnswer(Given):
    """A camera body."""

    tag: str
    serial: str
    maker: str
    model: str
    mount: str
    notes: str
    coc_um: float | None


class Bodies(BaseModel):
    """A page of camera bodies; ``next`` is the ``after`` of the next one."""

    bodies: list[BodyAnswer]
    next: str | None


class BaselineAnswer(Given):
    """A baseline: of a model if that is given, else of the lens; with no checks (``count`` 0) it was cleared."""

    id: int
    model: str | None
    focal_length_mm: float | None
    set_at: datetime
    set_by: str
    count: int
    shift_um_median: float | None
    shift_um_mad: float | None
    mtf50_lp_mm_median: float | None
    mtf50_lp_mm_mad: float | None


class Baselines(BaseModel):
    """Baselines set and cleared by hand, newest first."""

    baselines: list[BaselineAnswer]


class ChartBrief(BaseModel):
    """A printed chart: ``bar_mm`` by a ruler, ``blur_um`` its print's spread, with standard uncertainties; null where
    it was not measured. ``scale`` is 1 for a chart printed at 100 %.
    """

    chart: str
    scale: float | None
    bar_mm: float | None
    bar_u_mm: float | None
    blur_um: float | None
    blur_u_um: float | None


class Charts(BaseModel):
    """Printed charts that were seen or measured."""

    charts: list[ChartBrief]


class ReadingAnswer(Given):
    """A reading of a printed chart, in mm (bar) or µm (blur); without a value it was forgotten."""

    id: int
    kind: str
    value: float | None
    standard_u: float | None
    source: str
    made_at: datetime
    made_by: str


class ChartAnswer(ChartBrief):
    """A printed chart with all its readings, newest first."""

    readings: list[ReadingAnswer]


class SettingsAnswer(BaseModel):
    """Every setting: ``name``, ``value``, ``default`` and ``description``, all in words."""

    settings: list[dict[str, str]]


class AccessAnswer(BaseModel):
    """Paired phones and tokens that have not been revoked."""

    access: list[dict[str, Any]]


class Webhooks(BaseModel):
    """Webhooks that have not been removed."""

    webhooks: list[dict[str, Any]]


class GuideAnswer(Given):
    """A guided check that there is."""

    name: str
    title: str
    question: str
    about: str
    minutes: int
    lens: Literal["any", "zoom", "prime"]
    needs_lens: bool
    needs_body: bool
    chart_moves: bool


class SymptomAnswer(Given):
    """Something that was seen, and the guided checks that answer it, the one to do first in front."""

    key: str
    seen: str
    checks: list[str]
    why: str


class Guides(BaseModel):
    """All guided checks, and what was seen that leads to each."""

    guides: list[GuideAnswer]
    symptoms: list[SymptomAnswer]


class AdviceAnswer(Given):
    """A piece of advice: what brings it up, what to do, and what it costs to skip it."""

    code: str
    condition: str
    text: str
    skipped: str


class AdviceAnswers(BaseModel):
    """All advice, the cheapest first."""

    advice: list[AdviceAnswer]


class ProposalAnswer(BaseModel):
    """A guided check that a lens needs, and why."""

    guide: str
    why: str


class Proposals(BaseModel):
    """What a lens needs now, the most urgent first."""

    proposals: list[ProposalAnswer]


class RunSummary(BaseModel):
    """A run of a guided check in a list."""

    id: int
    uuid: str
    guide: str
    lens: str | None
    body: str | None
    operator: str | None
    status: Literal["active", "paused", "done", "left"]
    started_at: datetime
    ended_at: datetime | None
    verdict: str | None
    headline: str


class Runs(BaseModel):
    """A page of runs; ``next`` is the ``before`` of the next one."""

    runs: list[RunSummary]
    next: int | None


class RunWhole(BaseModel):
    """A run with everything kept of it; ``step`` is null once nothing is left to do."""

    model_config = ConfigDict(extra="allow")
    uuid: str
    procedure: str
    status: str
    number: int
    of: int
    step: dict[str, Any] | None
    finding: dict[str, Any] | None
