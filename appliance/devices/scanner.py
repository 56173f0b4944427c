"""A USB barcode scanner: a keyboard to Linux, grabbed so that it types nowhere else.

Reads the kernel's input events (linux/input.h) as they are: a library would add a compiled dependency for two calls.
"""

from __future__ import annotations

import fcntl
import logging
import os
import select
import struct
import threading
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from appliance.devices.keys import DecodeKeys

EVENT = struct.Struct("llHHi")
"""struct input_event: seconds, microseconds, type, code, value."""
EV_KEY = 1
EVIOCGRAB = 0x40044590
BY_ID = Path("/dev/input/by-id")
SCANNER_WORDS = (
    "scan",
    "barcode",
    "symbol",
    "honeywell",
    "zebra",
    "datalogic",
    "netum",
    "tera",
    "inateck",
    "eyoyo",
)
RETRY_S = 2.0
LONGEST_CODE = 300

log = logging.getLogger(__name__)


def find_scanner(setting: str, folder: Path = BY_ID) -> Path | None:
    """The input device a setting names, or for ``auto`` the first keyboard whose name is a scanner's."""
    if setting != "auto":
        path = Path(setting)
        return path if path.exists() else None
    for path in sorted(folder.glob("*-event-kbd")):
        if any(word in path.name.lower() for word in SCANNER_WORDS):
            return path
    return None


def codes(events: Iterable[tuple[int, int, int]], layout: str) -> Iterator[str]:
    """Codes in a stream of (type, code, value) input events; a code ends with Enter or Tab."""
    keys, text = DecodeKeys(layout), ""
    for kind, code, value in events:
        character = keys.character(code, value) if kind == EV_KEY else ""
        if character in ("\n", "\t"):
            if text.strip():
                yield text.strip()
            text = ""
        else:
            text = (text + character)[-LONGEST_CODE:]


class EvdevScanner:
    """A :class:`~appliance.devices.Scanner` on an input device; may be plugged in and out at any time."""

    def __init__(self, setting: str, layout: str) -> None:
        self._setting, self._layout = setting, layout
        self._ended = threading.Event()
        self._wake, self._waker = os.pipe()
        self._thread: threading.Thread | None = None
        self.present = False
        self.description = f"barcode scanner ({setting}, layout {layout})"

    def listen(self, listener: Callable[[str], None]) -> None:
        """Pass every code read to ``listener``; goes on across unplugging."""
        self._thread = threading.Thread(target=self._run, args=(listener,), name="scanner", daemon=True)
        self._thread.start()

    def _run(self, listener: Callable[[str], None]) -> None:
        while not self._ended.is_set():
            path = find_scanner(self._setting)
            if path is not None:
                try:
                    self._read(path, listener)
                except OSError as error:
                    log.warning("The scanner %s was lost (%s); waiting for it.", path, error)
                self.present = False
            self._ended.wait(RETRY_S)

    def _read(self, path: Path, listener: Callable[[str], None]) -> None:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            grab(descriptor)
            self.present = True
            for code in codes(self._events(descriptor), self._layout):
                listener(code)
        finally:
            os.close(descriptor)

    def _events(self, descriptor: int) -> Iterator[tuple[int, int, int]]:
        rest = b""
        while not self._ended.is_set():
            ready, _, _ = select.select([descriptor, self._wake], [], [])
            if descriptor not in ready:
                continue
            data = os.read(descriptor, 64 * EVENT.size)
            if not data:
                return
            rest += data
            whole = len(rest) // EVENT.size * EVENT.size
            for _, _, kind, code, value in EVENT.iter_unpack(rest[:whole]):
                yield kind, code, value
            rest = rest[whole:]

    def close(self) -> None:
        """Let the scanner type into this machine again."""
        self._ended.set()
        os.write(self._waker, b"x")
        if self._thread is not None:
            self._thread.join(5)
        os.close(self._wake)
        os.close(self._waker)


def grab(descriptor: int) -> None:
    """Take the device's events for this process alone, where it is an input device."""
    try:
        fcntl.ioctl(descriptor, EVIOCGRAB, 1)
    except OSError as error:
        log.warning(
            "The scanner cannot be grabbed (%s); what it reads is typed into this machine too.", error
        )


class SimulatedScanner:
    """A :class:`~appliance.devices.Scanner` that reads what it is told to."""

    description = "simulated scanner"

    def __init__(self) -> None:
        self._listener: Callable[[str], None] | None = None

    def listen(self, listener: Callable[[str], None]) -> None:
        """Pass every code read to ``listener``."""
        self._listener = listener

    def scan(self, text: str) -> None:
        """Read a code."""
        if self._listener is not None:
            self._listener(text)

    def close(self) -> None:
        """Nothing holds it."""
        self._listener = None


def tag_of(code: str) -> str:
    """The lens tag in a code: a bare tag, or the end of an address ``…/l/TAG``."""
    from urllib.parse import unquote, urlsplit

    text = code.strip()
    if "://" in text:
        path = urlsplit(text).path
        _, mark, tag = path.rpartition("/l/")
        return unquote(tag.strip("/")) if mark else text
    return text
