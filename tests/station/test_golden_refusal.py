"""A station whose golden lens is overdue or off judges no other lens, and says why."""

from __future__ import annotations

from dataclasses import replace

from conftest import HeldCamera, SettingsFactory
from examples import RESULT

from appliance.config import Settings
from appliance.focus.reasons import reason
from appliance.focus.result import Result, Setup, Verdict
from appliance.frame import Frame
from appliance.guides.finding import Finding
from appliance.station.golden import golden_reason, guarded
from appliance.station.measure import Wanted, measure_and_store
from appliance.store import GuideLink, Store, guides, open_store
from appliance.store.clock import now
from appliance.store.guide_tables import DONE

OVERDUE = reason("GOLDEN_OVERDUE", tag="GOLD", since="was never checked")


def test_a_refused_check_has_no_figure_of_focus_and_one_reason() -> None:
    seen = replace(RESULT, figures={"flange_error_um": -65.1, "cone_ratio": 1.0})
    refused = guarded(seen, OVERDUE, refuse=True)
    assert refused.verdict is Verdict.INVALID
    assert refused.reasons == (OVERDUE,)
    assert refused.focus_error_mm is refused.image_shift_um is None
    assert refused.side == 0
    assert dict(refused.figures) == {"cone_ratio": 1.0}


def test_a_house_that_only_wants_a_warning_keeps_its_verdict() -> None:
    warned = guarded(RESULT, OVERDUE, refuse=False)
    assert warned.verdict is RESULT.verdict
    assert warned.reasons == (*RESULT.reasons, OVERDUE)


def test_nothing_changes_without_a_reason_or_where_nothing_was_measured() -> None:
    dark = Result(Verdict.INVALID, (reason("TOO_DARK", percent=1.0),))
    assert guarded(RESULT, None, refuse=True) is RESULT
    assert guarded(dark, OVERDUE, refuse=True) is dark


def golden_done(store: Store, frame: Frame, settings: Settings, moved: bool) -> None:
    moment = now()
    with store.session() as session:
        run = guides.start_run(session, "golden", Setup(25.0, 2.8, 1.55), moment.wall, lens_tag="GOLD")
        uuid = run.uuid
    check(store, frame, settings, Wanted("GOLD", guide=GuideLink(uuid, "golden", "check-1")))
    with store.session() as session:
        found = guides.find_run(session, uuid)
        assert found is not None
        data = {"kind": "check", "offset_um": 12.0, "u95_um": 2.0, "moved": moved}
        verdict = Verdict.FAIL_BACK if moved else Verdict.PASS
        guides.end_run(session, found, DONE, moment.wall, Finding(verdict, "Checked.", data=data))


def check(store: Store, frame: Frame, settings: Settings, wanted: Wanted) -> Result:
    camera = HeldCamera(frame)
    camera.gate.set()
    stored, _ = measure_and_store(camera, settings, store, wanted, True, lambda _: None)
    return stored.result


def test_a_lens_is_judged_only_once_the_golden_lens_is_in_order(
    make_settings: SettingsFactory, bench_frame: Frame
) -> None:
    settings = make_settings(golden_lens_tag="GOLD", golden_every_h=24.0)
    store = open_store(settings.data_dir)
    lens = Wanted("FC-1")
    refused = check(store, bench_frame, settings, lens)
    assert refused.verdict is Verdict.INVALID
    assert [why.code for why in refused.reasons] == ["GOLDEN_OVERDUE"]
    assert check(store, bench_frame, settings, Wanted("GOLD")).verdict is not Verdict.INVALID
    golden_done(store, bench_frame, settings, moved=True)
    assert [why.code for why in check(store, bench_frame, settings, lens).reasons] == ["GOLDEN_MOVED"]
    golden_done(store, bench_frame, settings, moved=False)
    assert check(store, bench_frame, settings, lens).verdict is not Verdict.INVALID
    later = replace(now(), monotonic_s=now().monotonic_s + 25 * 3600)
    assert golden_reason(settings, store, later) == reason(
        "GOLDEN_OVERDUE", tag="GOLD", since="was checked 25 hours ago"
    )
    assert golden_reason(make_settings(), store, later) is None
    store.close()
