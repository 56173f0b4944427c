"""Where settings come from and what is said of bad ones: the TOML file, its lines, and sentences for the user."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic.fields import FieldInfo

from appliance.errors import UsageError


def line_of(file: Path, name: str) -> str:
    """Where a setting stands in its file: ``, line 3``."""
    lines = file.read_text(encoding="utf-8").splitlines()
    found = [k for k, line in enumerate(lines, 1) if line.split("=", 1)[0].strip().strip("\"'") == name]
    return f", line {found[0]}" if found else ""


def file_values(file: Path, must_exist: bool) -> dict[str, Any]:
    """The settings in a TOML file; raises UsageError if it cannot be read."""
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        if must_exist:
            raise UsageError(f"The settings file {file} is not there; check its name.") from None
        return {}
    except OSError as error:
        raise UsageError(f"The settings file {file} cannot be read ({error.strerror}).") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"The settings file {file} is not valid TOML: {error}.") from None


_KIND_SENTENCES = {
    "int_parsing": "must be a whole number",
    "int_type": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_parsing": "must be a number",
    "float_type": "must be a number",
    "string_type": "must be text",
    "path_type": "must be a path",
    "finite_number": "must be a finite number",
}


def sentence(
    error: ValidationError,
    values: Mapping[str, Any],
    origins: Mapping[str, str],
    fields: Mapping[str, FieldInfo],
) -> str:
    """What is wrong with the first bad setting: name, value, source, rule and what it is for."""
    first = error.errors()[0]
    name = str(first["loc"][0])
    context = first.get("ctx") or {}
    limits = {"greater_than": "gt", "greater_than_equal": "ge", "less_than": "lt", "less_than_equal": "le"}
    words = {"gt": "greater than", "ge": "at least", "lt": "less than", "le": "at most"}
    if first["type"] in limits:
        key = limits[first["type"]]
        rule = f"must be {words[key]} {context[key]:g}"
    elif first["type"] == "literal_error":
        rule = f"must be one of {context['expected']}"
    else:
        rule = _KIND_SENTENCES.get(first["type"], str(first["msg"]).lower())
    about = fields[name].description or ""
    return f"The setting {name} = {values.get(name)!r} ({origins.get(name, 'default')}) {rule}. {about}"
