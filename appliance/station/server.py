"""The station's end of the socket: a thread per connection that reads state and hands requests to the loop."""

from __future__ import annotations

import json
import logging
import os
import socketserver
import threading
from pathlib import Path
from typing import Any

from appliance.errors import FocuscheckError, UsageError
from appliance.station.daemon import Station
from appliance.station.protocol import (
    LONGEST_REQUEST,
    check_to_dict,
    error_to_dict,
    guide_request,
    lens_tag,
    pairing_pin,
    set_up_request,
    socket_address,
)

IDLE_TIMEOUT_S = 10.0
MOST_CONNECTIONS = 32

log = logging.getLogger(__name__)


class _Handler(socketserver.StreamRequestHandler):
    timeout = IDLE_TIMEOUT_S
    server: StationServer

    def handle(self) -> None:
        try:
            for line in iter(lambda: self.rfile.readline(LONGEST_REQUEST), b""):
                answer = self.server.answer(line)
                self.wfile.write(json.dumps(answer).encode() + b"\n")
        except (TimeoutError, ConnectionError):
            log.debug("a client left")


class StationServer(socketserver.ThreadingUnixStreamServer):
    """Serves one station on ``path``; the caller holds the lock of the data folder, so an old socket is a dead one."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, path: Path, station: Station) -> None:
        self._station, self._path = station, path
        self._places = threading.BoundedSemaphore(MOST_CONNECTIONS)
        path.unlink(missing_ok=True)
        with socket_address(path) as address:
            super().__init__(address, _Handler)
        os.chmod(path, 0o660)
        self._thread = threading.Thread(target=self.serve_forever, args=(0.2,), name="socket", daemon=True)

    def start(self) -> None:
        """Answer clients from now on."""
        self._thread.start()

    def close(self) -> None:
        """Stop answering and take the socket away."""
        self.shutdown()
        self.server_close()
        self._path.unlink(missing_ok=True)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Serve a connection in a thread of its own, or refuse it when there are too many."""
        if not self._places.acquire(blocking=False):
            self.shutdown_request(request)
            return
        super().process_request(request, client_address)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Serve a connection, then free its place."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._places.release()

    def answer(self, line: bytes) -> dict[str, Any]:
        """Answer one request."""
        try:
            request = json.loads(line)
            if not isinstance(request, dict):
                raise UsageError("A request to the station is a JSON object.")
            return {"ok": self._do(request)}
        except ValueError:
            return error_to_dict(UsageError("A request to the station is one line of JSON."))
        except FocuscheckError as error:
            return error_to_dict(error)
        except Exception as error:
            log.exception("A request failed.")
            return error_to_dict(error)

    def _do(self, request: dict[str, Any]) -> dict[str, Any]:
        match request.get("command"):
            case "state":
                return self._station.state.to_dict()
            case "press":
                self._station.press(lens_tag(request.get("lens")))
                return {}
            case "check":
                return check_to_dict(self._station.press(lens_tag(request.get("lens"))).result())
            case "lens":
                self._station.select_lens(lens_tag(request.get("lens")))
                return {}
            case "body":
                self._station.select_body(lens_tag(request.get("body")))
                return {}
            case "set_up":
                self._station.set_up(*set_up_request(request))
                return {}
            case "scan":
                self._station.scan(str(request.get("text", ""))[:LONGEST_REQUEST])
                return {}
            case "assist" | "align" as kind:
                self._station.live(kind, request.get("on") is not False)
                return {}
            case "peak":
                self._station.reset_peak()
                return {}
            case "focus":
                self._station.focus()
                return {}
            case "guide":
                return self._station.guide(*guide_request(request))
            case "pair":
                self._station.show_pin(*pairing_pin(request))
                return {}
            case other:
                raise UsageError(f"The station knows no command {other!r}.")
