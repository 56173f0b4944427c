"""Treats a station's records as a bad house would, and prints what came of it.

``scripts/torture [--kills N] [--damages N] [--full N] [--seed S]``: a process that stores checks as a station does is
killed at random moments, its database is spoiled, its disk filled. What it had shown must be there afterwards, once.
Exit status 1 if a check was lost or doubled, or a row lacks its picture.
"""

from __future__ import annotations

import argparse
import os
import random
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.torture.damage import KINDS, spoil
from tests.torture.worker import STARTED, begin, kept

LONGEST_LIFE_S = 0.1
MOST_CHECKS = 4
"""A life is counted in checks, so that a machine that is busy otherwise kills no emptier ones."""
START_LIMIT_S = 60.0
TMPFS_BYTES = 6_000_000


@dataclass
class Tally:
    """What one kind of treatment came to."""

    name: str
    tried: int = 0
    shown: dict[int, tuple[str, str]] = field(default_factory=dict)
    checks: int = 0
    lost: int = 0
    doubled: int = 0
    without: int = 0
    worst_s: float = 0.0

    def settle(self, folder: Path) -> None:
        """Compare what was shown with what is there."""
        there, doubled, without = kept(folder)
        self.checks += len(self.shown)
        self.lost += sum(there.get(number) != what for number, what in self.shown.items())
        self.doubled, self.without = self.doubled + doubled, self.without + without
        self.shown.clear()

    @property
    def good(self) -> bool:
        """Whether nothing was lost or doubled."""
        return self.lost == self.doubled == self.without == 0


class Life:
    """One life of a worker, from its start until it is killed."""

    def __init__(self, folder: Path, seed: int, tally: Tally) -> None:
        self._tally, self._begun = tally, time.monotonic()
        self._child, self._pipe = begin(folder, seed)
        self._text = b""
        self.said: list[str] = []

    def listen(self, seconds: float) -> None:
        """Hear it for so long, or until it ends."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            if not select.select([self._pipe], [], [], left)[0] or not self._read():
                return

    def wait_until_started(self) -> None:
        """Wait until it could take a check."""
        until = time.monotonic() + START_LIMIT_S
        while STARTED not in self.said and time.monotonic() < until:
            if select.select([self._pipe], [], [], 0.5)[0] and not self._read():
                break
        self._tally.worst_s = max(self._tally.worst_s, time.monotonic() - self._begun)

    def wait_for_checks(self, count: int) -> None:
        """Wait until it has shown so many checks."""
        until = time.monotonic() + START_LIMIT_S
        while sum(line.startswith("shown ") for line in self.said) < count and time.monotonic() < until:
            if select.select([self._pipe], [], [], 0.5)[0] and not self._read():
                break

    def kill(self) -> None:
        """End it without a word, and hear what it had said."""
        os.kill(self._child, signal.SIGKILL)
        os.waitpid(self._child, 0)
        while self._read():
            pass
        os.close(self._pipe)

    def _read(self) -> bool:
        data = os.read(self._pipe, 65536)
        *lines, self._text = (self._text + data).split(b"\n")
        for line in lines:
            self.said.append(line.decode())
            if line.startswith(b"shown "):
                _, number, uuid, verdict = line.decode().split()
                self._tally.shown[int(number)] = (uuid, verdict)
        return bool(data)


def killed(folder: Path, count: int, seed: int) -> Tally:
    """Kill it at random moments of its life, its start included."""
    tally, draw = Tally("killed at a random moment"), random.Random(seed)
    for number in range(count):
        if number % 50 == 0:
            sys.stderr.write(f"{number} kills, {len(tally.shown)} checks shown\n")
        life = Life(folder, seed * 1_000_003 + number, tally)
        if draw.random() < 0.8:
            life.wait_until_started()
            life.wait_for_checks(draw.randrange(MOST_CHECKS))
        life.listen(draw.uniform(0, LONGEST_LIFE_S))
        life.kill()
        tally.tried += 1
    tally.settle(folder)
    return tally


def damaged(folder: Path, count: int, seed: int) -> list[Tally]:
    """Spoil its files between two lives, in each way."""
    draw, tallies = random.Random(seed), {kind: Tally(f"spoiled: {kind}") for kind in KINDS}
    for number in range(count):
        kind = KINDS[number % len(KINDS)]
        tally, place = tallies[kind], folder / f"damage-{number}"
        life = Life(place, seed * 7_919 + number, tally)
        life.wait_until_started()
        life.wait_for_checks(1 + draw.randrange(2 * MOST_CHECKS))
        life.kill()
        spoil(place, kind, draw)
        life = Life(place, seed * 7_919 + number + 500_000, tally)
        life.wait_until_started()
        life.listen(draw.uniform(0, 0.1))
        life.kill()
        tally.tried += 1
        tally.settle(place)
        shutil.rmtree(place)
    return list(tallies.values())


def filled(folder: Path, count: int, seed: int) -> Tally:
    """Let its disk run full, on a small one of its own; needs root."""
    tally, draw = Tally("disk full, then room again"), random.Random(seed)
    for number in range(count):
        place = folder / f"full-{number}"
        place.mkdir()
        size = TMPFS_BYTES + draw.randrange(TMPFS_BYTES)
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "none", str(place)], check=True)
        try:
            life = Life(place, seed * 104_729 + number, tally)
            life.listen(START_LIMIT_S)  # it ends by itself when it is refused
            life.kill()
            subprocess.run(["mount", "-o", f"remount,size={4 * size}", str(place)], check=True)
            life = Life(place, seed * 104_729 + number + 500_000, tally)
            life.wait_until_started()
            life.kill()
            tally.tried += 1
            tally.settle(place)
        finally:
            subprocess.run(["umount", str(place)], check=True)
    return tally


def main() -> int:
    """Do it, and print the table."""
    parser = argparse.ArgumentParser(prog="scripts/torture", description=__doc__)
    parser.add_argument("--kills", type=int, default=1000)
    parser.add_argument("--damages", type=int, default=100)
    parser.add_argument("--full", type=int, default=10, help="times the disk runs full; needs root")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    begun = time.monotonic()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        for name in ("kills", "warm"):
            (folder / name).mkdir()
        kept(folder / "warm")  # what is imported once is not imported in every life
        tallies = [killed(folder / "kills", given.kills, given.seed)]
        tallies += damaged(folder, given.damages, given.seed)
        if os.geteuid() == 0 and given.full:
            tallies.append(filled(folder, given.full, given.seed))
    head = ("treatment", "tried", "shown", "lost", "doubled", "no picture", "worst start, s")
    print(f"{head[0]:32}" + "".join(f"{word:>15}" for word in head[1:]))
    for tally in tallies:
        figures = (tally.tried, tally.checks, tally.lost, tally.doubled, tally.without)
        print(f"{tally.name:32}" + "".join(f"{figure:15d}" for figure in figures) + f"{tally.worst_s:15.2f}")
    print(f"seed {given.seed}, {time.monotonic() - begun:.0f} s")
    return 0 if all(tally.good for tally in tallies) else 1


if __name__ == "__main__":
    sys.exit(main())
