"""Visits, adjustments, voiding, comparison, retention and CSV: what people do, and what follows from it."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from examples import RESULT, record

from appliance.errors import UsageError
from appliance.focus.result import Reason, Result, Setup, Verdict
from appliance.store import CheckRecord, Store, baselines, lens_csv, open_store, visits
from appliance.store._engine import migrate
from appliance.store.baselines import set_baseline
from appliance.store.bodies import find_bodies, save_body
from appliance.store.clock import Moment
from appliance.store.compare import compare
from appliance.store.house import CHECK_OUT, IN_SERVICE, MAINTENANCE, RETURN, Lens
from appliance.store.models import Check
from appliance.store.retention import Rules, prune
from appliance.store.search import Filter, find_checks, find_lenses, lens_of

START = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
PASSED = replace(RESULT, verdict=Verdict.PASS, image_shift_um=4.0, focus_error_mm=2.0)


pytest_plugins = ["postgresql"]


@pytest.fixture(params=["sqlite", "postgresql"])
def store(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Store]:
    opened = open_store(tmp_path)
    if request.param == "postgresql":
        opened.close()
        engine = request.getfixturevalue("new_database")()
        migrate(engine)
        opened = Store(tmp_path, engine)
    yield opened
    opened.close()


def check_of(
    number: int, tag: str | None, shift: float, mtf50: float = 0.2, **changes: object
) -> CheckRecord:
    verdict = Verdict.PASS if abs(shift) < 40 else Verdict.FAIL_BACK
    result = replace(RESULT, verdict=verdict, image_shift_um=shift, mtf50_peak_cpp=mtf50)
    moment = Moment("boot", float(number), START + timedelta(days=number), True)
    return record(number, lens_tag=tag, moment=moment, result=result, **changes)


def test_checks_between_start_and_done_belong_to_the_visit_and_a_fail_sends_the_lens_to_maintenance(
    store: Store,
) -> None:
    store.add_check(check_of(1, "FC-1", 2.0))
    with store.session() as session:
        lens = lens_of(session, "FC-1")
        assert lens is not None
        visit = visits.start_visit(session, lens, RETURN, "R-77", None, START)
        with pytest.raises(UsageError, match="not done yet"):
            visits.start_visit(session, lens, CHECK_OUT, "R-78", None, START)
    store.add_check(check_of(2, "FC-1", 90.0))
    store.add_check(check_of(3, "FC-2", 1.0))
    with store.session() as session:
        lens = lens_of(session, "FC-1")
        found = visits.find_visit(session, visit.id)
        assert lens is not None and found is not None  # noqa: PT018
        assert (lens.status, lens.status_note) == (MAINTENANCE, "FAIL BACK in check 2")
        assert [check.sequence for check in find_checks(session, Filter(visit=visit.id), 9)] == [2]
        assert [check.sequence for check in find_checks(session, Filter(rental="R-77"), 9)] == [2]
        visits.finish_visit(session, found, "dropped on set", START)
        assert found.outcome == "FAIL_BACK"
        with pytest.raises(UsageError, match="not to go out: maintenance"):
            visits.start_visit(session, lens, CHECK_OUT, "R-79", None, START)
        with pytest.raises(UsageError, match="Say what was put right"):
            visits.set_status(lens, IN_SERVICE, " ")
        visits.set_status(lens, IN_SERVICE, "reshimmed")
        visits.start_visit(session, lens, CHECK_OUT, "R-79", None, START)


def test_a_voided_check_stays_but_counts_for_nothing(store: Store) -> None:
    for k in range(1, 11):
        store.add_check(check_of(k, "FC-1", 2.0))
    store.add_check(check_of(11, "FC-1", 500.0))
    with store.session() as session:
        check = session.get(Check, 11)
        assert check is not None
        with pytest.raises(UsageError, match="Say why"):
            visits.void_check(session, check, "  ", "Ann", START)
        visits.void_check(session, check, "wrong lens on the bench", "Ann", START)
        with pytest.raises(UsageError, match="already"):
            visits.void_check(session, check, "again", "Ann", START)
        lens = lens_of(session, "FC-1")
        assert lens is not None
        assert compare(session, lens).samples[-1].sequence == 10
    kept = store.get(11)
    assert kept is not None
    assert (kept.void_reason, kept.voided_by) == ("wrong lens on the bench", "Ann")
    assert kept.result.image_shift_um == 500.0


def test_a_step_is_dated_and_laid_to_the_return_it_falls_in(store: Store) -> None:
    for k in range(1, 13):
        store.add_check(check_of(k, "FC-1", (-1) ** k * 1.0, 0.20 + 0.001 * (-1) ** k))
    with store.session() as session:
        lens = lens_of(session, "FC-1")
        assert lens is not None
        back = visits.start_visit(session, lens, RETURN, "R-5", None, START + timedelta(days=12, hours=5))
    for k in range(13, 19):
        store.add_check(check_of(k, "FC-1", 12.0 + (-1) ** k, 0.18 + 0.001 * (-1) ** k))
    with store.session() as session:
        lens = lens_of(session, "FC-1")
        assert lens is not None
        found = compare(session, lens)
        for figure in (found.shift, found.sharpness):
            assert figure.changed is not None and figure.since is not None  # noqa: PT018
            assert figure.changed.sequence == 13
            assert figure.since.id == back.id
        assert found.shift.change is not None
        assert found.shift.change.amount == pytest.approx(12, abs=1.5)
        baseline = set_baseline(session, lens, None, START, "Ann")
        assert baseline.first_sequence == 13
        session.flush()
        assert compare(session, lens).shift.baseline is not None
        assert compare(session, lens).shift.baseline.median == pytest.approx(12, abs=1)  # type: ignore[union-attr]


def test_an_adjustment_keeps_the_check_before_and_finds_the_one_after(store: Store) -> None:
    for k in range(1, 10):
        store.add_check(check_of(k, "FC-1", 30.0 + k % 2))
    with store.session() as session:
        lens = lens_of(session, "FC-1")
        assert lens is not None
        visits.add_adjustment(session, lens, "shim", 30.0, "blue shim", None, START)
        with pytest.raises(UsageError):
            visits.add_adjustment(session, lens, "kick", None, "", None, START)
    invalid = Result(Verdict.INVALID, (Reason("TOO_DARK", "Too dark."),))
    store.add_check(record(10, result=invalid))
    store.add_check(check_of(11, "FC-1", 0.5))
    with store.session() as session:
        lens = lens_of(session, "FC-1")
        assert lens is not None
        (made,) = visits.adjustments_of(session, lens)
        assert (made.before_sequence, made.after_sequence, made.unit) == (9, 11, "µm")
        found = compare(session, lens)
        assert found.samples[found.since_adjustment].sequence == 11
        assert found.shift.change is None


def test_copies_of_a_model_are_compared_by_median_and_mad(store: Store) -> None:
    for k in range(7):
        store.add_check(check_of(k + 1, f"FC-{k}", 10.0 * k))
    with store.session() as session:
        for line in find_lenses(session):
            line.lens.maker, line.lens.model = "Cooke", "S4 25"
        session.flush()
        lens = lens_of(session, "FC-0")
        assert lens is not None
        model = compare(session, lens).shift.model
        assert model is not None
        assert (model.median, model.count) == (35.0, 6)


@pytest.mark.parametrize(
    ("wanted", "numbers"),
    [
        (Filter(lens="FC-1"), [5, 3, 1]),
        (Filter(verdict="FAIL"), [4]),
        (Filter(verdict="PASS", lens="FC-2"), [2]),
        (Filter(model="cooke s4"), [5, 3, 1]),
        (Filter(text="SN%"), []),
        (Filter(text="sn1"), [5, 3, 1]),
        (Filter(text="'; drop table checks; --"), []),
        (Filter(operator="Ann"), [2]),
        (Filter(operator="nobody"), []),
        (Filter(since=START + timedelta(days=2), until=START + timedelta(days=4)), [3, 2]),
        (Filter(since=START + timedelta(days=99)), []),
        (Filter(visit=2**70), []),
        (Filter(), [5, 4, 3, 2, 1]),
    ],
)
def test_checks_are_found_by_what_is_known_of_them(store: Store, wanted: Filter, numbers: list[int]) -> None:
    for k in range(1, 6):
        operator = "Ann" if k == 2 else None
        store.add_check(check_of(k, f"FC-{2 - k % 2}", 90.0 if k == 4 else 1.0, operator=operator))
    with store.session() as session:
        lens = lens_of(session, "FC-1")
        assert lens is not None
        lens.maker, lens.model, lens.serial = "Cooke", "S4 25", "SN1"
        session.flush()
        assert [check.sequence for check in find_checks(session, wanted, 9)] == numbers
        assert [check.sequence for check in find_checks(session, wanted, 1)] == numbers[:1]


def test_raw_photos_go_by_age_but_those_of_failures_stay(store: Store) -> None:
    raw = {"raw_png": b"png", "raw_px": (4, 3)}
    store.add_check(check_of(1, "FC-1", 1.0, **raw))
    store.add_check(check_of(2, "FC-1", 90.0, **raw))
    store.add_check(check_of(30, "FC-1", 1.0, **raw))
    pictures = store.data_dir / "pictures"
    with store.session() as session:
        going = prune(session, pictures, Rules(raw_days=14, reserve_mb=0), START + timedelta(days=31))
    assert [file.name for file in going] == ["00000000-0000-4000-8000-000000000001.png"]
    newest, first = store.get(3), store.get(1)
    assert newest is not None and newest.raw_file is not None  # noqa: PT018
    assert first is not None and first.raw_file is None and first.preview_file  # noqa: PT018
    with store.session() as session:
        going = prune(session, pictures, Rules(raw_days=14, reserve_mb=1e12), START + timedelta(days=31))
    assert [file.suffix for file in going] == [".png", ".png", ".jpg", ".jpg", ".jpg"]
    assert store.count() == 3


def test_pruned_pictures_leave_the_disk_and_their_links_the_page(store: Store) -> None:
    store.add_check(check_of(1, "FC-1", 1.0, raw_png=b"png", raw_px=(4, 3)))
    assert store.prune(Rules(raw_days=14, reserve_mb=0), START + timedelta(days=31)) == 1
    assert store.prune(Rules(raw_days=14, reserve_mb=0), START + timedelta(days=31)) == 0
    assert {file.suffix for file in (store.data_dir / "pictures").iterdir()} == {".jpg", ".gz"}


def test_a_lens_is_judged_by_its_own_tolerance_and_circle_of_confusion(store: Store) -> None:
    station = Setup(25.0, 2.8, 1.55, coc_um=15.0)
    store.add_check(check_of(1, "FC-1", 1.0))
    assert store.setup_for("FC-1", station) == station
    with store.session() as session:
        lens = lens_of(session, "FC-1")
        assert lens is not None
        lens.coc_um, lens.tolerance_um = 6.0, 12.5
    own = store.setup_for("FC-1", station)
    assert (own.coc_um, own.tolerance_um, own.focal_length_mm) == (6.0, 12.5, 25.0)
    assert store.setup_for("FC-2", station) == store.setup_for(None, station) == station


CSV = 'Model,Asset tag,notes,f number,colour\r\nS4 25,FC-1,"says ""hi"", ok",2.0,red\r\nMaster,FC-9,,1.3,blue\r\n'


def test_lenses_come_in_by_csv_in_any_order_of_columns_and_go_out_again(store: Store) -> None:
    store.add_check(check_of(1, "FC-1", 1.0))
    with store.session() as session:
        preview = lens_csv.read(session, CSV.encode("utf-8-sig"))
        assert preview.good
        assert preview.ignored == ("colour",)
        assert [row.new for row in preview.rows] == [False, True]
        assert lens_csv.store(session, preview, START) == (1, 1)
    with store.session() as session:
        lens = lens_of(session, "FC-1")
        assert lens is not None
        assert (lens.model, lens.notes, lens.max_aperture) == ("S4 25", 'says "hi", ok', 2.0)
        lens.notes = "=cmd()"
        text = lens_csv.write([lens])
        assert "'=cmd()" in text
        assert lens_csv.read(session, text.encode()).rows[0].values["notes"] == "=cmd()"


def test_what_a_lens_is_driven_by_comes_in_by_csv_and_what_it_cannot_be_is_said(store: Store) -> None:
    with store.session() as session:
        sheet = b"tag,squeeze,iris,focus drive\nFC-1,1.8,Electronic,by wire\nFC-2,,,\n"
        lens_csv.store(session, lens_csv.read(session, sheet), START)
        kept = {lens.tag: (lens.squeeze, lens.iris, lens.focus_drive) for lens in session.query(Lens)}
        assert kept == {"FC-1": (1.8, "electronic", "by wire"), "FC-2": (1.0, "", "")}
        wrong = lens_csv.read(session, b"tag,squeeze,iris\nFC-3,4,round\n")
        assert list(wrong.rows[0].errors) == [
            "squeeze = 4 lies outside 1 to 2.5",
            "iris is manual, electronic or empty, not 'round'",
        ]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "no rows"),
        (b"tag\n", "no rows"),
        (b"name\nx\n", "no column named tag"),
        (b"tag,Asset tag\nx,y\n", "twice"),
        (b"tag\n\xff\xfe\n", "not UTF-8"),
        (b"tag\nx\0y\n", "not text"),
        (b'tag\n"open\n', "not CSV"),
        (b"tag\n" + b"x" * 41 + b"\n", "longer than 40"),
        (b"tag\nFC/../7\n", "no address of a page"),
        (b"tag,max_aperture\nFC-1,fast\n", "max_aperture is no number: 'fast'"),
        (b"tag,max_aperture\nFC-1,nan\n", "outside"),
        (b"tag,status\nFC-1,lost\n", "status is one of"),
        (b"tag\nFC-1\nFC-1\n", "is on line 2 too"),
        (b"tag,model\n,S4\n", "tag is empty"),
        (b"tag,focal_min_mm,focal_max_mm\nFC-1,70,24\n", "less than"),
        (b"tag\nFC-1,x\n", "2 cells, but only 1 columns"),
    ],
)
def test_what_is_wrong_with_a_csv_is_said_and_nothing_is_half_imported(
    store: Store, data: bytes, said: str
) -> None:
    with store.session() as session:
        preview = lens_csv.read(session, data)
        assert not preview.good
        words = [*preview.errors, *(error for row in preview.rows for error in row.errors)]
        assert any(said in word for word in words), words
        with pytest.raises(ValueError, match="errors"):
            lens_csv.store(session, preview, START)
        assert session.query(Lens).count() == 0


def test_a_lens_s_baseline_is_set_and_cleared_by_hand_and_no_row_is_lost(store: Store) -> None:
    for k in range(1, 11):
        store.add_check(check_of(k, "FC-1", 2.0 if k < 9 else 6.0))
    with store.session() as session:
        lens = lens_of(session, "FC-1")
        assert lens is not None
        first = compare(session, lens).shift.baseline
        with pytest.raises(LookupError, match="has no baseline of its own"):
            baselines.clear_baseline(session, lens, None, START, "Ann")
        set_baseline(session, lens, None, START, "Ann")
        kept = compare(session, lens)
        assert kept.baseline_kept is not None
        assert kept.baseline_kept.first_sequence == 3
        baselines.clear_baseline(session, lens, 25.0, START + timedelta(days=1), "Bo")
        cleared = compare(session, lens)
        assert (cleared.baseline_kept, cleared.shift.baseline) == (None, first)
        set_baseline(session, lens, None, START + timedelta(days=2), "Cy")
        rows = baselines.baselines_of(session, lens)
        assert [(row.set_by, row.count) for row in rows] == [("Cy", 8), ("Bo", 0), ("Ann", 8)]
        with pytest.raises(LookupError, match="no check with a figure"):
            set_baseline(session, Lens(id=99, tag="FC-99", created_at=START, model=""), None, START, "Ann")


def test_a_model_s_baseline_stays_while_its_copies_wander(store: Store) -> None:
    for k in range(6):
        store.add_check(check_of(k + 1, f"FC-{k}", float(k)))
    with store.session() as session:
        for line in find_lenses(session):
            line.lens.maker, line.lens.model = "Cooke", "S4 25"
        session.flush()
        lens = lens_of(session, "FC-0")
        assert lens is not None
        with pytest.raises(LookupError, match="Cooke S4 25 has no baseline"):
            baselines.clear_model_baseline(session, lens, None, START, "Ann")
        made = baselines.set_model_baseline(session, lens, None, START, "Ann")
        assert (made.maker, made.model, made.lens_id, made.count) == ("Cooke", "S4 25", None, 6)
    for k in range(6):
        store.add_check(check_of(k + 11, f"FC-{k}", 20.0 + k))
    with store.session() as session:
        for tag in ("FC-0", "FC-5"):
            lens = lens_of(session, tag)
            assert lens is not None
            found = compare(session, lens)
            assert found.shift.model is not None
            assert (found.shift.model.median, found.shift.model.count) == (2.5, 6)
        baselines.clear_model_baseline(session, lens, None, START, "Ann")
        assert compare(session, lens).shift.model.median == 22.0  # type: ignore[union-attr]
        other = Lens(tag="FC-77", created_at=START, maker="Cooke", model="S4 32")
        session.add(other)
        session.flush()
        assert baselines.baselines_of(session, other) == []
        with pytest.raises(LookupError, match="0 copies of Cooke S4 32"):
            baselines.set_model_baseline(session, other, None, START, "Ann")


def test_a_check_names_its_body_and_the_history_finds_it(store: Store) -> None:
    store.add_check(check_of(1, "FC-1", 1.0, body_tag="B-1"))
    store.add_check(check_of(2, "FC-1", 1.0))
    with store.session() as session:
        save_body(session, "B-1", {"maker": "ARRI", "coc_um": "9"}, START)
        with pytest.raises(UsageError, match="belongs to another"):
            save_body(session, "", {"tag": "B-1"}, START)
        with pytest.raises(UsageError, match="not there any more"):
            save_body(session, "B-9", {"tag": "B-9"}, START)
        with pytest.raises(UsageError, match="Coc_um is no number"):
            save_body(session, "", {"tag": "B-2", "coc_um": "small"}, START)
        assert [body.tag for body in find_bodies(session, "arri")] == ["B-1"]
        assert find_bodies(session, after="B-1") == []
        assert [check.sequence for check in find_checks(session, Filter(body="B-1"), 9)] == [1]
        assert find_checks(session, Filter(body="B-9"), 9) == []
    kept = store.get(1)
    assert kept is not None
    assert kept.body_tag == "B-1"
    assert store.setup_for("FC-1", Setup(25.0, 2.8, 1.55), "B-1").coc_um == 9.0
    assert store.is_body("B-1")
    assert not store.is_body("FC-1")
