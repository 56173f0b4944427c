"""What the API takes and gives."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from appliance.store.lens_csv import LONGEST_NOTES, LONGEST_TAG, LONGEST_TEXT
from appliance.web.api._routes import Strict

PRINTABLE = r"^[ -~\u00a0-\ud7ff]*$"
Text = Annotated[str, Field(max_length=LONGEST_TEXT, pattern=PRINTABLE)]
Tag = Annotated[str, Field(min_length=1, max_length=LONGEST_TAG, pattern=r"^[!-~]([ -~]*[!-~])?$")]
Note = Annotated[str, Field(max_length=500, pattern=PRINTABLE)]
Reason = Annotated[str, Field(min_length=1, max_length=500, pattern=r"^[!-~][ -~]*$")]
Number = Annotated[int, Field(ge=1, lt=2**62)]
Verdicts = Literal["PASS", "FAIL", "FAIL_BACK", "FAIL_FRONT", "RETEST", "INVALID"]


class Given(BaseModel):
    """Base of what is given."""

    model_config = ConfigDict(from_attributes=True)


class CheckQuery(Strict):
    """Filter and page of checks."""

    lens: Text = ""
    model: Text = ""
    verdict: Verdicts | None = None
    operator: Text = ""
    visit: Number | None = None
    rental: Text = ""
    since: date | None = None
    until: date | None = None
    q: Text = ""
    before: Number | None = None
    limit: int = Field(25, ge=1, le=200)


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


class LensQuery(Strict):
    """Search and page of lenses."""

    q: Text = ""
    status: Literal["", "in service", "maintenance", "retired"] = ""
    after: Annotated[str, Field(max_length=LONGEST_TAG)] = ""
    limit: int = Field(50, ge=1, le=200)


class LensFields(Strict):
    """What can be said of a lens; what is left out stays as it is."""

    serial: Text | None = None
    maker: Text | None = None
    model: Text | None = None
    mount: Text | None = None
    notes: Annotated[str, Field(max_length=LONGEST_NOTES, pattern=PRINTABLE)] | None = None
    focal_min_mm: float | None = Field(None, ge=1, le=5000)
    focal_max_mm: float | None = Field(None, ge=1, le=5000)
    max_aperture: float | None = Field(None, ge=0.5, le=64)
    coc_um: float | None = Field(None, ge=0.5, le=200)
    tolerance_um: float | None = Field(None, ge=0.5, le=1000)
    check_every_days: int | None = Field(None, ge=1, le=3650)


class NewLens(LensFields):
    """A lens to be added."""

    tag: Tag


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


class StatusBody(Strict):
    """A lens's new state; a note is needed to clear it from maintenance."""

    status: Literal["in service", "maintenance", "retired"]
    note: Note = ""


class AdjustmentBody(Strict):
    """Something turned, shimmed or set."""

    kind: Literal["shim", "ring turn", "AF fine-tune", "other"]
    amount: float | None = Field(None, ge=-1e6, le=1e6)
    note: Note = ""


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


class VisitQuery(Strict):
    """Page of visits."""

    open: bool = False
    before: Number | None = None
    limit: int = Field(25, ge=1, le=200)


class VisitBody(Strict):
    """A visit to begin."""

    lens: Tag
    kind: Literal["check-out", "return"]
    rental: Text = ""


class DoneBody(Strict):
    """What is to be noted at the end of a visit."""

    note: Note = ""


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


class VoidBody(Strict):
    """Why a check does not count."""

    reason: Reason


class BenchBody(Strict):
    """The lens on the bench; null for none."""

    lens: Tag | None = None


class FocusBody(Strict):
    """What focus assist is to do."""

    do: Literal["assist", "align", "stop", "reset"]


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


class CsvBody(Strict):
    """Lenses as CSV; nothing is imported unless ``sure`` and every row can be taken."""

    csv: str = Field(max_length=2_000_000)
    sure: bool = False


class CsvAnswer(BaseModel):
    """What an import would do, or did."""

    rows: int
    added: int
    changed: int
    errors: list[str]
    imported: bool


class TokenBody(Strict):
    """An API token to make."""

    name: Annotated[str, Field(min_length=1, max_length=60, pattern=r"^[!-~]([ -~]*[!-~])?$")]
    role: Literal["reader", "operator", "admin"]


class TokenAnswer(BaseModel):
    """A new token; its secret is given this once."""

    id: int
    name: str
    role: str
    secret: str


class WebhookBody(Strict):
    """Where to send each check."""

    url: Annotated[str, Field(max_length=500)]


class WebhookAnswer(BaseModel):
    """A new webhook; the secret that signs its bodies is given this once."""

    id: int
    url: str
    secret: str


class AuditAnswer(BaseModel):
    """Lines of the audit trail, newest first."""

    lines: list[dict[str, Any]]


class AuditQuery(Strict):
    """Page of the audit trail."""

    before: Number | None = None
    limit: int = Field(100, ge=1, le=500)
