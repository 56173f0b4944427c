"""Thermometers at the bench: DS18B20 on 1-Wire, BME280 on I²C."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

W1_DEVICES = Path("/sys/bus/w1/devices")
RANGE_C = (-30.0, 70.0)
"""What a bench can be at; 85 °C is what a DS18B20 says when it lost its power."""


class Ds18b20:
    """A :class:`~appliance.devices.Thermometer` through the kernel's w1 driver."""

    def __init__(self, devices: Path = W1_DEVICES) -> None:
        self._devices = devices
        self.description = "DS18B20 on 1-Wire"

    def celsius(self) -> float:
        """Temperature in °C of the first sensor on the bus; takes 0.75 s.

        Raises
        ------
        OSError
            If there is no sensor, its checksum was wrong, or it says what no bench can be at.
        """
        for folder in sorted(self._devices.glob("28-*")):
            text = (folder / "temperature").read_text(encoding="ascii").strip()
            if not text:  # the kernel leaves it empty when the checksum was wrong
                raise OSError(f"{folder.name} did not answer")
            return _plausible(int(text) / 1000, folder.name)
        raise OSError("no DS18B20 on the 1-Wire bus")


class Bme280:
    """A :class:`~appliance.devices.Thermometer` on I²C, of which only the temperature is read.

    Compensation as in Bosch's data sheet BST-BME280-DS001, section 4.2.3, in floating point (section 8.1).
    """

    CHIP_IDS = (0x58, 0x60)
    """BMP280 and BME280."""

    def __init__(self, bus: int, address: int) -> None:
        self._bus, self._address = bus, address
        self.description = f"BME280 on I²C {bus}:{address:#04x}"

    def celsius(self) -> float:
        """Temperature in °C from one forced measurement.

        Raises
        ------
        OSError
            If nothing or another chip answers, it has not measured, or it says what no bench can be at.
        """
        with _bus(self._bus) as bus:
            identity = bus.read_byte_data(self._address, 0xD0)
            if identity not in self.CHIP_IDS:
                raise OSError(f"chip {identity:#04x} at {self._address:#04x} is no BME280")
            bus.write_byte_data(self._address, 0xF4, 0b001_000_01)  # temperature ×1, forced once
            for _ in range(50):
                if not bus.read_byte_data(self._address, 0xF3) & 0b1000:
                    break
            trim = bytes(bus.read_i2c_block_data(self._address, 0x88, 6))
            high, middle, low = bus.read_i2c_block_data(self._address, 0xFA, 3)
        raw = (high << 12) | (middle << 4) | (low >> 4)
        if raw == 0x80000:
            raise OSError("the BME280 has not measured")
        return _plausible(compensated(raw, trim), self.description)


def compensated(raw: int, trim: bytes) -> float:
    """Temperature in °C from the raw value and the six trimming bytes at 0x88."""
    t1 = int.from_bytes(trim[0:2], "little")
    t2 = int.from_bytes(trim[2:4], "little", signed=True)
    t3 = int.from_bytes(trim[4:6], "little", signed=True)
    first = (raw / 16384 - t1 / 1024) * t2
    second = (raw / 131072 - t1 / 8192) ** 2 * t3
    return (first + second) / 5120


class SimulatedThermometer:
    """A :class:`~appliance.devices.Thermometer` that says what it is told."""

    description = "simulated thermometer"

    def __init__(self, celsius: float = 23.0) -> None:
        self.value_c = celsius

    def celsius(self) -> float:
        """Temperature in °C."""
        return self.value_c


def _plausible(celsius: float, name: str) -> float:
    if not RANGE_C[0] <= celsius <= RANGE_C[1]:
        raise OSError(f"{name} says {celsius:g} °C, which cannot be")
    return celsius


def _bus(number: int) -> Any:
    try:
        return importlib.import_module("smbus2").SMBus(number)
    except ImportError as error:
        raise OSError(str(error)) from None
