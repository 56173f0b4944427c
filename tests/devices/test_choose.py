"""Which devices a station gets."""

import sys

import pytest
from conftest import SettingsFactory
from gpiozero.pins.mock import MockFactory

from appliance.config import Settings, load_settings
from appliance.devices import choose
from appliance.devices.gpio_panel import GpioPanel
from appliance.devices.oled import Oled, OledGoneError, SimulatedOled
from appliance.devices.scanner import EvdevScanner, SimulatedScanner
from appliance.devices.simulated_camera import SimulatedCamera
from appliance.errors import CameraError, UsageError


@pytest.fixture
def settings() -> Settings:
    return load_settings(overrides={"pixel_pitch_um": 3.1}, environment={})


def test_off_the_pi_auto_means_the_simulated_bench(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(choose, "on_raspberry_pi", lambda: False)
    assert choose.camera_is_simulated(settings)
    assert isinstance(choose.open_camera(settings), SimulatedCamera)
    assert isinstance(choose.open_display(settings), SimulatedOled)
    panel = choose.open_panel(settings)
    assert panel.description == "simulated pins, TEST button on pin 17"
    panel.close()


def test_a_scanner_is_simulated_where_there_is_no_pi_or_the_setting_says_so(
    make_settings: SettingsFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    for pi, setting, kind in ((False, "auto", SimulatedScanner), (True, "auto", EvdevScanner),
                              (True, "simulated", SimulatedScanner), (False, "/dev/input/event3", EvdevScanner),
                              (True, "", type(None))):  # fmt: skip
        monkeypatch.setattr(choose, "on_raspberry_pi", lambda pi=pi: pi)
        assert isinstance(choose.open_scanner(make_settings(scanner=setting)), kind)


def test_on_a_pi_auto_never_means_a_simulated_verdict(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(choose, "on_raspberry_pi", lambda: True)
    for library in ("picamera2", "gpiozero.pins.lgpio", "luma.core.interface.serial"):
        monkeypatch.setitem(sys.modules, library, None)  # a Pi without any of them, wherever this runs
    assert not choose.camera_is_simulated(settings)
    with pytest.raises(CameraError, match="picamera2 is not installed"):
        choose.open_camera(settings)
    with pytest.raises(UsageError, match="pins"):
        choose.open_panel(settings)
    with pytest.raises(OSError, match="SSD1306"):
        choose.open_display(settings)


@pytest.mark.parametrize("driver", ["ssd1306", "ssd1309", "sh1106", "sh1107"])
@pytest.mark.parametrize("interface", ["i2c", "spi"])
def test_an_oled_that_is_not_there_is_named(
    make_settings: SettingsFactory, driver: str, interface: str
) -> None:
    with pytest.raises(OledGoneError, match=driver.upper()):
        Oled(make_settings(oled_driver=driver, oled_interface=interface))


def test_pins_that_another_program_holds_are_a_sentence(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def busy(settings: Settings, factory: object) -> None:
        raise OSError("GPIO busy")

    monkeypatch.setattr(choose, "on_raspberry_pi", lambda: False)
    monkeypatch.setattr(choose, "GpioPanel", busy)
    with pytest.raises(UsageError, match=r"cannot be used \(GPIO busy\). Check the _pin settings"):
        choose.open_panel(settings)


def test_two_things_on_one_pin_are_refused(make_settings: SettingsFactory) -> None:
    with pytest.raises(UsageError, match="pin"):
        choose.open_panel(make_settings(green_lamp_pin=17))


def test_only_one_lamp_is_lit_and_none_after_closing(make_settings: SettingsFactory) -> None:
    settings, pins = make_settings(buzzer_pin=""), MockFactory()
    panel = GpioPanel(settings, pins)
    for lamp, expected in (("green", (1, 0)), ("red", (0, 1)), (None, (0, 0)), ("green", (1, 0))):
        panel.light(lamp)  # type: ignore[arg-type]
        assert (pins.pin(22).state, pins.pin(23).state) == expected
    panel.buzz(2)  # without a buzzer, nothing
    panel.close()
    assert not pins.pin(22).state


def test_a_button_already_down_is_told_at_once(make_settings: SettingsFactory) -> None:
    pins = MockFactory()
    panel = GpioPanel(make_settings(), pins)
    pins.pin(17).drive_low()
    heard: list[tuple[str, bool]] = []
    panel.listen(lambda button, closed, at: heard.append((button, closed)))
    pins.pin(27).drive_low()
    pins.pin(17).drive_high()
    panel.close()
    assert heard == [("test", True), ("focus", True), ("test", False)]


def test_the_simulated_lens_can_stand_only_where_a_lens_can_focus(make_settings: SettingsFactory) -> None:
    with pytest.raises(UsageError, match="cannot focus at 99 mm"):
        SimulatedCamera(make_settings(simulated_distance_mm=99))
