"""The words of all advice, by its code: the one place to translate."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class AdviceText:
    """What brings a piece of advice up, what to do, and what it costs the house to skip it."""

    condition: str
    text: str
    skipped: str


TEXTS = {
    "MORE_LIGHT": AdviceText(
        "Photos are too dark, clipped or flicker, or autofocus hunts.",
        "Light the chart evenly and brighter, from both sides, with a lamp that does not flicker.",
        "Autofocus guesses in the dark: a good lens is sent to service for nothing.",
    ),
    "RE_SEAT": AdviceText(
        "One photo or mounting lies apart from the others.",
        "Take the lens off, wipe both mount faces, put it on again until it clicks, then repeat.",
        "A crumb of 10 µm on the mount looks exactly like a bad shim.",
    ),
    "CONTACTS": AdviceText(
        "Autofocus misses or scatters on this body.",
        "Wipe the gold contacts of lens and body with a dry lint-free cloth, then repeat.",
        "The client finds the missed shots at home, and the rental is refunded.",
    ),
    "BATTERY": AdviceText(
        "Autofocus takes too long.",
        "Put a full battery into the camera; some slow the lens's motor when it runs low.",
        "A lens is blamed for a tired battery.",
    ),
    "ADAPTER": AdviceText(
        "The sensor is farther off than any shim reaches (100 µm).",
        "Check the adapter: the right one for this mount, screwed tight, its own shims in place.",
        "A shim is put into a good lens to make up for a wrong adapter: it is then off on every camera.",
    ),
    "TELECONVERTER": AdviceText(
        "The photo shows another focal length than the lens is marked with.",
        "Look for a teleconverter, an extender that is swung in, or the wrong tag. Take it out or scan anew.",
        "Figures of another lens are kept under this one's tag.",
    ),
    "FIRMWARE": AdviceText(
        "The autofocus error depends on the side it comes from, or no fine-tune reaches it.",
        "Bring lens and body to their newest firmware, then repeat before anything is adjusted.",
        "Hours of fine-tuning for what the maker has mended already.",
    ),
    "LOCK_SCREW": AdviceText(
        "Focus or the back-focus ring moved during the run.",
        "Tighten the ring's lock screw and the follow focus's clamp, then repeat.",
        "Whatever is adjusted now is off again after the first bump in the van.",
    ),
    "WARM_UP": AdviceText(
        "The temperature changed by 3 K or more during the run.",
        "Leave lens and camera in the room for an hour with the lamps on, then repeat.",
        "Metal that grew is shimmed away, and the lens is off at home.",
    ),
    "USE_LOCK": AdviceText(
        "Autofocus is right on average but not each time, or each press focuses anew.",
        "Tell the client: focus once, lock it (AF-ON or the lock button), then shoot.",
        "One soft take in ten that nobody can repeat at the counter.",
    ),
    "MORE_PHOTOS": AdviceText(
        "Too close to the tolerance to tell.",
        "Repeat the last steps: each further photo narrows the interval.",
        "The lens goes out on the toss of a coin.",
    ),
    "MORE_PAIRS": AdviceText(
        "The pairs tried do not settle whether lens or body is at fault.",
        "Try the pairs that the result names: another good lens on this body tells most.",
        "The wrong one of the two is opened.",
    ),
    "REPEAT_RUN": AdviceText(
        "Photos contradict each other, something moved, or an adjustment went the wrong way.",
        "Do this guided check once more from its start, without touching what is not named.",
        "The figures do not belong together: any shim from them is a guess.",
    ),
    "RETEST_LATER": AdviceText(
        "It was too close to tell this time and the time before.",
        "Test this lens at its next return too; if it stays so, give it a wider tolerance or to service.",
        "A drift that has just begun is not seen.",
    ),
    "STOP_DOWN": AdviceText(
        "The error is less than twice the tolerance, or focus moves with the stop.",
        "Until it is put right, say on the lens's note: use it two stops down.",
        "It goes out wide open, where it shows.",
    ),
    "FINE_TUNE": AdviceText(
        "Autofocus of this pair lies in front or behind, beyond the tolerance.",
        "Set the fine-tune by the steps shown, in this body, for this lens; then prove it with new shots.",
        "Eyes are soft in every portrait of that rental.",
    ),
    "RING_TURN": AdviceText(
        "The sensor is off, and the bench's or lens's back-focus ring can make up for it.",
        "Turn the back-focus ring as shown, tighten its lock screw, then prove it with new photos.",
        "Wide shots are soft all day; the client sees it on the big screen.",
    ),
    "SHIM": AdviceText(
        "The flange error is beyond the tolerance, and its interval leaves zero out.",
        "Change the shims by the thickness shown; then prove it with new photos.",
        "Infinity and every wide shot are soft, whatever the focus puller does.",
    ),
    "SUSPECT_BODY": AdviceText(
        "Good lenses are off on this body alone.",
        "Leave the lens as it is. Have the body's flange distance or autofocus checked.",
        "A good lens is adjusted to a bad body, and is off on all others.",
    ),
    "ALL_LENSES_OFF": AdviceText(
        "Every lens is off the same way, the golden one too.",
        "Adjust no lens. Check the bench: chart, distance, adapter, camera; then the golden lens again.",
        "A whole shelf is misadjusted in one morning.",
    ),
    "SERVICE": AdviceText(
        "The cause lies inside: zoom cam, tilt, decentring, slip.",
        "Take it out of service and send it in, with this report.",
        "It comes back from the next rental with the same complaint and a refund.",
    ),
}
