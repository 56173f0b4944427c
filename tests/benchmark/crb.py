"""Table ``crb``: the Cramér–Rao bound of the focus position, and how near the scorer comes to it.

For pixels with independent normal noise of variance v and an expected photo s(θ), Fisher's information on the
parameters θ is Σ (∂s/∂θ)(∂s/∂θ)ᵀ / v over the pixels, and no unbiased estimator scatters less than the root of its
inverse's diagonal. (What v's own dependence on θ would add, below 1 % here, is left out.)

The derivatives are differences between photos of the bench. Focus moves at a fixed image distance, pupil and scale:
without that, the growth of the picture alone would tell the focus of a lens whose focal length were known exactly.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from math import sqrt

import numpy as np
import numpy.typing as npt

from appliance.bench import Chart, Exposable, Lens, Light, Scene, Sensor
from appliance.bench.photo import expose
from tests.benchmark import truth
from tests.benchmark.parallel import in_parallel
from tests.benchmark.report import Row, Table
from tests.benchmark.setups import with_focus
from tests.benchmark.trials import Options, Outcome, Trial, frame_of, score, trial_of

NAME = "crb"
FULL_SEEDS = 40
WAVELENGTH_UM = 0.55
STEP_WAVES = 0.1

Light32 = npt.NDArray[np.float32]
Change = Callable[[Scene], tuple[Scene, float]]


def refocused(scene: Scene, error_mm: float, image_mm: float | None = None) -> Scene:
    """Best focus elsewhere at the same (or the given) image distance and the same pupil, so that blur alone changes."""
    lens = scene.lens
    image_mm = scene.image_distance_mm if image_mm is None else image_mm
    focal = 1 / (1 / image_mm + 1 / (scene.object_distance_mm + error_mm))
    f_number = lens.f_number * focal / lens.focal_length_mm
    changed = replace(lens, focal_length_mm=focal, f_number=f_number, focus_error_mm=error_mm)
    return replace(scene, lens=changed)


def step_mm(scene: Scene) -> float:
    """Object side shift that changes the defocus by a tenth of a wave."""
    m = truth.magnification(scene)
    um_per_wave = 8 * (scene.lens.f_number * (1 + m)) ** 2 * WAVELENGTH_UM
    return STEP_WAVES * um_per_wave * 1e-3 / m**2


def _lens(**steps: float) -> Change:
    def change(scene: Scene) -> tuple[Scene, float]:
        (name, step), *_ = steps.items()
        return replace(scene, lens=replace(scene.lens, **{name: getattr(scene.lens, name) + step})), step

    return change


def _cone(scene: Scene) -> tuple[Scene, float]:
    return replace(scene, lens=replace(scene.lens, f_number=scene.lens.f_number * 1.02)), 0.02


def _spherical(scene: Scene) -> tuple[Scene, float]:
    """Aberration about the same plane of least RMS wavefront error: paraxial focus moves to where W020 = W040."""
    waves = 0.03
    aberrated = replace(scene, lens=replace(scene.lens, spherical_waves=scene.lens.spherical_waves + waves))
    return refocused(aberrated, scene.lens.focus_error_mm + step_mm(scene) * waves / STEP_WAVES), waves


def _print(scene: Scene) -> tuple[Scene, float]:
    # the response depends on the variance: a step of the spread itself would lose its effect at no spread
    blur = sqrt(scene.chart.print_blur_um**2 + 100.0)
    return replace(scene, chart=replace(scene.chart, print_blur_um=blur)), 100.0


def _posed(**steps: float) -> Change:
    def change(scene: Scene) -> tuple[Scene, float]:
        (name, step), *_ = steps.items()
        return replace(scene, **{name: getattr(scene, name) + step}), step

    return change


def _moved(axis: int) -> Change:
    def change(scene: Scene) -> tuple[Scene, float]:
        x, y = scene.aim_offset_px
        return replace(scene, aim_offset_px=(x + 0.2, y) if axis == 0 else (x, y + 0.2)), 0.2

    return change


def _scaled(scene: Scene) -> tuple[Scene, float]:
    """Aim point and plane of focus both farther away at the same image distance: scale and perspective change."""
    step = 2e-4 * scene.object_distance_mm
    farther = replace(scene, object_distance_mm=scene.object_distance_mm + step)
    return refocused(farther, scene.lens.focus_error_mm, scene.image_distance_mm), step


def _zoomed(scene: Scene) -> tuple[Scene, float]:
    """Another image distance for the same plane of focus: the picture grows about its centre."""
    return refocused(scene, scene.lens.focus_error_mm, scene.image_distance_mm * (1 + 1e-4)), 1e-4


OPTICS: dict[str, Change] = {
    "cone": _cone,
    "W040": _spherical,
    "print": _print,
    "curvature": _lens(field_curvature_um=2.0),
    "field tilt": _lens(sensor_tilt_y_mrad=0.5),
}
POSE: dict[str, Change] = {
    "tilt": _posed(tilt_deg=0.01),
    "yaw": _posed(yaw_deg=0.01),
    "roll": _posed(roll_deg=0.005),
    "x": _moved(0),
    "y": _moved(1),
    "distance": _scaled,
    "image distance": _zoomed,
    "distortion": _lens(distortion_percent=0.01),
}


@dataclass(frozen=True)
class Information:
    """Fisher's information on focus (first) and the parameters named; in 1/mm² and the steps' units."""

    names: tuple[str, ...]
    matrix: npt.NDArray[np.float64]

    def bound_mm(self, unknown: Sequence[str]) -> float:
        """Least standard deviation of focus if the parameters named have to be found from the same photo."""
        index = [0, *(k for k, name in enumerate(self.names) if name in unknown)]
        part = self.matrix[np.ix_(index, index)]
        scale = np.sqrt(np.diag(part))
        return float(sqrt(np.linalg.inv(part / np.outer(scale, scale))[0, 0]) / scale[0])


def _render(scene: Scene) -> Light32:
    return Exposable(scene).light


def renderings(
    scene: Scene, changes: dict[str, Change], jobs: int, name: str = ""
) -> tuple[Light32, list[Light32]]:
    """Noise-free photo and its derivatives by focus, exposure and the other parameters; the paper is 1."""
    step = step_mm(scene)
    changed = {name: change(scene) for name, change in changes.items()}
    scenes = [scene, *(refocused(scene, scene.lens.focus_error_mm + s) for s in (-step, step))]
    pictures = in_parallel(_render, [*scenes, *(c[0] for c in changed.values())], jobs, name)
    base, before, behind, *others = pictures
    derivatives = [(behind - before) / np.float32(2 * step), base]
    derivatives += [(o - base) / np.float32(c[1]) for o, c in zip(others, changed.values(), strict=True)]
    return base, derivatives


def information(
    scene: Scene, base: Light32, derivatives: Sequence[Light32], names: Sequence[str], colours: str = "g"
) -> Information:
    """Fisher's information of the pixels of the ``colours``, from the bench's noise."""
    sensor, light = scene.sensor, scene.light
    gains = {"r": light.gain_red, "g": light.gain_green, "b": light.gain_blue}
    total = np.zeros((len(derivatives), len(derivatives)))
    for k, colour in enumerate(sensor.bayer or "gggg"):
        if colour not in colours:
            continue
        site = (slice(k // 2, None, 2), slice(k % 2, None, 2))
        electrons_per_unit = light.exposure * sensor.full_well_e * gains[colour]
        signal = base[site].astype(np.float64) * electrons_per_unit
        step_e = sensor.full_well_e / (sensor.white - sensor.black)
        variance = signal + sensor.read_noise_e**2 + (sensor.pixel_gain_spread * signal) ** 2 + step_e**2 / 12
        weight = np.where(signal < sensor.full_well_e, electrons_per_unit / np.sqrt(variance), 0).astype(
            np.float32
        )
        weighted = [(d[site] * weight).ravel() for d in derivatives]
        for i, a in enumerate(weighted):
            for j, b in enumerate(weighted[: i + 1]):
                total[i, j] = total[j, i] = total[i, j] + float(np.dot(a, b))
    return Information(("focus", "exposure", *names), total)


def optics_bound_percent(scene: Scene) -> float:
    """Bound of one set-up in % of the depth of field, with all unknown that one photo of a lens has to tell: OPTICS."""
    base, derivatives = renderings(scene, OPTICS, 1)
    found = information(scene, base, derivatives, list(OPTICS))
    return 100 * found.bound_mm(found.names[1:]) / truth.depth_of_field_mm(scene)


def _score_seed(seed: int, trial: Trial, light: Light32) -> Outcome:
    scene = replace(trial.scene, sensor=replace(trial.scene.sensor, pattern_seed=seed))
    return score(trial, frame_of(scene, expose(light, scene, seed)))


def scene_of(contrast_to_noise: float | None) -> Scene:
    """A 25 mm lens at f/2.8 and 0.65 m, one depth of field behind the aim point."""
    scene = Scene(
        lens=Lens(focal_length_mm=25.0, f_number=2.8),
        chart=Chart(print_blur_um=20.0),
        sensor=Sensor(),
        light=Light(exposure=0.7),
        object_distance_mm=650.0,
        roll_deg=2.0,
    )
    if contrast_to_noise is not None:
        full_well = truth.full_well_for(contrast_to_noise, scene)
        scene = replace(scene, sensor=replace(scene.sensor, full_well_e=full_well))
    return with_focus(scene, truth.depth_of_field_mm(scene))


def table(options: Options) -> Table:
    """Bounds from the noise model, scatter from repeated exposures."""
    seeds = options.number(FULL_SEEDS)
    changes = {**OPTICS, **POSE}
    base, derivatives = renderings(scene_of(None), changes, options.jobs, f"{NAME}: photos without noise")
    rows: list[Row] = []
    notes: list[str] = []
    for level in (None, 20.0):
        trial = trial_of(NAME, 0, "", scene_of(level))
        assert trial is not None
        name = "low noise" if level is None else f"contrast-to-noise {level:g}"
        outcomes = in_parallel(
            partial(_score_seed, trial=trial, light=base),
            range(1, seeds + 1),
            options.jobs,
            f"{NAME}: {name}",
        )
        rows += _rows(name, trial, outcomes, base, derivatives, changes)
    notes.append(
        "One set-up: 25 mm, f/2.8, 650 mm, tilt 45°, roll 2°, A4 general chart, focus one depth of field behind. "
        "Optics: exposure, " + ", ".join(OPTICS) + "; pose: " + ", ".join(POSE) + "."
    )
    return Table(NAME, "Cramér–Rao bound of the focus position, in % of the depth of field", rows, notes)


def _rows(
    name: str,
    trial: Trial,
    outcomes: Sequence[Outcome],
    base: Light32,
    derivatives: Sequence[Light32],
    changes: dict[str, Change],
) -> list[Row]:
    percent = 100 / trial.dof_mm
    green = information(trial.scene, base, derivatives, list(changes))
    every = information(trial.scene, base, derivatives, list(changes), "rgb")
    optics = ("exposure", *OPTICS)
    bounds = {
        "green, nothing else unknown": green.bound_mm(()) * percent,
        "green, optics unknown": green.bound_mm(optics) * percent,
        "green, optics and pose unknown": green.bound_mm((*optics, *POSE)) * percent,
        "all colours, optics and pose unknown": every.bound_mm((*optics, *POSE)) * percent,
    }
    rows = [Row(f"{name}: bound, {case}", "–", f"{value:.4f} %") for case, value in bounds.items()]
    found = [o for o in outcomes if o.figure_mm is not None]
    values = np.array([o.figure_mm for o in found if o.figure_mm is not None])
    if values.size < 2:
        rows.append(Row(f"{name}: sd of the scorer", "≤ 2 × bound", "too few figures", None, aim=True))
        return rows
    sd = float(values.std(ddof=1)) * percent
    stated = float(np.median([o.u95_mm for o in found if o.u95_mm is not None])) * percent / 1.96
    ratio = sd / bounds["green, optics and pose unknown"]
    rows += [
        Row(
            f"{name}: sd of the scorer",
            "≤ 2 × bound (optics and pose unknown)",
            f"{sd:.4f} ± {sd / sqrt(2 * (values.size - 1)):.4f} %, {ratio:.2f} × bound (n {values.size})",
            ratio <= 2 if values.size >= 10 else None,
            aim=True,
        ),
        Row(f"{name}: standard uncertainty stated", "–", f"{stated:.4f} %"),
        Row(f"{name}: bias", "–", f"{(values.mean() - trial.focus_mm) * percent:+.4f} %"),
    ]
    return rows
