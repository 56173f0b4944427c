"""What a command that measures nothing must not load."""

from __future__ import annotations

import subprocess
import sys


def test_help_loads_no_arrays_no_pictures_and_no_database() -> None:
    told = "import sys, appliance.cli; print([m for m in ('numpy', 'cv2', 'sqlalchemy', 'flask') if m in sys.modules])"
    found = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
