"""Records as guided checks know them."""

from __future__ import annotations

from appliance.guides.case import LensFacts
from appliance.store.house import Lens


def lens_facts(lens: Lens | None) -> LensFacts:
    """What the records say of a lens."""
    if lens is None:
        return LensFacts()
    return LensFacts(**{name: getattr(lens, name) for name in LensFacts.__dataclass_fields__})
