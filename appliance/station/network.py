"""At which address phones find the page."""

from __future__ import annotations

import socket

from appliance.config import Settings

_NOWHERE = ("192.0.2.1", 9)
"""A documentation address (RFC 5737): routing is asked for it, nothing is sent."""
TLS_PORT = 8443
"""Where the TLS proxy listens; as in its configuration in systemd/."""


def own_address() -> str:
    """This machine's address on the network its default route leads to; 127.0.0.1 if there is none."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(_NOWHERE)
        except OSError:
            return "127.0.0.1"
        address: str = probe.getsockname()[0]
        return address


def page_address(settings: Settings) -> str:
    """URL under which phones find the page: that of the TLS proxy where one stands before it."""
    if settings.behind_proxy:
        return settings.public_url or f"https://{own_address()}:{TLS_PORT}"
    host = settings.host
    if host in ("0.0.0.0", "::", ""):
        host = own_address()
    return f"http://[{host}]:{settings.port}" if ":" in host else f"http://{host}:{settings.port}"
