"""What mounting does at the simulated bench: which lens, on which body, by whom, turned how far, how warm.

Everything here moves the sensor's place behind a lens that is already focused, so it is told in µm of image shift, > 0
where focus comes to lie behind the aim point; where focus then is follows from the thin lens's conjugates exactly.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from math import cos, radians, sin
from typing import TYPE_CHECKING, Any

import numpy as np

from appliance.bench.scene import Lens, Scene

if TYPE_CHECKING:
    from appliance.bench.world import Faults


def mounted(scene: Scene, faults: Faults, bench: Mapping[str, Any], rng: np.random.Generator) -> Scene:
    """The scene once the technician mounted what ``bench`` says (its keys as in :mod:`appliance.bench.world`).

    ``rng`` is this mounting's own: the same for the same place in a procedure.
    """
    shift_um = faults.bench_um + faults.temperature_um_per_k * float(bench.get("warmer_k", 0.0))
    shift_um += faults.lens_um.get(float(bench.get("lens", 0)), 0.0)
    shift_um += faults.body_um.get(float(bench.get("body", 0)), 0.0)
    shift_um += faults.operator_um.get(float(bench.get("operator", 0)), 0.0)
    if "mount" in bench:
        shift_um += faults.remount_um * float(rng.standard_normal())
    lens = _tilted(scene.lens, faults, float(bench.get("turn_deg", 0.0)))
    nearer = 1 - faults.chart_nearer_percent / 100
    moved = replace(
        scene,
        lens=lens,
        object_distance_mm=scene.object_distance_mm * nearer,
        tilt_deg=scene.tilt_deg + faults.chart_tilted_deg,
    )
    if nearer != 1:  # the lens stays as it stood: focus lies where it lay, the aim point does not
        error_mm = scene.object_distance_mm + lens.focus_error_mm - moved.object_distance_mm
        moved = replace(moved, lens=replace(lens, focus_error_mm=error_mm))
    return shifted(moved, shift_um)


def shifted(scene: Scene, shift_um: float) -> Scene:
    """The scene with its sensor ``shift_um`` nearer to the lens: focus moves away from the camera."""
    if shift_um == 0:
        return scene
    f, o = scene.lens.focal_length_mm, scene.object_distance_mm
    image_mm = 1 / (1 / f - 1 / (o + scene.lens.focus_error_mm)) - shift_um / 1000
    in_focus_mm = 1 / (1 / f - 1 / image_mm)
    return replace(scene, lens=replace(scene.lens, focus_error_mm=in_focus_mm - o))


def _tilted(lens: Lens, faults: Faults, turn_deg: float) -> Lens:
    """The lens's own tilt, turned with it clockwise in the picture, on top of the bench's, which stays."""
    turn = radians(turn_deg)
    x, y = faults.lens_tilt_x_mrad, faults.lens_tilt_y_mrad
    return replace(
        lens,
        sensor_tilt_x_mrad=lens.sensor_tilt_x_mrad + faults.bench_tilt_x_mrad + x * cos(turn) + y * sin(turn),
        sensor_tilt_y_mrad=lens.sensor_tilt_y_mrad + faults.bench_tilt_y_mrad + y * cos(turn) - x * sin(turn),
    )
