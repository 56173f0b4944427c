"""Focus lock: does focus stay after it was taken once with AF-ON; and how sure and quick is autofocus without a lock.

Model. With a lock, shot j has the image shift x_j = a + n_j + what focus does by itself (µm, > 0 behind the aim
point): n_j is the photo's own noise. Which of four things it does (holds, drifts, jumps once, moves with each shot)
is told as in :mod:`appliance.guides._series`. Only moving with each shot says that the shutter button focuses: a
drift or a jump comes from lens, stand or a touched ring. Without a lock each shot is focused anew: x_j = e ± d/2 +
s_j as for an autofocus pair, and a shot has missed that surely lies beyond the tolerance T, or beyond the chart.

Promises to name (eight shots, n the noise of a photo): REFOCUS from a scatter of 6 n on; FOCUS_DRIFT and FOCUS_JUMP
from the larger of 10 n and T/8 on, over the series; AF_MISSED for each shot beyond T + 5 of its u; AF_HUNTING and
AF_SLOW as seen by the technician or told by the camera.

Cannot tell a camera that focuses anew but scatters less than the photos' noise from one that holds. One shot that is
off in the middle of a series that else holds is told as moving with each shot. What the camera does in the dark or on
another subject is not seen.
"""

from __future__ import annotations

from appliance.guides._focus_each_finding import each_finding
from appliance.guides._focus_lock_finding import LEAST_SHOTS, lock_finding, refocuses
from appliance.guides.brands import brand_of, brand_of_maker, choices
from appliance.guides.case import Case
from appliance.guides.finding import Finding, not_yet
from appliance.guides.procedure import Input, Procedure, Step, StepKind

SHOTS, MOST_SHOTS = 8, 20
MODES = (("lock", "Focus once, then shoot"), ("each", "Focus for every shot"))


def steps(case: Case) -> tuple[Step, ...]:
    """The steps that are known so far."""
    count = int(case.number("setup", "shots", SHOTS))
    if case.word("setup", "mode", "lock") == "each":
        return (_setup(case), _ready(), *(_each(k) for k in range(1, count + 1)), _seen(count))
    told = [_setup(case), _focus_once(1), *(_locked(1, k, count) for k in range(1, count + 1))]
    if refocuses(case, 1):
        told.append(_shutter_off(case))
    if refocuses(case, 1) and "shutter-off" not in case.skipped:
        told += [_focus_once(2), *(_locked(2, k, count) for k in range(1, count + 1))]
    return tuple(told)


def finding(case: Case) -> Finding:
    """The finding of the shots so far."""
    if not case.answered("setup"):
        return not_yet("Say what is to be tested.")
    return each_finding(case) if case.word("setup", "mode") == "each" else lock_finding(case)


def _setup(case: Case) -> Step:
    return Step(
        "setup",
        StepKind.ASK,
        "What to test",
        "Does focus stay after AF-ON (back-button focus), or how sure is autofocus when every shot focuses anew?",
        "On the phone:\nwhat to test",
        inputs=(
            Input("mode", "Test", "choice", default="lock", choices=MODES),
            Input(
                "brand",
                "Brand of the camera",
                "choice",
                default=brand_of_maker(case.body.maker).key,
                choices=choices(),
            ),
            Input("shots", "Shots", default=SHOTS, low=LEAST_SHOTS, high=MOST_SHOTS),
        ),
    )


def _focus_once(series: int) -> Step:
    return Step(
        f"focus-{series}",
        StepKind.DO,
        "Focus once",
        "Turn the focus ring away, then focus once on the star with AF-ON (or FOCUS). Let go of it. "
        "From now on touch only the shutter or TEST.",
        "Ring away, focus once\nwith AF-ON, let go.\nThen only shoot",
        restarts=True,
    )


def _locked(series: int, k: int, count: int) -> Step:
    return Step(
        f"lock-{series}-{k}",
        StepKind.MEASURE,
        f"Shot {k} of {count}",
        f"Shot {k}: press the shutter all the way, or TEST. Do not focus, do not touch the lens.",
        "Just shoot.\nDo not focus.",
        bench={"lock_shot": k - 1, "shutter_off": series > 1},
        takes_bound=True,
    )


def _shutter_off(case: Case) -> Step:
    brand = brand_of(case.word("setup", "brand"))
    where = brand.shutter_off or "its menu for “shutter AF”"
    return Step(
        "shutter-off",
        StepKind.DO,
        "Take AF off",
        f"The camera focused at every shot. Take focusing off the shutter button ({where}). "
        "Then the test is done again.",
        "Take focusing off the\nshutter button\n(menu: see phone)",
        optional=True,
    )


def _ready() -> Step:
    return Step(
        "ready",
        StepKind.DO,
        "Set up",
        "Single autofocus, middle point on the star, lens wide open, camera on the stand. Watch how each shot focuses.",
        "Single AF, middle\npoint on the star,\nwide open",
    )


def _each(k: int) -> Step:
    side = "near" if k % 2 else "far"
    limit = "its nearest" if side == "near" else "infinity"
    return Step(
        f"each-{k}",
        StepKind.MEASURE,
        f"From {side} {k}",
        f"Shot {k}: turn the focus ring to {limit}. Let the camera focus on the star, then take the photo.",
        f"Ring to {'near end' if side == 'near' else 'infinity'},\nfocus with camera,\nthen shoot",
        bench={"af_from": side, "af_shot": f"each-{k}"},
        takes_bound=True,
    )


def _seen(count: int) -> Step:
    def number(name: str, label: str, high: float, unit: str = "", default: float | None = 0.0) -> Input:
        return Input(name, label, unit=unit, default=default, low=0, high=high, required=default is not None)

    return Step(
        "seen",
        StepKind.ASK,
        "What you saw",
        "In how many shots did focus run to and fro before it settled? In how many did the camera not confirm focus?",
        "On the phone: how\noften it hunted and\ndid not confirm",
        inputs=(
            number("hunted", "Shots in which it hunted", count),
            number("failed", "Shots without confirmation", count),
            number("seconds", "Time to focus, usually", 60, "s", None),
        ),
    )


PROCEDURE = Procedure(
    name="focus-lock",
    title="Focus lock",
    question="Does focus stay after it was locked, or does the camera focus again at each shot?",
    about="Focus once with AF-ON, then shoot without touching the lens. Tells a camera that focuses at every shot "
    "from focus that drifts or jumps. Without a lock: missed shots, hunting and time.",
    minutes=5,
    steps=steps,
    analyse=finding,
)
