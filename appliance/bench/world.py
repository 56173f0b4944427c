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
    ring_moved_dpt:
        Zoom: dioptres by which its focus ring slips, somewhere between first and last photo (``zoomed``).
    shim_part:
        What part of a change of shims that was asked for is really made: 0 none, −1 as much the wrong way.
    focal_mark_percent:
        A zoom's focal lengths are off their marks by up to so much, evenly spread.
    ring_set_dpt, tape_mm:
        1 σ with which a ring is set to an engraved distance, and with which the star is put at it.
    spherical_waves:
        W040 at the f-number of the base lens; it falls as the fourth power of the aperture.
    iris_least, iris_percent:
        The iris does not close beyond this f-number (0: it does), and is off its marks by so much.
    breathing_percent_per_dpt:
        By how much the picture grows per dioptre nearer; None: as a simple lens does, f (1 + m) / 10 for f in mm.
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
    ring_moved_dpt: float = 0.0
    shim_part: float = 1.0
    focal_mark_percent: float = 0.0
    ring_set_dpt: float = 0.0
    tape_mm: float = 0.0
    spherical_waves: float = 0.0
    iris_least: float = 0.0
    iris_percent: float = 0.0
    breathing_percent_per_dpt: float | None = None
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
            zoomed); absent: its ring stands at the star's distance by its own scale. ``focusing``: which focusing by
            eye it is, from 1. ``zoomed``: how far the series of photos is, 0 at its first, 1 at its last.
            ``flange_change_um``: by how much shim or ring since moved the lens away from the sensor.
            ``ring_mm``: its ring stands at that engraved distance from the sensor, set ``setting`` (a name); with
            ``star_at_mm`` the star was put at that distance by tape. ``focused_at_f``: focused by eye at that f-number.
            ``af_from`` (``near`` or ``far``), ``af_shot`` (names the shot), ``af_tune`` (fine-tune set): the camera
            focuses. ``lock_shot`` (from 0): a shot after focus was taken once; ``shutter_off``: the
            shutter button no longer focuses. ``return_from``, ``return`` (from 0),
            ``mark``: the ring is brought back to a mark; with ``star_at_mm``, mm from the sensor, the star stands there
            and the mark's own distance counts.
            ``lens``, ``body``, ``operator``: which one, by number; ``mount``: how often the lens was mounted, each time
            anew; ``turn_deg``: how far the lens is turned in its mount, clockwise in the picture; ``warmer_k``: than
            when the bench was set up.
        """
        lens = self._stopped(f_number or self.base.lens.f_number)
        lens = replace(lens, focal_length_mm=self._true_focal_length_mm(focal_length_mm))
        shift = shift_um(self.faults, bench, self.rng)
        if shift is not None and "star_at_mm" in bench:
            return self._at_mark(bench, lens, shift)
        base = self._with_star_at(bench)
        if shift is None:
            error = self._focus_error_mm(
                bench, lens.focal_length_mm, focal_length_mm, base.object_distance_mm
            )
        else:
            error = self._shifted_mm(lens, shift)
        focused = replace(base, lens=replace(lens, focus_error_mm=error))
        if "ring_mm" in bench:
            focused = self._breathing(focused)
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

    def ring_vergence(self, bench: Mapping[str, Any]) -> float:
        """The vergence (1/mm) that the ring of a lens at its nominal flange distance would focus at, as it stands."""
        if "ring_mm" in bench:
            engraved = 1 / object_distance_mm(self.base.lens.focal_length_mm, float(bench["ring_mm"]))
            set_by = self.rng("ring", bench["ring_mm"], bench.get("setting", "")).standard_normal()
            return engraved - (self.faults.scale_dpt + self.faults.ring_set_dpt * float(set_by)) / 1000
        if "focused_at_mm" not in bench:
            return 1 / self.base.object_distance_mm - self.faults.scale_dpt / 1000
        at = float(bench["focused_at_mm"])
        times = int(bench.get("focusing", 1))
        slipped = float(bench.get("zoomed", 0.0)) > self.rng("slip", times).uniform()
        moved = self.faults.ring_moved_dpt / 1000 if slipped else 0.0
        behind_um = self._flange_um(bench) - self._cam_um(at) - self._by_eye_um(at, times)
        f = self._true_focal_length_mm(at)
        in_focus = 1 / (1 / f - 1 / self.base.object_distance_mm) - behind_um / 1000
        return 1 / f - 1 / in_focus + moved

    def reading_mm(self, bench: Mapping[str, Any]) -> float:
        """The distance from the sensor, mm, that the ring's scale shows at ``focused_at_mm``."""
        f = self._true_focal_length_mm(bench.get("focused_at_mm"))
        engraved = self.ring_vergence(bench) + self.faults.scale_dpt / 1000
        return 1 / engraved + 1 / (1 / f - engraved)

    def best_focus_um(self, lens: Lens) -> float:
        """Where least blur lies behind paraxial focus, µm at the sensor: in front of it for under-corrected rays.

        The defocus W020 = −W040 that balances them is z / (8 N²) for a shift z of the image towards the lens.
        """
        m = lens.focal_length_mm / (self.base.object_distance_mm - lens.focal_length_mm)
        return -8 * (lens.f_number * (1 + m)) ** 2 * 0.55 * lens.spherical_waves

    def _by_eye_um(self, at: object, times: int) -> float:
        eye = self.rng("focus", at) if times == 1 else self.rng("focus", at, times)
        return self.faults.focusing_um * float(eye.standard_normal())

    def _stopped(self, marked: float) -> Lens:
        """The lens with its iris at a mark: its true f-number, and what is left of the spherical aberration there."""
        f_number = marked * (1 + self.faults.iris_percent / 100)
        if self.faults.iris_least:
            f_number = min(f_number, max(self.faults.iris_least, self.base.lens.f_number))
        waves = self.faults.spherical_waves or self.base.lens.spherical_waves
        left = waves * (self.base.lens.f_number / f_number) ** 4
        return replace(self.base.lens, f_number=f_number, spherical_waves=left)

    def _true_focal_length_mm(self, marked_mm: float | None) -> float:
        if not marked_mm:
            return self.base.lens.focal_length_mm
        off = self.faults.focal_mark_percent / 100 * float(self.rng("mark", marked_mm).uniform(-1, 1))
        return marked_mm * (1 + off)

    def _flange_um(self, bench: Mapping[str, Any]) -> float:
        return self.faults.flange_um + self.faults.shim_part * float(bench.get("flange_change_um", 0.0))

    def _with_star_at(self, bench: Mapping[str, Any]) -> Scene:
        """The base with its star where a tape put it."""
        if "star_at_mm" not in bench:
            return self.base
        star = float(bench["star_at_mm"])
        star += self.faults.tape_mm * float(self.rng("tape", star).standard_normal())
        return replace(self.base, object_distance_mm=object_distance_mm(self.base.lens.focal_length_mm, star))

    def _focus_error_mm(self, bench: Mapping[str, Any], f: float, marked_mm: float | None, o: float) -> float:
        """Where the lens of focal length ``f`` focuses behind the aim point, mm, from where its ring stands."""
        if "focused_at_f" in bench:  # least blur was seen at the star, so paraxial focus lies elsewhere
            at = self._stopped(float(bench["focused_at_f"]))
            shift = self._by_eye_um(
                bench["focused_at_f"], int(bench.get("focusing", 1))
            ) - self.best_focus_um(at)
            return self._shifted_mm(replace(at, focal_length_mm=f), shift)
        behind_um = self._flange_um(bench) - self._cam_um(marked_mm or f)
        image = 1 / (1 / f - self.ring_vergence(bench)) + behind_um / 1000
        return 1 / (1 / f - 1 / image) - o

    def _breathing(self, scene: Scene) -> Scene:
        """The scene with its picture as large as the lens's breathing makes it; where it focuses stays."""
        percent = self.faults.breathing_percent_per_dpt
        if percent is None:
            return scene
        o = scene.object_distance_mm
        nearer_dpt = 1000 / (o + scene.lens.focus_error_mm) - 1000 / o
        in_focus = scene.lens.focal_length_mm / (o - scene.lens.focal_length_mm)
        image = in_focus * (1 + percent / 100 * nearer_dpt) * o
        f = 1 / (1 / image + 1 / (o + scene.lens.focus_error_mm))
        return replace(scene, lens=replace(scene.lens, focal_length_mm=f))

    def _cam_um(self, f: float) -> float:
        known = sorted(self.faults.cam_um.items())
        if not known:
            return 0.0
        return float(np.interp(f, [k for k, _ in known], [v for _, v in known], left=0.0, right=0.0))
