"""What is kept of a photo beside its pixels: library, tuning, and the frame's metadata as JSON can hold them."""

from __future__ import annotations

import hashlib
import json
from importlib import metadata
from typing import Any


def versions(camera: Any, model: str) -> dict[str, str]:
    """Versions of picamera2 and libcamera, and the tuning file's name, version and digest.

    What cannot be found out is ``unknown``: an absent version must not keep a house from testing.
    """
    return {
        "picamera2_version": _distribution("picamera2"),
        "libcamera_version": str(getattr(getattr(camera, "camera_manager", None), "version", "unknown")),
        **_tuning(camera, model),
    }


def _distribution(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "unknown"


def _tuning(camera: Any, model: str) -> dict[str, str]:
    file = f"{model}.json"
    try:
        tuning = camera.load_tuning_file(file)
    except (RuntimeError, OSError, ValueError, AttributeError):
        return {"tuning": "unknown"}
    digest = hashlib.sha256(json.dumps(tuning, sort_keys=True).encode()).hexdigest()[:16]
    return {"tuning": f"{file} version {tuning.get('version', 'unknown')}, {digest}"}


def plain(value: Any) -> Any:
    """Metadata as JSON can keep it."""
    if isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, tuple | list):
        return [plain(part) for part in value]
    return str(value)
