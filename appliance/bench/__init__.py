"""The simulated bench: a printed chart photographed through a lens with known faults, by wave optics.

It knows the chart's layout and nothing else of the product, so that a wrong sign or formula cannot agree with itself.
"""

from appliance.bench.geometry import Projection, Truth
from appliance.bench.photo import Exposable, Photo, photograph
from appliance.bench.scene import Chart, Lens, Light, Mishap, Scene, Sensor, object_distance_mm
from appliance.bench.station import Bench

__all__ = [
    "Bench",
    "Chart",
    "Exposable",
    "Lens",
    "Light",
    "Mishap",
    "Photo",
    "Projection",
    "Scene",
    "Sensor",
    "Truth",
    "object_distance_mm",
    "photograph",
]
