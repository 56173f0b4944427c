"""The commands that need no station: draw a chart, measure an edge, score a photo."""

from __future__ import annotations

import argparse
import json
from math import isfinite
from pathlib import Path
from typing import Any

from appliance.commands.numbers import not_negative, positive, region, within
from appliance.errors import PictureError, UsageError
from appliance.frame import BAYER_ORDERS


def add_parsers(subparsers: Any) -> None:
    """Add ``chart``, ``sfr`` and ``score`` to the command's parsers."""
    _add_chart(subparsers)
    _add_sfr(subparsers)
    _add_score(subparsers)


def _add_chart(subparsers: Any) -> None:
    p = subparsers.add_parser(
        "chart",
        help="draw the chart to print",
        description="Draw the chart at true scale. The suffix of --output chooses PDF, SVG or PNG.",
        epilog="Print at 100 %, then measure the printed bar with a steel ruler. Example: focuscheck chart --paper a4 "
        "--output chart.pdf",
    )
    p.add_argument("--paper", choices=("a4", "a3", "letter"), default="a4", help="paper size (default a4)")
    p.add_argument("--output", type=Path, metavar="FILE", help="file to write: .pdf, .svg or .png")
    p.add_argument("--dpi", type=int, default=600, help="resolution of a PNG, 72 to 1200 (default 600)")
    p.add_argument(
        "--focal-length", type=positive, metavar="MM", help="lay the chart out for this focal length, mm"
    )
    p.add_argument("--distance", type=positive, metavar="MM", help="… at this distance from the sensor, mm")
    p.add_argument("--sensor", default="hq", help="… on this sensor: hq, gs, cm3, or WxH in mm (default hq)")
    p.add_argument(
        "--f-number", type=positive, metavar="N", help="… at this f-number, to check the chart's depth"
    )
    p.add_argument("--json", action="store_true", help="describe the chart in figures on standard output")
    p.set_defaults(run=_run_chart)


def _run_chart(args: argparse.Namespace) -> int:
    from appliance.chart.drawing import describe, draw
    from appliance.chart.family import choose_layout

    if args.output is None and not args.json:
        raise UsageError(
            "Say where to write the chart with --output FILE, or ask for its figures with --json."
        )
    layout, notes = choose_layout(args.paper, args.focal_length, args.distance, args.sensor, args.f_number)
    if args.output is not None:
        draw(layout, args.output, args.dpi)
    if args.json:
        print(json.dumps({**describe(layout), "notes": notes}, indent=1))
    else:
        width, height = layout.paper_mm
        print(f"Chart {layout.title} on {layout.paper} ({width:g} × {height:g} mm) written to {args.output}.")
        print("Print it at 100 %, without 'fit to page'; the bar on it must measure 100.0 mm.")
        print(f"Then read the bar with a ruler: focuscheck prints ruler {layout.name}")
        for note in notes:
            print(note)
    return 0


def _add_sfr(subparsers: Any) -> None:
    p = subparsers.add_parser(
        "sfr",
        help="spatial frequency response of slanted edges in a picture",
        description="Measure the SFR (MTF) of one slanted edge per --roi, ISO 12233:2023. 16-bit pictures are taken "
        "as linear, 8-bit ones as sRGB unless --linear.",
    )
    p.add_argument("image", type=Path, metavar="IMAGE", help="picture with slanted edges")
    p.add_argument(
        "--roi",
        type=region,
        action="append",
        required=True,
        metavar="X,Y,W,H",
        help="region of one edge; repeatable",
    )
    p.add_argument("--linear", action="store_true", help="take 8-bit values as linear in light")
    p.add_argument(
        "--bayer", choices=BAYER_ORDERS, help="the picture is a raw mosaic of this order: use its green"
    )
    p.add_argument("--json", action="store_true", help="figures as JSON; several --roi give a list")
    p.set_defaults(run=_run_sfr)


def _run_sfr(args: argparse.Namespace) -> int:
    from appliance.pictures import read_frame
    from appliance.sfr import PART_LEFT_OUT, REASONS, measure_roi

    frame = read_frame(args.image, args.bayer, None, args.linear)
    height, width = frame.plane.shape
    results = []
    for x, y, w, h in args.roi:
        if x + w > width or y + h > height:
            raise UsageError(
                f"--roi {x},{y},{w},{h} reaches beyond the picture, which is {width} × {height} px."
            )
        edge = measure_roi(frame.plane, (x, y, w, h), lattice=frame.bayer, white=0.999 * frame.white)
        if not edge.measured:
            raise PictureError(f"--roi {x},{y},{w},{h} cannot be measured. {REASONS[edge.reason]}")
        results.append(edge)
    if args.json:
        data = [_sfr_dict(edge) for edge in results]
        print(json.dumps(data if len(data) > 1 else data[0], indent=1))
    else:
        for (x, y, w, h), edge in zip(args.roi, results, strict=True):
            d = _sfr_dict(edge)
            mtf50 = (
                "not reached"
                if d["mtf50_cpp"] is None
                else f"{d['mtf50_cpp']:.4f} ± {1.96 * d['mtf50_cpp_sd']:.4f}"
            )
            print(f"{x},{y},{w},{h}: MTF50 {mtf50} cycles/pixel (95 %), edge at {d['edge_angle_deg']:.2f}°")
            if d["warning"]:
                trust = "" if edge.reason == PART_LEFT_OUT else "Not to be trusted to that interval: "
                print(f"  {trust}{d['warning']}")
    return 0


def _sfr_dict(edge: Any) -> dict[str, Any]:
    """One edge for JSON; its angle is to the nearest pixel axis, its direction from +x towards +y (down)."""
    from appliance.sfr import REASONS

    def number(value: float) -> float | None:
        return float(value) if isfinite(value) else None

    return {
        "frequency_cpp": [float(v) for v in edge.frequency_cpp],
        "sfr": [abs(float(v)) for v in edge.sfr],
        "sfr_sd": [float(v) for v in edge.sfr_sd],
        "mtf50_cpp": number(edge.mtf50_cpp),
        "mtf50_cpp_sd": number(edge.mtf50_cpp_sd),
        "edge_angle_deg": float(edge.angle_to_axis_deg),
        "edge_direction_deg": float(edge.angle_deg),
        "warning": REASONS[edge.reason] if edge.reason else None,
    }


def _add_score(subparsers: Any) -> None:
    p = subparsers.add_parser(
        "score",
        help="verdict from photos of the chart, without a station",
        description="Find the chart in one photo, or several of the same set-up, and say where the lens focuses. "
        "Exit status: 0 PASS, 1 FAIL, 2 usage, 3 RETEST, 4 INVALID, 5 internal error.",
        epilog="Positive errors are back focus: best focus lies behind the aim point, farther from the camera.",
    )
    p.add_argument("images", type=Path, nargs="+", metavar="IMAGE", help="photo of the chart")
    _add_lens_options(p)
    _add_photo_options(p)
    _add_chart_options(p)
    p.add_argument("--json", action="store_true", help="all figures as JSON")
    p.add_argument(
        "--explain", action="store_true", help="every stage of the fit, what it changed and why it ended"
    )
    p.add_argument(
        "--edges", action="store_true", help="with --json: every edge and the through-focus curve too"
    )
    p.set_defaults(run=_run_score)


def _add_lens_options(p: argparse.ArgumentParser) -> None:
    # the ranges of the station's settings
    p.add_argument(
        "--focal-length", type=within(1, 2000, "mm"), required=True, metavar="MM", help="focal length, mm"
    )
    p.add_argument(
        "--f-number", type=within(0.5, 64, ""), required=True, metavar="N", help="f-number as marked"
    )
    p.add_argument(
        "--pixel-pitch",
        type=within(0.2, 50, "µm"),
        required=True,
        metavar="UM",
        help="pixel pitch of the sensor, µm",
    )
    p.add_argument(
        "--coc",
        type=within(0.2, 200, "µm"),
        default=15.0,
        metavar="UM",
        help="client's circle of confusion (default 15 µm)",
    )
    p.add_argument(
        "--tolerance-um", type=positive, metavar="UM", help="tolerance ±, image side (default Nw × c)"
    )


def _add_photo_options(p: argparse.ArgumentParser) -> None:
    p.add_argument("--bayer", choices=BAYER_ORDERS, help="the picture is a raw mosaic of this order")
    p.add_argument("--white", type=positive, help="value of saturation (default 65535, or 255 for 8 bits)")
    p.add_argument("--linear", action="store_true", help="take 8-bit values as linear in light")


def _add_chart_options(p: argparse.ArgumentParser) -> None:
    p.add_argument(
        "--distance",
        type=positive,
        metavar="MM",
        help="distance from sensor to aim point, to check the scale",
    )
    p.add_argument(
        "--print-blur-um", type=positive, metavar="UM", help="spread (1 σ) of the chart's print on paper"
    )
    p.add_argument(
        "--bar",
        type=positive,
        metavar="MM",
        help="what a ruler reads on the chart's 100 mm bar: all lengths then are true ones",
    )
    p.add_argument(
        "--bar-u95",
        type=positive,
        metavar="MM",
        help="how well it was read, 95 %% (default 0.2 mm)",
    )
    p.add_argument(
        "--flatness-mm",
        type=not_negative,
        default=0.0,
        metavar="MM",
        help="chart's departure from flat, 1 σ (default 0)",
    )
    p.add_argument(
        "--aim-u-mm",
        type=not_negative,
        default=0.0,
        metavar="MM",
        help="uncertainty of the aim distance, 1 σ (default 0)",
    )


def _run_score(args: argparse.Namespace) -> int:
    from appliance.focus.judge.wording import describe_result
    from appliance.focus.printed_chart import ANY_CHART, RULER_U95_MM, Print, checked_bar
    from appliance.focus.result import Setup
    from appliance.focus.score import score_frames
    from appliance.focus.trace import explained
    from appliance.pictures import read_frame

    if args.bar is None and args.bar_u95 is not None:
        raise UsageError("--bar-u95 says how well --bar was read; give both.")
    bar = (None, None) if args.bar is None else checked_bar(args.bar, args.bar_u95 or RULER_U95_MM)
    frames = [read_frame(path, args.bayer, args.white, args.linear) for path in args.images]
    setup = Setup(
        focal_length_mm=args.focal_length,
        f_number=args.f_number,
        pixel_pitch_um=args.pixel_pitch,
        coc_um=args.coc,
        tolerance_um=args.tolerance_um,
        distance_mm=args.distance,
        chart_flatness_mm=args.flatness_mm,
        aim_u_mm=args.aim_u_mm,
        print_blur_um=args.print_blur_um,
        prints={} if args.bar is None else {ANY_CHART: Print(*bar)},
    )
    result = score_frames(frames, setup)
    if args.json:
        print(json.dumps(result.to_dict(edges=args.edges), indent=1))
    else:
        print(describe_result(result))
        if args.explain:
            print("\n".join(["", *explained(result.trace)]))
        if result.image_shift_um_u95 is not None and not (args.flatness_mm or args.aim_u_mm):
            print(
                "How flat the chart is and how well the lens was aimed at it are not in the ±; "
                "give --flatness-mm and --aim-u-mm. A station adds 0.1 and 0.2 mm unless it is told otherwise."
            )
    return result.verdict.exit_status
