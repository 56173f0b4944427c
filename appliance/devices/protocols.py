"""What a station asks of its camera, its panel and its display."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal, Protocol

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

    def close(self) -> None:
        """Let the camera go."""


class Panel(Protocol):
    """Buttons, two lamps and a buzzer. Contacts are passed on raw; the station debounces them."""

    @property
    def description(self) -> str:
        """Kind and pins in words."""

    def listen(self, listener: EdgeListener) -> None:
        """Pass every change of a contact to ``listener``, and every contact closed already."""

    def light(self, lamp: Lamp | None) -> None:
        """Light this lamp and no other; None for both dark."""

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

    def close(self) -> None:
        """Darken the display and let it go."""


Described = Mapping[str, Any]
