"""What the station is wired to: each a Protocol, the real device and the simulated one."""

from appliance.devices.protocols import (
    Arrangeable,
    Camera,
    Display,
    EdgeListener,
    Focusing,
    Panel,
    Scanner,
    Thermometer,
)

__all__ = ["Arrangeable", "Camera", "Display", "EdgeListener", "Focusing", "Panel", "Scanner", "Thermometer"]
