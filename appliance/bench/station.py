"""The bench as the station uses it: something stands on it, and every press takes another photo."""

from __future__ import annotations

from dataclasses import replace

from appliance.bench.photo import Exposable, Photo
from appliance.bench.scene import Chart, Lens, Scene


class Bench:
    """A set-up that lasts, can be changed, and gives a new photo per press.

    Parameters
    ----------
    scene:
        What stands on the bench at first.
    seed:
        Same seed and same presses, same photos.
    """

    def __init__(self, scene: Scene | None = None, seed: int = 0) -> None:
        self._exposable = Exposable(scene or Scene())
        self._seed = seed
        self._presses = 0

    @property
    def scene(self) -> Scene:
        """What stands on the bench now."""
        return self._exposable.scene

    @scene.setter
    def scene(self, scene: Scene) -> None:
        if scene != self._exposable.scene:
            self._exposable = Exposable(scene)

    def mount(self, lens: Lens) -> None:
        """Put another lens on the camera."""
        self.scene = replace(self.scene, lens=lens)

    def hang(self, chart: Chart) -> None:
        """Hang another chart."""
        self.scene = replace(self.scene, chart=chart)

    def focus(self, focus_error_mm: float) -> None:
        """Turn the focus ring until best focus lies this far behind the aim point."""
        self.mount(replace(self.scene.lens, focus_error_mm=focus_error_mm))

    def press(self) -> Photo:
        """Take the next photo: the same scene with new noise."""
        self._presses += 1
        return self._exposable.photo(self._seed + self._presses)
