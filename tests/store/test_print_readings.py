"""What is kept of printed charts: the newest reading counts, none is lost, and a slip is taken back."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from examples import RESULT, SETUP, record

from appliance.errors import BarReadingError, BlurReadingError, UsageError
from appliance.focus.printed_chart import Print
from appliance.focus.result import Result, Verdict
from appliance.store import Store, open_store, visits
from appliance.store._engine import migrate
from appliance.store.models import Check
from appliance.store.prints import (
    chart_title,
    charts_seen,
    forget,
    prints_kept,
    readings_of,
    set_bar,
    set_blur,
    set_blur_from_check,
    take_back,
)

START = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
TITLE = "a4-general v1"
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


def checked(blur: tuple[float, float] | None, chart: str = TITLE, verdict: Verdict = Verdict.PASS) -> Result:
    figures = {} if blur is None else {"print_blur_um": blur[0], "print_blur_um_u": blur[1]}
    return replace(RESULT, chart=chart, verdict=verdict, figures=figures)


def test_the_newest_reading_counts_and_none_is_lost(store: Store) -> None:
    with store.session() as session:
        set_bar(session, TITLE, 97.2, START, "Ann")
        set_bar(session, TITLE, 99.8, START + timedelta(days=1), "Bob", u95_mm=0.098)
        set_blur(session, TITLE, 28.0, 2.5, START, "Ann", "photo")
        set_bar(session, "a3-general v1", 100.2, START, "Ann")
    with store.reading() as session:
        kept = prints_kept(session)
        assert kept == {
            TITLE: Print(99.8, pytest.approx(0.05), 28.0, 2.5),
            "a3-general v1": Print(100.2, pytest.approx(0.2 / 1.96)),
        }
        rows = readings_of(session, TITLE)
        assert [(row.kind, row.value, row.source, row.made_by) for row in rows] == [
            ("blur", 28.0, "photo", "Ann"),
            ("bar", 99.8, "ruler", "Bob"),
            ("bar", 97.2, "ruler", "Ann"),
        ]
        assert rows[1].made_at == START + timedelta(days=1)
    assert store.setup_for(None, SETUP).prints == kept


def test_a_slip_is_taken_back_and_a_chart_printed_anew_is_forgotten(store: Store) -> None:
    def bar() -> float | None:
        with store.reading() as session:
            return prints_kept(session).get(TITLE, Print()).bar_mm

    with store.session() as session:
        set_bar(session, TITLE, 99.8, START, "Ann")
        set_bar(session, TITLE, 98.9, START, "Ann")
        take_back(session, TITLE, "bar", START, "Ann")
    assert bar() == 99.8
    with store.session() as session:
        take_back(session, TITLE, "bar", START, "Ann")
    assert bar() == 98.9
    with store.session() as session:
        forget(session, TITLE, "bar", START, "Ann")
    assert bar() is None
    with store.session() as session:
        with pytest.raises(UsageError, match="nothing to forget"):
            forget(session, TITLE, "bar", START, "Ann")
        take_back(session, TITLE, "bar", START, "Ann")
        assert len(readings_of(session, TITLE)) == 6
    assert bar() == 98.9


def test_the_first_reading_taken_back_leaves_none(store: Store) -> None:
    with store.session() as session:
        set_blur(session, TITLE, 30.0, None, START, "Ann", "given")
        take_back(session, TITLE, "blur", START, "Ann")
        assert prints_kept(session) == {}
        with pytest.raises(UsageError, match="nothing to take back"):
            take_back(session, TITLE, "bar", START, "Ann")
        with pytest.raises(UsageError, match="no 'colour'"):
            take_back(session, TITLE, "colour", START, "Ann")


def test_a_reading_that_cannot_be_leaves_what_is_kept(store: Store) -> None:
    with store.session() as session:
        set_bar(session, TITLE, 99.8, START, "Ann")
    with pytest.raises(BarReadingError), store.session() as session:
        set_bar(session, TITLE, 89.8, START, "Ann")
    with pytest.raises(BlurReadingError), store.session() as session:
        set_blur(session, TITLE, 0.03, None, START, "Ann", "given")
    with store.reading() as session:
        assert [row.value for row in readings_of(session, TITLE)] == [99.8]


def test_the_spread_is_taken_from_the_last_check_of_that_chart_that_counts(store: Store) -> None:
    for k, result in enumerate(
        (
            checked((31.0, 3.0)),
            checked((29.0, 3.0)),
            checked((50.0, 1.0), "a3-general v1"),
            checked((60.0, 1.0), verdict=Verdict.INVALID),
            checked((70.0, 1.0)),
        ),
        1,
    ):
        store.add_check(record(k, result=result))
    with store.session() as session:
        voided = session.get(Check, 5)
        assert voided is not None
        visits.void_check(session, voided, "moved", "Ann", START)
        made = set_blur_from_check(session, TITLE, None, START, "Ann")
        assert (made.value, made.standard_u, made.source) == (29.0, 3.0, "check 2")
        assert set_blur_from_check(session, TITLE, 1, START, "Ann").value == 31.0
        assert charts_seen(session) == [TITLE, "a3-general v1"]
        for number, said in ((3, "is not of the chart"), (5, "no check 5 that counts"), (2**70, "no check")):
            with pytest.raises(BlurReadingError, match=said):
                set_blur_from_check(session, TITLE, number, START, "Ann")


@pytest.mark.parametrize("blur", [None, (30.0, 8.0)])
def test_a_check_that_shows_the_spread_badly_says_what_to_do(
    store: Store, blur: tuple[float, float] | None
) -> None:
    with store.session() as session, pytest.raises(BlurReadingError, match="no check of the chart"):
        set_blur_from_check(session, TITLE, None, START, "Ann")
    store.add_check(record(1, result=checked(blur)))
    with store.session() as session, pytest.raises(BlurReadingError, match="Take the photo closer"):
        set_blur_from_check(session, TITLE, None, START, "Ann")


def test_a_chart_is_known_by_its_name_and_its_title() -> None:
    assert chart_title("a4-general") == chart_title(" a4-general v1 ") == TITLE
    assert chart_title("letter-p3.15") == "letter-p3.15 v1"
    for name in ("a4", "a5-general", "", "a4-general v2"):
        with pytest.raises(UsageError, match="There is no chart"):
            chart_title(name)
