"""The systemd units and what is installed beside them: hardened, sound, and consistent with the settings."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from appliance.config import load_settings
from appliance.devices.sensors import DEFECT_CORRECTION_FILE

TOP = Path(__file__).parents[2]
SYSTEMD = TOP / "systemd"
UNITS = sorted(SYSTEMD.glob("*.service")) + sorted(SYSTEMD.glob("*.timer"))
UNITS = [unit for unit in UNITS if "avahi" not in unit.name]
MOST_EXPOSED = {
    "focuscheck-station.service": 2.5,
    "focuscheck-page.service": 1.5,
    "focuscheck-backup.service": 1.5,
    "focuscheck-tls.service": 1.5,
}
DEVICE_GROUPS = {"video", "i2c", "spi", "gpio", "input", "render"}


def lines(name: str) -> dict[str, list[str]]:
    """Values by directive of a unit, in order."""
    found: dict[str, list[str]] = {}
    for line in (SYSTEMD / name).read_text().splitlines():
        if "=" in line and not line.startswith(("#", "[")):
            key, value = line.split("=", 1)
            found.setdefault(key, []).append(value)
    return found


@pytest.fixture
def analyze() -> str:
    found = shutil.which("systemd-analyze")
    if found is None:
        pytest.skip("systemd-analyze is not on this machine; Debian has it in the package systemd")
    return found


@pytest.mark.parametrize("unit", MOST_EXPOSED)
def test_the_services_expose_little(analyze: str, unit: str) -> None:
    done = subprocess.run(
        [analyze, "security", "--offline=true", str(SYSTEMD / unit)], capture_output=True, text=True
    )
    exposure = re.search(r"exposure level for \S+: ([\d.]+)", done.stdout)
    assert exposure, done.stdout + done.stderr
    assert float(exposure[1]) <= MOST_EXPOSED[unit]


def test_systemd_finds_no_fault_in_the_units(analyze: str, tmp_path: Path) -> None:
    for unit in UNITS:  # with a command that is there: whether the real one is, the installation's test asks
        text = unit.read_text().replace(
            "/opt/focuscheck/current/venv/bin/focuscheck", shutil.which("true") or "true"
        )
        text = text.replace("/usr/sbin/nginx", shutil.which("true") or "true")
        text = re.sub(r"^(User|Group|SupplementaryGroups)=.*\n", "", text, flags=re.M)
        (tmp_path / unit.name).write_text(text)
    done = subprocess.run(
        [analyze, "verify", "--man=no", *(str(tmp_path / unit.name) for unit in UNITS)],
        capture_output=True,
        text=True,
        env={"SYSTEMD_UNIT_PATH": f"{tmp_path}:", "PATH": "/usr/bin:/bin"},
    )
    ours = [line for line in (done.stdout + done.stderr).splitlines() if "focuscheck" in line]
    assert ours == []


def test_station_and_page_are_two_users_and_the_page_may_use_no_device() -> None:
    station, page = lines("focuscheck-station.service"), lines("focuscheck-page.service")
    assert station["User"] != page["User"]
    assert set(station["SupplementaryGroups"][0].split()) == DEVICE_GROUPS
    assert "SupplementaryGroups" not in page
    assert page["PrivateDevices"] == ["yes"]
    assert "DeviceAllow" not in page
    assert station["DevicePolicy"] == page["DevicePolicy"] == ["closed"]


@pytest.mark.parametrize("name", ["focuscheck-station.service", "focuscheck-page.service"])
def test_both_are_watched_and_started_again_but_not_for_ever(name: str) -> None:
    unit = lines(name)
    assert unit["Type"] == ["notify"]
    assert int(unit["WatchdogSec"][0]) >= 10
    assert unit["Restart"] == ["on-failure"]
    assert int(unit["StartLimitBurst"][0]) >= 3
    assert unit["Environment"][0] == "FOCUSCHECK_DATA_DIR=/var/lib/focuscheck"


def test_the_watchdog_is_fed_far_more_often_than_it_asks() -> None:
    from appliance.commands._page_pulse import ANSWER_S, PULSE_S
    from appliance.station.daemon import IDLE_S

    assert int(lines("focuscheck-station.service")["WatchdogSec"][0]) > 3 * IDLE_S
    assert int(lines("focuscheck-page.service")["WatchdogSec"][0]) > 3 * (PULSE_S + ANSWER_S)


def test_avahi_names_the_port_of_the_page() -> None:
    port = load_settings(environment={}).port
    assert f"<port>{port}</port>" in (SYSTEMD / "focuscheck.avahi.service").read_text()


def test_polkit_lets_the_station_switch_off_and_nothing_else() -> None:
    rule = (SYSTEMD / "50-focuscheck.polkit.rules").read_text()
    assert set(re.findall(r'"(org\.[\w.-]+)"', rule)) == {
        "org.freedesktop.login1.power-off",
        "org.freedesktop.login1.power-off-multiple-sessions",
    }
    assert 'subject.user === "focuscheck"' in rule


def test_every_file_for_the_system_is_installed() -> None:
    script = (TOP / "scripts" / "install").read_text()
    for file in SYSTEMD.iterdir():
        assert file.name in script, file.name


def test_the_hq_camera_s_own_mending_of_pixels_is_switched_off_where_the_doctor_reads_it() -> None:
    module, parameter = DEFECT_CORRECTION_FILE.parts[3], DEFECT_CORRECTION_FILE.name
    settings = (SYSTEMD / "focuscheck.modprobe.conf").read_text().splitlines()
    assert f"options {module} {parameter}=0" in settings


def test_tls_is_off_unless_somebody_switches_it_on() -> None:
    script = (TOP / "scripts" / "install").read_text()
    enabled = re.search(r"^ENABLED=\((.*?)\)", script, re.M | re.S)
    assert enabled is not None
    assert "tls" not in enabled[1]
    assert load_settings(environment={}).behind_proxy is False
    for name in ("focuscheck-page.service", "focuscheck-station.service"):
        assert "tls" not in (SYSTEMD / name).read_text()


def test_the_tls_proxy_runs_without_rights_and_hands_on_to_the_page_alone() -> None:
    unit, settings = lines("focuscheck-tls.service"), (SYSTEMD / "focuscheck-tls.nginx.conf").read_text()
    assert unit["DynamicUser"] == ["yes"]
    assert unit["CapabilityBoundingSet"] == [""]
    assert re.findall(r"proxy_pass (\S+);", settings) == [
        f"http://127.0.0.1:{load_settings(environment={}).port}"
    ]
    (listens,) = re.findall(r"listen (\d+) ssl;", settings)
    assert int(listens) >= 1024
    folders = {unit["StateDirectory"][0], unit["RuntimeDirectory"][0]}
    assert {
        path.split("/")[3] for path in re.findall(r"\s(/(?:run|var/lib)/\S+);", settings) if "/var" in path
    } <= folders
    assert unit["ExecStart"][0].endswith("-c /etc/focuscheck/tls.nginx.conf")
    assert "/etc/focuscheck/tls.nginx.conf" in (TOP / "scripts" / "install").read_text()
