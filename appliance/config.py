"""Reads the settings of :mod:`appliance.settings` from command line, environment and file.

A value on the command line wins over ``FOCUSCHECK_NAME`` in the environment, that over the TOML file, that over
the default. :func:`load_settings` turns what pydantic finds wrong into a sentence in the user's words.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from difflib import get_close_matches
from importlib.metadata import version
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from appliance.errors import UsageError
from appliance.settings import Settings
from appliance.settings_sources import file_values, line_of, sentence

__all__ = [
    "ENVIRONMENT_PREFIX",
    "SOFTWARE_VERSION",
    "Settings",
    "load_settings",
    "merged_values",
    "settings_file",
]

DEFAULT_CONFIG_FILE = Path("/etc/focuscheck/config.toml")
ENVIRONMENT_PREFIX = "FOCUSCHECK_"
CONFIG_VARIABLE = "FOCUSCHECK_CONFIG"

SOFTWARE_VERSION = version("focuscheck")
"""Version of the installed distribution, kept with every check."""


def load_settings(
    config_file: Path | None = None,
    overrides: Mapping[str, Any] | None = None,
    environment: Mapping[str, str] | None = None,
) -> Settings:
    """Read all settings.

    Parameters
    ----------
    config_file:
        TOML file named by the user; None for ``FOCUSCHECK_CONFIG``, else the default file if it is there.
    overrides:
        Settings by name, from the command line.
    environment:
        Stands in for ``os.environ`` in tests.

    Raises
    ------
    UsageError
        If a setting is unknown or has a value that cannot be used, or the file cannot be read.
    """
    environment = os.environ if environment is None else environment
    values, origins = merged_values(config_file, overrides or {}, environment)
    try:
        return Settings(**values)
    except ValidationError as error:
        raise UsageError(sentence(error, values, origins, Settings.model_fields)) from None


def settings_file(named: Path | None = None, environment: Mapping[str, str] | None = None) -> Path:
    """The settings file: the one ``named`` on the command line, else in the environment, else the system's."""
    environment = os.environ if environment is None else environment
    in_environment = environment.get(CONFIG_VARIABLE)
    return named or (Path(in_environment) if in_environment else DEFAULT_CONFIG_FILE)


def merged_values(
    config_file: Path | None, overrides: Mapping[str, Any], environment: Mapping[str, str] | None = None
) -> tuple[dict[str, Any], dict[str, str]]:
    """Values by setting name, and in words where each came from; the later source wins."""
    environment = os.environ if environment is None else environment
    file = settings_file(config_file, environment)
    named = config_file is not None or bool(environment.get(CONFIG_VARIABLE))
    values: dict[str, Any] = {}
    origins: dict[str, str] = {}
    for name, value in file_values(file, must_exist=named).items():
        values[name], origins[name] = value, f"in {file}{line_of(file, name)}"
    for variable, text in environment.items():
        if variable.startswith(ENVIRONMENT_PREFIX) and variable != CONFIG_VARIABLE:
            name = variable.removeprefix(ENVIRONMENT_PREFIX).lower()
            values[name], origins[name] = text, f"in the environment ({variable})"
    for name, value in overrides.items():
        values[name], origins[name] = value, "on the command line"
    for name, value in values.items():
        if name not in Settings.model_fields:
            near = get_close_matches(name, Settings.model_fields, 1)
            hint = f" Did you mean '{near[0]}'?" if near else ""
            raise UsageError(f"There is no setting '{name}' ({origins[name]}).{hint}")
        if isinstance(value, str) and not value.strip():
            values[name] = None if Settings.model_fields[name].annotation is not str else ""
    return values, origins
