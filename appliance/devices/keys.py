"""Key codes of the kernel's input events to characters, for the keyboard layouts a scanner may be set to."""

from __future__ import annotations

_ROWS = ((2, 13), (16, 27), (30, 41), (43, 53))
"""First and last code of the four rows of printing keys (KEY_1 … KEY_SLASH), ends included."""
_PLAIN = {
    "us": ("1234567890-=", "qwertyuiop[]", "asdfghjkl;'`", "\\zxcvbnm,./"),
    "uk": ("1234567890-=", "qwertyuiop[]", "asdfghjkl;'`", "#zxcvbnm,./"),
    "de": ("1234567890ß´", "qwertzuiopü+", "asdfghjklöä^", "#yxcvbnm,.-"),
    "fr": ("&é\"'(-è_çà)=", "azertyuiop^$", "qsdfghjklmù²", "*wxcvbn,;:!"),
}
_SHIFTED = {
    "us": ("!@#$%^&*()_+", "QWERTYUIOP{}", 'ASDFGHJKL:"~', "|ZXCVBNM<>?"),
    "uk": ('!"£$%^&*()_+', "QWERTYUIOP{}", "ASDFGHJKL:@¬", "~ZXCVBNM<>?"),
    "de": ('!"§$%&/()=?`', "QWERTZUIOPÜ*", "ASDFGHJKLÖÄ°", "'YXCVBNM;:_"),
    "fr": ("1234567890°+", "AZERTYUIOP¨£", "QSDFGHJKLM%~", "µWXCVBN?./§"),
}
_SHIFTS = (42, 54)
_CAPS_LOCK = 58
_SPECIAL = {28: "\n", 96: "\n", 15: "\t", 57: " "}
_KEYPAD = dict(
    zip((71, 72, 73, 74, 75, 76, 77, 78, 79, 80, 81, 82, 83, 98, 55), "789-456+1230./*", strict=True)
)
LAYOUTS = tuple(_PLAIN)


def _table(rows: tuple[str, ...]) -> dict[int, str]:
    table: dict[int, str] = {}
    for (first, last), characters in zip(_ROWS, rows, strict=True):
        table |= dict(zip(range(first, last + 1), characters, strict=True))
    return table


class DecodeKeys:
    """Follows Shift and Caps Lock, and gives the character of each key that goes down."""

    def __init__(self, layout: str) -> None:
        self._tables = _table(_PLAIN[layout]), _table(_SHIFTED[layout])
        self._down: set[int] = set()
        self._caps = False

    def character(self, code: int, value: int) -> str:
        """Character of a key event: ``value`` 1 goes down, 0 comes up, 2 repeats; empty if there is none."""
        if code in _SHIFTS:
            self._down.add(code) if value else self._down.discard(code)
            return ""
        if value != 1:
            return ""
        if code == _CAPS_LOCK:
            self._caps = not self._caps
            return ""
        if code in _SPECIAL or code in _KEYPAD:
            return _SPECIAL.get(code) or _KEYPAD[code]
        plain, shifted = (table.get(code, "") for table in self._tables)
        shift = bool(self._down) is not (self._caps and plain.isalpha())
        return shifted if shift else plain
