"""Puts a time limit on calls into a library that has none of its own."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

T = TypeVar("T")


def within(limit_s: float, call: Callable[[], T]) -> T:
    """What ``call`` returns or raises, run in a thread that is left behind if it takes longer.

    Raises
    ------
    TimeoutError
        After ``limit_s``. Only the end of the process ends the thread then.
    """
    done: Future[T] = Future()

    def run() -> None:
        try:
            done.set_result(call())
        except BaseException as error:  # noqa: BLE001 - handed to the waiting thread, which raises it
            done.set_exception(error)

    threading.Thread(target=run, name="camera call", daemon=True).start()
    return done.result(limit_s)
