"""``focuscheck prints``: measuring a printed chart from the command line, guided, refused by name, and taken back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import cv2
import pytest
from command import Focuscheck, Said
from examples import RESULT, record

from appliance.bench import Chart, Lens, Scene, Sensor, photograph
from appliance.store import open_store
from appliance.store.access import trail
from appliance.store.prints import prints_kept, readings_of

TITLE = "a4-general v1"
CLOSE = ["--focal-length-mm", "25", "--f-number", "4", "--pixel-pitch-um", "3.1", "--bayer", "rggb"]
Prints = Callable[..., Said]


@pytest.fixture
def prints(focuscheck: Focuscheck, tmp_path: Path) -> Prints:
    return lambda *arguments: focuscheck("prints", *arguments, "--data-dir", str(tmp_path))


@pytest.fixture(scope="module")
def photo(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A chart whose print spreads by 35 µm, close up."""
    scene = Scene(
        Lens(25, 4.0),
        sensor=Sensor(2028, 1520, 3.1),
        object_distance_mm=300,
        chart=Chart(print_blur_um=35.0),
    )
    path = tmp_path_factory.mktemp("photo") / "close.png"
    cv2.imwrite(str(path), photograph(scene, 5).full_range())
    return str(path)


def test_each_step_explains_itself_without_a_figure(prints: Prints) -> None:
    ruler = prints("ruler", "a4-general")
    assert ruler.status == 0
    for said in ("its bar was not measured", "steel ruler", "exactly 100 mm", "prints ruler a4-general 99.8"):
        assert said in ruler.out
    blur = prints("blur", "a4-general")
    assert blur.status == 0
    for said in ("half the usual distance", "f/4", "prints blur a4-general --check N"):
        assert said in blur.out
    assert "Begin with: focuscheck prints ruler a4-general" in prints().out


def test_a_reading_is_kept_listed_and_in_the_trail(prints: Prints, tmp_path: Path) -> None:
    kept = prints("ruler", "a4-general", "97.2", "--u95", "0.3")
    assert kept.status == 0
    assert "printed at 97.2 %" in kept.out
    assert "'fit to page'" in kept.out
    assert prints("blur", "a4-general", "--um", "28").status == 0
    assert "a4-general v1: bar 97.2 ± 0.3 mm, so 97.2 %; its print spreads by 28" in prints().out
    told = prints("--json").json[TITLE]
    assert (told["bar_mm"], told["blur_um"]) == (97.2, 28.0)
    assert told["bar_u_mm"] == pytest.approx(0.3 / 1.96)
    with open_store(tmp_path).reading() as session:
        assert [(line.action, line.subject) for line in trail(session)] == [
            ("measured blur", f"chart {TITLE}"),
            ("measured bar", f"chart {TITLE}"),
        ]
        assert readings_of(session, TITLE)[0].source == "given"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["ruler", "a4-general", "9.98"], "most likely a slip"),
        (["ruler", "a5-general", "99.8"], "There is no chart 'a5-general'"),
        (["ruler", "a4-general", "99.8", "--u95", "5"], "read to within"),
        (["blur", "a4-general", "--um", "900"], "between 1 and 500"),
        (["blur", "a4-general", "--check", "7"], "no check 7"),
        (["blur", "a4-general", "--um", "30", "--f-number", "400"], "f_number"),
        (["forget", "a4-general", "ruler"], "add --sure"),
        (["undo", "a4-general", "ruler"], "add --sure"),
        (["forget", "a4-general", "ruler", "--sure"], "nothing to forget"),
    ],
)
def test_what_cannot_be_is_said_and_nothing_is_kept(
    prints: Prints, tmp_path: Path, arguments: list[str], said: str
) -> None:
    refused = prints(*arguments)
    assert refused.status == 2
    assert said in refused.err
    with open_store(tmp_path).reading() as session:
        assert prints_kept(session) == {}
        assert not trail(session)


def test_the_folder_may_be_given_before_the_step_or_after_it(focuscheck: Focuscheck, tmp_path: Path) -> None:
    assert focuscheck("prints", "--data-dir", str(tmp_path), "ruler", "a4-general", "99.8").status == 0
    with open_store(tmp_path).reading() as session:
        assert prints_kept(session)[TITLE].bar_mm == 99.8


def test_forgetting_and_taking_back_need_a_word(prints: Prints) -> None:
    prints("ruler", "a4-general", "99.8")
    assert "its bar was not measured" in prints("forget", "a4-general", "ruler", "--sure").out
    assert "bar 99.8 ± 0.2 mm" in prints("undo", "a4-general", "ruler", "--sure").out


def test_the_spread_is_measured_in_a_photo_taken_close_up(prints: Prints, photo: str, tmp_path: Path) -> None:
    assert prints("blur", "a4-general", "--photo", photo, *CLOSE).status == 0
    with open_store(tmp_path).reading() as session:
        kept = prints_kept(session)[TITLE]
    assert kept.blur_um is not None
    assert kept.blur_u_um is not None
    assert abs(kept.blur_um - 35.0) <= 2 * kept.blur_u_um
    other = prints("blur", "a3-general", "--photo", photo, *CLOSE)
    assert other.status == 2
    assert "shows the chart a4-general v1, not a3-general v1" in other.err


def test_a_photo_that_cannot_be_measured_says_why(prints: Prints, photo: str) -> None:
    refused = prints("blur", "a4-general", "--photo", photo, *CLOSE, "--focal-length-mm", "50")
    assert refused.status == 2
    assert "The photo cannot be measured. The picture fits a focal length of 25 mm" in refused.err


def test_the_spread_is_taken_from_a_check_or_refused_with_what_to_do(prints: Prints, tmp_path: Path) -> None:
    store = open_store(tmp_path)
    for k, u in enumerate((3.0, 12.0), 1):
        figures = {"print_blur_um": 30.0, "print_blur_um_u": u}
        store.add_check(record(k, result=replace(RESULT, chart=TITLE, figures=figures)))
    store.close()
    refused = prints("blur", "a4-general", "--check", "2")
    assert refused.status == 2
    assert "Take the photo closer" in refused.err
    assert "spreads by 30 ± 6 µm" in prints("blur", "a4-general", "--check", "1").out
