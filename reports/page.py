"""The building blocks of every page that people read, and the one function that turns them into HTML.

A page is a tree of small frozen records. ``render`` writes it as one file that needs no network, no script and no
server, reads well on a screen and on paper, and shows hostile text as text. Texts are plain strings: runs of Chinese
are marked as such by themselves.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Literal

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from reports.inline import Code, Inline, Link, Mark, Strong, Text, inline, plain
from reports.visible import visible

__all__ = [
    "LARGEST_PAGE",
    "Block",
    "Bullets",
    "Callout",
    "Chart",
    "Code",
    "Facts",
    "Field",
    "Form",
    "Inline",
    "Link",
    "Mark",
    "Page",
    "PageTooLargeError",
    "Prose",
    "Section",
    "Strong",
    "Table",
    "Text",
    "plain",
    "render",
]

LARGEST_PAGE = 3_000_000
"""Bytes that a page may have, so that it opens within a second and travels by mail."""


@dataclass(frozen=True)
class Prose:
    """Paragraphs."""

    paragraphs: tuple[Text, ...]

    def __init__(self, *paragraphs: Text) -> None:
        object.__setattr__(self, "paragraphs", paragraphs)


@dataclass(frozen=True)
class Bullets:
    """A list of short points."""

    items: tuple[Text, ...]
    numbered: bool = False


@dataclass(frozen=True)
class Facts:
    """Names and values.

    Attributes:
        items: Name and value, in order; a third piece is a note under the value.
        tiles: Show few headline values large, side by side, instead of as a list.
    """

    items: tuple[tuple[str, Text] | tuple[str, Text, str], ...]
    tiles: bool = False


@dataclass(frozen=True)
class Table:
    """A table; the first cell of each row is its header.

    Attributes:
        columns: Column headers, units included.
        rows: As many cells in each as there are columns.
        caption: What the table shows, in a sentence.
        align: One letter per column, ``l`` or ``r``; empty aligns numbers right by their look.
        note: What a reader must know to read it right, under the table.

    Raises:
        ValueError: a row or ``align`` does not fit the columns.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[Text, ...], ...]
    caption: str = ""
    align: str = ""
    note: str = ""

    def __post_init__(self) -> None:
        wide = len(self.columns)
        for place, row in enumerate(self.rows):
            if len(row) != wide:
                raise ValueError(f"row {place} has {len(row)} cells, must have {wide}: {', '.join(self.columns)}")
        if self.align and not re.fullmatch(rf"[lr]{{{wide}}}", self.align):
            raise ValueError(f"align == {self.align!r}, must be {wide} letters, each l or r")

    @property
    def sides(self) -> str:
        """One letter per column, ``l`` or ``r``."""
        return self.align or "".join(_side([row[place] for row in self.rows]) for place in range(len(self.columns)))


@dataclass(frozen=True)
class Chart:
    """A drawing with its caption.

    Attributes:
        svg: Markup made by ``reports.charts`` (or ``reports.pictures``); a plain string is shown as text.
        caption: What the reader should see in it, in a sentence.
        wide: Use the full width of the page instead of half of it.
    """

    svg: Markup
    caption: str
    wide: bool = False


@dataclass(frozen=True)
class Callout:
    """Something that must not be overlooked."""

    kind: Literal["note", "good", "warning", "problem"]
    text: Text
    title: str = ""


@dataclass(frozen=True, kw_only=True)
class Field:
    """A place for one answer: an input on screen, a line or boxes to tick on paper.

    Attributes:
        name: Name of the answer; unique on the page.
        label: What is asked.
        label_zh: The same in Chinese.
        kind: ``text``, ``number``, ``choice`` (one of ``choices``), ``long`` (several lines).
        help: How to answer, or what the answer is checked against.
        help_zh: The same in Chinese.
        unit: Unit behind the input.
        choices: Value and label of each choice.
        value: What stands in it already.
    """

    name: str
    label: str
    label_zh: str = ""
    kind: Literal["text", "number", "choice", "long"] = "text"
    help: str = ""
    help_zh: str = ""
    unit: str = ""
    choices: tuple[tuple[str, str], ...] = ()
    value: str = ""


@dataclass(frozen=True)
class Form:
    """Fields to be filled in, on screen or on paper."""

    fields: tuple[Field, ...]
    lead: Text = ""


@dataclass(frozen=True)
class Section:
    """A titled part of a page; sections may hold sections.

    Attributes:
        title: Heading.
        blocks: What stands under it, in order.
        lead: What the section says, in plain words, before any figure.
        id: Anchor; made from the title when empty.
        new_page: Start on a new sheet of paper.
    """

    title: str
    blocks: tuple[Block, ...] = ()
    lead: Text = ""
    id: str = ""
    new_page: bool = False


Block = Prose | Bullets | Facts | Table | Chart | Callout | Form | Section


@dataclass(frozen=True)
class Page:
    """A whole page.

    Attributes:
        title: What it is about; also the title of the window.
        lead: The answer, in plain words.
        sections: Its parts.
        facts: Headline values, shown large under the lead.
        footer: Where the page comes from: versions, hashes, when it was made.
        lang: Main language of the page.
    """

    title: str
    lead: Text
    sections: tuple[Section, ...]
    facts: Facts | None = None
    footer: tuple[Text, ...] = ()
    lang: Literal["en", "zh"] = "en"


class PageTooLargeError(ValueError):
    """A page larger than `LARGEST_PAGE`: it would not open within a second."""

    def __init__(self, title: str, size: int) -> None:
        super().__init__(
            f"page {title!r} has {size:,} bytes, must have at most {LARGEST_PAGE:,}; "
            "show fewer rows or embed smaller pictures"
        )


def render(page: Page) -> str:
    """Write a page as one self-contained HTML file; the same page gives the same text.

    Raises:
        PageTooLargeError: the page has more than `LARGEST_PAGE` bytes in UTF-8.
    """
    html = _environment().get_template("page.html").render(page=page, anchors=_Anchors(page), kind=_kind)
    size = len(html.encode())
    if size > LARGEST_PAGE:
        raise PageTooLargeError(page.title, size)
    return html


class _Anchors:
    """Gives every section an id of its own."""

    def __init__(self, page: Page) -> None:
        self._of: dict[int, str] = {}
        taken = {"top"}
        for section in _sections(page.sections):
            wish = section.id or re.sub(r"[^a-z0-9]+", "-", section.title.lower()).strip("-") or "section"
            free = next(name for name in _numbered(wish) if name not in taken)
            taken.add(free)
            self._of[id(section)] = free

    def __call__(self, section: Section) -> str:
        return self._of[id(section)]


def _numbered(wish: str) -> Iterator[str]:
    yield wish
    number = 2
    while True:
        yield f"{wish}-{number}"
        number += 1


def _sections(blocks: Sequence[Block]) -> Iterator[Section]:
    for block in blocks:
        if isinstance(block, Section):
            yield block
            yield from _sections(block.blocks)


_NUMBER_LIKE = re.compile(r"[<>≥≤≈]?\s*[+−-]?\d[\d,.]*\s*(%|yuan|months?|days?|points|ms|s)?(\s*\(.*\))?|–|∞|−∞|")


def _side(cells: Sequence[Text]) -> str:
    words = [plain(cell).strip() for cell in cells]
    return "r" if any(words) and all(_NUMBER_LIKE.fullmatch(word) for word in words) else "l"


def _wordy(text: Text) -> bool:
    """Whether a value is too long to be shown large in a tile."""
    words = plain(text)
    return len(words) > 14 or (len(words) > 8 and not any(letter.isdigit() for letter in words))


def _kind(block: Block) -> str:
    return type(block).__name__.lower()


def _shown(value: object) -> object:
    return visible(value) if isinstance(value, str) and not isinstance(value, Markup) else value


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("reports"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_shown,
    )
    environment.filters["inline"] = inline
    environment.filters["wordy"] = _wordy
    return environment
