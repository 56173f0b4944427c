"""What a technician does at the simulated bench, and what lenses and cameras with faults then do.

A :class:`World` turns what a step told the technician to do into a :class:`~appliance.bench.scene.Scene`, by lens
physics of its own: where a lens focuses follows from where its ring stands and where its sensor sits. It keeps nothing
from one step to the next: what was done before is in what is asked (``focused_at_mm``), and scatter comes from seed and
place. So the bench is the same after a power cut, as a real one is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from zlib import crc32

import numpy as np

from appliance.bench.focusing import shift_um
from appliance.bench.mount import mounted
from appliance.bench.scene import Lens, Scene, object_distance_mm


@dataclass(frozen=True)
class Faults:
    """What is wrong on the bench; all nothing by default.

    Attributes
    ----------
    flange_um:
        > 0: the sensor sits too far from the lens. The same for every focal length.
    scale_dpt:
        Dioptres by which the focus ring's scale is wrong: > 0 focuses farther than engraved.
    cam_um:
        Zoom: what its cam leaves, µm of image shift (> 0 behind the sensor's aim, back focus) by focal length in mm;
        linear between them, none outside.
    focusing_um:
        1 σ with which a technician focuses by eye, µm at the sensor.
    af_error_um, af_approach_um, af_scatter_um, af_motor_um:
        Autofocus: where it stops on average (> 0 behind the star), how much farther when it comes from far than from
        near, its scatter (1 σ), and the step of its motor (0: none).
    af_um_per_step:
        How far one step of fine-tune moves it; < 0: a larger number is nearer.
    af_miss_percent, af_miss_um:
        How often it misses, and by how much at least.
    shutter_focuses:
        Whether the camera focuses anew at each shot though focus was to be locked.
    lock_drift_um_per_shot, lock_jump_um, lock_jump_at:
        Focus that does not stay: by how much a shot, and a jump from that shot on (from 0; 0: none).
    mark_um, backlash_um, return_scatter_um:
        A return to a mark: where it lies on average, mean(from far) − mean(from near), scatter of one way (1 σ).
    slip_um, slip_at, slip_um_per_return:
        Slip of gear or drift of a focus by wire: a step from that return on (from 0; 0: none), and a trend.
    marks_mm:
        Where the lens truly focuses at each mark, mm from the sensor.
    bench_um, lens_um, body_um, operator_um:
        µm of image shift (> 0 behind the aim point, back focus) of the bench itself, of a lens or body by its number
        in the procedure, of how one operator sets lenses by the operator's number.
    remount_um:
        1 σ of taking a lens off and on, µm at the sensor.
    temperature_um_per_k:
        Image shift per kelvin.
    lens_tilt_x_mrad, lens_tilt_y_mrad, bench_tilt_x_mrad, bench_tilt_y_mrad:
        Tilt of the field in the sense of :class:`~appliance.bench.scene.Lens`; the lens's turns with it.
    chart_nearer_percent, chart_tilted_deg:
        The chart stands this much nearer, and is tilted this much more, than it should.
    """

    flange_um: float = 0.0
    scale_dpt: float = 0.0
    cam_um: Mapping[float, float] = field(default_factory=dict)
    focusing_um: float = 0.0
    af_error_um: float = 0.0
    af_approach_um: float = 0.0
    af_scatter_um: float = 0.0
    af_motor_um: float = 0.0
    af_um_per_step: float = 5.0
    af_miss_percent: float = 0.0
    af_miss_um: float = 0.0
    shutter_focuses: bool = False
    lock_drift_um_per_shot: float = 0.0
    lock_jump_um: float = 0.0
    lock_jump_at: int = 0
    mark_um: float = 0.0
    backlash_um: float = 0.0
    return_scatter_um: float = 0.0
    slip_um: float = 0.0
    slip_at: int = 0
    slip_um_per_return: float = 0.0
    marks_mm: Mapping[str, float] = field(default_factory=dict)
    bench_um: float = 0.0
    lens_um: Mapping[float, float] = field(default_factory=dict)
    body_um: Mapping[float, float] = field(default_factory=dict)
    operator_um: Mapping[float, float] = field(default_factory=dict)
    remount_um: float = 0.0
    temperature_um_per_k: float = 0.0
    lens_tilt_x_mrad: float = 0.0
    lens_tilt_y_mrad: float = 0.0
    bench_tilt_x_mrad: float = 0.0
    bench_tilt_y_mrad: float = 0.0
    chart_nearer_percent: float = 0.0
    chart_tilted_deg: float = 0.0


@dataclass(frozen=True)
class World:
    """A bench with faults. ``base`` is the scene as it stands; its lens is replaced step by step."""

    base: Scene
    faults: Faults = Faults()
    seed: int = 0

    def scene(
        self,
        bench: Mapping[str, Any],
        focal_length_mm: float | None = None,
        f_number: float | None = None,
    ) -> Scene:
        """The scene after the technician did what ``bench`` says, with the lens set as given.

        Parameters
        ----------
        bench:
            ``focused_at_mm``: the focal length at which the lens was focused on the star by eye (a zoom is then only
            zoomed); absent: its ring stands at the star's distance by its own scale.
            ``af_from`` (``near`` or ``far``), ``af_shot`` (names the shot), ``af_tune`` (fine-tune set): the camera
            focuses. ``lock_shot`` (from 0): a shot after focus was taken once. ``return_from``, ``return`` (from 0),
            ``mark``: the ring is brought back to a mark; with ``star_at_mm``, mm from the sensor, the star stands there
            and the mark's own distance counts.
            ``lens``, ``body``, ``operator``: which one, by number; ``mount``: how often the lens was mounted, each time
            anew; ``turn_deg``: how far the lens is turned in its mount, clockwise in the picture; ``warmer_k``: than
            when the bench was set up.
        """
        lens = replace(
            self.base.lens,
            focal_length_mm=focal_length_mm or self.base.lens.focal_length_mm,
            f_number=f_number or self.base.lens.f_number,
        )
        shift = shift_um(self.faults, bench, self.rng)
        if shift is not None and "star_at_mm" in bench:
            return self._at_mark(bench, lens, shift)
        error = self._focus_error_mm(bench, lens) if shift is None else self._shifted_mm(lens, shift)
        focused = replace(self.base, lens=replace(lens, focus_error_mm=error))
        place = [bench.get(name, "") for name in ("lens", "body", "operator", "mount")]
        return mounted(focused, self.faults, bench, self.rng("mount", *place))

    def rng(self, *place: object) -> np.random.Generator:
        """Scatter of one place in the procedure: the same each time."""
        return np.random.default_rng([self.seed, *(crc32(str(part).encode()) for part in place)])

    def _shifted_mm(self, lens: Lens, shift: float) -> float:
        """Focus error, mm, of a lens whose image of the star lies ``shift`` µm off the sensor (> 0: behind it)."""
        o = self.base.object_distance_mm
        image = 1 / (1 / lens.focal_length_mm - 1 / o) - shift / 1000
        return 1 / (1 / lens.focal_length_mm - 1 / image) - o

    def _at_mark(self, bench: Mapping[str, Any], lens: Lens, shift: float) -> Scene:
        """The star moved to ``star_at_mm`` before a lens at a mark, give or take ``shift`` µm."""
        star = float(bench["star_at_mm"])
        f, known = lens.focal_length_mm, self.faults.marks_mm
        in_focus = object_distance_mm(f, known.get(str(bench.get("mark")), star))
        image = 1 / (1 / f - 1 / in_focus) - shift / 1000
        o = star - image
        error = 1 / (1 / f - 1 / image) - o
        return replace(self.base, lens=replace(lens, focus_error_mm=error), object_distance_mm=o)

    def _focus_error_mm(self, bench: Mapping[str, Any], lens: Lens) -> float:
        """Where the lens focuses behind the aim point, mm, from the vergence its ring is set to."""
        o = self.base.object_distance_mm
        if "focused_at_mm" in bench:
            at = float(bench["focused_at_mm"])
            by_eye_um = self.faults.focusing_um * float(self.rng("focus", at).standard_normal())
            vergence = self._vergence_seen_at(at, by_eye_um)
        else:
            vergence = 1 / o - self.faults.scale_dpt / 1000
        return self._object_mm(lens.focal_length_mm, vergence) - o

    def _object_mm(self, f: float, vergence: float) -> float:
        """Object distance in focus of focal length ``f`` with the ring at ``vergence`` (1/mm)."""
        image = 1 / (1 / f - vergence) + (self.faults.flange_um - self._cam_um(f)) / 1000
        return 1 / (1 / f - 1 / image)

    def _vergence_seen_at(self, f: float, by_eye_um: float) -> float:
        """The ring's vergence that puts the star in focus at focal length ``f``, give or take ``by_eye_um``."""
        o = self.base.object_distance_mm
        in_focus = 1 / (1 / f - 1 / o) - (self.faults.flange_um - self._cam_um(f) - by_eye_um) / 1000
        return 1 / f - 1 / in_focus

    def _cam_um(self, f: float) -> float:
        known = sorted(self.faults.cam_um.items())
        if not known:
            return 0.0
        return float(np.interp(f, [k for k, _ in known], [v for _, v in known], left=0.0, right=0.0))
