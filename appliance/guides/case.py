"""What a procedure knows when it is asked for steps or conclusion: the lens, the answers, the photos, the past."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from math import hypot
from typing import Any

from appliance import optics
from appliance.focus.result import Curve, Result, Setup, Verdict
from appliance.guides.finding import Finding

COVERAGE_95 = 1.96
"""Of a normal distribution, as in a check's own intervals."""
PER_PHOTO = ("noise",)
"""Terms of a check's budget that differ from photo to photo of one set-up; all others are shared by its photos."""
ON_CHART = ("chart_flatness", "aim", "print_scale")
"""Terms that are lengths at the chart: the same millimetres whatever lens looks at it."""


@dataclass(frozen=True)
class LensFacts:
    """What the records say of the lens; None and empty where they say nothing."""

    tag: str | None = None
    maker: str = ""
    model: str = ""
    mount: str = ""
    focal_min_mm: float | None = None
    focal_max_mm: float | None = None
    max_aperture: float | None = None
    squeeze: float = 1.0
    iris: str = ""
    """``manual`` or ``electronic``."""
    focus_drive: str = ""
    """``ring``, ``by wire``, or ``motor`` (autofocus)."""

    @property
    def zoom(self) -> bool:
        """Whether it has more than one focal length, as far as is known."""
        return self.focal_max_mm is not None and self.focal_max_mm != self.focal_min_mm


@dataclass(frozen=True)
class BodyFacts:
    """What the records say of the camera body."""

    tag: str | None = None
    maker: str = ""
    model: str = ""


@dataclass(frozen=True)
class Observation:
    """One photo of a run, as its check was stored. Lengths in mm at the chart, µm at the sensor; signs as everywhere.

    ``image_shift_um`` is None where only ``side`` (1 behind, −1 in front of the aim point, 0 unknown) is known.
    """

    step: str
    sequence: int
    at: datetime
    setup: Setup
    verdict: Verdict
    image_shift_um: float | None
    focus_error_mm: float | None
    side: int
    tolerance_um: float | None
    magnification: float | None
    budget_um: Mapping[str, float] = field(default_factory=dict)
    figures: Mapping[str, float] = field(default_factory=dict)
    reasons: tuple[str, ...] = ()
    mtf50_cpp: float | None = None
    temperature_c: float | None = None
    lens_tag: str | None = None
    body_tag: str | None = None
    operator: str | None = None
    chart_tilt_deg: float | None = None
    picture_px: tuple[int, int] | None = None
    curve: Curve | None = None
    """The through-focus curve, where the check kept one."""

    @classmethod
    def of(
        cls, step: str, sequence: int, at: datetime, setup: Setup, result: Result, **more: Any
    ) -> Observation:
        """From a stored check's set-up and result; ``more``: temperature, tags, operator."""
        return cls(
            step,
            sequence,
            at,
            setup,
            result.verdict,
            result.image_shift_um,
            result.focus_error_mm,
            result.side,
            result.tolerance_um,
            result.magnification,
            dict(result.budget_um),
            dict(result.figures),
            tuple(reason.code for reason in result.reasons),
            result.mtf50_peak_cpp,
            chart_tilt_deg=result.chart_tilt_deg,
            picture_px=result.picture_px,
            **{"curve": result.curve, **more},
        )

    @property
    def shift_um(self) -> float:
        """The image-side shift; only of observations that have one."""
        if self.image_shift_um is None:
            raise ValueError(f"photo {self.sequence} has no figure")
        return self.image_shift_um

    @property
    def distances_mm(self) -> tuple[float, float]:
        """Object and image distance of the aim point, mm."""
        m, error = self.magnification, self.focus_error_mm
        if m is None or error is None:
            raise ValueError(f"photo {self.sequence} has no figure")
        return optics.aim_distances_mm(self.setup.focal_length_mm, m, error)

    @property
    def um_per_mm(self) -> float:
        """Image-side µm per mm of depth where focus lies."""
        object_mm, image_mm = self.distances_mm
        return optics.image_shift_um_per_mm(self.focus_error_mm or 0.0, object_mm, image_mm)

    @property
    def u_photo_um(self) -> float:
        """Standard uncertainty that is this photo's own: it differs in the next photo of the same set-up, µm."""
        return hypot(*(self.budget_um.get(name, 0.0) for name in PER_PHOTO))

    @property
    def u_shared_um(self) -> float:
        """Standard uncertainty that all photos of one set-up share, µm: pose, lens model, sensor, chart, aim."""
        return hypot(*(u for name, u in self.budget_um.items() if name not in PER_PHOTO))

    @property
    def u_chart_mm(self) -> float:
        """The part of ``u_shared_um`` that is a length at the chart, mm: the same for every focal length."""
        return hypot(*(self.budget_um.get(name, 0.0) for name in ON_CHART)) / self.um_per_mm

    @property
    def u_um(self) -> float:
        """Combined standard uncertainty, µm."""
        return hypot(self.u_photo_um, self.u_shared_um)


@dataclass(frozen=True)
class Past:
    """An earlier finding of the same procedure for the same lens (and body, where one is named)."""

    uuid: str
    at: datetime
    finding: Finding
    body_tag: str | None = None
    answers: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


@dataclass(frozen=True)
class Trend:
    """One check of the lens's history that procedures may draw on (temperature)."""

    sequence: int
    at: datetime
    image_shift_um: float
    u_um: float
    temperature_c: float | None
    focal_length_mm: float | None
    magnification: float | None = None


@dataclass(frozen=True)
class Case:
    """Everything a run has given so far. Procedures read it; only the engine makes one.

    ``answers`` are by step and input; ``photos`` by step, the newest of each that counts; ``done`` holds the keys of
    ``DO`` steps confirmed; ``skipped`` those left out.
    """

    setup: Setup
    lens: LensFacts = LensFacts()
    body: BodyFacts = BodyFacts()
    answers: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    photos: Mapping[str, Observation] = field(default_factory=dict)
    done: frozenset[str] = frozenset()
    skipped: frozenset[str] = frozenset()
    past: tuple[Past, ...] = ()
    """Newest first."""
    trend: tuple[Trend, ...] = ()
    """The lens's checks that count, oldest first; photos of guided checks are not among them."""

    def number(self, step: str, name: str, default: float = 0.0) -> float:
        """A number that was answered, or ``default``."""
        value = self.answers.get(step, {}).get(name)
        return default if value is None else float(value)

    def word(self, step: str, name: str, default: str = "") -> str:
        """A choice or text that was answered, or ``default``."""
        value = self.answers.get(step, {}).get(name)
        return default if value is None else str(value)

    def answered(self, step: str) -> bool:
        """Whether a question was answered."""
        return step in self.answers

    def handled(self, step: str) -> bool:
        """Whether a step is over: answered, done, photographed or skipped."""
        return step in self.answers or step in self.done or step in self.photos or step in self.skipped

    def with_photo(self, photo: Observation) -> Case:
        """The case after one more photo (used by simulations and tests as the engine does)."""
        return replace(self, photos={**self.photos, photo.step: photo})

    def with_answers(self, step: str, **values: Any) -> Case:
        """The case after one more answer."""
        return replace(self, answers={**self.answers, step: values})

    def with_done(self, step: str) -> Case:
        """The case after one more deed."""
        return replace(self, done=self.done | {step})
