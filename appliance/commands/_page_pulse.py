"""Tells systemd that the page is alive: a request to the page itself must have been answered for every pulse."""

from __future__ import annotations

import http.client
import threading
from collections.abc import Callable

from appliance.config import Settings
from appliance.station.notify import Notifier

PULSE_S = 10.0
ANSWER_S = 8.0


def answers(host: str, port: int) -> bool:
    """Whether the page answers a request, whatever it says."""
    connection = http.client.HTTPConnection(host, port, timeout=ANSWER_S)
    try:
        connection.request("HEAD", "/static/icon.svg", headers={"Host": "localhost"})
        connection.getresponse().read()
        return True
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def start_pulse(settings: Settings, notifier: Notifier, ended: Callable[[float], bool] | None = None) -> None:
    """Ask the page every few seconds from now on; ready after its first answer, alive after each."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.host, settings.host)
    wait = ended or threading.Event().wait

    def pulse() -> None:
        while not answers(host, settings.port):
            if wait(0.2):
                return
        notifier.ready()
        while not wait(PULSE_S):
            if answers(host, settings.port):
                notifier.alive()

    threading.Thread(target=pulse, name="pulse", daemon=True).start()
