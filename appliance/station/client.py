"""The other end of the station's socket, for page, command line and terminal."""

from __future__ import annotations

import json
import socket
import struct
from pathlib import Path
from typing import Any

from appliance.errors import StationDownError, StationSilentError
from appliance.station.protocol import error_from_dict, socket_address
from appliance.station.state import StationState

ANSWER_TIMEOUT_S = 5.0
CHECK_TIMEOUT_S = 300.0


def _timeval(seconds: float) -> bytes:
    """A C ``struct timeval``."""
    return struct.pack("@ll", int(seconds), int(seconds % 1 * 1e6))


class StationClient:
    """Asks a station; each call is a connection of its own, so that a restarted station is found again by itself."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def state(self) -> StationState:
        """Ask for the station's state."""
        return StationState.from_dict(self._ask({"command": "state"}))

    def press(self, lens_tag: str | None = None) -> None:
        """Press TEST; returns as soon as the check has begun."""
        self._ask({"command": "press", "lens": lens_tag})

    def check(self, lens_tag: str | None = None) -> dict[str, Any]:
        """Press TEST and wait for the stored check."""
        return self._ask({"command": "check", "lens": lens_tag}, CHECK_TIMEOUT_S)

    def select_lens(self, tag: str | None) -> None:
        """Say which lens the next presses are about."""
        self._ask({"command": "lens", "lens": tag})

    def select_body(self, tag: str | None) -> None:
        """Say which camera body the next presses name."""
        self._ask({"command": "body", "body": tag})

    def set_up(self, focal_length_mm: float | None, f_number: float | None) -> None:
        """Say what the lens on the bench is set to."""
        self._ask({"command": "set_up", "focal_length_mm": focal_length_mm, "f_number": f_number})

    def scan(self, text: str) -> None:
        """Read a barcode as the scanner does."""
        self._ask({"command": "scan", "text": text})

    def live(self, kind: str, on: bool) -> None:
        """Begin or end ``assist`` or ``align``."""
        self._ask({"command": kind, "on": on})

    def reset_peak(self) -> None:
        """Let focus assist forget its best sharpness."""
        self._ask({"command": "peak"})

    def focus(self) -> None:
        """Focus and lock by the camera's motor."""
        self._ask({"command": "focus"})

    def guide(self, do: str, **fields: Any) -> dict[str, Any]:
        """Do something with the guided check on the bench (see :mod:`appliance.station.protocol`)."""
        return self._ask({"command": "guide", "do": do, **fields})

    def pair(self, pin: str | None, seconds: float = 120.0) -> None:
        """Show a pairing PIN on the OLED; None takes it down."""
        self._ask({"command": "pair", "pin": pin, "seconds": seconds})

    def _ask(self, request: dict[str, Any], timeout_s: float = ANSWER_TIMEOUT_S) -> dict[str, Any]:
        """Send a request and return its answer.

        Raises
        ------
        StationDownError
            If there is no station. StationSilentError if there is one that does not answer in ``timeout_s``.
        FocuscheckError
            What the station answered with, as the class it was there.
        """
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
                # connecting waits while the station is slow to accept, but not for ever, and fails if there is none
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, _timeval(timeout_s))
                with socket_address(self._path) as address:
                    connection.connect(address)
                connection.settimeout(timeout_s)
                connection.sendall(json.dumps(request).encode() + b"\n")
                with connection.makefile("rb") as stream:
                    line = stream.readline()
            answer: dict[str, Any] = json.loads(line)
        except (TimeoutError, BlockingIOError):
            raise StationSilentError(
                f"The station on {self._path} has not answered for {timeout_s:g} s. Look at its display: if it hangs, "
                "it starts itself afresh."
            ) from None
        except (OSError, ValueError):
            raise StationDownError(
                f"No station answers on {self._path}. Start it with: focuscheck station (or ./scripts/run)."
            ) from None
        if "error" in answer:
            raise error_from_dict(answer)
        result: dict[str, Any] = answer["ok"]
        return result
