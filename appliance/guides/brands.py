"""Autofocus fine-tuning and back-button focus by brand: which way a number moves focus, how far, and where it is set.

A sign is taken as known for Canon, Nikon, Sony and the Sigma dock only: what their instructions say, as far as
excerpts of Nikon's and Canon's were at hand, and what the trade found of the others. For all others only "nearer" or
"farther" is told. Menu paths, ranges and the other sources were not held against the manuals of each body: they are a
help to find the setting, and the retest shows whether a change was right. Sizes of a step differ from body to body:
they are a start, and the retest measures them.
"""

from __future__ import annotations

from dataclasses import dataclass

FULL_FRAME_COC_UM = 30.0
"""Circle of confusion that depth tables of the 35 mm format are made for, µm."""
STEP_UM = 5.0
"""Where nothing is known of a body's step: Nikon's larger one. Too large a guess asks for too small a first change, and
the retest finds the rest; too small a guess would overshoot."""


@dataclass(frozen=True)
class Brand:
    """What is known of one maker's bodies (or of a lens maker's dock).

    Attributes
    ----------
    key, name:
        As stored, and as shown.
    sign:
        1 if a larger number moves focus farther from the camera; 0 if not known.
    step_um:
        Image-side µm of one step; None if it follows from the aperture (``step_of_depth``) or is not known.
    step_of_depth:
        One step as a part of the single-side depth of focus at full aperture; None if that is not how it is defined.
    limit:
        Largest number either way; None if not known or none can be set.
    fine_tune:
        Where fine-tune is set; empty if the brand's bodies have none.
    shutter_off:
        Where focusing is taken off the shutter button.
    two_ends:
        Whether (newer) bodies keep one value for the wide and one for the tele end of a zoom.
    source:
        Where this is to be found; see above for what was read.
    """

    key: str
    name: str
    sign: int = 0
    step_um: float | None = None
    step_of_depth: float | None = None
    limit: int | None = None
    fine_tune: str = ""
    shutter_off: str = ""
    two_ends: bool = False
    source: str = ""

    def step_at(self, f_number: float) -> float:
        """One step in image-side µm with a lens of that full aperture, as far as is known."""
        if self.step_of_depth is not None:
            return self.step_of_depth * f_number * FULL_FRAME_COC_UM
        return STEP_UM if self.step_um is None else self.step_um


BRANDS: tuple[Brand, ...] = (
    Brand(
        "canon",
        "Canon",
        sign=1,
        step_of_depth=1 / 8,
        limit=20,
        fine_tune="AF menu: AF Microadjustment, Adjust by lens",
        shutter_off="C.Fn, Customize buttons: Shutter half-press to Metering start, AF-ON to AF",
        two_ends=True,
        source="Canon, EOS 5D Mark III instruction manual, “AF Microadjustment” (−: forward, +: backward; W and T for "
        "zooms) and “Custom Controls”; Canon Digital Learning Center, “AF Microadjustment” (the step follows depth of "
        "field at full aperture). Mirrorless R bodies have no such setting.",
    ),
    Brand(
        "nikon",
        "Nikon",
        sign=1,
        step_um=STEP_UM,
        limit=20,
        fine_tune="Setup menu: AF fine-tune, Saved value",
        shutter_off="Custom settings a: AF activation, AF-ON only",
        source="Nikon, D300s user's manual, “AF Fine Tune” and a5 “AF Activation”; Nikon Z 7 reference manual, "
        "“AF Fine-Tune” (+ moves the focal point away from the camera); T. Hogan, Complete Guide to the Nikon D300, "
        "p. 404 (the same).",
    ),
    Brand(
        "sony",
        "Sony",
        sign=1,
        limit=20,
        fine_tune="Setup menu: AF Micro Adj. (A-mount lenses)",
        shutter_off="AF menu: AF w/ shutter, Off; a button set to AF On",
        source="Sony, SLT-A99 and ILCE-7 help guides, “AF Micro Adj.” (a larger value puts focus farther from the "
        "camera; only A-mount lenses, on E mount by an LA-EA2 or LA-EA4) and “AF w/ shutter”.",
    ),
    Brand(
        "sigma-dock",
        "Sigma lens on its USB dock",
        sign=1,
        limit=20,
        fine_tune="SIGMA Optimization Pro: Customization, Focus setting",
        source="Sigma, SIGMA Optimization Pro help, “Focus setting” (four distances, for zooms at four focal lengths; "
        "plus moves focus away from the camera).",
    ),
    Brand(
        "pentax",
        "Pentax",
        limit=10,
        fine_tune="Custom menu: AF Fine Adjustment",
        shutter_off="Custom menu: AF button, Enable AF; Half-press AF off",
        source="Pentax K-5, K-3 and K-1 operating manuals, “AF Fine Adjustment”. Which way plus goes differs between "
        "models, so it is not told here.",
    ),
    Brand(
        "olympus",
        "Olympus / OM System",
        limit=20,
        fine_tune="Custom menu A: AF Focus Adj.",
        shutter_off="Custom menu A: AEL/AFL, S-AF mode 3",
        source="Olympus, E-M1 instruction manual, “AF Focus Adj.” and “AEL/AFL”. The sign was not verified.",
    ),
    Brand(
        "tamron-tap",
        "Tamron lens on TAP-in",
        limit=20,
        fine_tune="TAMRON TAP-in Utility: Focus Adjustment",
        source="Tamron, TAP-in Console instructions, “Focus Adjustment”. The sign was not verified.",
    ),
    Brand(
        "panasonic",
        "Panasonic Lumix",
        shutter_off="Custom menu: Shutter AF, Off; a button set to AF-ON",
        source="Panasonic, DC-GH5 owner's manual, “Shutter AF”. No fine-tune: these bodies focus on the sensor itself.",
    ),
    Brand(
        "fujifilm",
        "Fujifilm",
        shutter_off="Button/dial setting: Shutter AF, Off; AF-L button to AF-ON",
        source="Fujifilm, X-T3 owner's manual, “Shutter AF”. No fine-tune for autofocus.",
    ),
    Brand(
        "other",
        "Another brand",
        shutter_off="look for “shutter AF” or “back-button focus” in its menu",
        source="Nothing is taken as known.",
    ),
)
OTHER = BRANDS[-1]


def brand_of(key: str) -> Brand:
    """The brand of that key; what is known of none if there is no such."""
    return next((brand for brand in BRANDS if brand.key == key), OTHER)


def brand_of_maker(maker: str) -> Brand:
    """The brand whose name begins as a maker's does in the records."""
    word = maker.strip().lower().split(" ")[0] if maker.strip() else ""
    known = {brand.key: brand for brand in BRANDS} | {"om": brand_of("olympus"), "ricoh": brand_of("pentax")}
    return known.get(word, OTHER)


def choices() -> tuple[tuple[str, str], ...]:
    """Keys and names, for a question."""
    return tuple((brand.key, brand.name) for brand in BRANDS)
