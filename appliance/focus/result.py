"""The values that leave a measurement: verdict, figures with uncertainties, reasons, and the curve behind them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from typing import Any

from appliance.focus.printed_chart import ANY_CHART, Print, prints_of
from appliance.focus.trace import Step


class Verdict(StrEnum):
    """What a check says of the lens."""

    PASS = "PASS"
    FAIL_BACK = "FAIL_BACK"
    FAIL_FRONT = "FAIL_FRONT"
    RETEST = "RETEST"
    INVALID = "INVALID"

    @property
    def exit_status(self) -> int:
        """Exit status of a command that ends with this verdict: 0 PASS, 1 FAIL, 3 RETEST, 4 INVALID."""
        return {"PASS": 0, "FAIL_BACK": 1, "FAIL_FRONT": 1, "RETEST": 3, "INVALID": 4}[self.value]

    @property
    def words(self) -> str:
        """The verdict as it stands on the OLED and the page: ``FAIL BACK``."""
        return self.value.replace("_", " ")


@dataclass(frozen=True)
class Reason:
    """Why a verdict is what it is: a stable ``code`` and a sentence ``text`` with what to do."""

    code: str
    text: str


@dataclass(frozen=True)
class Setup:
    """What the user says about lens, sensor and tolerance.

    ``tolerance_um`` None means ± working f-number × ``coc_um`` (image side, µm).
    ``distance_mm`` is from the sensor plane to the aim point, if the user gave it.
    ``chart_flatness_mm`` and ``aim_u_mm`` are standard uncertainties (1 σ) that no photo can show.
    """

    focal_length_mm: float
    f_number: float
    pixel_pitch_um: float
    coc_um: float = 15.0
    tolerance_um: float | None = None
    distance_mm: float | None = None
    chart_flatness_mm: float = 0.0
    aim_u_mm: float = 0.0
    remount_u_um: float = 0.0
    print_blur_um: float | None = None
    """Spread (1 σ) of the edges of a chart that has no record of its own, µm on paper."""
    print_blur_u_um: float | None = None
    prints: Mapping[str, Print] = field(default_factory=dict, hash=False)
    """What is known of printed charts, by the title of their layout; ``ANY_CHART`` is for all others."""

    def print_of(self, title: str) -> Print:
        """What is known of the chart of that title."""
        return self.prints.get(title) or self.prints.get(ANY_CHART) or Print()

    def with_print_of(self, title: str | None) -> Setup:
        """The set-up of a check that showed the chart of that title: that print alone, and its spread."""
        found = self.print_of(title or ANY_CHART)
        own = replace(self, prints={} if title is None or found == Print() else {title: found})
        if found.blur_um is None:
            return own
        return replace(own, print_blur_um=found.blur_um, print_blur_u_um=found.blur_u_um)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Setup:
        """Rebuild a set-up from ``dataclasses.asdict``, as stored."""
        return cls(**{**data, "prints": prints_of(data.get("prints", {}))})

    def with_pitch(self, pixel_pitch_um: float) -> Setup:
        """The same lens before a sensor of another pixel pitch."""
        return replace(self, pixel_pitch_um=pixel_pitch_um)


@dataclass(frozen=True)
class EdgePoint:
    """One measured edge segment: where it is in the photo, how deep it lies, how sharp it is.

    ``x1, y1, x2, y2`` px in the full picture; ``depth_mm`` from the aim point, > 0 away from the camera.
    """

    x1: float
    y1: float
    x2: float
    y2: float
    depth_mm: float
    mtf50_cpp: float | None
    mtf50_cpp_sd: float | None
    contrast: float | None
    contrast_sd: float | None
    """``contrast`` is the SFR at the frequency ``Curve.frequency_cpp``, with its standard deviation; None where
    the edge was left out."""
    across_tilt: bool
    """True for edges that run across the tilt (constant depth), False for those along it."""
    used: bool


@dataclass(frozen=True)
class Curve:
    """Through-focus curve for the plot: the model's SFR at ``frequency_cpp`` against depth from the aim point."""

    frequency_cpp: float
    depth_mm: tuple[float, ...]
    contrast: tuple[float, ...]


@dataclass(frozen=True)
class Result:
    """One check's outcome. Lengths in mm on the object side, µm on the image side; U95 are 95 % half-widths."""

    verdict: Verdict
    reasons: tuple[Reason, ...]
    focus_error_mm: float | None = None
    focus_error_mm_u95: float | None = None
    focus_error_mm_at_least: float | None = None
    """Signed bound where focus may lie beyond the chart: e ≥ this if positive, e ≤ this if negative; at 0 the verdict
    alone tells the side. Unlike the end of a 95 % interval, the truth falls short of it once in a thousand checks."""
    image_shift_um: float | None = None
    image_shift_um_u95: float | None = None
    tolerance_um: float | None = None
    tolerance_text: str = ""
    """Where the tolerance comes from, in words."""
    depth_of_focus_um: float | None = None
    """Single-side depth of focus, working f-number × c, µm."""
    magnification: float | None = None
    chart_tilt_deg: float | None = None
    focal_length_measured_mm: float | None = None
    mtf50_peak_cpp: float | None = None
    edges_used: int = 0
    frames_used: int = 0
    chart: str | None = None
    """Layout name and version of the chart in the photo, ``a4-general v1``."""
    print_text: str = ""
    """What is known of the size of that print, in words."""
    aim_px: tuple[float, float] | None = None
    picture_px: tuple[int, int] | None = None
    edges: tuple[EdgePoint, ...] = ()
    curve: Curve | None = None
    budget_um: Mapping[str, float] = field(default_factory=dict)
    """Standard uncertainties (1 σ, µm image side) by name; their root sum of squares is u."""
    figures: Mapping[str, float] = field(default_factory=dict)
    """Further figures by name with unit suffix (astigmatism_um, field_tilt_corner_um, …)."""
    trace: tuple[Step, ...] = field(default=(), compare=False)
    """How the result came about, stage by stage; not kept with it."""

    @property
    def side(self) -> int:
        """1 where focus lies behind the aim point, −1 in front of it, 0 if there is neither a figure nor a bound."""
        if self.verdict in (Verdict.FAIL_BACK, Verdict.FAIL_FRONT):
            return 1 if self.verdict is Verdict.FAIL_BACK else -1
        known = self.focus_error_mm if self.focus_error_mm is not None else self.focus_error_mm_at_least
        return 0 if not known else (1 if known > 0 else -1)

    @property
    def bounded(self) -> bool:
        """Whether there is no figure, but a bound or at least a side."""
        return self.focus_error_mm is None and self.focus_error_mm_at_least is not None and self.side != 0

    def to_dict(self, *, edges: bool = False) -> dict[str, Any]:
        """JSON-ready dictionary; the per-edge data and the curve only if ``edges``."""
        data = asdict(self)
        data["verdict"] = self.verdict.value
        data["reasons"] = [asdict(reason) for reason in self.reasons]
        del data["trace"]
        data["budget_um"] = dict(self.budget_um)
        data["figures"] = dict(self.figures)
        if not edges:
            del data["edges"], data["curve"]
        return data

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Result:
        """Rebuild a result from :meth:`to_dict` with ``edges=True`` (as stored)."""
        values = dict(data)
        values["verdict"] = Verdict(values["verdict"])
        values["reasons"] = tuple(Reason(**reason) for reason in values.get("reasons", ()))
        values["edges"] = tuple(EdgePoint(**edge) for edge in values.get("edges", ()))
        curve = values.get("curve")
        values["curve"] = (
            Curve(curve["frequency_cpp"], tuple(curve["depth_mm"]), tuple(curve["contrast"]))
            if curve
            else None
        )
        for name in ("aim_px", "picture_px"):
            if values.get(name) is not None:
                values[name] = tuple(values[name])
        return cls(**values)
