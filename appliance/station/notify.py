"""Tells systemd how the service does (sd_notify): ready, alive, what it is doing."""

from __future__ import annotations

import logging
import os
import socket
from collections.abc import Mapping

log = logging.getLogger(__name__)


class Notifier:
    """Speaks to the socket systemd named; does nothing where it named none."""

    def __init__(self, environment: Mapping[str, str] | None = None) -> None:
        environment = os.environ if environment is None else environment
        self._address = environment.get("NOTIFY_SOCKET", "")
        self._said = ""

    @property
    def wanted(self) -> bool:
        """Whether anybody listens."""
        return bool(self._address)

    def ready(self) -> None:
        """The service answers from now on."""
        self._send("READY=1")

    def alive(self) -> None:
        """The loop that does the work has come round once more."""
        self._send("WATCHDOG=1")

    def status(self, text: str) -> None:
        """What ``systemctl status`` shows."""
        if text != self._said:
            self._said = text
            self._send(f"STATUS={text}")

    def stopping(self) -> None:
        """The service ends now, and means to."""
        self._send("STOPPING=1")

    def _send(self, message: str) -> None:
        if not self._address:
            return
        address = "\0" + self._address[1:] if self._address.startswith("@") else self._address
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as connection:
                connection.setblocking(False)
                connection.sendto(message.encode(), address)
        except OSError as error:
            log.warning("systemd could not be told %r (%s).", message, error)
