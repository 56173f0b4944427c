"""What a station asks of its camera, its panel and its display."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal, Protocol, runtime_checkable

from PIL import Image

from appliance.frame import Frame

Button = Literal["test", "focus"]
Lamp = Literal["green", "red"]

EdgeListener = Callable[[Button, bool, float], None]
"""Called with button, whether its contact is now closed, and the monotonic time in s; from any thread, with bounces."""


class Camera(Protocol):
    """Takes raw photos with fixed exposure and gains."""

    @property
    def description(self) -> str:
        """Kind and model in words, ``simulated bench (25 mm f/2.8)``."""

    def capture(self) -> Frame:
        """Take one photo, exposed after this call began.

        Raises
        ------
        CameraError
            If no photo comes in time or it is not of the kind asked for.
        """

    def glance(self) -> Frame:
        """The next frame of the live picture; it may have been exposed before the call.

        Raises
        ------
        CameraError
            As for :meth:`capture`.
        """

    def close(self) -> None:
        """Let the camera go."""


@runtime_checkable
class Focusing(Protocol):
    """A camera whose lens may have a motor."""

    @property
    def has_motor(self) -> bool:
        """Whether it has."""

    def focus(self) -> float:
        """Focus once, then lock; returns the lens position in dioptres."""


@runtime_checkable
class Arrangeable(Protocol):
    """A camera before a bench that can be told what a technician does there: the simulated one."""

    def arrange(
        self, bench: Mapping[str, Any], focal_length_mm: float | None, f_number: float | None
    ) -> None:
        """Do what ``bench`` says (see :mod:`appliance.bench.world`), with the lens set so; None: as it stands."""


class Panel(Protocol):
    """Buttons, two lamps and a buzzer. Contacts are passed on raw; the station debounces them."""

    @property
    def description(self) -> str:
        """Kind and pins in words."""

    def listen(self, listener: EdgeListener) -> None:
        """Pass every change of a contact to ``listener``, and every contact closed already."""

    def light(self, lamp: Lamp | None) -> None:
        """Light this lamp and no other; None for both dark."""

    def strobe(self, on: bool) -> None:
        """Switch the chart's lamp, if there is one."""

    def buzz(self, beeps: int) -> None:
        """Sound that many short beeps, without waiting for them."""

    def close(self) -> None:
        """Darken the lamps and let the pins go."""


class Display(Protocol):
    """A small one-bit display."""

    @property
    def description(self) -> str:
        """Kind and address in words."""

    @property
    def size_px(self) -> tuple[int, int]:
        """Width and height."""

    def show(self, picture: Image.Image) -> None:
        """Show a mode ``1`` picture of ``size_px``.

        Raises
        ------
        OSError
            If the display does not answer; the station goes on without it and tries again later.
        """

    def brightness(self, share: float) -> None:
        """Set how bright it is, 0 (dark) … 1; raises OSError as :meth:`show` does."""

    def close(self) -> None:
        """Darken the display and let it go."""


class Scanner(Protocol):
    """Reads barcodes and QR codes, and types nowhere else."""

    @property
    def description(self) -> str:
        """Kind and device in words."""

    def listen(self, listener: Callable[[str], None]) -> None:
        """Pass every code read to ``listener``, from another thread; goes on across unplugging."""

    def close(self) -> None:
        """Let the scanner type into this machine again."""


class Thermometer(Protocol):
    """Tells the temperature at the bench."""

    @property
    def description(self) -> str:
        """Kind and address in words."""

    def celsius(self) -> float:
        """Temperature in °C; may take a second.

        Raises
        ------
        OSError
            If it does not answer or says what cannot be.
        """
