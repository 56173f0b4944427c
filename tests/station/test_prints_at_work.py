"""A check knows what was measured of the chart it sees, and the record says so."""

from conftest import HeldCamera, SettingsFactory, rig_of

from appliance.frame import Frame
from appliance.station.state import Phase
from appliance.store.clock import now
from appliance.store.prints import set_bar, set_blur

TITLE = "a4-general v1"


def test_a_check_measures_by_the_bar_and_the_spread_that_are_kept(
    make_settings: SettingsFactory, bench_frame: Frame
) -> None:
    camera = HeldCamera(bench_frame)
    camera.gate.set()
    with rig_of(make_settings(print_blur_um=80.0), camera) as rig:
        for known in (False, True):
            if known:
                with rig.store.session() as session:
                    set_bar(session, TITLE, 98.0, now().wall, "Ann")
                    set_bar(session, "a3-general v1", 99.0, now().wall, "Ann")
                    set_blur(session, TITLE, 22.0, 2.0, now().wall, "Ann", "photo")
            before = rig.store.count()
            rig.press()
            rig.station.wait_for(
                lambda state, n=before: state.phase is Phase.RESULT and state.check == n + 1, 120.0
            )
        plain, measured = (rig.store.get(sequence) for sequence in (1, 2))
    assert plain is not None
    assert measured is not None
    assert plain.result.focus_error_mm is not None
    assert measured.result.focus_error_mm is not None
    assert abs(measured.result.focus_error_mm / plain.result.focus_error_mm - 0.98) < 0.005
    assert (plain.setup.prints, plain.setup.print_blur_um) == ({}, 80.0)
    assert set(measured.setup.prints) == {TITLE}
    assert measured.setup.prints[TITLE].bar_mm == 98.0
    assert (measured.setup.print_blur_um, measured.setup.print_blur_u_um) == (22.0, 2.0)
    assert "by its bar of 98 mm" in measured.result.print_text
