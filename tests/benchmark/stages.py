"""How long each stage of a measurement takes: processor time in its functions, less what stages inside them took."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

STAGES: dict[str, tuple[str, str]] = {
    "brightness": ("appliance.focus.refusals", "too_dark"),
    "locate": ("appliance.chart.locate", "locate"),
    "pose": ("appliance.chart.pose_fit", "fit_pose"),
    "edge plan": ("appliance.chart.segments", "plan_segments"),
    "edges": ("appliance.sfr.measure", "measure_edges"),
    "profiles": ("appliance.sfr.profiles", "fit_sfr"),
    "diffraction tails": ("appliance.focus.edges.diffraction_tails", "diffraction_tails"),
    "OTF table": ("appliance.focus.lens.otf", "OtfTable"),
    "blurred parts": ("appliance.focus.image.likelihood", "likelihood_of_image"),
    "through-focus fit": ("appliance.focus.fit.through_focus", "fit"),
    "verdict": ("appliance.focus.judge.verdict", "judge"),
}


@dataclass
class Clock:
    """Seconds by stage; ``other`` is what no stage took."""

    seconds: dict[str, float] = field(default_factory=dict)
    _open: list[float] = field(default_factory=list)

    def timed(self, stage: str, work: Callable[..., Any]) -> Callable[..., Any]:
        def run(*args: Any, **named: Any) -> Any:
            self._open.append(0.0)
            start = time.process_time()
            try:
                return work(*args, **named)
            finally:
                spent = time.process_time() - start
                inner = self._open.pop()
                self.seconds[stage] = self.seconds.get(stage, 0.0) + spent - inner
                if self._open:
                    self._open[-1] += spent

        return run


@contextmanager
def clocked() -> Iterator[Clock]:
    """While it lasts, every module's name for a stage's function leads to the clock."""
    clock = Clock()
    replaced: list[tuple[Any, str, Any]] = []
    for stage, (module, name) in STAGES.items():
        original = getattr(sys.modules.get(module), name, None)
        if original is None:
            continue
        timed = clock.timed(stage, original)
        for holder in [m for n, m in list(sys.modules.items()) if n.startswith("appliance")]:
            for key, value in list(vars(holder).items()):
                if value is original:
                    replaced.append((holder, key, original))
                    setattr(holder, key, timed)
    try:
        yield clock
    finally:
        for holder, key, original in replaced:
            setattr(holder, key, original)
