"""The commands that need no station, as a user types them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from appliance.bench import Lens, Scene, Sensor, photograph
from appliance.cli import main

SHARED = Path(__file__).parents[2] / "shared" / "data"
SCORE = ["--focal-length", "25", "--f-number", "2.8", "--pixel-pitch", "3.1"]
REFERENCES = {  # mean of the two published references, cycles per pixel
    "v_edge_mono.tif": (0.1980 + 0.2002) / 2,
    "h_edge_mono.tif": (0.1983 + 0.2006) / 2,
    "Test_edge1_mono.tif": (0.2840 + 0.2850) / 2,
    "lens_f2.png": (0.2938 + 0.2980) / 2,
}


@pytest.fixture(scope="module")
def photo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    scene = Scene(Lens(25, 2.8), sensor=Sensor(2028, 1520, 3.1), object_distance_mm=650)
    shot = photograph(replace(scene, lens=replace(scene.lens, focus_error_mm=9.0)), 1)
    path = tmp_path_factory.mktemp("photo") / "photo.png"
    cv2.imwrite(str(path), shot.full_range())
    return path


def test_score_gives_every_figure_as_json(photo: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["score", str(photo), *SCORE, "--bayer", "rggb", "--json"]) == 0
    data = json.loads(capsys.readouterr().out)
    assert data["verdict"] == "PASS"
    assert data["focus_error_mm"] == pytest.approx(9.0, abs=0.15)
    assert data["image_shift_um"] == pytest.approx(
        9.0 * 1000 * data["magnification"] ** 2 / (1 + 9 / 650), rel=0.02
    )
    for name in ("focus_error_mm_u95", "image_shift_um_u95", "tolerance_um", "mtf50_peak_cpp", "edges_used"):
        assert data[name] > 0
    assert data["magnification"] == pytest.approx(25 / 625, rel=0.002)
    assert data["chart_tilt_deg"] == pytest.approx(45, abs=0.05)
    assert data["reasons"][0]["code"] == "IN_TOLERANCE"


def test_score_in_words_names_the_tolerance_and_its_exit_status_is_the_verdict(
    photo: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["score", str(photo), *SCORE, "--bayer", "rggb", "--tolerance-um", "5"]) == 1
    words = capsys.readouterr().out
    assert words.startswith("FAIL BACK")
    assert "behind the aim point" in words
    assert "± 5 µm as given" in words


def test_a_ruler_s_reading_of_the_bar_makes_lengths_true_ones(
    photo: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = ["score", str(photo), *SCORE, "--bayer", "rggb"]
    assert main([*given, "--bar", "98", "--json"]) == 0
    data = json.loads(capsys.readouterr().out)
    assert data["focus_error_mm"] == pytest.approx(0.98 * 9.0, rel=0.01)
    assert data["figures"]["print_scale_percent"] == pytest.approx(98.0)
    assert data["budget_um"]["print_scale"] == pytest.approx(
        0.2 / 1.96 / 98 * data["image_shift_um"], rel=0.03
    )
    assert main([*given, "--bar", "98", "--bar-u95", "0.98"]) == 0
    assert "printed at 98.0 %, by its bar of 98 mm" in capsys.readouterr().out


@pytest.mark.parametrize(("bad", "said"), [(["--bar", "89"], "slip"), (["--bar-u95", "0.2"], "give both")])
def test_a_reading_that_cannot_be_ends_with_2(
    photo: Path, capsys: pytest.CaptureFixture[str], bad: list[str], said: str
) -> None:
    assert main(["score", str(photo), *SCORE, *bad]) == 2
    assert said in capsys.readouterr().err


def test_several_photos_of_one_set_up_are_combined(photo: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["score", str(photo), str(photo), *SCORE, "--bayer", "rggb", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["frames_used"] == 2


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"", "empty"), (b"\x89PNG\r\n\x1a\n broken", "damaged"), (None, "cannot be read")],
)
def test_a_picture_that_is_none_is_named_and_ends_with_4(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes | None, words: str
) -> None:
    path = tmp_path / "picture.png"
    if content is not None:
        path.write_bytes(content)
    assert main(["score", str(path), *SCORE]) == 4
    message = capsys.readouterr().err
    assert words in message
    assert "Traceback" not in message


def test_a_colour_picture_given_as_a_mosaic_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "colour.png"
    cv2.imwrite(str(path), np.zeros((50, 50, 3), np.uint8))
    assert main(["score", str(path), *SCORE, "--bayer", "rggb"]) == 4
    assert "colour picture" in capsys.readouterr().err


@pytest.mark.parametrize(
    "bad",
    [
        ["--focal-length", "-1"],
        ["--focal-length", "0.025"],  # m
        ["--f-number", "zero"],
        ["--f-number", "2000"],
        ["--f-number", "nan"],
        ["--pixel-pitch", "0.0031"],  # mm
        ["--coc", "0.015"],  # mm
        ["--flatness-mm", "-1"],
        ["--bayer", "rgb"],
    ],
)
def test_bad_values_end_with_2_and_a_sentence(
    photo: Path, capsys: pytest.CaptureFixture[str], bad: list[str]
) -> None:
    with pytest.raises(SystemExit) as stop:
        main(["score", str(photo), *SCORE, *bad])
    assert stop.value.code == 2
    assert bad[0] in capsys.readouterr().err


def test_a_score_says_which_terms_its_interval_lacks(photo: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["score", str(photo), *SCORE, "--bayer", "rggb"])
    assert "give --flatness-mm and --aim-u-mm" in capsys.readouterr().out
    main(["score", str(photo), *SCORE, "--bayer", "rggb", "--flatness-mm", "0.1", "--aim-u-mm", "0"])
    assert "--aim-u-mm" not in capsys.readouterr().out


def test_a_distance_in_centimetres_is_named(photo: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["score", str(photo), *SCORE, "--bayer", "rggb", "--distance", "67.6"]) == 4
    assert "WRONG_DISTANCE" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        (["--output", "/no/such/folder/chart.pdf"], "There is no folder /no/such/folder"),
        (["--json", "--sensor", "banana"], "--sensor 'banana'"),
        (["--json", "--f-number", "4"], "give --focal-length and --distance"),
    ],
)
def test_a_chart_that_cannot_be_drawn_as_asked_ends_with_2(
    capsys: pytest.CaptureFixture[str], bad: list[str], words: str
) -> None:
    assert main(["chart", *bad]) == 2
    assert words in capsys.readouterr().err


def test_depth_of_a_chart_is_told_with_the_blur_it_is_for(capsys: pytest.CaptureFixture[str]) -> None:
    lens = ["--focal-length", "50", "--distance", "1300", "--f-number", "4"]
    for sensor, blur_um in (("hq", "1.55"), ("gs", "3.45"), ("36x24", "15")):
        assert main(["chart", "--json", *lens, "--sensor", sensor]) == 0
        (note,) = [n for n in json.loads(capsys.readouterr().out)["notes"] if "depths of field" in n]
        assert f"for blur of {blur_um} µm" in note


def test_chart_describes_itself(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    output = tmp_path / "chart.svg"
    assert main(["chart", "--paper", "a3", "--output", str(output), "--json"]) == 0
    data = json.loads(capsys.readouterr().out)
    assert data["paper_mm"] == [297.0, 420.0]
    assert data["aim_mm"] == [148.5, 210.0]
    assert output.exists()


def test_chart_without_an_output_says_what_is_missing(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["chart"]) == 2
    assert "--output" in capsys.readouterr().err


def _edge_picture(path: Path) -> None:
    y, x = np.mgrid[0:120, 0:100]
    distance = (x - 50) * np.cos(np.radians(5)) + (y - 60) * np.sin(np.radians(5))
    profile = 0.5 * (1 + np.tanh(distance / 1.2))
    cv2.imwrite(str(path), (6000 + 45000 * profile).astype(np.uint16))


def test_sfr_of_one_region_is_an_object_and_of_several_a_list(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "edge.png"
    _edge_picture(path)
    assert main(["sfr", str(path), "--roi", "10,10,80,100", "--json"]) == 0
    one = json.loads(capsys.readouterr().out)
    assert {"frequency_cpp", "sfr", "mtf50_cpp", "mtf50_cpp_sd", "edge_angle_deg"} <= set(one)
    # a tanh profile of scale w has the SFR (π² w f) / sinh(π² w f), one half where π² w f = 2.1773
    assert one["mtf50_cpp"] == pytest.approx(2.1773 / (np.pi**2 * 1.2), rel=0.01)
    assert abs(one["edge_angle_deg"]) == pytest.approx(5, abs=0.05)
    assert main(["sfr", str(path), "--roi", "10,10,80,100", "--roi", "20,20,60,80", "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)) == 2


def test_sfr_says_in_words_that_a_region_is_too_narrow(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    y, x = np.mgrid[0:100, 0:60]
    distance = (x - 30) * np.cos(np.radians(5)) + (y - 50) * np.sin(np.radians(5))
    path = tmp_path / "soft.png"
    cv2.imwrite(str(path), (6000 + 45000 * 0.5 * (1 + np.tanh(distance / 12))).astype(np.uint16))
    assert main(["sfr", str(path), "--roi", "0,10,60,80", "--json"]) == 0
    warning = json.loads(capsys.readouterr().out)["warning"]
    assert warning
    assert main(["sfr", str(path), "--roi", "0,10,60,80"]) == 0
    assert warning in capsys.readouterr().out


def test_sfr_refuses_a_region_without_an_edge_or_outside(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "edge.png"
    _edge_picture(path)
    assert main(["sfr", str(path), "--roi", "0,0,25,25"]) == 4
    assert "edge" in capsys.readouterr().err
    assert main(["sfr", str(path), "--roi", "90,90,80,100"]) == 2
    assert "beyond the picture" in capsys.readouterr().err


@pytest.mark.skipif(not (SHARED / "edges").exists(), reason="the real edges are not here")
@pytest.mark.parametrize(("name", "reference"), REFERENCES.items())
def test_real_edges_agree_with_the_references(
    name: str, reference: float, capsys: pytest.CaptureFixture[str]
) -> None:
    path = SHARED / "edges" / name
    height, width = cv2.imread(str(path), cv2.IMREAD_UNCHANGED).shape[:2]
    assert main(["sfr", str(path), "--roi", f"0,0,{width},{height}", "--linear", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["mtf50_cpp"] == pytest.approx(reference, rel=0.02)


@pytest.mark.skipif(
    not (SHARED / "through-focus").exists(), reason="the real through-focus pictures are not here"
)
def test_a_circuit_board_is_invalid_by_name(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["score", str(SHARED / "through-focus" / "pcb_005.JPG"), *SCORE, "--json"]) == 4
    data = json.loads(capsys.readouterr().out)
    assert data["verdict"] == "INVALID"
    assert data["reasons"][0]["code"] == "NO_CHART"
