"""The README's pictures of the page are of the page as it is."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from screenshots import PAGES, example_app, fingerprint, picture_fingerprint


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Flask]:
    monkeypatch.setenv("TZ", "UTC")
    return example_app(tmp_path)


@pytest.mark.parametrize("name", PAGES)
def test_the_pictures_in_the_readme_show_the_page_as_it_is(app: Flask, name: str) -> None:
    path, _ = PAGES[name]
    assert picture_fingerprint(name) == fingerprint(app, path), (
        "take them again: python tests/web/screenshots.py"
    )
