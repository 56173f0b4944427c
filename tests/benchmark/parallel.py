"""Work on many items at once, in one process or several."""

from __future__ import annotations

import multiprocessing
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")


def in_parallel(work: Callable[[T], R], items: Sequence[T], jobs: int, name: str) -> list[R]:
    """Work on all items in order, in one process or several; progress on stderr if there is a name for it."""
    done: list[R | None] = [None] * len(items)
    start = time.perf_counter()
    for count, (place, result) in enumerate(_results(work, items, jobs), 1):
        done[place] = result
        if name:
            _progress(name, count, len(items), time.perf_counter() - start)
    return [result for result in done if result is not None]


def _results(work: Callable[[T], R], items: Sequence[T], jobs: int) -> Iterator[tuple[int, R]]:
    if jobs == 1 or len(items) < 2:
        yield from ((place, work(item)) for place, item in enumerate(items))
        return
    # a fresh interpreter each: forked children of a process with OpenCV's threads can hang
    with ProcessPoolExecutor(jobs, mp_context=multiprocessing.get_context("spawn")) as pool:
        futures = {pool.submit(work, item): place for place, item in enumerate(items)}
        for future in as_completed(futures):
            yield futures[future], future.result()


def _progress(name: str, count: int, total: int, seconds: float) -> None:
    left = seconds / count * (total - count)
    end = "\n" if count == total else ""
    if sys.stderr.isatty():
        sys.stderr.write(f"\r{name}: {count} of {total}, {left:.0f} s left   {end}")
    elif count == total or count % max(total // 20, 1) == 0:
        sys.stderr.write(f"{name}: {count} of {total}, {left:.0f} s left\n")
    sys.stderr.flush()
