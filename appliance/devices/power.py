"""Switches the machine off, as the polkit rule installed with the station allows its user to."""

from __future__ import annotations

import subprocess

TIMEOUT_S = 10.0


def power_off() -> None:
    """Ask systemd to power off.

    Raises
    ------
    OSError
        If it refuses or does not answer.
    """
    try:
        done = subprocess.run(
            ["systemctl", "poweroff", "--no-ask-password"], capture_output=True, text=True, timeout=TIMEOUT_S
        )
    except subprocess.TimeoutExpired:
        raise OSError("systemd does not answer") from None
    if done.returncode:
        raise OSError(done.stderr.strip() or f"status {done.returncode}")
