"""The station's face: what OLED, lamps and buzzer say in each state."""

from __future__ import annotations

from appliance.config import SOFTWARE_VERSION
from appliance.devices import Panel
from appliance.focus.result import Result, Verdict
from appliance.station import screens, screens_guide, screens_live, words
from appliance.station._drawing import Size
from appliance.station.display_keeper import DisplayKeeper, png_base64
from appliance.station.screens import Screen
from appliance.station.state import Phase, StationState

TURN_S = 2.0
"""Word and figure take turns at this interval on a display too small for both."""
NOTE_S = 1.5
"""How long a note to the person at the button stays before the state is shown again."""


class Face:
    """Shows states and notes; the station's loop calls it, nobody else."""

    def __init__(self, display: DisplayKeeper, panel: Panel, address: str, station: str = "") -> None:
        self._display, self._panel, self._address, self._station = display, panel, address, station
        self._screen = screens.start(display.size, SOFTWARE_VERSION)
        self._note_until: float | None = None
        self._turn, self._turn_at = 0, 0.0

    @property
    def description(self) -> str:
        """The display in words."""
        return self._display.description

    def told(self) -> dict[str, object]:
        """What is shown now, as fields of the station's state."""
        picture = png_base64(self._screen.told)
        return {"oled_text": self._screen.text, "oled_png": picture, "display_lost": self._display.lost}

    def show(self, state: StationState, result: Result | None, fault_title: str, now: float) -> None:
        """Show ``state``; a note that is still up stays until its time is over."""
        if self._note_until is None:
            self._paint(self._screen_of(state, result, fault_title), now)

    def enter(self, state: StationState, result: Result | None, fault_title: str, now: float) -> None:
        """Show a state just entered, with its lamp and beeps; takes down any note."""
        self._note_until = None
        self._turn, self._turn_at = 0, now + TURN_S
        self.show(state, result, fault_title, now)
        verdict = result.verdict if state.phase is Phase.RESULT and result is not None else None
        if verdict is Verdict.PASS:
            self._panel.light("green")
        elif state.phase is Phase.FAULT or verdict in (Verdict.FAIL_BACK, Verdict.FAIL_FRONT):
            self._panel.light("red")
        else:
            self._panel.light(None)
        beeps = {Phase.MEASURING: 1, Phase.FAULT: 4, Phase.RESULT: 1 if verdict is Verdict.PASS else 2}
        self._panel.buzz(beeps.get(state.phase, 0))

    def note(self, screen: Screen, now: float, beeps: int = 0, seconds: float = NOTE_S) -> None:
        """Show ``screen`` for a moment, or for ``seconds``."""
        self._paint(screen, now)
        self._note_until = now + seconds
        self._panel.buzz(beeps)

    def take_down_note(self, now: float) -> None:
        """Let the state be shown again at the next tick."""
        if self._note_until is not None:
            self._note_until = now

    def wake(self, now: float) -> None:
        """Somebody is at the station."""
        self._display.wake(now)

    def busy(self, now: float) -> None:
        """Answer a press while a check is under way."""
        self.note(screens.measuring(self.size, "", busy=True), now, beeps=2)

    def tick(self, state: StationState, result: Result | None, fault_title: str, now: float) -> None:
        """Do what time asks for: take down a note, take turns, get a lost display back."""
        self._display.tick(now)
        if self._note_until is not None and now >= self._note_until:
            self._note_until = None
            self.show(state, result, fault_title, now)
        if self.size[1] < 64 and state.phase is Phase.RESULT and now >= self._turn_at:
            self._turn, self._turn_at = self._turn + 1, now + TURN_S
            self.show(state, result, fault_title, now)

    @property
    def size(self) -> Size:
        """The display's width and height, px."""
        return self._display.size

    def close(self) -> None:
        """Darken everything."""
        self._panel.close()
        self._display.close()

    def _paint(self, screen: Screen, now: float) -> None:
        self._screen = screen
        self._display.show(screen, now)

    def _screen_of(self, state: StationState, result: Result | None, fault_title: str) -> Screen:
        size = self._display.size
        if state.phase is Phase.READY:
            if state.stuck_button:
                return screens.stuck(size, state.stuck_button)
            setting = words.lens_setting(state.focal_length_mm, state.f_number)
            return screens.ready(size, state.lens_tag, self._address, self._station, setting)
        if state.phase is Phase.WHICH:
            return screens_live.which(size, state.which_mm or 0.0)
        if state.phase is Phase.GUIDE and state.guide is not None:
            done = state.guide["finding"] is not None
            return (screens_guide.finding if done else screens_guide.step)(size, state.guide)
        if state.phase is Phase.ASSIST:
            return screens_live.assist(size, state.live)
        if state.phase is Phase.ALIGN:
            return screens_live.align(size, state.live)
        if state.phase is Phase.SHUTDOWN:
            return screens_live.shutdown(size, state.simulated)
        if state.phase is Phase.MEASURING:
            return screens.measuring(size, state.stage)
        if state.phase is Phase.FAULT:
            return screens.fault(size, fault_title, state.fault)
        if state.phase is Phase.RESULT and result is not None:
            return screens.verdict(size, result, self._turn)
        return screens.start(size, SOFTWARE_VERSION)
