"""The user's manual."""

from __future__ import annotations

import re

from flask import Blueprint, abort, render_template

from appliance.focus.reasons import REASONS
from appliance.guides.advice import RULES
from appliance.guides.catalogue import procedures
from appliance.web import context
from appliance.web.settings_groups import grouped_settings

pages = Blueprint("help", __name__)
CHAPTERS = {
    "start": "First steps",
    "screens": "Every screen",
    "verdicts": "Verdicts and reasons",
    "lenses": "Lenses, visits, adjustments",
    "guides": "Guided checks",
    "focus": "Why focus goes wrong",
    "admin": "Phones, tokens, backup",
    "settings": "Every setting",
    "glossary": "Glossary",
}


@pages.get("/help")
def index() -> str:
    """Contents of the manual."""
    return render_template("help/index.html", chapters=CHAPTERS)


@pages.get("/help/<chapter>")
def chapter(chapter: str) -> str:
    """One chapter."""
    if chapter not in CHAPTERS:
        abort(404)
    groups = grouped_settings(context.settings())
    reasons = {code: re.sub(r"\{[^}]*\}", "…", text).removesuffix(" …") for code, text in REASONS.items()}
    return render_template(
        f"help/{chapter}.html",
        chapters=CHAPTERS,
        chapter=chapter,
        groups=groups,
        reasons=reasons,
        rules=RULES,
        procedures=procedures(),
    )
