"""The proof after a zoom's flange distance was adjusted: before against after, and whether it went the right way."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from appliance.focus.result import Reason, Verdict
from appliance.guides._shims import adjustments, shim_words, too_words
from appliance.guides._zoom_fit import ZoomFit
from appliance.guides._zoom_parts import before_after, cam_cause, cam_figures, to_adjust
from appliance.guides.case import Case
from appliance.guides.estimates import Quantity
from appliance.guides.finding import Figure, Finding


def proved(case: Case, first: ZoomFit, proof: ZoomFit) -> Finding:
    before, after = first.flange_um, proof.flange_um
    change = Quantity(after.value - before.value, float(np.hypot(before.u, after.u)))
    verdict = Quantity(-after.value, after.u).judged(proof.tolerance_um)
    told = f"Flange error {before.value:+.0f} µm before, {after.value:+.0f} ± {after.u95:.0f} µm now."
    causes = [*_proof_cause(first, proof, change), *cam_cause(first)]
    if verdict is Verdict.PASS and any(cause.code == "CAM" for cause in causes):
        worst = first.worst_cam
        verdict = worst[1].judged(first.tolerance_um) if worst else verdict
    figures = (
        Figure("flange_after_um", "Flange error now", after.value, after.u95, "µm"),
        Figure("flange_error_um", "Flange error before", before.value, before.u95, "µm"),
        Figure("flange_change_um", "Changed by", change.value, change.u95, "µm"),
        *(adjustments(after) if to_adjust(proof) else ()),
        *(figure for figure in cam_figures(first)),
        Figure("tolerance_um", "Tolerance, ±", proof.tolerance_um, None, "µm", main=False),
    )
    return Finding(
        verdict,
        told,
        figures,
        tuple(causes),
        ("SHIM",) if to_adjust(proof) else ("SERVICE",) if causes else (),
        _proof_next(proof, verdict, causes),
        (before_after(case, first, proof),),
        data={
            "flange_error_um": after.value,
            "flange_u_um": after.u,
            "before_um": before.value,
            "way": case.word("adjust", "way"),
        },
    )


def _proof_cause(first: ZoomFit, proof: ZoomFit, change: Quantity) -> list[Reason]:
    if not to_adjust(proof):
        return []
    wanted = -first.flange_um.value
    if change.beyond(0.0) and change.value * wanted < 0:
        return [Reason("WRONG_WAY", "The adjustment went the wrong way: take it back, and as much again.")]
    if not change.beyond(0.0):
        return [
            Reason(
                "NOT_ADJUSTED", "Nothing has changed: were the right shims changed, and the lens put back?"
            )
        ]
    return [Reason("FLANGE", f"The sensor still sits {too_words(proof.flange_um.value)}.")]


def _proof_next(proof: ZoomFit, verdict: Verdict, causes: Sequence[Reason]) -> str:
    if to_adjust(proof):
        return f"Make the shims {shim_words(proof.flange_um.value)} than they are now, then run this check again."
    if causes:
        return "Send the lens to service with this page."
    return (
        "Done: note the shims on the lens's page."
        if verdict is Verdict.PASS
        else "Repeat the run to be sure."
    )
