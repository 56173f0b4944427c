"""A check as the tests need one."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from appliance.errors import StationDownError, UsageError
from appliance.focus.result import Curve, EdgePoint, Reason, Result, Setup, Verdict
from appliance.station.state import StationState
from appliance.store import CheckRecord
from appliance.store.clock import Moment

SETUP = Setup(25.0, 2.8, 1.55)
RESULT = Result(
    Verdict.FAIL_BACK,
    (Reason("BACK_FOCUS", "The lens focuses behind the aim point."),),
    focus_error_mm=34.8,
    focus_error_mm_u95=1.2,
    image_shift_um=65.1,
    image_shift_um_u95=2.2,
    tolerance_um=43.8,
    edges=(EdgePoint(1.0, 2.0, 3.0, 4.0, -10.0, 0.2, 0.01, 0.5, 0.02, True, True),),
    curve=Curve(0.16, (-10.0, 0.0, 10.0), (0.2, 0.5, 0.9)),
    aim_px=(2027.5, 1519.5),
    picture_px=(4056, 3040),
    budget_um={"noise": 0.1},
)


def record(number: int = 1, **changes: object) -> CheckRecord:
    made = CheckRecord(
        uuid=f"00000000-0000-4000-8000-{number:012d}",
        lens_tag="FC-1",
        moment=Moment("boot", 10.0 * number, datetime(2026, 3, 3, 12, 0, tzinfo=UTC), True),
        setup=SETUP,
        result=RESULT,
        camera={"Model": "imx477"},
        preview_jpeg=b"\xff\xd8\xff jpeg",
        preview_px=(2028, 1520),
    )
    return replace(made, **changes)  # type: ignore[arg-type]


@dataclass
class StationDouble:
    """What the page asks of a station's client; the socket itself is tested with the station."""

    now: StationState | None
    pressed: list[str | None] = field(default_factory=list)
    error: Exception | None = None
    pin: str | None = None

    def state(self) -> StationState:
        if self.now is None:
            raise StationDownError("No station answers.")
        return self.now

    def press(self, lens_tag: str | None = None) -> None:
        if self.error:
            raise self.error
        self.pressed.append(lens_tag)

    def select_lens(self, tag: str | None) -> None:
        if self.now is None:
            raise StationDownError("No station answers.")
        self.pressed.append(tag)
        self.now = replace(self.now, lens_tag=tag)

    def set_up(self, focal_length_mm: float | None, f_number: float | None) -> None:
        if self.now is None:
            raise StationDownError("No station answers.")
        self.pressed.append(f"set to {focal_length_mm} {f_number}")
        self.now = replace(self.now, focal_length_mm=focal_length_mm, f_number=f_number)

    def guide(self, do: str, **fields: object) -> dict[str, object]:
        if self.now is None:
            raise StationDownError("No station answers.")
        raise UsageError("This double of a station leads through nothing.")

    def select_body(self, tag: str | None) -> None:
        if self.now is None:
            raise StationDownError("No station answers.")
        self.pressed.append(f"body {tag}")
        self.now = replace(self.now, body_tag=tag)

    def pair(self, pin: str | None, seconds: float = 120.0) -> None:
        if self.now is None:
            raise StationDownError("No station answers.")
        self.pin = pin

    def live(self, kind: str, on: bool) -> None:
        self.pressed.append(f"{kind} {'on' if on else 'off'}")

    def reset_peak(self) -> None:
        self.pressed.append("reset")
