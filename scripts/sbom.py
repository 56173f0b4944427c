"""Prints a bill of materials, CycloneDX 1.5 as JSON: ``sbom.py VERSION WHEELS_FOLDER``.

By the wheels in the folder where there are some, else by what is installed.
"""

from __future__ import annotations

import hashlib
import json
import re
import sys
from importlib.metadata import distribution, requires
from pathlib import Path
from typing import Any


def of_wheels(folder: Path) -> list[dict[str, Any]]:
    """A component for each wheel, with its SHA-256."""
    found = []
    for wheel in sorted(folder.glob("*.whl")):
        name, version = wheel.name.split("-")[:2]
        digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
        found.append(component(name, version) | {"hashes": [{"alg": "SHA-256", "content": digest}]})
    return found


def of_installed(name: str = "focuscheck") -> list[dict[str, Any]]:
    """A component for each distribution that ``name`` needs, and those that they need."""
    seen: dict[str, dict[str, Any]] = {}
    waiting = [name]
    while waiting:
        for text in requires(waiting.pop()) or []:
            needed = re.match(r"[\w.-]+", text)
            if needed is None or "extra ==" in text or needed[0].lower() in seen:
                continue
            try:
                found = distribution(needed[0])
            except ImportError:  # for another platform
                continue
            seen[needed[0].lower()] = component(found.metadata["Name"], found.version)
            waiting.append(needed[0])
    return [seen[key] for key in sorted(seen)]


def component(name: str, version: str) -> dict[str, Any]:
    """One library as CycloneDX has it."""
    plain = re.sub(r"[-_.]+", "-", name).lower()
    return {"type": "library", "name": plain, "version": version, "purl": f"pkg:pypi/{plain}@{version}"}


def main() -> None:
    """Print it."""
    version, folder = sys.argv[1], Path(sys.argv[2])
    whole = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {"component": {"type": "application", "name": "focuscheck", "version": version}},
        "components": of_wheels(folder) or of_installed(),
    }
    print(json.dumps(whole, indent=1))


if __name__ == "__main__":
    main()
