"""waitress with limits on what one address can hold: connections, time for a request's head and body, turns.

Of waitress itself (3.0) a connection may stay half open for ``channel_timeout`` by the wall clock, any number of them
from one address, and a request whose sender has gone is served all the same. Here

- an address has at most ``MOST_OF_ONE_ADDRESS`` connections; one more takes the place of one that has
  hung up, else of its oldest that asks nothing;
- a request's head must have come ``HEAD_S`` after its first byte, its body at ``LEAST_BYTES_S`` on average, and some of
  an answer must be taken every ``BODY_GRACE_S``, all by the clock that cannot jump;
- addresses take turns, so that one that asks much waits behind itself;
- a request whose sender has hung up is dropped before it is served.
"""

from __future__ import annotations

import math
import socket
import time
from collections import OrderedDict, deque
from typing import Any

from flask import Flask
from waitress.adjustments import Adjustments  # type: ignore[import-untyped]
from waitress.channel import HTTPChannel  # type: ignore[import-untyped]
from waitress.server import TcpWSGIServer  # type: ignore[import-untyped]
from waitress.task import ThreadedTaskDispatcher  # type: ignore[import-untyped]

MOST_OF_ONE_ADDRESS = 24
"""A browser opens six; this leaves room for several on one machine."""
MOST_CONNECTIONS = 400
HEAD_S = 5.0
BODY_GRACE_S, LEAST_BYTES_S = 10.0, 10_000.0
"""A phone at the end of the house's wireless network sends ten times as fast."""
KEEP_ALIVE_S = 30.0
LOOK_EVERY_S = 0.5


class GuardedChannel(HTTPChannel):  # type: ignore[misc]
    """A connection that knows since when it waits for what."""

    def __init__(self, server: Any, sock: Any, addr: Any, adj: Any, map: Any = None) -> None:
        self.address = str(addr[0])
        self.since = time.monotonic()
        """When what it waits for now began: the connection, the request's first byte, or the end of an answer."""
        self.came_bytes = 0
        self.asked = False
        """Whether it ever sent a whole request."""
        self._left_bytes, self._taken_at = 0, self.since
        super().__init__(server, sock, addr, adj, map)

    def received(self, data: bytes) -> bool:
        """Take in what came, and note when its request began."""
        if self.request is None:
            self.since, self.came_bytes = time.monotonic(), 0
        self.came_bytes += len(data)
        taken: bool = super().received(data)
        if self.requests:
            self.asked = True
        return taken

    def service(self) -> None:
        """Serve one request, unless its sender has hung up."""
        if self.gone:
            self.connected = False
        super().service()
        self.since = self._taken_at = time.monotonic()

    @property
    def gone(self) -> bool:
        """Whether its other end has hung up."""
        try:
            return bool(self.socket.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT) == b"")
        except BlockingIOError:
            return False
        except OSError:
            return True

    @property
    def idle(self) -> bool:
        """Whether nothing of it is being served."""
        return not self.requests

    def overdue(self, now: float) -> bool:
        """Whether it has kept the server waiting for too long at ``now``, monotonic s."""
        if not self.idle:
            return False
        if self.total_outbufs_len:
            if self.total_outbufs_len != self._left_bytes:
                self._left_bytes, self._taken_at = self.total_outbufs_len, now
            return now - self._taken_at > BODY_GRACE_S
        waited_s = now - self.since
        if self.request is None:
            return waited_s > (KEEP_ALIVE_S if self.asked else HEAD_S)
        if not self.request.headers_finished:
            return waited_s > HEAD_S
        return waited_s > BODY_GRACE_S and self.came_bytes < LEAST_BYTES_S * waited_s


class TakingTurns:
    """A queue of connections in which addresses take turns; what a dispatcher of waitress asks of its queue."""

    def __init__(self) -> None:
        self._waiting: OrderedDict[str, deque[Any]] = OrderedDict()
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def append(self, channel: Any) -> None:
        """Put a connection with a request behind those of its address."""
        self._waiting.setdefault(channel.address, deque()).append(channel)
        self._count += 1

    def popleft(self) -> Any:
        """The first connection of the address whose turn it is."""
        address, channels = self._waiting.popitem(last=False)
        channel = channels.popleft()
        if channels:
            self._waiting[address] = channels
        self._count -= 1
        return channel


class GuardedServer(TcpWSGIServer):  # type: ignore[misc]
    """The server; ``one_address`` is how many connections an address may have, None for a proxy's."""

    channel_class = GuardedChannel
    next_channel_cleanup = math.inf
    """waitress's own round goes by the wall clock."""

    def __init__(self, app: Flask, bound: socket.socket, one_address: int | None, threads: int, **more: Any):
        adjustments = Adjustments(
            sockets=[bound],
            threads=threads,
            connection_limit=2 * MOST_CONNECTIONS,
            asyncore_use_poll=True,
            **more,
        )
        dispatcher = ThreadedTaskDispatcher()
        dispatcher.queue = TakingTurns()
        dispatcher.set_thread_count(threads)
        self._one_address = one_address
        self._next_look = 0.0
        about = (bound.family, bound.type, bound.proto, bound.getsockname())
        super().__init__(
            app, {}, True, bound, dispatcher=dispatcher, adj=adjustments, bind_socket=False, sockinfo=about
        )

    def readable(self) -> bool:
        """Whether a connection may come; every half second the overdue ones go."""
        now = time.monotonic()
        if now >= self._next_look:
            self._next_look = now + LOOK_EVERY_S
            for channel in list(self.active_channels.values()):
                if channel.overdue(now):
                    channel.will_close = True
        may: bool = super().readable()
        return may

    def handle_accept(self) -> None:
        """Take a connection, and make room for it first."""
        before = set(self.active_channels)
        super().handle_accept()
        for number in set(self.active_channels) - before:
            self._make_room(self.active_channels[number])

    def _make_room(self, new: GuardedChannel) -> None:
        others = [
            channel
            for channel in self.active_channels.values()
            if channel is not new and not channel.will_close
        ]
        own = [channel for channel in others if channel.address == new.address]
        crowded = own if self._one_address is not None and len(own) >= self._one_address else []
        if not crowded and len(others) >= MOST_CONNECTIONS:
            crowded = others
        if crowded:
            idle = [channel for channel in crowded if channel.idle]
            (min(idle, key=lambda channel: (not channel.gone, channel.since)) if idle else new).handle_close()
