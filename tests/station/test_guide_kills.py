"""A guided check whose station is killed at every step, before and after what the step waits for: nothing is lost."""

from __future__ import annotations

import subprocess
from pathlib import Path

from command import bench, start
from conftest import PATIENCE_S, until
from sqlalchemy import func, select

from appliance.errors import FocuscheckError
from appliance.station.client import StationClient
from appliance.station.state import Phase
from appliance.store import open_history, open_store
from appliance.store.clock import now
from appliance.store.guide_tables import GuideEvent
from appliance.store.house import Lens
from appliance.store.models import Check

SIMULATED = [*bench(6.2), "--focal-length-mm", "50", "--simulated-faults", "flange_um=40"]
WORKS = (Phase.READY, Phase.GUIDE)


def station(data_dir: Path) -> subprocess.Popen[bytes]:
    process: subprocess.Popen[bytes] = start("station", "--data-dir", str(data_dir), *SIMULATED)
    client = StationClient(data_dir / "station.sock")

    def works() -> bool:
        try:
            return client.state().phase in WORKS
        except FocuscheckError:
            return False

    until(works)
    return process


def kill(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait(PATIENCE_S)


def act(client: StationClient) -> None:
    """What the step at hand waits for, and not a moment longer."""
    step = client.guide("view")["step"]
    if step["kind"] == "measure":
        client.press()
    elif step["kind"] == "do":
        client.guide("done", step=step["key"])
    else:
        client.guide("answer", step=step["key"], values={})


def test_a_guided_check_killed_at_every_step_comes_to_the_same_end(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    with store.session() as session:
        session.add(Lens(tag="FC-50", focal_min_mm=50.0, max_aperture=2.8, created_at=now().wall))
    store.close()
    client, process = StationClient(tmp_path / "station.sock"), station(tmp_path)
    client.select_lens("FC-50")
    view = client.guide("start", procedure="aperture-series")
    kills = 0
    while view["step"] is not None:
        at = view["step"]["key"]
        act(client)
        kill(process)  # a photo is just being taken
        process, kills = station(tmp_path), kills + 1
        view = client.guide("view") or {"step": None}  # a run that is over is off the bench
        if view["step"] is not None and view["step"]["key"] == at:
            act(client)
            until(lambda at=at: at != (client.guide("view")["step"] or {}).get("key"))  # type: ignore[misc]
            kill(process)  # it has just gone on
            process, kills = station(tmp_path), kills + 1
            view = client.guide("view") or {"step": None}
            assert (view["step"] or {}).get("key") != at
    kill(process)
    history = open_history(tmp_path)
    assert history is not None
    with history.reading() as session:
        photos = session.scalars(select(GuideEvent.check_sequence).where(GuideEvent.kind == "photo")).all()
        assert sorted(photos) == list(range(1, len(photos) + 1)), (
            "every photo has its check, every check its photo"
        )
        assert session.scalar(select(func.count()).select_from(Check)) == len(photos)
    history.close()
    assert kills >= 8
