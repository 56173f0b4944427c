"""Files that are on the disk when a call returns: the one place through which the store writes them.

A write is durable once its content is flushed (``fsync``) and, for a new name, its folder too (POSIX.1-2017, fsync;
``man 2 fsync``, notes). Every function raises OSError as the system gives it: ENOSPC, EIO, EROFS.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable
from pathlib import Path

PARTIAL = ".partial"
"""Ends the name of a file that is not whole yet; one that is found at a start was left by a power cut."""


def sync_folder(folder: Path) -> None:
    """Flush the names in ``folder``: without it a new file can be gone after a power cut, content and all."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_new(file: Path, content: bytes) -> None:
    """Write a file that must not be there yet, and flush it; its name is flushed by :func:`sync_folder`.

    What was begun of it is taken away again if it cannot be written.
    """
    with file.open("xb") as stream:
        try:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        except OSError:
            file.unlink(missing_ok=True)
            raise


def replace_whole(file: Path, content: bytes) -> None:
    """Write ``file`` so that at any moment either the old content is there or the new, whole."""
    partial = file.with_name(file.name + PARTIAL)
    partial.unlink(missing_ok=True)
    write_new(partial, content)
    partial.replace(file)
    sync_folder(file.parent)


def append_line(file: Path, line: bytes) -> None:
    """Add ``line`` (without its end) to ``file`` and flush it; a line that a power cut tore stays one of its own."""
    made = not file.exists()
    with file.open("ab") as stream:
        if stream.tell() and not _ends_a_line(file):
            line = b"\n" + line
        stream.write(line + b"\n")
        stream.flush()
        os.fsync(stream.fileno())
    if made:
        sync_folder(file.parent)


def _ends_a_line(file: Path) -> bool:
    with file.open("rb") as stream:
        stream.seek(-1, os.SEEK_END)
        return stream.read(1) == b"\n"


def copy_whole(source: Path, target: Path) -> None:
    """Copy a file so that ``target`` is there whole or not at all; its time of change goes with it."""
    partial = target.with_name(target.name + PARTIAL)
    shutil.copyfile(source, partial)
    with partial.open("rb") as stream:
        os.fsync(stream.fileno())
    shutil.copystat(source, partial)
    partial.replace(target)


def move_into(folder: Path, files: Iterable[Path]) -> None:
    """Move those of ``files`` that are there into ``folder``, which is made; both folders are flushed."""
    folder.mkdir(parents=True, exist_ok=True)
    for file in files:
        if file.exists():
            file.replace(folder / file.name)
            sync_folder(file.parent)
    sync_folder(folder)
    sync_folder(folder.parent)
