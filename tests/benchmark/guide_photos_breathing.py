"""Breathing through whole photos: twenty lenses, six photos each, the ring set a little off each time."""

from __future__ import annotations

from dataclasses import replace

from appliance.guides.breathing import PROCEDURE
from appliance.guides.case import Case
from tests.benchmark import guided
from tests.benchmark.guide_breathing import drawn, true_percent
from tests.benchmark.guide_photos import walk
from tests.benchmark.report import Table
from tests.benchmark.trials import Options

RUNS = 20


def draw(seed: int) -> tuple[Case, guided.Truth]:
    """A run that is over, and what is true of it."""
    one, _ = drawn(seed)
    truth = guided.Truth({"breathing_percent": true_percent(one)}, faultless=True)
    world = replace(one.world, base=replace(one.world.base, roll_deg=1.5))
    return walk(PROCEDURE, Case(one.case.setup, one.case.lens), world), truth


def table(options: Options) -> Table:
    """The table of ``--only guide_photos_breathing``."""
    count = min(options.count or RUNS, RUNS)
    return guided.table("guide_photos_breathing", PROCEDURE, draw, replace(options, count=count))
