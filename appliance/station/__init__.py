"""The station daemon: owns the devices, answers the button, keeps every check, speaks on its Unix socket."""
