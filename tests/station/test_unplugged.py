"""A display that is pulled off and put back while a check is under way: nothing changes but the display."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from conftest import PATIENCE_S, HeldCamera, SettingsFactory, rig_of, until
from PIL import Image

from appliance.config import Settings
from appliance.devices.oled import OledGoneError, SimulatedOled
from appliance.frame import Frame
from appliance.station import screens
from appliance.station.state import Phase
from appliance.store import StoredCheck


class Plug:
    """A display on a plug: pulled off, its bus gives no answer to anything, opening included."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.plugged = True
        self.opened = 0
        self.seen: list[Image.Image] = []

    def open(self) -> SimulatedOled:
        plug = self
        plug.ask()
        plug.opened += 1

        class Plugged(SimulatedOled):
            def show(self, picture: Any) -> None:
                plug.ask()
                super().show(picture)
                plug.seen.append(picture.copy())

            def brightness(self, share: float) -> None:
                plug.ask()
                super().brightness(share)

            def close(self) -> None:
                plug.ask()
                super().close()

        return Plugged(self.settings)

    def ask(self) -> None:
        if not self.plugged:
            raise OledGoneError("[Errno 121] Remote I/O error")


def checked(settings: Settings, frame: Frame, unplug: bool) -> tuple[StoredCheck, dict[str, bool], Plug]:
    """One check from a press of the button, and the lamps after it."""
    camera, plug = HeldCamera(frame), Plug(settings)
    with rig_of(settings, camera, plug.open) as rig:
        rig.press()
        rig.wait(Phase.MEASURING)
        if unplug:
            plug.plugged = False
            rig.press()  # answered as busy, on a display that is no longer there
            rig.station.wait_for(lambda state: state.display_lost, PATIENCE_S)
            assert rig.station.state.phase is Phase.MEASURING
            plug.plugged = True
            rig.station.wait_for(lambda state: not state.display_lost, PATIENCE_S)
            assert rig.station.state.phase is Phase.MEASURING
            assert plug.seen
        camera.gate.set()
        rig.wait(Phase.RESULT)
        (check,) = rig.store.newest_first(2)
        verdict = np.array(screens.verdict(settings.oled_size_px, check.result).picture)
        until(lambda: np.array_equal(np.array(plug.seen[-1]), verdict))
        assert camera.closed == 0
        return check, rig.lit(), plug


def test_an_oled_pulled_off_and_put_back_within_a_check_changes_nothing_but_the_display(
    make_settings: SettingsFactory, bench_frame: Frame, tmp_path: Path
) -> None:
    settings = make_settings(data_dir=tmp_path / "untroubled", oled_shift_s=3600)
    untroubled, lit, plug = checked(settings, bench_frame, unplug=False)
    assert plug.opened == 1
    settings = make_settings(data_dir=tmp_path / "troubled", oled_shift_s=3600)
    troubled, lit_too, plug = checked(settings, bench_frame, unplug=True)
    assert plug.opened == 2
    own = {name: getattr(untroubled, name) for name in ("uuid", "taken_at", "preview_file", "raw_file")}
    assert replace(troubled, **own) == untroubled
    assert lit_too == lit
