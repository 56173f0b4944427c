"""What can be the tag of a lens or body: a line of print that is also the end of an address."""

from __future__ import annotations

LONGEST_TAG = 40


def tag_problem(text: str) -> str:
    """Why ``text``, without outer space, can be no tag, as the rest of a sentence that begins with it; empty if it can.

    Browsers take ``.`` and ``..`` out of an address, so that the page of such a tag could not be reached.
    """
    if len(text) > LONGEST_TAG:
        return f"is longer than {LONGEST_TAG} characters"
    if not text.isprintable():
        return "has characters that do not print"
    if {".", ".."} & set(text.split("/")):
        return "has a '.' or '..' between slashes, which no address of a page can have"
    return ""
