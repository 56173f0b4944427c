"""Photos as a bench would give them, without taking them: a thin lens's exact conjugates, scatter of known size."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from appliance.focus.result import Setup, Verdict
from appliance.guides.case import Observation

START = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)


@dataclass(frozen=True)
class Shots:
    """A bench of one lens: focal length and distance in mm, f-number, noise of one photo in µm (1 σ)."""

    focal_mm: float = 50.0
    object_mm: float = 1250.0
    f_number: float = 2.8
    coc_um: float = 15.0
    noise_um: float = 0.4
    shared_um: Mapping[str, float] = field(default_factory=dict)
    remount_u_um: float = 0.0

    @property
    def image_mm(self) -> float:
        """Where a focused sensor stands behind the lens."""
        return 1 / (1 / self.focal_mm - 1 / self.object_mm)

    @property
    def setup(self) -> Setup:
        """As the station would be told."""
        return Setup(self.focal_mm, self.f_number, 1.55, coc_um=self.coc_um, remount_u_um=self.remount_u_um)

    @property
    def tolerance_um(self) -> float:
        """Working f-number times circle of confusion."""
        return self.f_number * self.image_mm / self.focal_mm * self.coc_um

    def focus_mm(self, nearer_um: float) -> float:
        """Object distance in focus on a sensor that stands ``nearer_um`` too near to the lens."""
        return 1 / (1 / self.focal_mm - 1 / (self.image_mm - nearer_um / 1000))

    def observed(
        self, step: str, nearer_um: float, rng: np.random.Generator, sequence: int = 1, **more: Any
    ) -> Observation:
        """A photo of it, give or take its noise; ``more`` as the fields of an observation."""
        shift_um = nearer_um + self.noise_um * float(rng.standard_normal())
        error_mm = self.focus_mm(shift_um) - self.object_mm
        dioptres = 1000 / self.object_mm - 1000 / (self.object_mm + error_mm)
        sensor_mm = self.image_mm - nearer_um / 1000
        given = {"at": START + timedelta(minutes=sequence), **more}
        return Observation(
            step=step,
            sequence=sequence,
            setup=self.setup,
            verdict=Verdict.PASS,
            image_shift_um=self.image_mm**2 * dioptres,
            focus_error_mm=error_mm,
            side=int(np.sign(error_mm)),
            tolerance_um=self.tolerance_um,
            magnification=sensor_mm / self.object_mm,
            budget_um={"noise": self.noise_um, **self.shared_um},
            **given,
        )
