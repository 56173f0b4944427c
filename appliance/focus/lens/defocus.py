"""Depth in millimetres to defocus in waves and back, for one lens at one distance."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from appliance import optics
from appliance.arrays import Array
from appliance.chart.pose import Pose
from appliance.focus.result import Setup


@dataclass(frozen=True)
class DefocusScale:
    """Defocus W020 at the pupil's rim, in waves of green light, of points at a depth behind the aim point.

    W020 = (a² / 2) (1/o − 1/(o + z)) with the pupil's radius a = f / 2N: linear in dioptres, > 0 behind the aim point.
    """

    object_distance_mm: float
    magnification: float
    working_f_number: float
    waves_per_inverse_mm: float
    blur_px_per_wave: float
    """Full width of the geometric blur disc on the sensor per wave of defocus: 8 N λ."""
    airy_px: float
    """λ N in pixels."""

    @property
    def um_per_wave(self) -> float:
        """Image-side shift of focus per wave of defocus: 8 N² λ, µm.

        With the pupil's radius a and the sensor at i, W020 = (a² / 2) (1/i' − 1/i) for light that meets at i', so that
        i − i' = 2 i² W020 / a² = 8 (i / 2a)² W020 to first order: N is that of the sensor's distance i, where
        the plane in focus is imaged, not of the distance at which the aim point would be.
        """
        return 8 * self.working_f_number**2 * optics.GREEN_WAVELENGTH_UM

    @classmethod
    def of(cls, setup: Setup, pose: Pose, paraxial: float = 0.0) -> DefocusScale:
        """For the lens and sensor of ``setup`` at the distance and scale of ``pose``.

        The sensor is where the lens has its ``paraxial`` focus, in waves behind the aim point, as far as that is known:
        there 1/f = 1/i + 1/o', so that the working f-number i N / f is N (1 + i / o').
        """
        m = pose.scale_px_per_mm * setup.pixel_pitch_um * 1e-3
        pupil_radius_mm = setup.focal_length_mm / (2 * setup.f_number)
        waves_per_inverse_mm = pupil_radius_mm**2 / 2 / (optics.GREEN_WAVELENGTH_UM * 1e-3)
        nearer = max(1 - paraxial * pose.object_distance_mm / waves_per_inverse_mm, 0.0)
        working = optics.working_f_number(setup.f_number, m * nearer)
        airy_px = optics.GREEN_WAVELENGTH_UM * working / setup.pixel_pitch_um
        return cls(
            object_distance_mm=pose.object_distance_mm,
            magnification=m,
            working_f_number=working,
            waves_per_inverse_mm=waves_per_inverse_mm,
            blur_px_per_wave=8 * airy_px,
            airy_px=airy_px,
        )

    def from_depth(self, depth_mm: Array) -> Array:
        """Waves of defocus between the aim point and points ``depth_mm`` behind it; any shape."""
        o = self.object_distance_mm
        return np.asarray(self.waves_per_inverse_mm * depth_mm / (o * (o + depth_mm)), float)

    def to_depth(self, waves: Array) -> Array:
        """Inverse of :meth:`from_depth`."""
        nearness = 1 / self.object_distance_mm - waves / self.waves_per_inverse_mm
        return np.asarray(1 / np.maximum(nearness, 1e-9) - self.object_distance_mm, float)

    def mm_per_wave(self, depth_mm: float) -> float:
        """Slope of :meth:`to_depth` at points ``depth_mm`` behind the aim point."""
        return (self.object_distance_mm + depth_mm) ** 2 / self.waves_per_inverse_mm
