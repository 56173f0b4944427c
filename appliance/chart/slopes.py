"""How points of the paper move in the picture with each parameter of the pose."""

from __future__ import annotations

import cv2
import numpy as np

from appliance.arrays import Array
from appliance.chart.pose import (
    DISTORTION,
    IN_PIXELS,
    INVERSE_DISTANCE,
    LOG_SCALE,
    LOG_SQUEEZE,
    PARAMETERS,
    SENSOR_TILT_X,
    SENSOR_TILT_Y,
    Pose,
)


def slopes(pose: Pose, paper_mm: Array) -> Array:
    """(PARAMETERS, n, 2) derivatives of :meth:`Pose.project` at paper points (n, 2), px per :meth:`Pose.vector`."""
    place = paper_mm - pose.aim_mm
    turned, by_rotation = cv2.Rodrigues(pose.rotation)
    seen = place @ turned[:, :2].T
    by_seen = place @ by_rotation.reshape(3, 3, 3)[:, :, :2].transpose(0, 2, 1)

    # v = top / bottom, and its slopes by the quotient's rule
    scale = pose.scale_px_per_mm * np.array([pose.squeeze, 1.0])
    bottom = 1 + pose.inverse_distance_per_mm * seen[:, 2]
    top = np.zeros((PARAMETERS, len(place), 2))
    top[:3] = scale * by_seen[..., :2]
    for axis, parameter in enumerate(IN_PIXELS):
        top[parameter, :, axis] = 1
    top[LOG_SCALE] = scale * seen[:, :2]
    top[LOG_SQUEEZE, :, 0] = scale[0] * seen[:, 0]
    by_bottom = np.zeros((PARAMETERS, len(place), 1))
    by_bottom[:3, :, 0] = pose.inverse_distance_per_mm * by_seen[..., 2]
    by_bottom[INVERSE_DISTANCE, :, 0] = seen[:, 2] / 1e3
    ideal = (pose.aim_px - pose.centre_px + scale * seen[:, :2]) / bottom[:, None]
    by_ideal = (top - ideal * by_bottom) / bottom[:, None]

    half2 = pose.half_diagonal_px**2
    growth = 1 + pose.distortion / half2 * (ideal**2).sum(axis=1)
    by_growth = 2 * pose.distortion / half2 * (ideal * by_ideal).sum(axis=2)
    by_growth[DISTORTION] += (ideal**2).sum(axis=1) / half2
    bent = ideal * growth[:, None]
    by_bent = by_ideal * growth[:, None] + ideal * by_growth[..., None]

    askew = np.array([pose.sensor_tilt_x_rad, pose.sensor_tilt_y_rad]) / pose.principal_distance_px
    nearer = bent @ askew
    by_nearer = by_bent @ askew
    by_nearer[LOG_SCALE] -= nearer
    by_nearer[INVERSE_DISTANCE] += nearer / (1e3 * pose.inverse_distance_per_mm)
    for axis, parameter in enumerate((SENSOR_TILT_X, SENSOR_TILT_Y)):
        by_nearer[parameter] += bent[:, axis] / pose.principal_distance_px
    whole = 1 + nearer[:, None]
    return np.asarray((by_bent - bent / whole * by_nearer[..., None]) / whole, float)
