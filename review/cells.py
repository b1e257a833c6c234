"""Text in CSV cells: a spreadsheet must not run it as a formula, and it must come back as it was."""

from __future__ import annotations

from typing import Final

RISKY: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "'")
"""First characters that make a spreadsheet treat a cell as a formula, and the quote that disarms them."""


def escape_cell(text: str) -> str:
    """Return the text with a leading quote when a spreadsheet might run it, or could not tell it from an escaped one.

    >>> escape_cell("=1+1"), escape_cell("A-17")
    ("'=1+1", 'A-17')
    """
    return f"'{text}" if text.startswith(RISKY) else text


def unescape_cell(text: str) -> str:
    """Undo ``escape_cell``: for every text, ``unescape_cell(escape_cell(text)) == text``.

    >>> unescape_cell("'=1+1"), unescape_cell("A-17")
    ('=1+1', 'A-17')
    """
    return text[1:] if text.startswith("'") and text[1:].startswith(RISKY) else text
