"""A camera that looks at the simulated bench: the printed chart through a lens with a known focus error."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from typing import Any

from appliance.bench import Chart, Exposable, Lens, Mishap, Scene, Sensor, object_distance_mm
from appliance.bench.world import Faults, World
from appliance.chart.layout import layout
from appliance.config import Settings
from appliance.errors import UsageError
from appliance.frame import Frame

FOCAL_LENGTHS_AWAY = 25.0
"""Usual distance of a focus check, in focal lengths."""

FRAME_S = 0.1
"""From one live frame to the next: the HQ camera's own 10 frames/s."""

WIDTH_UM, HEIGHT_UM = 6286.8, 4712.0
"""The HQ camera's sensor; coarser pixels fill the same area with fewer of them."""


class SimulatedCamera:
    """A :class:`~appliance.devices.Camera` on the bench; every photo has its own noise."""

    def __init__(self, settings: Settings) -> None:
        base = simulated_scene(settings)
        self._bench = Exposable(base)
        self._world = World(base, faults_of(settings.simulated_faults), settings.simulated_seed)
        self._seed = settings.simulated_seed
        self._next_glance = 0.0
        lens = base.lens
        # the light on the pixels takes seconds to work out, once: done while the user finds the button. Not a daemon:
        # a Python program that ends waits for it, instead of aborting because it is in OpenCV
        self._warming = threading.Thread(target=lambda: self._bench.light, name="bench")
        self._warming.start()
        self.description = f"simulated bench ({lens.focal_length_mm:g} mm f/{lens.f_number:g})"

    def arrange(
        self, bench: Mapping[str, Any], focal_length_mm: float | None, f_number: float | None
    ) -> None:
        """Do what ``bench`` says (see :mod:`appliance.bench.world`), with the lens set so; None: as it stands."""
        scene = self._world.base
        if bench or focal_length_mm is not None or f_number is not None:
            scene = self._world.scene(bench, focal_length_mm, f_number)
        if scene != self._bench.scene:
            self._warming.join()
            self._bench = Exposable(scene)

    def capture(self) -> Frame:
        """Take one photo."""
        self._warming.join()
        self._seed += 1
        photo = self._bench.photo(self._seed)
        scene = self._bench.scene
        metadata = {
            "Model": "simulated",
            "ExposureTime": 10_000,
            "AnalogueGain": 1.0,
            "true_focus_error_mm": scene.lens.focus_error_mm,
            "true_distance_mm": round(scene.distance_mm, 3),
        }
        return Frame(photo.mosaic, photo.bayer, photo.black, photo.white, metadata)

    def glance(self) -> Frame:
        """The next frame of the live picture, 0.1 s after the one before."""
        time.sleep(max(self._next_glance - time.monotonic(), 0.0))
        self._next_glance = time.monotonic() + FRAME_S
        return self.capture()

    def close(self) -> None:
        """Nothing holds it."""


def faults_of(text: str) -> Faults:
    """Faults as a setting writes them: ``flange_um=30 cam_um=24:5,70:-3``.

    Raises
    ------
    UsageError
        If a word is no fault or its value no number.
    """
    given: dict[str, Any] = {}
    for word in text.split():
        name, _, value = word.partition("=")
        known = Faults.__dataclass_fields__
        if name not in known:
            raise UsageError(f"The simulated bench knows no fault {name!r}. It knows: {', '.join(known)}.")
        try:
            if ":" in value:
                pairs = (pair.split(":") for pair in value.split(","))
                given[name] = {_key(key): float(number) for key, number in pairs}
            elif isinstance(getattr(Faults(), name), str):
                given[name] = value
            else:
                number = float(value)
                given[name] = int(number) if isinstance(getattr(Faults(), name), int) else number
        except ValueError:
            raise UsageError(f"The simulated fault {word!r} is no number; see simulated_faults.") from None
    return Faults(**given)


def _key(text: str) -> Any:
    try:
        return float(text)
    except ValueError:
        return text


def simulated_scene(settings: Settings) -> Scene:
    """The bench that the settings describe.

    Raises
    ------
    UsageError
        If the lens cannot focus at the distance.
    """
    focal_length, pitch = settings.focal_length_mm, settings.pixel_pitch_um
    distance = settings.simulated_distance_mm or FOCAL_LENGTHS_AWAY * focal_length
    try:
        object_distance = object_distance_mm(focal_length, distance)
    except ValueError as error:
        raise UsageError(
            f"The simulated bench cannot be set up: {error}; see simulated_distance_mm."
        ) from None
    return Scene(
        lens=Lens(focal_length, settings.f_number, settings.simulated_focus_error_mm),
        chart=Chart(layout(settings.simulated_paper)),
        sensor=Sensor(round(WIDTH_UM / pitch), round(HEIGHT_UM / pitch), pitch),
        mishap=Mishap(lens_cap=settings.simulated_mishap == "lens cap"),
        object_distance_mm=object_distance,
        tilt_deg=settings.simulated_tilt_deg,
        roll_deg=settings.simulated_roll_deg,
    )
