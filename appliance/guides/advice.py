"""Advice as a table: stable codes, the figures that bring each up, what to do, and what it costs to skip it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from appliance.guides.case import Case
from appliance.guides.finding import Finding


@dataclass(frozen=True)
class Rule:
    """One piece of advice.

    ``when`` is the condition on case and finding that brings it up by itself; ``condition`` says it in words, ``text``
    what to do, ``skipped`` what it would cost the house to skip it.
    """

    code: str
    condition: str
    when: Callable[[Case, Finding], bool]
    text: str
    skipped: str


RULES: tuple[Rule, ...] = ()


def advice_for(case: Case, finding: Finding) -> tuple[str, ...]:
    """Codes of the rules that this case and finding bring up, in the table's order: the cheapest first."""
    return tuple(rule.code for rule in RULES if rule.when(case, finding))
