"""Returns to a mark and tables of marks through whole photos: twenty rings, eight to sixteen photos each."""

from __future__ import annotations

from dataclasses import replace

from appliance.guides.case import Case
from appliance.guides.return_to_mark import PROCEDURE
from tests.benchmark import guide_photos, guided
from tests.benchmark.guide_photos import photographed_base
from tests.benchmark.guide_return_to_mark import answers_of, misread, ring, truth_of
from tests.benchmark.report import Table
from tests.benchmark.trials import Options

RUNS = 20


def draw(seed: int) -> tuple[Case, guided.Truth]:
    """A run with its truth; marks are not followed to a second visit here."""
    told = ring(
        seed,
        f_numbers=(1.4, 2.0),
        coc_um=(12.0, 15.0),
        distances=(25.0, 27.0),
        kinds=("none", "backlash", "step", "trend", "scatter", "calibrate"),
    )
    told = replace(told, world=replace(told.world, base=photographed_base(told.world.base)))
    case = guide_photos.walk(PROCEDURE, Case(told.setup, told.lens), told.world, answers_of(told))
    case = misread(told, case) if told.kind == "calibrate" else case
    return case, truth_of(told)


def table(options: Options) -> Table:
    """The table of ``--only guide_photos_return_to_mark``."""
    count = min(options.count or RUNS, RUNS)
    return guided.table("guide_photos_return_to_mark", PROCEDURE, draw, replace(options, count=count))
