"""Makes hostile or unprintable characters visible, so that a page shows what a value really holds."""

from __future__ import annotations

import re
import unicodedata

LONGEST = 4_000
"""Characters of one value that a page shows; what is cut off is counted in its place."""

_ODD_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_LAYOUT = frozenset("\n\t")
_MARKS_IN_A_ROW = re.compile(r"([\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u20d0-\u20ff]{4})[\u0300-\u036f]+")


def visible(text: str) -> str:
    r"""Return the text with control, bidirectional, private and surrogate characters written as ``⟨U+202E⟩``.

    New lines and tabs stay. A text longer than `LONGEST` is cut and says how much is missing. The result always
    encodes to UTF-8.

    >>> visible("pay\u202eroll")
    'pay⟨U+202E⟩roll'
    """
    cut = text[:LONGEST]
    if not (cut.isascii() and cut.isprintable()):
        cut = "".join(_shown(character) for character in _MARKS_IN_A_ROW.sub(r"\1", cut))
    missing = len(text) - LONGEST
    return f"{cut}… ({missing:,} more characters)" if missing > 0 else cut


def _shown(character: str) -> str:
    if character in _LAYOUT or unicodedata.category(character) not in _ODD_CATEGORIES:
        return character
    return f"⟨U+{ord(character):04X}⟩"
