"""All procedures by name; each is a module of this package with a ``PROCEDURE``."""

from __future__ import annotations

from functools import cache
from importlib import import_module

from appliance.errors import UsageError
from appliance.guides.procedure import Procedure

MODULES: tuple[str, ...] = (
    "back_focus",
    "witness_marks",
    "autofocus",
    "aperture_series",
    "breathing",
    "focus_lock",
    "return_to_mark",
    "body_or_lens",
    "tilt",
    "temperature",
    "golden",
    "gauge",
)
"""In the order in which they are offered."""


@cache
def procedures() -> dict[str, Procedure]:
    """All procedures by name, in the order in which they are offered."""
    found = [import_module(f"appliance.guides.{module}").PROCEDURE for module in MODULES]
    return {procedure.name: procedure for procedure in found}


def procedure_named(name: str) -> Procedure:
    """The procedure of that name.

    Raises
    ------
    UsageError
        If there is none.
    """
    known = procedures()
    if name not in known:
        raise UsageError(f"There is no guided check {name!r}. There are: {', '.join(known)}.")
    return known[name]
