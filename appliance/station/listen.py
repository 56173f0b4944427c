"""Takes the page's port, or says who is in the way."""

from __future__ import annotations

import errno
import socket

from appliance.errors import AddressInUseError, UsageError


def listening_socket(host: str, port: int) -> socket.socket:
    """A bound socket for the page.

    Raises
    ------
    AddressInUseError
        If another program has the port.
    UsageError
        If the address is not this machine's or the port needs rights.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        bound = socket.socket(family, kind, protocol)
    except OSError as error:
        raise UsageError(
            f"The page cannot listen on host {host!r} ({error.strerror}). Give --host an address."
        ) from None
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind(address)
        bound.listen(64)  # else a second program could still bind the port with SO_REUSEADDR
    except OSError as error:
        bound.close()
        if error.errno == errno.EADDRINUSE:
            raise AddressInUseError(
                f"Port {port} is taken by another program, perhaps by a station that already runs. "
                f"Stop that one, or choose another port: --port {port + 1 if port < 65535 else 8080}."
            ) from None
        raise UsageError(
            f"The page cannot listen on {host} port {port} ({error.strerror}). Choose another --host or --port."
        ) from None
    return bound
