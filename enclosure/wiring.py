"""The wiring, drawn from the station's own pin settings, so that guide and program cannot disagree."""

from __future__ import annotations

from dataclasses import dataclass
from xml.sax.saxutils import escape

from appliance.config import Settings

HEADER = [
    "3V3", "5V", 2, "5V", 3, "GND", 4, 14, "GND", 15, 17, 18, 27, "GND", 22, 23, "3V3", 24, 10, "GND",
    9, 25, 11, 8, "GND", 7, 0, 1, 5, "GND", 6, 12, 13, "GND", 19, 16, 26, 20, "GND", 21,
]  # fmt: skip
"""What the 40 pins of the header carry, pin 1 first: a supply, ground, or a BCM number."""

ONE_WIRE_BCM = 4
"""The kernel's w1-gpio overlay listens on GPIO 4 unless told otherwise."""
SDA_BCM, SCL_BCM = 2, 3
COLOURS = {"3V3": "#d9822b", "5V": "#c0392b", "GND": "#30343a", "signal": "#2456a6"}


@dataclass(frozen=True)
class Wire:
    """One wire: from a header pin to a terminal of a device, with what lies in between."""

    device: str
    terminal: str
    carries: int | str
    pin: int
    between: str = ""

    @property
    def signal(self) -> str:
        """As written beside the pin."""
        return f"GPIO {self.carries}" if isinstance(self.carries, int) else self.carries


def _pin_of(carries: int | str, used: dict[str, int]) -> int:
    """Header pin of a BCM number; supplies and grounds are handed out one after the other."""
    places = [index + 1 for index, what in enumerate(HEADER) if what == carries]
    if isinstance(carries, int):
        return places[0]
    turn = used.get(carries, 0)
    used[carries] = turn + 1
    return places[turn % len(places)]


def default_pins() -> dict[str, int | None]:
    """The pin settings' defaults, by their names."""
    names = ("button_pin", "focus_button_pin", "green_lamp_pin", "red_lamp_pin", "buzzer_pin", "strobe_pin")
    return {name: Settings.model_fields[name].default for name in names}


def wires(pins: dict[str, int | None] | None = None) -> list[Wire]:
    """Every wire for these pin settings; a device whose pin is empty is left out."""
    pins = default_pins() if pins is None else pins
    address = Settings.model_fields["oled_i2c_address"].default
    devices: list[tuple[str, list[tuple[str, int | str, str]]]] = [
        (f"OLED (I²C, address 0x{address:02X})",
         [("VCC", "3V3", ""), ("GND", "GND", ""), ("SDA", SDA_BCM, ""), ("SCL", SCL_BCM, "")]),
        ("DS18B20 thermometer", [("VDD", "3V3", ""), ("GND", "GND", ""), ("DQ", ONE_WIRE_BCM, "4.7 kΩ to 3V3")]),
    ]  # fmt: skip
    for setting, device, terminal, between in (
        ("button_pin", "TEST button", "contact", ""),
        ("focus_button_pin", "FOCUS button", "contact", ""),
        ("green_lamp_pin", "Green lamp (LED)", "anode", "330 Ω"),
        ("red_lamp_pin", "Red lamp (LED)", "anode", "330 Ω"),
        ("buzzer_pin", "Buzzer (active, 3 to 5 V, below 10 mA)", "+", ""),
        ("strobe_pin", "Lamp driver (MOSFET module)", "input", ""),
    ):
        number = pins.get(setting)
        if number is not None:
            devices.append((device, [(terminal, number, between), ("GND", "GND", "")]))
    handed_out: dict[str, int] = {}
    made = []
    for device, terminals in devices:
        for terminal, carries, between in terminals:
            made.append(Wire(device, terminal, carries, _pin_of(carries, handed_out), between))
    return made


def table(pins: dict[str, int | None] | None = None) -> str:
    """The wiring table as Markdown."""
    rows = ["| Device | Terminal | Signal | Header pin | In between |", "|---|---|---|---:|---|"]
    last = ""
    for wire in wires(pins):
        name = wire.device if wire.device != last else ""
        rows.append(f"| {name} | {wire.terminal} | {wire.signal} | {wire.pin} | {wire.between or '–'} |")
        last = wire.device
    return "\n".join(rows)


def svg(pins: dict[str, int | None] | None = None) -> str:
    """The wiring diagram: header in the middle, devices left and right, one line per wire."""
    made = wires(pins)
    devices = list(dict.fromkeys(wire.device for wire in made))
    pitch, top, left, right, width = 26, 60, 420, 480, 900
    height = top + 20 * pitch + 40

    def pin_at(pin: int) -> tuple[float, float]:
        return (left, right)[(pin - 1) % 2], top + ((pin - 1) // 2) * pitch

    # a device stands on the side where its signal wires arrive, in the order of their pins
    def side(device: str) -> int:
        signals = [w.pin % 2 for w in made if w.device == device and isinstance(w.carries, int)]
        return 0 if sum(signals) * 2 > len(signals) else 1

    def first(device: str) -> int:
        return min(w.pin for w in made if w.device == device and isinstance(w.carries, int))

    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        'font-family="sans-serif" font-size="12">',
        f'<rect width="{width}" height="{height}" fill="#ffffff"/>',
        '<text x="450" y="22" text-anchor="middle" font-size="15" font-weight="bold">'
        "Wiring of the 40-pin header</text>",
        '<text x="450" y="38" text-anchor="middle" fill="#555">'
        "pin 1 is the square pad, at the corner with the SD card</text>",
        f'<rect x="{left - 18}" y="{top - 16}" width="{right - left + 36}" height="{20 * pitch + 6}" rx="6" '
        'fill="#2e7d4f"/>',
    ]
    lanes = [0, 0]
    for column in (0, 1):
        stack = sorted((d for d in devices if side(d) == column), key=first)
        y = top - 10.0
        for device in stack:
            own = sorted((w for w in made if w.device == device), key=lambda w: w.pin)
            tall = 27 + 18 * len(own)
            x = 20 if column == 0 else width - 260
            frame = f'<rect x="{x}" y="{y:.0f}" width="240" height="{tall}" rx="6"'
            out.append(frame + ' fill="#f3f4f6" stroke="#8a9099"/>')
            out.append(f'<text x="{x + 8}" y="{y + 15:.0f}" font-weight="bold">{escape(device)}</text>')
            for row, wire in enumerate(own):
                wy = y + 32 + 18 * row
                edge = x + 240 if column == 0 else x
                lanes[column] += 1
                lane = edge + (8 + 6.2 * (lanes[column] % 18)) * (1 if column == 0 else -1)
                px, py = pin_at(wire.pin)
                colour = COLOURS.get(str(wire.carries), COLOURS["signal"])
                what = wire.signal if wire.terminal == wire.signal else f"{wire.terminal} – {wire.signal}"
                note = f"{what}, pin {wire.pin}" + (f" ({wire.between})" if wire.between else "")
                out.append(f'<text x="{x + 12}" y="{wy + 4:.0f}">{escape(note)}</text>')
                out.append(
                    f'<path d="M{edge} {wy:.0f} H{lane:.1f} V{_approach(py, px, column, left):.0f} H{px}'
                    + (f' V{py}"' if _approach(py, px, column, left) != py else '"')
                    + f' fill="none" stroke="{colour}" stroke-width="1.6"/>'
                )
            y += tall + 10
    for pin, carries in enumerate(HEADER, start=1):
        x, y = pin_at(pin)
        used = any(w.pin == pin for w in made)
        colour = COLOURS.get(str(carries), COLOURS["signal"]) if used else "#b9c2bb"
        label = f"GPIO {carries}" if isinstance(carries, int) else str(carries)
        pad = (
            f'rect x="{x - 6}" y="{y - 6}" width="12" height="12"'
            if pin == 1
            else f'circle cx="{x}" cy="{y}" r="6.5"'
        )
        closing = pad.split(" ")[0]
        out.append(f'<{pad} fill="{colour}" stroke="#fff"><title>pin {pin}: {label}</title></{closing}>')
        out.append(f'<text x="{x + (14 if x == left else -14)}" y="{y + 3.5}" font-size="9" fill="#ffffff" '
                   f'text-anchor="{"start" if x == left else "end"}">{pin}</text>')  # fmt: skip
    out.append("</svg>")
    return "\n".join(out) + "\n"


def _approach(py: float, px: float, column: int, left: float) -> float:
    """Height at which a wire runs up to its pin: between two rows if it has to pass the other row of pins."""
    near = (px == left) == (column == 0)
    return py if near else py + 13
