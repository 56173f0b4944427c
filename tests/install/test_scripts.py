"""The shell scripts: clean by shellcheck, helpful, and harmless when only asked what they would do."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

TOP = Path(__file__).parents[2]
SCRIPTS = [
    path
    for path in [*sorted((TOP / "scripts").iterdir()), TOP / ".ci" / "run"]
    if path.is_file()
    and (path.suffix == ".bash" or path.read_text(errors="replace").startswith("#!/usr/bin/env bash"))
]


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_shellcheck_has_nothing_to_say(script: Path) -> None:
    if shutil.which("shellcheck") is None:
        pytest.skip("shellcheck is not on this machine; Debian has it in a package of that name")
    done = subprocess.run(
        ["shellcheck", "-x", "--shell=bash", str(script)], capture_output=True, text=True, cwd=TOP
    )
    assert done.stdout == ""


def install(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(TOP / "scripts" / "install"), *arguments],
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        env={**os.environ, **environment},
    )


def test_a_dry_run_names_every_step_in_order() -> None:
    done = install("--dry-run")
    assert done.returncode == 0, done.stderr
    steps = ("apt-get install", "venv --system-site-packages", "pip install", "systemd-sysusers", "ln -sfn")
    places = [done.stdout.index(step) for step in steps]
    assert places == sorted(places)
    for word in (
        "polkit-1/rules.d",
        "udev/rules.d",
        "avahi/services",
        "systemctl enable",
        "focuscheck doctor",
    ):
        assert word in done.stdout


def test_a_release_archive_is_whole_signed_and_refused_once_it_is_not(tmp_path: Path) -> None:
    key = tmp_path / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True)
    made = subprocess.run(
        [str(TOP / "scripts" / "release"), "--without-wheels", "--output", str(tmp_path), "--key", str(key)],
        capture_output=True,
        text=True,
    )
    assert made.returncode == 0, made.stderr
    archive = Path(made.stderr.splitlines()[-1])
    subprocess.run(["tar", "-xzf", str(archive), "-C", str(tmp_path)], check=True)
    folder = tmp_path / archive.name.removesuffix(".tar.gz")
    parts = json.loads((folder / "sbom.json").read_text())["components"]
    assert {"numpy", "flask", "sqlalchemy", "prometheus-client"} <= {part["name"] for part in parts}
    signers = tmp_path / "signers"
    signers.write_text("focuscheck " + key.with_suffix(".pub").read_text())
    verify = ["ssh-keygen", "-Y", "verify", "-f", str(signers), "-I", "focuscheck", "-n", "focuscheck"]
    with (folder / "SHA256SUMS").open() as sums:
        signed = subprocess.run([*verify, "-s", str(folder / "SHA256SUMS.sig")], stdin=sums)
    assert signed.returncode == 0

    def dry() -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(folder / "scripts" / "install"), "--dry-run"], capture_output=True, text=True
        )

    assert dry().returncode == 0
    with (folder / "appliance" / "cli.py").open("a") as file:
        file.write("# changed on the way\n")
    spoiled = dry()
    assert spoiled.returncode == 1
    assert "not whole" in spoiled.stderr


def test_on_a_pi_i2c_is_switched_on_and_elsewhere_nothing_is(tmp_path: Path) -> None:
    model = tmp_path / "model"
    model.write_bytes(b"Raspberry Pi 5 Model B Rev 1.0\0")
    switch = "raspi-config nonint do_i2c 0"
    assert f"+ {switch}\n" in install("--dry-run", DEVICE_TREE_MODEL=str(model)).stdout
    model.write_bytes(b"Radxa ROCK 5B\0")
    assert switch not in install("--dry-run", DEVICE_TREE_MODEL=str(model)).stdout


def test_a_dry_uninstall_keeps_the_records_unless_told() -> None:
    kept, purged = install("--uninstall", "--dry-run"), install("--uninstall", "--purge", "--dry-run")
    assert "Records stay in /var/lib/focuscheck" in kept.stdout
    assert "rm -rf /var/lib/focuscheck" not in kept.stdout
    assert "rm -rf /var/lib/focuscheck /etc/focuscheck" in purged.stdout


def test_an_unknown_option_is_named_and_help_helps() -> None:
    wrong = install("--frobnicate")
    assert wrong.returncode == 2
    assert "--frobnicate" in wrong.stderr
    assert "--dry-run" in install("--help").stdout


def test_the_fast_tests_exist_and_reach_every_room() -> None:
    listed = [
        line for line in (TOP / "tests" / "fast.txt").read_text().split("\n") if line and line[0] != "#"
    ]
    assert all((TOP / name).exists() for name in listed)
    rooms = {path.parent.name for path in (TOP / "appliance").glob("*/__init__.py")} - {"commands"}
    assert rooms <= {name.split("/")[1] for name in listed}
