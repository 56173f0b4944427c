"""Table ``speed``: one core and little memory."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from appliance.bench import Chart, Lens, Light, Scene, photograph
from tests.benchmark import truth
from tests.benchmark.report import Row, Table
from tests.benchmark.setups import with_focus
from tests.benchmark.trials import Options

NAME = "speed"
ONE_THREAD = {
    name: "1"
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OPENCV_FOR_THREADS_NUM")
}
VERDICT_S, PEAK_MB, EDGES_S = 0.25, 250.0, 1.0


def _in_child(*arguments: str) -> dict[str, Any]:
    """Run in a fresh process."""
    command = [sys.executable, "-m", "tests.benchmark.speed_child", *arguments]
    root = Path(__file__).resolve().parents[2]
    environment = {**os.environ, **ONE_THREAD}
    done = subprocess.run(command, cwd=root, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def table(options: Options) -> Table:
    """Time a verdict and a thousand edges."""
    scene = Scene(
        lens=Lens(focal_length_mm=25.0, f_number=2.8),
        chart=Chart(),
        light=Light(exposure=0.7),
        object_distance_mm=650.0,
    )
    scene = with_focus(scene, 1.5 * truth.depth_of_field_mm(scene))
    sys.stderr.write(f"{NAME}: one photo, then {NAME} in processes of their own\n")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "photo.npy"
        np.save(path, photograph(scene, options.seed).mosaic)
        photo = _in_child("photo", str(path), "25", "2.8", f"{scene.sensor.pitch_um}")
    edges = _in_child("edges")
    rows = [
        Row(
            f"{scene.sensor.width} × {scene.sensor.height} mosaic in memory to a verdict, median of 5",
            f"≤ {VERDICT_S:g} s",
            f"{photo['median_s']:.3f} s ({photo['wall_s']:.3f} s by the clock)",
            photo["median_s"] <= VERDICT_S,
            aim=True,
        ),
        Row("the first one of a process", "–", f"{photo['first_s']:.3f} s"),
        *(Row(f"stage: {stage}", "–", f"{value:.3f} s") for stage, value in photo["stages_s"].items()),
        Row(
            "peak memory of the process",
            f"≤ {PEAK_MB:g} MB",
            f"{photo['peak_mb']:.0f} MB",
            photo["peak_mb"] <= PEAK_MB,
            aim=True,
        ),
        Row(
            "1,000 edges of 60 × 80 px, places predicted",
            f"≤ {EDGES_S:g} s",
            f"{edges['batch_s']:.3f} s ({1000 / edges['batch_s']:.0f} edges/s)",
            edges["batch_s"] <= EDGES_S,
            aim=True,
        ),
        Row("the same, each found in its region first", "–", f"{edges['roi_s']:.3f} s"),
    ]
    notes = [
        f"Processor time of one thread on one core; {os.uname().machine}.",
        f"The photo gave {photo['verdict']} from {photo['edges']} edges; {edges['measured']} of 1,000 edges measured.",
    ]
    return Table(NAME, "one core", rows, notes)
