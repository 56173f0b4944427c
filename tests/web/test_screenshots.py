"""The README's pictures of the page are of the page as it is."""

from pathlib import Path

import pytest
from screenshots import PAGES, app_of, fingerprint, picture_fingerprint


@pytest.mark.parametrize("name", PAGES)
def test_the_pictures_show_the_page_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv("TZ", "UTC")
    path, _ = PAGES[name]
    assert picture_fingerprint(name) == fingerprint(app_of(name, tmp_path), path), (
        "take them again: python tests/web/screenshots.py"
    )
