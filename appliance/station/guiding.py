"""Guided checks at the bench: which one is under way, what a press means to it, and what it shows.

Everything that happens is an event in the records before it is shown, so that a station that starts again finds the
guided check at the step where it stood.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from appliance.config import Settings
from appliance.errors import UsageError
from appliance.guides.catalogue import procedure_named
from appliance.guides.procedure import Step, StepKind
from appliance.guides.run import EventKind, answer_of, step_named
from appliance.station.measure import Wanted
from appliance.store import GuideLink, Store
from appliance.store import guides as records
from appliance.store.access import operator_named
from appliance.store.clock import now
from appliance.store.guide_tables import ACTIVE, DONE, LEFT, OPEN_STATES, PAUSED, GuideRun

ANSWER_FIRST = "This step asks something: answer it on the phone, or with: focuscheck guide --go-on"


class Guiding:
    """The guided check on the bench; used by the station's loop only."""

    def __init__(self, settings: Settings, store: Store) -> None:
        self._settings, self._store = settings, store
        self._uuid: str | None = None
        self.view: dict[str, Any] | None = None
        """The run as JSON (:func:`~appliance.store.guides.run_view`); None while there is none on the bench."""
        self._step: Step | None = None

    @property
    def on_bench(self) -> bool:
        """Whether a guided check waits for its next step."""
        return self.view is not None and self.view["status"] == ACTIVE

    @property
    def waits_for_photo(self) -> bool:
        """Whether the next press takes a photo of it."""
        return self.on_bench and self._step is not None and self._step.kind is StepKind.MEASURE

    def restore(self) -> None:
        """Find the guided check that was on the bench when the station ended."""
        with self._store.session() as session:
            run = records.active_run(session)
            if run is not None:
                self._show(session, run)

    # What can be asked of it

    def act(self, do: str, fields: Mapping[str, Any], lens_tag: str | None, body_tag: str | None) -> None:
        """Do what somebody at page, command line or button asks for.

        Parameters
        ----------
        do:
            ``start`` (``procedure``, ``operator``), ``answer`` (``step``, ``values``), ``done``, ``skip``, ``redo``
            (``step``), ``pause``, ``resume`` (``uuid``), ``leave``, ``conclude`` (end it with what there is),
            ``refresh`` (look at the records again), ``close`` (take a finding off the bench).
        fields:
            What goes with it.
        lens_tag, body_tag:
            What is on the bench.

        Raises
        ------
        UsageError
            If it cannot be done now, or a value cannot be.
        """
        if do == "start":
            return self._start(fields, lens_tag, body_tag)
        if do == "resume":
            return self._resume(str(fields.get("uuid", "")))
        if do == "close":
            return self._forget()
        with self._store.session() as session:
            run = self._run(session)
            match do:
                case "answer" | "done" | "skip" | "redo":
                    self._step_event(session, run, do, fields)
                case "pause":
                    run.status = PAUSED
                    return self._forget()
                case "leave":
                    records.end_run(session, run, LEFT, now().wall, None)
                    return self._forget()
                case "refresh":
                    pass  # a photo came in by another way than the station's camera
                case "conclude":
                    self._conclude(session, run)
                case other:
                    raise UsageError(f"A guided check knows no {other!r}.")
            self._go_on(session, run)
        return None

    def press(self) -> None:
        """TEST was pressed where no photo is due: a deed is done, a question takes its defaults, a finding goes.

        Raises
        ------
        UsageError
            If the step must be answered.
        """
        if not self.on_bench or self._step is None:
            self._forget()
        elif self._step.kind is StepKind.DO:
            self.act("done", {"step": self._step.key}, None, None)
        else:
            self.act("answer", {"step": self._step.key, "values": {}}, None, None)

    def photo_wanted(self, lens_tag: str | None, body_tag: str | None) -> Wanted:
        """What the photo of the step under way is to be of."""
        assert self._step is not None
        assert self.view is not None
        step, lens, body = self._step, self.view["lens"], self.view["body"]
        return Wanted(
            step.lens_tag or lens or lens_tag,
            step.body_tag or body or body_tag,
            focal_length_mm=step.focal_length_mm,
            f_number=step.f_number,
            distance_mm=step.distance_mm,
            guide=GuideLink(self.view["uuid"], self.view["procedure"], step.key),
            bench=step.bench,
        )

    def photographed(self) -> None:
        """A photo of the step is in the records: go on."""
        if self._uuid is not None:
            with self._store.session() as session:
                self._go_on(session, self._run(session))

    def scanned(self, lens_tag: str | None) -> bool:
        """Another lens is on the bench: a guided check of one lens is paused; returns whether it was."""
        if self.view is None or lens_tag == self.view["lens"]:
            return False
        if not self.on_bench:
            self._forget()
            return False
        if not procedure_named(self.view["procedure"]).needs_lens:
            return False
        self.act("pause", {}, None, None)
        return True

    # How it does it

    def _start(self, fields: Mapping[str, Any], lens_tag: str | None, body_tag: str | None) -> None:
        setup = self._store.setup_for(lens_tag, self._settings.setup(), body_tag)
        at = now().wall
        with self._store.session() as session:
            run = records.start_run(
                session,
                str(fields.get("procedure", "")),
                setup,
                at,
                lens_tag=lens_tag,
                body_tag=body_tag,
                station=self._settings.station_name,
                operator=operator_named(session, str(fields.get("operator") or ""), at),
            )
            self._show(session, run)

    def _resume(self, uuid: str) -> None:
        with self._store.session() as session:
            run = records.find_run(session, uuid)
            if run is None or run.status not in OPEN_STATES:
                raise UsageError("That guided check is over, or there is none of that number.")
            records.pause_all(session)
            run.status = ACTIVE
            self._show(session, run)

    def _run(self, session: Session) -> GuideRun:
        run = records.find_run(session, self._uuid) if self._uuid else None
        if run is None or run.status != ACTIVE:
            raise UsageError("No guided check is on the bench. Start one, or go on with one that was paused.")
        return run

    def _step_event(self, session: Session, run: GuideRun, do: str, fields: Mapping[str, Any]) -> None:
        case = records.progress_of(session, run).case
        step = step_named(procedure_named(run.procedure), case, str(fields.get("step", "")))
        data: dict[str, Any] = {}
        if do == "answer":
            given = fields.get("values") or {}
            if not isinstance(given, Mapping):
                raise UsageError("An answer is given by the names of what the step asks.")
            data = answer_of(step, given)
        if do == "done" and step.kind is not StepKind.DO:
            raise UsageError(f"The step “{step.title}” is not done by hand: {step.text}")
        records.add_event(session, run, EventKind(do), step.key, now().wall, data)

    def _conclude(self, session: Session, run: GuideRun) -> None:
        records.end_run(session, run, DONE, now().wall, records.finding_of(session, run))

    def _go_on(self, session: Session, run: GuideRun) -> None:
        if run.status == ACTIVE and records.progress_of(session, run).step is None:
            self._conclude(session, run)
        self._show(session, run)

    def _show(self, session: Session, run: GuideRun) -> None:
        self._uuid = run.uuid
        self.view = records.run_view(session, run)
        self._step = records.progress_of(session, run).step if run.status == ACTIVE else None

    def _forget(self) -> None:
        self._uuid, self.view, self._step = None, None, None
