"""The slopes by which a pose is fitted are those of the view itself."""

from __future__ import annotations

import numpy as np
import pytest

from appliance.chart.pose import PARAMETERS, Pose
from appliance.chart.slopes import slopes


@pytest.mark.parametrize("tilt", [0.0, 0.8, -0.6])
def test_every_parameter_moves_points_as_its_slope_says(tilt: float) -> None:
    pose = Pose(
        rotation=np.array([tilt, 0.05, -0.1]), aim_px=np.array([2100.0, 1400.0]), scale_px_per_mm=25.0,
        inverse_distance_per_mm=1 / 650, distortion=0.03, picture_px=(4056, 3040), aim_mm=(60.0, 90.0), squeeze=0.8,
        sensor_tilt_x_rad=0.01, sensor_tilt_y_rad=-0.02,
    )  # fmt: skip
    paper = np.random.default_rng(1).uniform(0, 150, (40, 2))
    found = slopes(pose, paper)
    for k in range(PARAMETERS):
        step = np.zeros(PARAMETERS)
        step[k] = 1e-3 if k in (3, 4) else 1e-6
        up, down = (pose.with_vector(pose.vector() + s * step).project(paper) for s in (1, -1))
        np.testing.assert_allclose(found[k], (up - down) / (2 * step[k]), rtol=1e-5, atol=1e-4)
