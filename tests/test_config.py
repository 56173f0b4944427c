"""Settings: which source wins, and what is said of a bad one."""

from pathlib import Path

import pytest

from appliance.config import Settings, load_settings
from appliance.errors import UsageError
from appliance.focus.result import Setup


def test_command_line_beats_environment_beats_file_beats_default(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text("port = 8001\ncoc_um = 20\nf_number = 4\n")
    settings = load_settings(file, {"port": "8003"}, {"FOCUSCHECK_PORT": "8002", "FOCUSCHECK_COC_UM": "25"})
    assert (settings.port, settings.coc_um, settings.f_number, settings.focal_length_mm) == (8003, 25, 4, 25)


def test_the_environment_can_name_the_file(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text('station_name = "Bench 2"\n')
    assert load_settings(environment={"FOCUSCHECK_CONFIG": str(file)}).station_name == "Bench 2"


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"port": "eighty"}, "port = 'eighty' (on the command line) must be a whole number"),
        ({"port": "70000"}, "port = '70000' (on the command line) must be at most 65535"),
        ({"camera": "webcam"}, "camera = 'webcam' (on the command line) must be one of 'auto'"),
        ({"f_number": "0"}, "f_number = '0' (on the command line) must be at least 0.5"),
        ({"f_number": "nan"}, "f_number = 'nan' (on the command line) must be a finite number"),
        ({"coc_um": "-inf"}, "must be a finite number"),
        ({"button_pin": ""}, "button_pin = None (on the command line) must be a whole number"),
        ({"oled_height_px": "48"}, "oled_height_px = '48' (on the command line) must be one of 32 or 64"),
        ({"camra": "auto"}, "There is no setting 'camra' (on the command line). Did you mean 'camera'?"),
    ],
)
def test_a_bad_setting_is_named_with_its_value_and_source(values: dict[str, str], said: str) -> None:
    with pytest.raises(UsageError) as caught:
        load_settings(overrides=values, environment={})
    assert said in str(caught.value)


@pytest.mark.parametrize("text", ["port = ", "port = 1\nport = 2", "\xff\xfe"])
def test_a_file_that_is_not_toml_is_named(tmp_path: Path, text: str) -> None:
    file = tmp_path / "config.toml"
    file.write_text(text, encoding="latin-1")
    with pytest.raises(UsageError, match="not valid TOML"):
        load_settings(file, environment={})


def test_an_unknown_variable_or_a_missing_file_is_not_passed_over(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"FOCUSCHECK_PROT\).*Did you mean 'port'"):
        load_settings(environment={"FOCUSCHECK_PROT": "1"})
    with pytest.raises(UsageError, match="not there"):
        load_settings(tmp_path / "none.toml", environment={})


def test_an_empty_value_means_none_where_there_can_be_none() -> None:
    settings = load_settings(overrides={"buzzer_pin": "", "tolerance_um": ""}, environment={})
    assert settings.buzzer_pin is None
    assert settings.tolerance_um is None


def test_an_i2c_address_may_be_written_as_engineers_do() -> None:
    assert load_settings(environment={"FOCUSCHECK_OLED_I2C_ADDRESS": "0x3D"}).oled_i2c_address == 0x3D


def test_every_setting_says_what_it_is_for() -> None:
    for name, field in Settings.model_fields.items():
        assert field.description, name
        assert field.description.endswith("."), name


def test_the_settings_hold_all_of_a_measurement_s_setup() -> None:
    of_the_records = {"prints", "print_blur_u_um"}
    assert set(Setup.__dataclass_fields__) - of_the_records <= set(Settings.model_fields)
