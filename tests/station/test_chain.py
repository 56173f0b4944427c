"""The whole chain, nothing stood in for: a press on the mock pin, and the history page tells of it."""

import re

from conftest import SettingsFactory, rig_of

from appliance.devices.simulated_camera import SimulatedCamera
from appliance.station.server import StationServer
from appliance.station.state import Phase
from appliance.web.app import create_app

TRUE_ERROR_MM = 30.0


def test_from_a_press_on_the_pin_to_the_history_page(make_settings: SettingsFactory) -> None:
    settings = make_settings(simulated_focus_error_mm=TRUE_ERROR_MM)
    with rig_of(settings, SimulatedCamera(settings)) as rig:
        server = StationServer(settings.socket, rig.station)
        server.start()
        rig.station.select_lens("FC-0007")
        rig.press()
        rig.wait(Phase.RESULT)

        stored = rig.store.latest()
        assert stored is not None
        assert stored.result.verdict == "FAIL_BACK"
        error, u95 = stored.result.focus_error_mm, stored.result.focus_error_mm_u95
        assert error is not None
        assert u95 is not None
        assert abs(error - TRUE_ERROR_MM) <= 1.5 * u95
        assert rig.station.state.oled_text.startswith("FAIL BACK +")
        assert rig.lit() == {"green": False, "red": True}

        page = create_app(settings).test_client()
        history = page.get("/checks").text
        assert "FAIL BACK" in history
        assert "FC-0007" in history
        shown = [float(figure) for figure in re.findall(r"\+(\d+\.?\d*)", history)]
        assert any(abs(figure - error) < 0.1 for figure in shown)
        check = page.get(f"/checks/{stored.sequence}").text
        assert "behind the aim point" in check
        assert "Through-focus curve" in check
        assert "BACK_FOCUS" in check
        photo = page.get(f"/pictures/{stored.preview_file}")
        assert photo.data[:3] == b"\xff\xd8\xff"
        now = page.get("/").text
        assert "FAIL BACK" in now
        assert "Ready for lens" in now
        server.close()
