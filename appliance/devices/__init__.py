"""What the station is wired to: each a Protocol, the real device and the simulated one."""

from appliance.devices.protocols import Camera, Display, EdgeListener, Panel

__all__ = ["Camera", "Display", "EdgeListener", "Panel"]
