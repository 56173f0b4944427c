"""PDF reports, of a check and of a lens, fit to hand to a customer."""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from PIL import Image
from reportlab.lib.colors import HexColor, white
from reportlab.lib.pagesizes import A4
from reportlab.lib.units import mm
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas

from appliance.station import words
from appliance.store import StoredCheck
from appliance.store.compare import Comparison
from appliance.store.house import Adjustment, Lens, Visit
from appliance.web import comparing, crops, plots, trend_plot
from appliance.web.pdf_fonts import BOLD, REGULAR, fitted, legible
from appliance.web.svg_to_pdf import INK, SOFT, draw_svg, size_of

COLOURS = {"PASS": "#12703a", "FAIL_BACK": "#b3261e", "FAIL_FRONT": "#b3261e", "RETEST": "#8a5a00"}
LEFT, TOP, WIDTH = 18 * mm, A4[1] - 18 * mm, A4[0] - 36 * mm
BOTTOM = 20 * mm


class Paper:
    """A canvas written from the top down, page after page."""

    def __init__(self, title: str, station: str) -> None:
        self.data = io.BytesIO()
        self.canvas = Canvas(self.data, pagesize=A4, invariant=1)
        self.canvas.setTitle(legible(title))
        self.canvas.setAuthor(legible(station))
        self.station, self.y = station, TOP
        self._foot()

    def _foot(self) -> None:
        self.canvas.setFont(REGULAR, 7.5)
        self.canvas.setFillColor(HexColor(SOFT))
        note = "+ is back focus, − is front focus; ± is the 95 % interval; made on the station's own bench."
        self.canvas.drawString(LEFT, 12 * mm, legible(f"focuscheck · {self.station} · {note}"))

    def room(self, height: float) -> None:
        """Go on to the next page unless there is room."""
        if self.y - height < BOTTOM:
            self.canvas.showPage()
            self.y = TOP
            self._foot()

    def line(
        self, text: str, points: float = 10, font: str = REGULAR, colour: str = INK, gap: float = 1.35
    ) -> None:
        """A paragraph, broken at the paper's width."""
        rest = legible(text).split(" ")
        while rest:
            count = len(rest)
            while count > 1 and self.canvas.stringWidth(" ".join(rest[:count]), font, points) > WIDTH:
                count -= 1
            self.room(points * gap)
            self.y -= points * gap
            self.canvas.setFont(font, points)
            self.canvas.setFillColor(HexColor(colour))
            size, words_that_fit = fitted(" ".join(rest[:count]), font, points, WIDTH)
            self.canvas.setFontSize(size)
            self.canvas.drawString(LEFT, self.y, words_that_fit)
            rest = rest[count:]

    def heading(self, text: str, follows: float = 30 * mm) -> None:
        """A heading, kept with the ``follows`` points below it."""
        self.room(follows)
        self.y -= 3 * mm
        self.line(text, 12, BOLD)
        self.y -= 1 * mm

    def table(self, rows: Sequence[tuple[str, str]]) -> None:
        """Names and values in two columns."""
        for name, value in rows:
            self.room(5.5 * mm)
            self.y -= 4.6 * mm
            self.canvas.setFillColor(HexColor(SOFT))
            self.canvas.setFont(REGULAR, 9)
            self.canvas.drawString(LEFT, self.y, legible(name))
            size, text = fitted(value, REGULAR, 9, WIDTH * 0.6)
            self.canvas.setFillColor(HexColor(INK))
            self.canvas.setFont(REGULAR, size)
            self.canvas.drawRightString(LEFT + WIDTH, self.y, text)

    def drawing(self, svg: str, width: float = WIDTH, picture: str | None = None) -> None:
        """One of the page's drawings."""
        if not svg:
            return
        wide, high = size_of(svg)
        self.room(high * width / wide + 3 * mm)
        self.y -= 2 * mm
        self.y -= draw_svg(self.canvas, svg, LEFT, self.y, width, picture)

    def banner(self, verdict: str, sentence: str, word: str = "") -> None:
        """The verdict (``word`` in its place where given), white on its colour."""
        self.y -= 22 * mm
        self.canvas.setFillColor(HexColor(COLOURS.get(verdict, "#4a5560")))
        self.canvas.roundRect(LEFT, self.y, WIDTH, 20 * mm, 3 * mm, stroke=0, fill=1)
        self.canvas.setFillColor(white)
        self.canvas.setFont(BOLD, 22)
        self.canvas.drawString(LEFT + 5 * mm, self.y + 10 * mm, word or verdict.replace("_", " "))
        size, text = fitted(sentence, REGULAR, 10.5, WIDTH - 10 * mm)
        self.canvas.setFont(REGULAR, size)
        self.canvas.drawString(LEFT + 5 * mm, self.y + 4 * mm, text)

    def done(self) -> bytes:
        """The PDF."""
        self.canvas.save()
        return self.data.getvalue()


def _when(moment: datetime) -> str:
    return f"{moment.astimezone():%-d %B %Y, %H:%M %Z}"


def check_report(check: StoredCheck, lens: Lens | None, photo: Path | None, station: str) -> bytes:
    """One check as a PDF: verdict, curve, ``photo`` (a JPEG) with its edges, close-ups, every figure."""
    result = check.result
    paper = Paper(f"Focus check {check.sequence}", station)
    paper.line(f"Focus check {check.sequence}", 16, BOLD)
    named = (
        f"{check.lens_tag}{f', {lens.name}' if lens and lens.name else ''}"
        if check.lens_tag
        else "no lens named"
    )
    paper.line(f"Lens {named} · {_when(check.taken_at)} · {check.station or station}", 9.5, colour=SOFT)
    if check.voided_at:
        paper.line(f"VOIDED: {check.void_reason}", 11, BOLD, "#b3261e")
    if check.camera.get("simulated"):
        paper.line("Simulated bench: this verdict is of no real lens.", 11, BOLD, "#b3261e")
    paper.banner(result.verdict.value, words.headline(result))
    paper.drawing(plots.gauge(result), WIDTH * 0.6)
    paper.line(words.what_it_means(result))
    for reason in result.reasons:
        paper.line(f"· {reason.text}")
    curve = plots.through_focus(result, check.setup)
    if curve:
        paper.heading("Through focus", 0.72 * WIDTH)
        paper.drawing(curve, WIDTH * 0.72)
    if photo is not None and photo.is_file():
        _photos(paper, check, photo)
    paper.heading("Figures")
    paper.table(_figures(check))
    return paper.done()


def _photos(paper: Paper, check: StoredCheck, photo: Path) -> None:
    paper.heading("The chart, and the edges that were measured", 0.72 * WIDTH)
    try:
        with Image.open(photo) as opened:
            opened.load()
            picture = opened.convert("L")
    except OSError:
        paper.line("The photo's file is damaged.")
        return
    paper.drawing(plots.edge_map(check.result, "photo", check.preview_px), WIDTH * 0.66, str(photo))
    found = crops.windows(check.result)
    if not found:
        return
    side = (WIDTH - 8 * mm) / 3
    paper.room(side + 10 * mm)
    paper.y -= side + 3 * mm
    scale = picture.width / (check.result.picture_px or picture.size)[0]
    for k, crop in enumerate(found):
        box = tuple(round(v * scale) for v in (crop.x, crop.y, crop.x + crop.size, crop.y + crop.size))
        x = LEFT + k * (side + 4 * mm)
        paper.canvas.drawImage(ImageReader(picture.crop(box)), x, paper.y, side, side)  # type: ignore[arg-type]
        paper.canvas.setFont(REGULAR, 8.5)
        paper.canvas.setFillColor(HexColor(SOFT))
        paper.canvas.drawString(x, paper.y - 4 * mm, crop.title)
    paper.y -= 5 * mm


def _figures(check: StoredCheck) -> list[tuple[str, str]]:
    result, setup = check.result, check.setup
    rows = [
        ("Focus error at the chart", words.focus_error(result)),
        ("Focus error at the sensor", words.figure(result.image_shift_um, result.image_shift_um_u95, "µm")),
        ("Tolerance at the sensor", result.tolerance_text or f"± {result.tolerance_um or 0:.1f} µm"),
        ("Lens as set", f"{setup.focal_length_mm:g} mm f/{setup.f_number:g}"),
    ]
    if result.magnification:
        rows.append(("Magnification", f"1 : {1 / result.magnification:.1f}"))
    if result.mtf50_peak_cpp:
        lp_mm = result.mtf50_peak_cpp / setup.pixel_pitch_um * 1000
        rows.append(("MTF50 at best focus", f"{result.mtf50_peak_cpp:.3f} cycles/pixel, {lp_mm:.0f} lp/mm"))
    rows += [
        (f"Uncertainty: {name.replace('_', ' ')}, 1 sigma", f"{u:.2f} µm")
        for name, u in result.budget_um.items()
    ]
    if check.temperature_c is not None:
        rows.append(("Temperature", f"{check.temperature_c:.1f} °C"))
    rows += [
        ("Edges, photos", f"{result.edges_used}, {result.frames_used}"),
        ("Chart", result.chart or "–"),
        ("Camera", str(check.camera.get("description", "–"))),
        *([("Camera body", check.body_tag)] if check.body_tag else []),
        ("Operator", check.operator or "–"),
        ("Software", f"focuscheck {check.software_version}"),
        ("Number", check.uuid),
    ]
    return rows


def lens_report(
    lens: Lens,
    comparison: Comparison,
    checks: Sequence[StoredCheck],
    visits: Sequence[Visit],
    adjustments: Sequence[Adjustment],
    station: str,
) -> bytes:
    """One lens: how it stands, its trend with visits and adjustments, and its newest checks; a PDF."""
    paper = Paper(f"Lens {lens.tag}", station)
    paper.line(f"Lens {lens.tag}", 16, BOLD)
    about = [
        lens.name,
        lens.focal_range,
        f"serial {lens.serial}" if lens.serial else "",
        lens.mount,
        lens.status,
    ]
    paper.line(" · ".join(part for part in about if part), 9.5, colour=SOFT)
    if checks:
        paper.banner(checks[0].result.verdict.value, words.headline(checks[0].result))
    said = comparing.sentences(comparison)
    if said:
        paper.heading("Against its past and its model")
        for sentence in said:
            paper.line(f"· {sentence}")
    plot = trend_plot.trend(comparison, visits, adjustments)
    if plot:
        paper.heading("Trend", 0.6 * WIDTH)
        paper.drawing(plot, WIDTH * 0.85)
    if visits:
        paper.heading("Visits")
        paper.table([(f"{v.kind.capitalize()}, {_when(v.started_at)}", _visited(v)) for v in visits])
    if adjustments:
        paper.heading("Adjustments")
        paper.table([(_when(a.made_at), _adjusted(a)) for a in adjustments])
    if checks:
        paper.heading("Newest checks")
        paper.table([(f"{c.sequence}   {_when(c.taken_at)}", _summary(c)) for c in checks])
    return paper.done()


def _visited(visit: Visit) -> str:
    rental = f"rental {visit.rental}, " if visit.rental else ""
    return f"{rental}{(visit.outcome or 'not tested').replace('_', ' ')}"


def _adjusted(made: Adjustment) -> str:
    amount = "" if made.amount is None else f" {made.amount:+g} {made.unit}"
    proof = f" (checks {made.before_sequence or '–'} and {made.after_sequence or '–'})"
    return f"{made.kind}{amount}{proof}"


def _summary(check: StoredCheck) -> str:
    shift = words.figure(check.result.image_shift_um, check.result.image_shift_um_u95, "µm")
    voided = ", voided" if check.voided_at else ""
    return f"{check.result.verdict.words}   {shift}{voided}"
