"""What the through-focus fit is about: pieces of edges with what they say, and the shape of a lens."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np

from appliance.arrays import Array
from appliance.focus.lens.parameters import CONSTANT_ASTIGMATISM, CURVATURE, FIELD_ASTIGMATISM, FOCUS, TILT_X


@dataclass(frozen=True)
class LinearPrediction:
    """What data show beside the response of n segments at k frequencies, linear about the ``shape`` of a lens.

    ``value`` (n, k) and its derivatives ``slope`` (n, k, SHAPE_PARAMETERS).
    """

    shape: Array
    value: Array
    slope: Array

    def at(self, shape: Array) -> Array:
        """(n, k) of a lens of another shape."""
        return np.asarray(self.value + self.slope @ (shape - self.shape))

    def farther(self, waves: Array) -> LinearPrediction:
        """The same of lenses whose best focus lies so much farther at each segment, (n,)."""
        return replace(self, value=self.value + self.slope[..., FOCUS] * waves[:, None])

    def take(self, index: Any) -> LinearPrediction:
        """Of the segments of an index array."""
        return LinearPrediction(self.shape, self.value[index], self.slope[index])


@dataclass(frozen=True)
class Geometry:
    """Where n pieces of edges are, as focus sees it.

    Attributes
    ----------
    q:
        (n,) depth behind the aim point in waves of defocus.
    q_half:
        (n,) half the depth range along the piece, waves.
    scale_px_per_mm:
        (n,) local scale along the edge's normal.
    x, r2:
        (n,) place in the picture in half diagonals: across the tilt from the aim point, and
        radius squared from the centre, as a field's curvature counts there.
    radial:
        (n,) (n · r)² − r²/2 of the piece's normal in the picture and its place r from the centre, half diagonals:
        how much of a field's astigmatism moves its focus.
    turn:
        (n, 2) half of n_y² − n_x², and n_x n_y, of its normal: how much of a smear blurs the piece. The first is also
        how much of an even astigmatism moves its focus: 0.5 of it across the tilt, −0.5 along it.
    bow:
        (n,) how far distortion moves a piece along the chart's slope, waves; 0 where the chart is in focus.
    place:
        (n, 2) place in the picture from its centre, half diagonals.
    """

    q: Array
    q_half: Array
    scale_px_per_mm: Array
    x: Array
    r2: Array
    field_astigmatism_weight: Array
    azimuth: Array
    distortion_defocus: Array
    place: Array


@dataclass(frozen=True)
class QuadraticLikelihood:
    """What else is known of a lens: −2 log likelihood dᵀ ``information`` d − 2 ``pull``ᵀ d.

    There d is how far its shape is from ``about``. The ``reduced_chi2`` of what tells it is taken into account.
    """

    about: Array
    information: Array
    pull: Array
    reduced_chi2: float

    def cost(self, shape: Array) -> float:
        """−2 log likelihood of a lens of that shape, but for a constant."""
        d = shape - self.about
        return float(d @ self.information @ d - 2 * self.pull @ d)

    def gradient(self, shape: Array) -> Array:
        """Half the derivative of the cost."""
        return np.asarray(self.information @ (shape - self.about) - self.pull)


@dataclass(frozen=True)
class Segments(Geometry):
    """What the fit needs of n pieces of edges at k frequencies.

    Attributes
    ----------
    frequency_cpp:
        (k,) cycles per pixel.
    sfr:
        (n, k) response with the pixel aperture divided out.
    covariance:
        (n, k, k) its covariance between frequencies.
    count:
        (n,) how many of a piece's responses count.
    foreseen:
        What the data show beside the response of such a lens, if known.
    told:
        What else than these segments tells of the lens.
    """

    frequency_cpp: Array
    sfr: Array
    covariance: Array
    count: Array
    prediction: LinearPrediction | None = None
    image_likelihood: QuadraticLikelihood | None = None

    def take(self, index: Any) -> Segments:
        """The pieces of an index array."""
        alike = ("frequency_cpp", "prediction", "image_likelihood")
        own = {f.name: getattr(self, f.name)[index] for f in fields(self) if f.name not in alike}
        return replace(self, **own, prediction=self.prediction and self.prediction.take(index))


def defocus_of(data: Geometry, shape: Array) -> Array:
    """(n,) defocus of each segment in nominal waves: its depth behind the surface of best focus."""
    field = (
        shape[TILT_X] * data.x
        + shape[CURVATURE] * data.r2
        + shape[FIELD_ASTIGMATISM] * data.field_astigmatism_weight
    )
    return np.asarray(data.q - shape[FOCUS] - field - shape[CONSTANT_ASTIGMATISM] * data.azimuth[:, 0], float)
