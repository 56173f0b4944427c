"""Measures speed and memory in a process of its own, on one core."""

from __future__ import annotations

import json
import os
import resource
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

REPEATS = 5
EDGE_COUNT, EDGE_WIDTH, EDGE_HEIGHT = 1000, 60, 80


def peak_mb() -> float:
    """Peak of this process's resident memory in MB (10⁶ bytes).

    getrusage's figure survives exec, so that it may show the parent's peak; the kernel's VmHWM does not.
    """
    status = Path("/proc/self/status")
    if status.exists():
        for line in status.read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024 / 1e6
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6


def score_photo(path: str, focal_length_mm: float, f_number: float, pitch_um: float) -> dict[str, Any]:
    """Time a verdict from a raw mosaic in memory: first press, median of five, and by stage."""
    import cv2

    from appliance.focus.result import Setup
    from appliance.focus.score import score_frames
    from appliance.frame import Frame
    from tests.benchmark.stages import clocked

    cv2.setNumThreads(1)
    frame = Frame(np.load(path), "rggb", 256.0, 4095.0)
    setup = Setup(focal_length_mm, f_number, pitch_um)
    seconds, processor = [], []
    for _ in range(REPEATS + 1):
        start = time.perf_counter(), time.process_time()
        result = score_frames([frame], setup)
        seconds.append(time.perf_counter() - start[0])
        processor.append(time.process_time() - start[1])
    peak = peak_mb()
    with clocked() as clock:
        began = time.process_time()
        score_frames([frame], setup)
        whole = time.process_time() - began
    stages = {**clock.seconds, "other": whole - sum(clock.seconds.values())}
    return {
        "first_s": processor[0],
        "median_s": float(np.median(processor[1:])),
        "wall_s": float(np.median(seconds[1:])),
        "stages_s": stages,
        "peak_mb": peak,
        "verdict": result.verdict.value,
        "edges": result.edges_used,
    }


def measure_thousand() -> dict[str, Any]:
    """Time 1,000 edges of 60 × 80 px: all at once with predicted places, and one region after another without."""
    import cv2
    from scipy.special import erf  # type: ignore[import-untyped]

    from appliance.sfr import measure_edges, measure_roi

    cv2.setNumThreads(1)
    rng = np.random.default_rng(1)
    columns, rows = 40, 25
    y, x = np.mgrid[:EDGE_HEIGHT, :EDGE_WIDTH].astype(float)
    picture = np.empty((rows * EDGE_HEIGHT, columns * EDGE_WIDTH), np.float32)
    segments = np.empty((EDGE_COUNT, 4))
    for k in range(EDGE_COUNT):
        angle, offset = np.radians(rng.uniform(3, 8)), rng.uniform(-1, 1)
        left, top = k % columns * EDGE_WIDTH, k // columns * EDGE_HEIGHT
        middle = (EDGE_WIDTH - 1) / 2 + offset
        distance = (x - middle) * np.cos(angle) - (y - (EDGE_HEIGHT - 1) / 2) * np.sin(angle)
        level = 0.5 + 0.335 * erf(distance / (np.sqrt(2) * 0.75))
        picture[top : top + EDGE_HEIGHT, left : left + EDGE_WIDTH] = level
        lean = (EDGE_HEIGHT / 2 - 2) * np.tan(angle)
        segments[k] = (left + middle - lean, top + 1.5, left + middle + lean, top + EDGE_HEIGHT - 2.5)
    electrons = 2626.0 * picture
    noise = np.sqrt(electrons + 2.5**2) * rng.standard_normal(picture.shape)
    plane = np.clip(np.rint((electrons + noise) * 4095 / 2626), 0, 4095).astype(np.uint16)
    batch_s = []
    for _ in range(3):
        start = time.process_time()
        batch = measure_edges(plane, segments, 24.0)
        batch_s.append(time.process_time() - start)
    start = time.process_time()
    for k in range(EDGE_COUNT):
        left, top = k % columns * EDGE_WIDTH, k // columns * EDGE_HEIGHT
        measure_roi(plane, (left, top, EDGE_WIDTH, EDGE_HEIGHT))
    roi_s = time.process_time() - start
    return {"batch_s": float(np.median(batch_s)), "roi_s": roi_s, "measured": int(batch.measured.sum())}


if __name__ == "__main__":
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    if sys.argv[1] == "photo":
        found = score_photo(sys.argv[2], *(float(v) for v in sys.argv[3:6]))
    else:
        found = measure_thousand()
    print(json.dumps(found))
