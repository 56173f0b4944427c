"""What the API takes: queries and bodies, checked before anything is done with them."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from appliance.store.lens_csv import LONGEST_NOTES, LONGEST_TEXT
from appliance.store.tags import LONGEST_TAG
from appliance.web.api._routes import Strict

PRINTABLE = r"^[ -~\u00a0-\ud7ff]*$"
Text = Annotated[str, Field(max_length=LONGEST_TEXT, pattern=PRINTABLE)]
Tag = Annotated[str, Field(min_length=1, max_length=LONGEST_TAG, pattern=r"^[!-~]([ -~]*[!-~])?$")]
Note = Annotated[str, Field(max_length=500, pattern=PRINTABLE)]
Reason = Annotated[str, Field(min_length=1, max_length=500, pattern=r"^[!-~][ -~]*$")]
Number = Annotated[int, Field(ge=1, lt=2**62)]
Verdicts = Literal["PASS", "FAIL", "FAIL_BACK", "FAIL_FRONT", "RETEST", "INVALID"]


class CheckFilter(Strict):
    """Which checks are wanted; everything left out is all of them."""

    lens: Text = ""
    model: Text = ""
    verdict: Verdicts | None = None
    operator: Text = ""
    visit: Number | None = None
    rental: Text = ""
    since: date | None = None
    until: date | None = None
    body: Text = ""
    q: Text = ""


class CheckQuery(CheckFilter):
    """Filter and page of checks."""

    before: Number | None = None
    limit: int = Field(25, ge=1, le=200)


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
    squeeze: float | None = Field(None, ge=1, le=2.5)
    iris: Literal["", "manual", "electronic"] | None = None
    focus_drive: Literal["", "ring", "by wire", "motor"] | None = None


class NewLens(LensFields):
    """A lens to be added."""

    tag: Tag


class StatusBody(Strict):
    """A lens's new state; a note is needed to clear it from maintenance."""

    status: Literal["in service", "maintenance", "retired"]
    note: Note = ""


class AdjustmentBody(Strict):
    """Something turned, shimmed or set."""

    kind: Literal["shim", "ring turn", "AF fine-tune", "other"]
    amount: float | None = Field(None, ge=-1e6, le=1e6)
    note: Note = ""


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


class VoidBody(Strict):
    """Why a check does not count."""

    reason: Reason


class BenchBody(Strict):
    """The lens on the bench; null for none."""

    lens: Tag | None = None


class FocusBody(Strict):
    """What focus assist is to do."""

    do: Literal["assist", "align", "stop", "reset"]


class CsvBody(Strict):
    """Lenses as CSV; nothing is imported unless ``sure`` and every row can be taken."""

    csv: str = Field(max_length=2_000_000)
    sure: bool = False


class TokenBody(Strict):
    """An API token to make."""

    name: Annotated[str, Field(min_length=1, max_length=60, pattern=r"^[!-~]([ -~]*[!-~])?$")]
    role: Literal["reader", "operator", "admin"]


class WebhookBody(Strict):
    """Where to send each check."""

    url: Annotated[str, Field(max_length=500)]


class AuditQuery(Strict):
    """Page of the audit trail."""

    before: Number | None = None
    limit: int = Field(100, ge=1, le=500)


class BodyQuery(Strict):
    """Search and page of camera bodies."""

    q: Text = ""
    after: Annotated[str, Field(max_length=LONGEST_TAG)] = ""
    limit: int = Field(50, ge=1, le=200)


class BodyFields(Strict):
    """What can be said of a camera body; what is left out stays as it is."""

    serial: Text | None = None
    maker: Text | None = None
    model: Text | None = None
    mount: Text | None = None
    notes: Annotated[str, Field(max_length=LONGEST_NOTES, pattern=PRINTABLE)] | None = None
    coc_um: float | None = Field(None, ge=0.5, le=200)


class NewBody(BodyFields):
    """A camera body to be added."""

    tag: Tag


class BenchBodyBody(Strict):
    """The camera body that the lens on the bench is tested for; null for none."""

    body: Tag | None = None


class BaselineBody(Strict):
    """Whose baseline, and at which focal length; that of the newest check if left out."""

    of: Literal["lens", "model"] = "lens"
    focal_length_mm: float | None = Field(None, gt=0, le=5000)


class BarBody(Strict):
    """What a ruler reads on the chart's bar of 100 mm, and how well (95 %), mm."""

    bar_mm: float = Field(gt=0, le=10_000)
    u95_mm: float = Field(0.2, gt=0, le=10)


class BlurBody(Strict):
    """The print's spread on paper (1 σ, µm) with its standard uncertainty, or the check to take it from."""

    blur_um: float | None = Field(None, gt=0, le=1000)
    blur_u_um: float | None = Field(None, gt=0, le=1000)
    check: Number | None = None


class ReadingBody(Strict):
    """Which reading of a printed chart: of its ``bar``, or its print's ``blur``."""

    kind: Literal["bar", "blur"]


class LabelQuery(Strict):
    """Which lenses get a label: those of ``tags``, by commas, else those of a search."""

    tags: Annotated[str, Field(max_length=20_000)] = ""
    q: Text = ""
    sheet: Literal["a4-3x8", "a4-5x13", "letter-3x10"] = "a4-3x8"
    skip: int = Field(0, ge=0, le=200)


GuideName = Annotated[str, Field(min_length=1, max_length=40, pattern=r"^[a-z0-9-]+$")]


class RunQuery(Strict):
    """Which runs of guided checks are wanted; everything left out is all of them."""

    lens: Annotated[str, Field(max_length=LONGEST_TAG)] = ""
    guide: Annotated[str, Field(max_length=40)] = ""
    open: bool = False
    before: Number | None = None
    limit: int = Field(25, ge=1, le=200)


class NewRun(Strict):
    """A guided check to start; lens and body on the bench unless others are named."""

    guide: GuideName
    lens: Tag | None = None
    body: Tag | None = None


class RunAction(Strict):
    """What to do with a run: ``step`` says at which step, ``values`` answer what it asks, by input."""

    do: Literal["press", "answer", "done", "skip", "redo", "pause", "resume", "conclude", "leave", "close"]
    step: Annotated[str, Field(max_length=60, pattern=PRINTABLE)] = ""
    values: dict[str, float | str] = Field(default_factory=dict, max_length=20)


class SettingBody(Strict):
    """What the lens on the bench is set to; null: as records and settings say."""

    focal_length_mm: float | None = Field(None, ge=1, le=5000)
    f_number: float | None = Field(None, ge=0.5, le=64)
