"""A photo of the bench holds what the scene says."""

import numpy as np

from appliance.bench import Lens, Scene, Sensor, photograph

SMALL = Sensor(width=1014, height=760, pitch_um=6.2)


def test_the_same_seed_gives_the_same_photo() -> None:
    scene = Scene(Lens(50, 4), sensor=SMALL)
    first, again, other = photograph(scene, 3), photograph(scene, 3), photograph(scene, 4)
    assert first.mosaic.dtype == np.uint16
    assert np.array_equal(first.mosaic, again.mosaic)
    assert not np.array_equal(first.mosaic, other.mosaic)
