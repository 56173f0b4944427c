"""Every setting once: its name with its unit, type, default, and why. Read by :mod:`appliance.config`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from appliance.focus.result import Setup

Pin = int | None


def default_data_dir() -> Path:
    """Folder for records where no setting names one: the system's for root, else the user's own."""
    if os.geteuid() == 0:
        return Path("/var/lib/focuscheck")
    base = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(base) / "focuscheck"


def _whole(value: Any) -> Any:
    """A whole number from its text, ``0x3C`` too; anything else as it is, for pydantic to name."""
    try:
        return int(value, 0) if isinstance(value, str) else value
    except ValueError:
        return value


Whole = BeforeValidator(_whole)


def _pin(number: int, what: str) -> Any:
    return Field(number, ge=0, le=27, description=f"BCM number of the pin of {what}; empty if there is none.")


class Settings(BaseModel):
    """All settings of station, page and command line."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    # Where things are
    data_dir: Path = Field(
        default_factory=default_data_dir, description="Folder of the records and pictures; back this one up."
    )
    socket_path: Path | None = Field(
        None, description="Unix socket between station and page; station.sock in data_dir if empty."
    )
    station_name: str = Field(
        "Station 1",
        min_length=1,
        max_length=20,
        description="Name shown on the page, for houses with several.",
    )

    # The page
    host: str = Field(
        "0.0.0.0", description="Address the page listens on; 127.0.0.1 keeps it on this machine."
    )
    port: int = Field(8080, ge=1, le=65535, description="TCP port of the page; 8080 needs no special rights.")
    allowed_hosts: str = Field(
        "", description="Further host names, by commas, under which browsers may ask for the page."
    )

    behind_proxy: bool = Field(
        False,
        description="Whether the TLS proxy on this machine stands before the page: its word on who asks is then "
        "believed. Set host to 127.0.0.1 as well.",
    )
    open_reading: bool = Field(
        True,
        description="Whether anybody on the network may read; if not, only paired phones and tokens may.",
    )
    public_url: str = Field(
        "", max_length=200, description="Address that labels lead to; that of the page itself if empty."
    )
    check_every_days: int | None = Field(
        None,
        ge=1,
        le=3650,
        description="Days until a lens is due again, where it has no interval of its own.",
    )

    # Pictures and room
    raw_days: float = Field(
        14.0, ge=0, le=3650, description="Days to keep raw photos of checks that did not fail."
    )
    reserve_mb: float = Field(
        500.0, ge=0, le=1e6, description="Room kept free on the disk, MB; the oldest pictures go first."
    )

    when_not_kept: Literal["refuse", "show"] = Field(
        "refuse",
        description="What the station does with a verdict that the disk refuses to keep: refuse tells none, show tells "
        "it as NOT KEPT.",
    )
    copies_folder: Path | None = Field(
        None,
        description="USB stick or network folder that everything is copied to once a day, once prepared by focuscheck "
        "backup --prepare; empty for none.",
    )

    # The lens under test and what it is judged by
    focal_length_mm: float = Field(
        25.0, gt=0, le=2000, description="Focal length of the lens on the bench, mm."
    )
    f_number: float = Field(2.8, ge=0.5, le=64, description="F-number as marked; test wide open.")
    pixel_pitch_um: float = Field(
        1.55, gt=0.2, le=50, description="Pixel pitch of the bench sensor, µm (HQ: 1.55)."
    )
    coc_um: float = Field(
        15.0, gt=0, le=200, description="Circle of confusion of the client's camera, µm; 15 suits Super 35."
    )
    tolerance_um: float | None = Field(
        None,
        gt=0,
        description="Largest image-side shift that passes, ± µm; working f-number × coc_um if empty.",
    )
    distance_mm: float | None = Field(
        None, gt=0, description="Measured distance from sensor plane to the star, mm; checks the print scale."
    )
    chart_flatness_mm: float = Field(0.1, ge=0, le=20, description="How flat the mounted chart is, 1 σ, mm.")
    aim_u_mm: float = Field(
        0.2, ge=0, le=50, description="How well the lens was focused on the star's plane, 1 σ, mm."
    )
    remount_u_um: float = Field(
        0.0, ge=0, le=500, description="Scatter of taking the lens off and on, 1 σ, µm."
    )
    print_blur_um: float | None = Field(
        None,
        ge=0,
        le=1000,
        description="Blur of the edges of a chart whose own was not measured, 1 σ, µm on paper; fitted if empty.",
    )
    frames_at_first: int = Field(1, ge=1, le=32, description="Frames taken before the first judgement.")
    frames_at_most: int = Field(
        8, ge=1, le=64, description="While more frames may settle a RETEST, take up to this many by itself."
    )

    # The golden lens
    golden_lens_tag: str = Field(
        "",
        max_length=60,
        description="Tag of the lens that the bench itself is checked with every morning; empty if there is none.",
    )
    golden_every_h: float = Field(
        24.0, gt=0, le=8760, description="Hours for which a check of the golden lens holds."
    )
    golden_refuse: bool = Field(
        True,
        description="Whether no lens is judged while the golden lens is overdue or moved; if not, checks only warn.",
    )

    # Devices
    camera: Literal["auto", "picamera2", "simulated"] = Field("auto", description="Which camera to use.")
    panel: Literal["auto", "gpio", "simulated"] = Field(
        "auto", description="Which button, lamps and buzzer to use."
    )
    display: Literal["auto", "oled", "simulated"] = Field("auto", description="Which small display to use.")
    capture_timeout_s: float = Field(
        10.0, gt=0, le=120, description="Longest wait for a frame; a camera slower than this hangs."
    )
    score_timeout_s: float = Field(
        60.0, gt=0, le=600, description="Longest time for scoring and storing; after it the station restarts."
    )
    exposure_us: int | None = Field(
        None, ge=10, le=1_000_000, description="Fixed exposure, µs; searched if empty."
    )
    lens_position_dpt: float | None = Field(
        None,
        ge=0,
        le=32,
        description="Where a camera with a focus motor holds its lens, dioptres; FOCUS sets it if empty.",
    )
    button_pin: int = _pin(17, "the TEST button (to ground)")
    focus_button_pin: Pin = _pin(27, "the FOCUS button (to ground)")
    green_lamp_pin: Pin = _pin(22, "the green lamp")
    red_lamp_pin: Pin = _pin(23, "the red lamp")
    buzzer_pin: Pin = _pin(24, "the buzzer")
    strobe_pin: Pin = _pin(25, "the chart's lamp or strobe")
    debounce_ms: float = Field(
        30.0, ge=1, le=500, description="A contact must be steady this long to count, ms."
    )
    hold_focus_ms: float = Field(
        1000.0, ge=200, le=10_000, description="Holding TEST this long starts focus assist."
    )
    hold_shutdown_ms: float = Field(
        5000.0, ge=1000, le=30_000, description="Holding TEST this long asks for shut-down, ms."
    )
    stuck_button_s: float = Field(
        30.0, ge=6, le=600, description="A button down this long is reported as stuck, s."
    )
    oled_driver: Literal["ssd1306", "ssd1309", "sh1106", "sh1107"] = Field(
        "ssd1306", description="OLED controller."
    )
    oled_interface: Literal["i2c", "spi"] = Field("i2c", description="How the OLED is wired.")
    oled_i2c_bus: int = Field(1, ge=0, le=30, description="I²C bus of the OLED.")
    oled_i2c_address: Annotated[int, Whole] = Field(
        0x3C, ge=0x03, le=0x77, description="I²C address of the OLED; 60 is 0x3C."
    )
    oled_dc_pin: int = _pin(5, "an SPI OLED's data/command line")
    oled_reset_pin: Pin = _pin(6, "an SPI OLED's reset line")
    oled_spi_device: int = Field(0, ge=0, le=1, description="SPI chip select of the OLED.")
    oled_height_px: Annotated[Literal[32, 64], Whole] = Field(64, description="Height of the OLED, px.")
    oled_rotate: Annotated[Literal[0, 1, 2, 3], Whole] = Field(
        0, description="Quarter turns of the OLED's picture; 2 is upside down."
    )
    oled_shift_s: float = Field(
        60.0, ge=5, le=3600, description="The OLED's picture moves by a pixel this often against burn-in, s."
    )
    oled_dim_after_s: float = Field(
        120.0, ge=5, le=86_400, description="The OLED is dimmed after this long without a change, s."
    )
    oled_dark_after_s: float = Field(
        1800.0, ge=10, le=86_400, description="The OLED is dark after this long without a change, s."
    )
    live_timeout_s: float = Field(
        600.0, ge=10, le=7200, description="Focus assist and alignment end by themselves after this long, s."
    )
    scanner: str = Field(
        "auto",
        description="Input device of the barcode scanner; auto finds one by its name, simulated reads what is typed "
        "in the terminal, empty means none.",
    )
    scanner_layout: Literal["us", "uk", "de", "fr"] = Field(
        "us", description="Keyboard layout the barcode scanner is set to."
    )
    thermometer: Literal["auto", "none", "ds18b20", "bme280", "simulated"] = Field(
        "auto", description="Thermometer at the bench; without one the sensor's own is kept."
    )
    bme280_i2c_address: Annotated[int, Whole] = Field(
        0x76, ge=0x76, le=0x77, description="I²C address of a BME280; 118 is 0x76."
    )

    # The simulated bench
    simulated_focus_error_mm: float = Field(
        0.0, ge=-500, le=500, description="Focus error of the simulated lens, mm; > 0 is back focus."
    )
    simulated_distance_mm: float | None = Field(
        None, gt=0, description="Distance from simulated sensor to chart, mm; 25 focal lengths if empty."
    )
    simulated_tilt_deg: float = Field(45.0, ge=0, le=80, description="Tilt of the simulated chart, degrees.")
    simulated_roll_deg: float = Field(
        1.5, ge=-45, le=45, description="Roll of the simulated camera, degrees."
    )
    simulated_paper: Literal["a4", "a3", "letter"] = Field("a4", description="Paper of the simulated chart.")
    simulated_faults: str = Field(
        "",
        description="What is wrong with lens and body on the simulated bench in guided checks, such as flange_um=30 "
        "scale_dpt=0.02 cam_um=24:5,70:-3; nothing if empty.",
    )
    simulated_mishap: Literal["none", "lens cap"] = Field("none", description="What goes wrong on the bench.")
    simulated_seed: int = Field(1, ge=0, description="Seed of the simulated noise; every frame differs.")

    @property
    def socket(self) -> Path:
        """Path of the station's socket."""
        return self.socket_path or self.data_dir / "station.sock"

    @property
    def oled_size_px(self) -> tuple[int, int]:
        """Width and height of the OLED; all supported ones are 128 wide."""
        return 128, self.oled_height_px

    def setup(self) -> Setup:
        """What these settings say about lens, sensor and tolerance."""
        names = set(Setup.__dataclass_fields__) & set(type(self).model_fields)
        return Setup(**{name: getattr(self, name) for name in names})
