"""Ends a process with the one that started it, however that one ended."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable

_STDIN = 0


def when_stdin_closes(act: Callable[[], object]) -> None:
    """Call ``act``, from another thread, once standard input is closed at its other end."""

    def wait() -> None:
        while os.read(_STDIN, 1024):  # not sys.stdin: its lock would be held while the interpreter shuts down
            pass
        act()

    threading.Thread(target=wait, name="lifeline", daemon=True).start()
