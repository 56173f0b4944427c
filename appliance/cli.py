"""The ``focuscheck`` command: finds the subcommand, and turns every error into a sentence and an exit status."""

from __future__ import annotations

import argparse
import contextlib
import logging
import os
import sys
import traceback
from collections.abc import Sequence
from importlib import import_module
from typing import NoReturn

from appliance.config import SOFTWARE_VERSION
from appliance.errors import FocuscheckError

COMMAND_MODULES = (
    "appliance.commands.station",
    "appliance.commands.guide",
    "appliance.commands.measure",
    "appliance.commands.prints",
    "appliance.commands.bench",
    "appliance.commands.doctor",
    "appliance.commands.config",
    "appliance.commands.backup",
)

EXIT_STATUS_HELP = (
    "exit status: 0 PASS or done, 1 FAIL, 2 wrong usage, 3 RETEST, 4 INVALID or no photo, 5 internal error. "
    "More on one command: focuscheck COMMAND --help"
)


class _Parser(argparse.ArgumentParser):
    """Says what is wrong first and how to find out more after it, without the block of usage."""

    def error(self, message: str) -> None:  # type: ignore[override]
        sentence = message[:1].upper() + message[1:].rstrip(".")
        self.exit(2, f"{sentence}. Try: {self.prog} --help\n")


def make_parser() -> argparse.ArgumentParser:
    """The whole command line."""
    parser = _Parser(
        prog="focuscheck",
        description="Says where a lens focuses, with its uncertainty, from one photo of a printed chart.",
        epilog=EXIT_STATUS_HELP,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"focuscheck {SOFTWARE_VERSION}")
    parser.add_argument(
        "--debug", action="store_true", help="log more, and show where an internal error came from"
    )
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True, parser_class=_Parser)
    for name in COMMAND_MODULES:
        import_module(name).add_parsers(commands)
    return parser


def command() -> NoReturn:
    """``focuscheck`` as a process of its own: run it, and leave with its exit status."""
    try:
        status = main()
    except SystemExit as ended:  # argparse has said what there was to say
        status = int(ended.code or 0)
    leave(status)


def leave(status: int) -> NoReturn:
    """End this process now, and all threads with it, whatever they are doing.

    What has an end of its own (check, store, devices, sockets) has come to it by now. Left are threads that nobody
    waits for: the simulated bench at its light, a call into a camera that hangs. Python before 3.14 ends such a thread
    by unwinding its stack when it comes back for the interpreter's lock while the interpreter is taken apart; from C++
    (OpenCV, libcamera) that aborts the process. So the interpreter is not taken apart. Handlers that libraries left
    with ``atexit`` are not called either: picamera2's would wait for the camera that hangs.
    """
    logging.shutdown()
    for stream in (sys.stdout, sys.stderr):
        try:
            if stream is not None:  # it was closed for us
                stream.flush()
        except (OSError, ValueError):  # nobody reads it, or the disk is full
            status = status or FocuscheckError.exit_status
    os._exit(status)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run ``focuscheck`` in this process and return its exit status."""
    options = make_parser().parse_args(arguments)
    logging.basicConfig(
        level=logging.DEBUG if options.debug else logging.WARNING,
        format="%(levelname)s %(name)s: %(message)s" if options.debug else "%(message)s",
    )
    try:
        status: int = options.run(options)
        sys.stdout.flush()
        return status
    except FocuscheckError as error:
        print(error, file=sys.stderr)
        return error.exit_status
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        with contextlib.suppress(OSError):  # whoever read our output has gone; nothing is left to say
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 5
    except Exception as error:  # noqa: BLE001 - the last resort: a crash must never look like a verdict
        if options.debug:
            traceback.print_exc()
        kind = type(error).__name__
        print(f"Internal error ({kind}: {error}). Run it again with: focuscheck --debug …", file=sys.stderr)
        return 5
