"""A Chromium for the tests, and what its pages are held to; a pytest plugin of the tests here."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    quiet = ("quic", "background-networking", "component-update", "sync", "gpu", "default-apps")
    arguments = ["--no-sandbox", "--no-first-run", *(f"--disable-{word}" for word in quiet)]
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
        yield opened
        opened.close()


def broken_rules(page: Page, what: str) -> list[Any]:
    """Accessibility rules that the page breaks as it stands."""
    options = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
    found = Axe().run(page, options=options)
    return [
        (what, rule["id"], [node["html"][:120] for node in rule["nodes"]][:3])
        for rule in found.response["violations"]
    ]
