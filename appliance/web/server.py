"""Serves the page until a signal ends it."""

from __future__ import annotations

import contextlib
import signal

from waitress.server import create_server  # type: ignore[import-untyped]

from appliance.config import Settings
from appliance.station.lifeline import when_stdin_closes
from appliance.web.app import create_app
from appliance.web.listen import listening_socket

THREADS = 6
LONGEST_BODY = 64 * 1024


def serve(settings: Settings, until_stdin_closes: bool = False) -> int:
    """Serve the page; returns the exit status.

    Raises
    ------
    AddressInUseError
        If the port is taken.
    """
    bound = listening_socket(settings.host, settings.port)
    server = create_server(
        create_app(settings),
        sockets=[bound],
        threads=THREADS,
        ident=None,
        max_request_body_size=LONGEST_BODY,
        channel_timeout=30,
        clear_untrusted_proxy_headers=True,
    )
    signal.signal(signal.SIGINT, _interrupt)
    signal.signal(signal.SIGTERM, _interrupt)
    if until_stdin_closes:
        when_stdin_closes(lambda: signal.raise_signal(signal.SIGTERM))
    with contextlib.suppress(KeyboardInterrupt):
        server.run()
    server.close()
    return 0


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt
