"""Serves the page until a signal ends it."""

from __future__ import annotations

import contextlib
import logging
import signal
import socket
from typing import Any

from flask import Flask

from appliance.config import Settings
from appliance.station.lifeline import when_stdin_closes
from appliance.station.listen import listening_socket
from appliance.web.app import LONGEST_FORM, create_app
from appliance.web.guarded_server import MOST_OF_ONE_ADDRESS, GuardedServer
from appliance.web.housekeeping import Housekeeper
from appliance.web.shared_station import SharedStation
from appliance.web.webhook import Courier

THREADS = 6


def serve(settings: Settings, until_stdin_closes: bool = False) -> int:
    """Serve the page; returns the exit status.

    Raises
    ------
    AddressInUseError
        If the port is taken.
    """
    bound = listening_socket(settings.host, settings.port)
    app = create_app(settings)
    station = SharedStation(settings.socket)
    app.extensions["station"] = station
    station.start()
    courier = Courier(lambda: app.extensions["history"].store)
    courier.start()
    housekeeper = Housekeeper(lambda: app.extensions["history"].store, settings)
    housekeeper.start()
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)  # requests that wait are no news
    with app.test_client() as first:
        first.get("/live")  # what is imported and compiled for a first page is so before anybody waits for it
    server = make_server(app, bound, settings)
    signal.signal(signal.SIGINT, _interrupt)
    signal.signal(signal.SIGTERM, _interrupt)
    if until_stdin_closes:
        when_stdin_closes(lambda: signal.raise_signal(signal.SIGTERM))
    with contextlib.suppress(KeyboardInterrupt):
        server.run()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)  # it ends already
    server.close()
    station.stop()
    courier.stop()
    housekeeper.stop()
    app.extensions["history"].close()
    return 0


def make_server(app: Flask, bound: socket.socket, settings: Settings) -> Any:
    """A server of ``app`` on the socket ``bound``, not yet running.

    Who asks, and whether by HTTPS, is what the connection says; only where ``behind_proxy`` is set, and only from this
    machine, the headers of the proxy say it.
    """
    proxy: dict[str, Any] = {}
    if settings.behind_proxy:
        proxy = {
            "trusted_proxy": "127.0.0.1",
            "trusted_proxy_headers": {"x-forwarded-for", "x-forwarded-proto"},
        }
    return GuardedServer(
        app,
        bound,
        None if settings.behind_proxy else MOST_OF_ONE_ADDRESS,
        THREADS,
        ident=None,
        max_request_body_size=LONGEST_FORM,
        clear_untrusted_proxy_headers=True,
        **proxy,
    )


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt
