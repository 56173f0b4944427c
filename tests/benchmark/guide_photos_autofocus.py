"""Autofocus pairs through whole photos: twenty pairs, eight shots or more each."""

from __future__ import annotations

from dataclasses import replace

from appliance.guides.autofocus import PROCEDURE
from appliance.guides.case import BodyFacts, Case, LensFacts
from tests.benchmark import guide_photos, guided
from tests.benchmark.guide_autofocus import pair, technician, truth_of
from tests.benchmark.guide_photos import photographed_base
from tests.benchmark.report import Table
from tests.benchmark.trials import Options

RUNS = 20


def draw(seed: int) -> tuple[Case, guided.Truth]:
    """A run with its truth; pairs that are off are left as they were found, to spare photos."""
    told = pair(seed, f_numbers=(1.4, 2.0), coc_um=(12.0, 15.0), distances=(25.0, 27.0))
    world = replace(told.world, base=photographed_base(told.world.base))
    start = Case(told.setup, LensFacts(max_aperture=told.setup.f_number), BodyFacts("B1"))
    case = guide_photos.walk(
        PROCEDURE, start, world, technician(told), until=lambda step: step.key.startswith("set-")
    )
    return case, truth_of(told, case, stopped=told.kind.startswith("offset"))


def table(options: Options) -> Table:
    """The table of ``--only guide_photos_autofocus``."""
    count = min(options.count or RUNS, RUNS)
    return guided.table("guide_photos_autofocus", PROCEDURE, draw, replace(options, count=count))
