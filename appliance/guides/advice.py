"""Advice as a table: stable codes, the figures that bring each up, what to do, and what it costs to skip it.

Codes are for ever: reports and other programs know them. A procedure may name a code itself (``Finding.advice``) where
only it can know; the conditions here bring codes up for every procedure by the figures and causes that it gives. The
texts stand in :mod:`appliance.guides.advice_texts`, by code, for translation.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from appliance.focus.result import Verdict
from appliance.guides.advice_texts import TEXTS
from appliance.guides.case import Case
from appliance.guides.finding import Finding

BEYOND_SHIMS_UM = 100.0
"""No shim set of a lens service reaches so far, and mounts are made to ± 10 to 20 µm: a sensor farther off than this
has the wrong adapter, or one that is not seated."""
TEMPERATURE_SPREAD_K = 3.0
"""Within one run: 52 mm of aluminium (a PL flange distance) grow 3.7 µm, a good part of a cine tolerance of 10 µm."""
STOPS_THAT_HELP = 2.0
"""Stopping down two stops widens the depth of focus fourfold; an error of up to twice the tolerance is then hidden with
as much to spare."""

When = Callable[[Case, Finding], bool]


@dataclass(frozen=True)
class Rule:
    """One piece of advice.

    ``when`` is the condition on case and finding that brings it up by itself; ``condition`` says it in words, ``text``
    what to do, ``skipped`` what it would cost the house to skip it.
    """

    code: str
    condition: str
    when: When
    text: str
    skipped: str


def _failed(finding: Finding) -> bool:
    return finding.verdict in (Verdict.FAIL_BACK, Verdict.FAIL_FRONT)


def _named(*codes: str) -> When:
    return lambda _, finding: any(finding.named(code) for code in codes)


def _seen(*codes: str) -> When:
    """Whether a photo that counts was given one of these reasons."""
    return lambda case, _: any(code in photo.reasons for photo in case.photos.values() for code in codes)


def _either(*conditions: When) -> When:
    return lambda case, finding: any(condition(case, finding) for condition in conditions)


def _both(*conditions: When) -> When:
    return lambda case, finding: all(condition(case, finding) for condition in conditions)


def _differs(*names: str) -> When:
    """Whether a figure's interval leaves zero out, in a run that failed."""

    def when(_: Case, finding: Finding) -> bool:
        found = [figure for name in names if (figure := finding.figure(name)) is not None]
        ends = [figure.interval for figure in found]
        return _failed(finding) and any(end is not None and end[0] * end[1] > 0 for end in ends)

    return when


def _adapter(_: Case, finding: Finding) -> bool:
    figure = finding.figure("flange_error_um")
    return figure is not None and abs(figure.value) - (figure.u95 or 0.0) > BEYOND_SHIMS_UM


def _stopping_down_helps(_: Case, finding: Finding) -> bool:
    tolerance = finding.figure("tolerance_um")
    errors = [
        figure
        for name in ("flange_error_um", "focus_error_um")
        if (figure := finding.figure(name)) is not None and figure.u95 is not None
    ]
    if not _failed(finding) or tolerance is None or not errors:
        return False
    limit = tolerance.value
    hidden = all(abs(e.value) + (e.u95 or 0.0) <= STOPS_THAT_HELP * limit for e in errors)
    return hidden and any(abs(e.value) > limit for e in errors)


def _temperatures_differ(case: Case, _: Finding) -> bool:
    known = [photo.temperature_c for photo in case.photos.values() if photo.temperature_c is not None]
    return bool(known) and max(known) - min(known) >= TEMPERATURE_SPREAD_K


def _too_close_to_tell(case: Case, finding: Finding) -> bool:
    return finding.verdict is Verdict.RETEST and bool(case.photos)


def _too_close_again(case: Case, finding: Finding) -> bool:
    return (
        _too_close_to_tell(case, finding)
        and bool(case.past)
        and case.past[0].finding.verdict is Verdict.RETEST
    )


def _with_body(case: Case, _: Finding) -> bool:
    return case.body.tag is not None


_CONDITIONS: tuple[tuple[str, When], ...] = (
    ("MORE_LIGHT", _either(_seen("TOO_DARK", "FLICKER", "CLIPPED"), _named("AF_HUNTING"))),
    ("RE_SEAT", _named("OUTLIER", "MOUNT_DIFFERS", "CONTRADICTION", "PAIR_DIFFERS")),
    ("CONTACTS", _both(_named("AF_MISSED", "AF_SCATTER", "AF_HUNTING"), _with_body)),
    ("BATTERY", _named("AF_SLOW")),
    ("ADAPTER", _adapter),
    ("TELECONVERTER", _seen("WRONG_LENS")),
    ("FIRMWARE", _named("OUT_OF_RANGE", "AF_APPROACH")),
    ("LOCK_SCREW", _named("RING_MOVED", "SLIP_STEP", "SLIP_TREND", "FOCUS_JUMP")),
    ("WARM_UP", _temperatures_differ),
    ("USE_LOCK", _named("AF_SCATTER", "AF_MISSED", "REFOCUS")),
    ("MORE_PHOTOS", _too_close_to_tell),
    ("MORE_PAIRS", _named("NOT_SETTLED")),
    ("REPEAT_RUN", _named("RING_MOVED", "CONTRADICTION", "WRONG_WAY", "NOT_ADJUSTED")),
    ("RETEST_LATER", _too_close_again),
    ("STOP_DOWN", _either(_stopping_down_helps, _named("FOCUS_SHIFT"))),
    ("FINE_TUNE", _both(_named("AF_BACK_FOCUS", "AF_FRONT_FOCUS"), _with_body)),
    ("RING_TURN", _differs("ring_turn_deg")),
    ("SHIM", _differs("shim_change_um")),
    ("SUSPECT_BODY", _named("BODY_OFF")),
    ("ALL_LENSES_OFF", _named("ALL_LENSES_OFF", "BENCH_MOVED", "GOLDEN_MOVED")),
    (
        "SERVICE",
        _named(
            *("CAM", "LENS_TILTED", "LENS_DECENTRED", "LENS_OFF"),
            *("SLIP_STEP", "SLIP_TREND", "FOCUS_JUMP", "FOCUS_LOST"),
        ),
    ),
)
"""The cheapest first: light and a clean mount before a shim, a shim before a service."""

RULES: tuple[Rule, ...] = tuple(
    Rule(code, TEXTS[code].condition, when, TEXTS[code].text, TEXTS[code].skipped)
    for code, when in _CONDITIONS
)


def advice_for(case: Case, finding: Finding) -> tuple[str, ...]:
    """Codes of the rules that this case and finding bring up, in the table's order: the cheapest first."""
    return tuple(rule.code for rule in RULES if rule.when(case, finding))


def rules_of(finding: Finding) -> tuple[Rule, ...]:
    """The rules that a finding advises, in its order; codes that only a newer version knows are left out."""
    known = {rule.code: rule for rule in RULES}
    return tuple(known[code] for code in finding.advice if code in known)
