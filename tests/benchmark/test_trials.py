"""What trials leave behind."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

from tests.benchmark import adversarial
from tests.benchmark.trials import Options, Outcome, Trial, run_trials


def _told(trial: Trial, keep: Path | None) -> Outcome:
    return Outcome("PASS", (), trial.focus_mm + 1.0, 0.25, None, 100, {}, 0.0, 0.0)


def test_trials_keep_their_order_and_are_written_without_their_charts_whole_layouts() -> None:
    options = Options(jobs=2)
    trials = [adversarial.draw(options, k) for k in range(3)]
    scored = run_trials(trials, options, "", _told)
    assert [s.trial.index for s in scored] == [0, 1, 2]
    assert [s.error_percent for s in scored] == [100 * 1.0 / t.dof_mm for t in trials]
    for trial, found in zip(trials, scored, strict=True):
        written = json.loads(json.dumps(found.to_dict()))
        assert written["scene"]["chart"].pop("layout") == trial.scene.chart.layout.title
        whole = json.loads(json.dumps(asdict(trial.scene)))
        del whole["chart"]["layout"]
        assert written["scene"] == whole
