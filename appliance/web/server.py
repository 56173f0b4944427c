"""Serves the page until a signal ends it."""

from __future__ import annotations

import contextlib
import signal

from waitress.server import create_server  # type: ignore[import-untyped]

from appliance.config import Settings
from appliance.station.lifeline import when_stdin_closes
from appliance.web.app import LONGEST_FORM, create_app
from appliance.web.housekeeping import Housekeeper
from appliance.web.listen import listening_socket
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
    courier = Courier(lambda: app.extensions["history"].store)
    courier.start()
    housekeeper = Housekeeper(lambda: app.extensions["history"].store, settings)
    housekeeper.start()
    server = create_server(
        app,
        sockets=[bound],
        threads=THREADS,
        ident=None,
        max_request_body_size=LONGEST_FORM,
        channel_timeout=30,
        clear_untrusted_proxy_headers=True,
    )
    signal.signal(signal.SIGINT, _interrupt)
    signal.signal(signal.SIGTERM, _interrupt)
    if until_stdin_closes:
        when_stdin_closes(lambda: signal.raise_signal(signal.SIGTERM))
    with contextlib.suppress(KeyboardInterrupt):
        server.run()
    courier.stop()
    housekeeper.stop()
    server.close()
    return 0


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt
