"""Pieces of text: plain strings, and the few kinds that are dressed; written as HTML that no text can break."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from markupsafe import Markup, escape

from reports.visible import visible

Tone = Literal["plain", "good", "bad", "warn", "muted"]

LONG_CODE = 40
"""Letters from which a name may be broken anywhere: a hash has no better place."""


@dataclass(frozen=True)
class Strong:
    """Words that stand out."""

    text: str


@dataclass(frozen=True)
class Code:
    """A name, a hash or a command, in letters of equal width."""

    text: str


@dataclass(frozen=True)
class Mark:
    """A short verdict, such as ``passed``; its words say it all, the tone only colours it."""

    text: str
    tone: Tone = "plain"


@dataclass(frozen=True)
class Link:
    """A link to a section of the page (``#gates``) or to a file beside it (``case-17.html``).

    Raises:
        ValueError: the address leads elsewhere; a page never refers to a network.
    """

    text: str
    address: str

    def __post_init__(self) -> None:
        if not re.fullmatch(r"#?[\w./%-]+(#[\w-]+)?", self.address) or self.address.startswith("//"):
            raise ValueError(f"address == {self.address!r}, must be '#section' or a relative path without a scheme")


Inline = str | Strong | Code | Mark | Link
Text = Inline | tuple[Inline, ...]
"""What stands in a sentence or a cell: a string, or several pieces one after the other."""


_CHINESE = r"[\u2e80-\u303f\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff00-\uffef]"
_CHINESE_RUN = re.compile(rf"({_CHINESE}+(?:[\d\s.,:;%/()+–—-]*{_CHINESE}+)*)")


def _marked(text: str) -> Markup:
    pieces = _CHINESE_RUN.split(visible(text))
    return Markup("").join(
        Markup('<span lang="zh">{}</span>').format(piece) if place % 2 else escape(piece)
        for place, piece in enumerate(pieces)
    )


def inline(text: Text) -> Markup:
    """Write a text as HTML: escaped, odd characters made visible, Chinese marked as Chinese."""
    if isinstance(text, tuple):
        return Markup("").join(inline(piece) for piece in text)
    match text:
        case Strong():
            return Markup("<strong>{}</strong>").format(_marked(text.text))
        case Code():
            long = Markup(' class="long"') if len(text.text) > LONG_CODE else ""
            return Markup("<code{}>{}</code>").format(long, _marked(text.text))
        case Mark():
            return Markup('<span class="mark {}">{}</span>').format(text.tone, _marked(text.text))
        case Link():
            return Markup('<a href="{}">{}</a>').format(text.address, _marked(text.text))
        case _:
            return _marked(text)


def plain(text: Text) -> str:
    """Return the words of a text without their dress.

    >>> plain(("Gini ", Strong("0.42")))
    'Gini 0.42'
    """
    if isinstance(text, tuple):
        return "".join(plain(piece) for piece in text)
    return text if isinstance(text, str) else text.text
