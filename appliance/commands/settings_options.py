"""Every setting as a command-line option, so that the command line can override file and environment."""

from __future__ import annotations

import argparse
from pathlib import Path

from appliance.config import Settings, load_settings

_PREFIX = "setting:"


def add_settings_options(parser: argparse.ArgumentParser, common: tuple[str, ...]) -> None:
    """Add ``--config`` and one option per setting; only the ``common`` ones and their help are listed."""
    group = parser.add_argument_group(
        "settings", "Every setting NAME is also an option, --name VALUE; some of them:"
    )
    group.add_argument("--config", type=Path, metavar="FILE", help="settings file (TOML)")
    for name, field in Settings.model_fields.items():
        group.add_argument(
            "--" + name.replace("_", "-"),
            dest=_PREFIX + name,
            metavar="VALUE",
            help=(field.description or "").replace("%", "%%") if name in common else argparse.SUPPRESS,
        )


def given_settings(options: argparse.Namespace) -> dict[str, str]:
    """The settings given on the command line, by name."""
    return {
        key.removeprefix(_PREFIX): value
        for key, value in vars(options).items()
        if key.startswith(_PREFIX) and value is not None
    }


def settings_of(options: argparse.Namespace) -> Settings:
    """The settings that the command line, environment and file give together."""
    return load_settings(options.config, given_settings(options))
