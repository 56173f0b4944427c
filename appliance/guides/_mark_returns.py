"""Returns to one mark: scatter, backlash, slip, and the mark since the last visit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from math import hypot, sqrt
from statistics import fmean, median
from typing import Any

from appliance.focus.result import Reason, Verdict
from appliance.guides.case import Case, Observation
from appliance.guides.finding import Band, Figure, Finding, Plot, Series, not_yet
from appliance.guides.repeats import ONE_SIDED_95, Change, Estimate, Fit, Spread, by_approach, change_in, fit

RETURNS, LEAST_RETURNS = 5, 4
"""From each side; fewer leave the scatter's interval wider than any tolerance."""
BY_WIRE = "by wire"
SLIP_CHANCE = 0.002
"""That a slip is named where there is none."""
WORTH_TELLING = 0.1
"""Of the tolerance: a slip smaller than that is not named."""
BACKLASH_OF_TOLERANCE = 0.5
"""From there on each side lies a quarter of the tolerance off the middle: worth coming from one side always."""
REACH_SIGMA = 2.0
"""Nineteen of twenty returns of one side lie within it."""
SAME_MARK = 0.03
"""By so much may focal length and magnification differ from those of an earlier visit to be the same mark."""


@dataclass(frozen=True)
class Returns:
    """The returns in order, with what they say."""

    shots: tuple[Observation, ...]
    drive: str

    @property
    def from_far(self) -> list[bool]:
        """Which returns came from far."""
        return [int(shot.step.rsplit("-", 1)[1]) % 2 == 0 for shot in self.shots]

    @property
    def problem(self) -> str:
        """Why they give no figure; empty if they do."""
        far = sum(self.from_far)
        if min(far, len(self.shots) - far) < LEAST_RETURNS:
            return f"{LEAST_RETURNS} returns from near and {LEAST_RETURNS} from far are needed."
        if len({(shot.setup.focal_length_mm, shot.setup.f_number) for shot in self.shots}) > 1:
            return "The photos were taken at different focal lengths or apertures. Repeat them with one."
        m = [shot.magnification or 0.0 for shot in self.shots]
        return "Camera or chart moved. Fix both, then repeat." if max(m) > min(m) * (1 + SAME_MARK) else ""

    @cached_property
    def tolerance_um(self) -> float:
        """As the photos were judged by."""
        return median(shot.tolerance_um or 0.0 for shot in self.shots)

    @cached_property
    def slip(self) -> Change | None:
        """A step or trend over the returns, if it is surely there and worth telling."""
        values = [shot.shift_um for shot in self.shots]
        found = change_in(values, by_approach(self.from_far), SLIP_CHANCE)
        small = found is not None and abs(found.size.value) < WORTH_TELLING * self.tolerance_um
        return None if small else found

    @cached_property
    def fit(self) -> Fit:
        """Mark, backlash, and slip where there is one."""
        if self.slip is not None:
            return self.slip.fit
        return fit([shot.shift_um for shot in self.shots], by_approach(self.from_far))

    @property
    def mark(self) -> Estimate:
        """Where the mark lies, without what the photos share."""
        return self.fit.estimate(0)

    @property
    def backlash(self) -> Estimate:
        """mean(from far) − mean(from near)."""
        return self.fit.estimate(1)

    @property
    def spread(self) -> Spread:
        """Scatter of returns from one side, without the noise of photos."""
        noise = sqrt(fmean(shot.u_photo_um**2 for shot in self.shots))
        return Spread(self.fit.sigma, self.fit.dof, noise)

    @property
    def reach(self) -> Estimate:
        """The farthest that nineteen of twenty returns lie from the mark's middle."""
        sigma, u_sigma = self.spread.value, self.fit.sigma / sqrt(2 * self.fit.dof)
        value = abs(self.backlash.value) / 2 + REACH_SIGMA * sigma
        return Estimate(value, hypot(self.backlash.u / 2, REACH_SIGMA * u_sigma), self.fit.dof)

    @property
    def u_shared_um(self) -> float:
        """Standard uncertainty that all photos of the visit share."""
        return median(shot.u_shared_um for shot in self.shots)


def returns_finding(case: Case) -> Finding:
    """The finding of returns to one mark."""
    keys = [f"return-{j + 1}" for j in range(2 * int(case.number("setup", "returns", RETURNS)))]
    found = Returns(tuple(case.photos[key] for key in keys if key in case.photos), case.lens.focus_drive)
    if found.problem:
        return not_yet(found.problem)
    moved = _moved(case, found)
    causes = _causes(found, moved)
    verdict = _verdict(found, moved)
    return Finding(
        verdict,
        _headline(found, verdict),
        tuple(_figures(found, moved)),
        tuple(causes),
        _advice(causes, verdict),
        _next(causes, verdict),
        (_plot(found),),
        signed=False,
        data={"mode": "repeat", "marks": _marks(case, found)},
    )


def _verdict(found: Returns, moved: Estimate | None) -> Verdict:
    estimates = [found.reach, found.slip.size if found.slip else None, moved]
    judged = {one.decide(found.tolerance_um) for one in estimates if one is not None}
    if judged & {Verdict.FAIL_BACK, Verdict.FAIL_FRONT}:
        return Verdict.FAIL_BACK
    return Verdict.RETEST if Verdict.RETEST in judged else Verdict.PASS


def _causes(found: Returns, moved: Estimate | None) -> list[Reason]:
    tolerance, told = found.tolerance_um, []
    if found.slip is not None:
        told.append(_slipped(found.slip, found.drive))
    if found.spread.bound(1 - ONE_SIDED_95) > tolerance / REACH_SIGMA:
        told.append(
            Reason("RETURN_SCATTER", "Returns from one side differ by more than the tolerance allows.")
        )
    lash = found.backlash
    if abs(lash.value) - lash.half_width(ONE_SIDED_95) > BACKLASH_OF_TOLERANCE * tolerance:
        way = "farther" if lash.value > 0 else "nearer"
        told.append(Reason("BACKLASH", f"Coming from far, focus ends {way} than coming from near."))
    if moved is not None and moved.decide(tolerance) in (Verdict.FAIL_BACK, Verdict.FAIL_FRONT):
        way = "farther" if moved.value > 0 else "nearer"
        told.append(Reason("MARK_MOVED", f"The mark now focuses {way} than at the last visit."))
    return told


def _slipped(slip: Change, drive: str) -> Reason:
    way = "farther" if slip.size.value > 0 else "nearer"
    how = f"by {abs(slip.size.value):.0f} µm {way}"
    how += f", from return {slip.at + 1} on" if slip.kind == "step" else ", little by little"
    if drive == BY_WIRE:
        return Reason("WIRE_DRIFT", f"The lens focuses by wire, and its zero drifted {how}. No gear slipped.")
    code = "SLIP_STEP" if slip.kind == "step" else "SLIP_TREND"
    unsure = "" if drive else " (or, if it focuses by wire, its zero drifted)"
    return Reason(code, f"Ring or gear slipped {how}{unsure}.")


def _advice(causes: list[Reason], verdict: Verdict) -> tuple[str, ...]:
    """What each cause calls for; a lens that keeps its tolerance is not sent to the service for what is remarked."""
    of = {
        "SLIP_STEP": ("LOCK_SCREW", "REPEAT_RUN"),
        "SLIP_TREND": ("LOCK_SCREW", "REPEAT_RUN"),
        "WIRE_DRIFT": ("FIRMWARE", "REPEAT_RUN"),
        "RETURN_SCATTER": ("LOCK_SCREW",),
        "BACKLASH": ("SERVICE",),
        "MARK_MOVED": ("RE_SEAT", "SERVICE"),
    }
    wanted = dict.fromkeys(code for cause in causes for code in of[cause.code])
    return tuple(code for code in wanted if code != "SERVICE" or verdict is not Verdict.PASS)


def _next(causes: list[Reason], verdict: Verdict) -> str:
    codes = {cause.code for cause in causes}
    if codes & {"SLIP_STEP", "SLIP_TREND"}:
        return "Tighten gear, ring and follow focus, set the mark anew, then repeat."
    if "WIRE_DRIFT" in codes:
        return "Set the marks anew each time the lens was switched on, or use a lens with a geared ring."
    if "MARK_MOVED" in codes:
        return (
            "Seat the lens again and repeat; if it stays, set the mark anew and hand the lens to the service."
        )
    if codes:
        same_side = "Always come to the mark from the same side"
        passed = verdict is Verdict.PASS
        return (
            f"{same_side}." if passed else f"{same_side}; hand the lens to the service if that is not enough."
        )
    return "Nothing to do." if verdict is Verdict.PASS else "Too close to tell: repeat with more returns."


def _headline(found: Returns, verdict: Verdict) -> str:
    lash, spread = found.backlash, found.spread
    words = f"scatter {spread.value:.1f} µm, backlash {lash.value:+.1f} ± {lash.u95:.1f} µm"
    start = {Verdict.PASS: "Focus comes back", Verdict.RETEST: "Too close to tell"}
    return f"{start.get(verdict, 'Focus does not come back well enough')}: {words}."


def _figures(found: Returns, moved: Estimate | None) -> list[Figure]:
    spread, lash, mark = found.spread, found.backlash, found.mark.with_shared(found.u_shared_um)
    figures = [
        Figure(
            "scatter_um",
            "Scatter of returns (1 σ)",
            spread.value,
            None,
            "µm",
            low=spread.low,
            high=spread.high,
        ),
        Figure("backlash_um", "Backlash, from far minus from near", lash.value, lash.u95, "µm"),
        Figure("reach_um", "Farthest returns from the mark", found.reach.value, None, "µm", main=False),
        Figure("mark_um", "Where the mark focuses", mark.value, mark.u95, "µm", main=False),
        Figure("tolerance_um", "Tolerance ±", found.tolerance_um, None, "µm", main=False),
    ]
    if found.slip is not None:
        size = found.slip.size
        figures.append(Figure("slip_um", "Slip, + farther", size.value, size.u95, "µm"))
    if moved is not None:
        figures.append(
            Figure("moved_um", "Mark since the last visit, + farther", moved.value, moved.u95, "µm")
        )
    return figures


def _moved(case: Case, found: Returns) -> Estimate | None:
    """Change of the mark since the last visit; None if that did not have it, or had it at another place."""
    before = kept_marks(case).get(case.word("setup", "mark"))
    now = _mark(found)
    if before is None or not all(
        abs(now[name] / before[name] - 1) <= SAME_MARK for name in ("focal_length_mm", "magnification")
    ):
        return None
    own = Estimate(now["mark_um"] - before["mark_um"], hypot(now["u_um"], before["u_um"]), found.fit.dof)
    return own.with_shared(hypot(now["u_shared_um"], before["u_shared_um"]))


def _mark(found: Returns) -> dict[str, Any]:
    first = found.shots[0]
    return {
        "mark_um": found.mark.value,
        "u_um": found.mark.u,
        "u_shared_um": found.u_shared_um,
        "backlash_um": found.backlash.value,
        "scatter_um": found.spread.value,
        "focal_length_mm": first.setup.focal_length_mm,
        "magnification": median(shot.magnification or 0.0 for shot in found.shots),
        "distance_mm": first.setup.distance_mm,
        "at": first.at.isoformat(),
    }


def kept_marks(case: Case) -> dict[str, Mapping[str, Any]]:
    """Marks of earlier visits by name, each as it was last."""
    kept: dict[str, Mapping[str, Any]] = {}
    for past in reversed(case.past):
        kept |= past.finding.data.get("marks", {})
    return kept


def _marks(case: Case, found: Returns) -> dict[str, Mapping[str, Any]]:
    return {**kept_marks(case), case.word("setup", "mark"): _mark(found)}


def _plot(found: Returns) -> Plot:
    series = []
    for far in (False, True):
        x = tuple(float(j + 1) for j, is_far in enumerate(found.from_far) if is_far is far)
        shots = [shot for shot, is_far in zip(found.shots, found.from_far, strict=True) if is_far is far]
        bars = tuple(1.96 * shot.u_photo_um for shot in shots)
        series.append(Series("from far" if far else "from near", x, tuple(s.shift_um for s in shots), bars))
    if found.slip is not None:
        lash = [found.backlash.value * (0.5 if far else -0.5) for far in found.from_far]
        values = [s.shift_um - r - b for s, r, b in zip(found.shots, found.fit.residuals, lash, strict=True)]
        series.append(
            Series(
                "slip",
                tuple(float(j + 1) for j in range(len(values))),
                tuple(map(float, values)),
                style="line",
            )
        )
    middle, tolerance = found.mark.value, found.tolerance_um
    band = Band(middle - tolerance, middle + tolerance, "tolerance")
    return Plot("Returns to the mark", "Return", "Image shift (µm), + behind", tuple(series), (band,))
