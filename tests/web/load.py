"""A full house for the page's tests and the benchmark: ``python tests/web/load.py FOLDER [--checks N --lenses N]``.

100,000 checks of 3,000 lenses with visits, adjustments, operators and steps in their focus, the same every time;
then each page's time and size, and the plans of its queries.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import event, insert, text
from sqlalchemy.dialects import sqlite

sys.path.insert(0, str(Path(__file__).parents[1]))
from examples import RESULT, SETUP

from appliance.config import load_settings
from appliance.focus.result import Result
from appliance.store import Store, open_store
from appliance.store._columns import PackedJson
from appliance.store.house import Adjustment, Lens, Operator, Visit
from appliance.store.models import Check, Picture
from appliance.web.app import create_app

START = datetime(2020, 1, 1, 8, 0, tzinfo=UTC)
MAKERS = ("Cooke", "Zeiss", "Angénieux", "Leitz", "Canon")
OPERATORS = ("Ann", "Bo", "Cy", "Di", "Eve", "Flo")
GOLDEN_RESULT = Path(__file__).parents[1] / "golden" / "check.json"
AT_ONCE = 5000
DIALECT = sqlite.dialect()
REPEATS = 40
AIM_MS, AIM_KB = 50.0, 100.0

PAGES = {
    "now": "/",
    "live state": "/live",
    "history": "/checks",
    "history, deep": "/checks?before={half}",
    "history, verdict": "/checks?verdict=FAIL_FRONT",
    "history, lens": "/checks?lens={lens}",
    "history, model": "/checks?model=Cooke+Prime+035",
    "history, operator": "/checks?operator=Ann",
    "history, dates": "/checks?since={since}&until={until}",
    "history, search": "/checks?q=sn81",
    "history, nothing found": "/checks?q=nosuchlens&verdict=PASS",
    "check": "/checks/{check}",
    "lenses": "/lenses",
    "lenses, search": "/lenses?q=zeiss",
    "lens": "/lenses/{lens}",
    "lens, many checks": "/lenses/FC-0001",
    "visits": "/visits",
    "visit": "/visits/{visit}",
    "compare": "/compare?a={half}&b={check}",
    "health": "/health",
    "settings": "/settings",
    "help, settings": "/help/settings",
    "API checks": "/api/v1/checks",
    "API comparison": "/api/v1/lenses/{lens}/comparison",
}


NOTHING_FOUND = "history, nothing found"


def fill(folder: Path, checks: int = 100_000, lenses: int = 3_000) -> Store:
    """Fill the records in ``folder``."""
    store = open_store(folder)
    random = np.random.default_rng(7)
    shot = _shot()
    names = ", ".join(("check_sequence", *shot))
    places = ", ".join(f":{name}" for name in ("check_sequence", *shot))
    packed = text(
        f"INSERT INTO shots ({names}) VALUES ({places})"
    )  # packed once, not a hundred thousand times
    with store.session() as session:
        session.execute(insert(Lens), list(_lenses(lenses)))
        session.execute(insert(Operator), [{"name": name, "created_at": START} for name in OPERATORS])
        session.execute(insert(Visit), list(_visits(checks // 5, lenses)))
        for first in range(1, checks + 1, AT_ONCE):
            numbers = range(first, min(first + AT_ONCE, checks + 1))
            session.execute(insert(Check), list(_checks(numbers, checks, lenses, random)))
            session.execute(packed, [{**shot, "check_sequence": number} for number in numbers])
            session.execute(insert(Picture), [_picture(number) for number in numbers])
        session.execute(insert(Adjustment), list(_adjustments(lenses)))
    with store.session() as session:
        session.connection().exec_driver_sql("ANALYZE")
    return store


def _lenses(count: int) -> Iterator[dict[str, Any]]:
    for k in range(1, count + 1):
        yield {
            "tag": f"FC-{k:04d}",
            "created_at": START,
            "serial": f"SN{k * 7919 % 100000:05d}",
            "maker": MAKERS[k % len(MAKERS)],
            "model": f"Prime {k % 60:03d}",
            "mount": "PL",
            "focal_min_mm": 25.0,
            "focal_max_mm": 25.0,
            "max_aperture": 2.8,
            "status": "maintenance" if k % 97 == 0 else "in service",
        }


def _lens_of(number: int, lenses: int) -> int:
    """Every hundredth check is of lens 1; the others go round."""
    return 1 if number % 100 == 0 else number % lenses + 1


def _when(number: int) -> datetime:
    return START + timedelta(minutes=28 * number)


def _visits(count: int, lenses: int) -> Iterator[dict[str, Any]]:
    for k in range(1, count + 1):
        at = _when(5 * k)
        yield {
            "lens_id": _lens_of(5 * k, lenses),
            "operator_id": k % len(OPERATORS) + 1,
            "kind": "return" if k % 2 else "check-out",
            "rental": f"R-{k // 4:05d}",
            "started_at": at,
            "done_at": at + timedelta(minutes=9),
            "outcome": "PASS",
            "note": "",
        }


def _checks(numbers: range, total: int, lenses: int, random: np.random.Generator) -> Iterator[dict[str, Any]]:
    whole = RESULT.to_dict()
    for number in numbers:
        lens = _lens_of(number, lenses)
        stepped = lens % 10 == 0 and number > total / 2
        shift = float(random.normal(12.0 if stepped else 0.0, 6.0)) + (
            35.0 * random.choice((-1, 1)) if random.random() < 0.04 else 0.0
        )
        verdict = "PASS" if abs(shift) < 30 else ("FAIL_BACK" if shift > 0 else "FAIL_FRONT")
        verdict = "RETEST" if 28 < abs(shift) < 31 else verdict
        focus = {"focus_error_mm": shift / 1.9, "focus_error_mm_u95": 0.6, "image_shift_um": shift}
        yield {
            "sequence": number,
            "uuid": f"10000000-0000-4000-8000-{number:012d}",
            "lens_id": lens,
            "operator_id": number % len(OPERATORS) + 1,
            "visit_id": number // 5 if number % 5 == 0 else None,
            "boot_id": "boot",
            "monotonic_s": float(number),
            "taken_at": _when(number),
            "clock_synced": True,
            "verdict": verdict,
            **focus,
            "image_shift_um_u95": 1.2,
            "tolerance_um": 30.0,
            "focal_length_mm": 25.0,
            "f_number": 2.8,
            "mtf50_lp_mm": float(random.normal(88.0 if stepped else 95.0, 2.0)),
            "reasons": [],
            "setup": asdict(SETUP),
            "camera": {"description": "simulated"},
            "software_version": "0.1.0",
            "chart": "a4-general v1",
            "result": {**whole, **focus, "verdict": verdict, "reasons": []},
        }


def _shot() -> dict[str, Any]:
    """Edges and curve of a real measurement of the bench."""
    result = Result.from_dict(json.loads(GOLDEN_RESULT.read_text()))
    names = type(result.edges[0]).__dataclass_fields__
    edges = {name: [getattr(edge, name) for edge in result.edges] for name in names}
    pack = PackedJson().process_bind_param
    curve = asdict(result.curve) if result.curve else None
    return {"number": 1, "edges": pack(edges, DIALECT), "curve": pack(curve, DIALECT)}


def _picture(number: int) -> dict[str, Any]:
    name = f"10000000-0000-4000-8000-{number:012d}.jpg"
    size = {"width_px": 2028, "height_px": 1520, "size_bytes": 190_000}
    return {"check_sequence": number, "kind": "preview", "file_name": name, **size}


def _adjustments(lenses: int) -> Iterator[dict[str, Any]]:
    for lens in range(5, lenses + 1, 50):
        yield {
            "lens_id": lens,
            "kind": "shim",
            "amount": 20.0,
            "unit": "µm",
            "note": "",
            "made_at": _when(9000),
        }


def rows(folder: Path, repeats: int = REPEATS) -> list[dict[str, Any]]:
    """Each page of a filled folder: median and 95th percentile of its time in ms, its size in kB, and its scans.

    A page that is not there, or a list with nothing in it, would be fast for the wrong reason: an AssertionError.
    """
    app = create_app(load_settings(overrides={"data_dir": folder}, environment={}))
    for name in ("reads", "writes"):
        app.extensions[name].allow = lambda _key: True  # the limit is tested elsewhere
    client = app.test_client()
    client.get("/")
    store = app.extensions["history"].store
    engine, count = store._engine, store.count()
    check = int(0.77 * count) + 1  # of an ordinary lens: every hundredth check is of the first
    lens = store.get(check).lens_tag
    places = {"half": count // 2, "check": check, "visit": count // 20, "lens": lens}
    middle = _when(count // 2)
    places |= {"since": middle.date(), "until": (middle + timedelta(days=30)).date()}
    table = []
    for name, pattern in PAGES.items():
        path = pattern.format(**places)
        statements: list[tuple[str, Any]] = []
        listener = lambda _c, _u, statement, values, _x, _m: statements.append((statement, values))  # noqa: B023, E731
        event.listen(engine, "before_cursor_execute", listener)
        answer = client.get(path)
        event.remove(engine, "before_cursor_execute", listener)
        assert answer.status_code == 200, (path, answer.status_code)
        assert ('class="empty"' in answer.text) == (name == NOTHING_FOUND), path
        times = []
        for _ in range(repeats):
            start = time.perf_counter()
            client.get(path)
            times.append(1000 * (time.perf_counter() - start))
        p50, p95 = np.percentile(times, [50, 95])
        table.append(
            {
                "page": name,
                "path": path,
                "p50_ms": float(p50),
                "p95_ms": float(p95),
                "kb": len(answer.data) / 1000,
                "scans": scans(engine, statements),
            }
        )
    return table


SMALL = ("lenses", "visits", "operators", "access", "webhooks", "audit")
"""Tables of some thousand rows, which may be walked through."""


def scans(engine: Any, statements: list[tuple[str, Any]]) -> list[str]:
    """Steps of the queries' plans that walk through a whole large table or sort one."""
    found = []
    with engine.connect() as connection:
        for statement, values in statements:
            if not statement.lstrip().upper().startswith("SELECT"):
                continue
            plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values).all()
            for *_, step in plan:
                # newest first is a walk along the primary key, which LIMIT ends
                if step.startswith("SCAN") and not any(word in step for word in (*SMALL, "USING")):
                    limited = "LIMIT" in statement and "ORDER BY" in statement
                    if not (limited and "SCAN checks" in step):
                        found.append(step)
    return found


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--checks", type=int, default=100_000)
    parser.add_argument("--lenses", type=int, default=3_000)
    given = parser.parse_args()
    if not (given.folder / "focuscheck.sqlite3").exists():
        began = time.perf_counter()
        fill(given.folder, given.checks, given.lenses).close()
        print(f"filled in {time.perf_counter() - began:.0f} s")
    for row in rows(given.folder):
        mark = "" if row["p95_ms"] <= AIM_MS and row["kb"] <= AIM_KB and not row["scans"] else "  <--"
        print(
            f"{row['page']:24} {row['p50_ms']:7.1f} {row['p95_ms']:7.1f} ms {row['kb']:7.1f} kB {row['scans']}{mark}"
        )
