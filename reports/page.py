"""The building blocks of every page that people read, and the one function that turns them into HTML.

A page is a tree of small frozen records. ``render`` writes it as one file that needs no network and no server, reads
well on a screen and on paper, and shows hostile text as text. Texts are plain strings: runs of Chinese are marked as
such by themselves. Only a page with a ``Finder`` holds a script, always the same one: the page's policy allows it by
its hash and no other, and without it all that the page says is there.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from hashlib import sha256
from importlib.resources import files
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
    "Card",
    "Chart",
    "Code",
    "Facet",
    "Facts",
    "Field",
    "Finder",
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
        columns: Show a list in two columns where there is room.
    """

    items: tuple[tuple[str, Text] | tuple[str, Text, str], ...]
    tiles: bool = False
    columns: bool = False


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


@dataclass(frozen=True, kw_only=True)
class Facet:
    """One thing that cards can be chosen by.

    Attributes:
        name: Its name among the facets of a card.
        label: What it is called.
        choices: Value and label of each choice.
    """

    name: str
    label: str
    choices: tuple[tuple[str, str], ...]


@dataclass(frozen=True, kw_only=True)
class Finder:
    """A place to search the cards of a page by words and facets, on screen alone.

    Cards that do not fit are hidden, and so are table rows whose first cell links to one, and sections of the page
    that are left without any.

    Attributes:
        label: What can be searched for.
        facets: What cards can be chosen by, besides words.
    """

    label: str
    facets: tuple[Facet, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Card:
    """One of many things of a kind, complete in itself; a ``Finder`` shows and hides it.

    Attributes:
        title: Its name.
        id: Anchor.
        marks: Short verdicts behind the name.
        blocks: What is said of it, in order.
        facets: Facet to its value; several values are parted by a space.
    """

    title: str
    id: str
    marks: tuple[Mark, ...] = ()
    blocks: tuple[Block, ...] = ()
    facets: Mapping[str, str] = field(default_factory=dict)


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


Block = Prose | Bullets | Facts | Table | Chart | Callout | Form | Card | Section


@dataclass(frozen=True)
class Page:
    """A whole page.

    Attributes:
        title: What it is about; also the title of the window.
        lead: The answer, in plain words.
        sections: Its parts.
        facts: Headline values, shown large under the lead.
        finder: Where its cards are searched; None where it has none.
        footer: Where the page comes from: versions, hashes, when it was made.
        lang: Main language of the page.
    """

    title: str
    lead: Text
    sections: tuple[Section, ...]
    facts: Facts | None = None
    finder: Finder | None = None
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
    template = _environment().get_template("page.html")
    script = _script() if page.finder else None
    html = template.render(page=page, anchors=_Anchors(page), kind=_kind, script=script)
    size = len(html.encode())
    if size > LARGEST_PAGE:
        raise PageTooLargeError(page.title, size)
    return html


@dataclass(frozen=True)
class _Script:
    """What a page runs, with the hash by which its policy allows it."""

    text: Markup
    sha256: str


@cache
def _script() -> _Script:
    text = (files("reports") / "templates" / "finder.js").read_text(encoding="utf-8")
    return _Script(text=Markup(text), sha256=b64encode(sha256(text.encode()).digest()).decode())  # noqa: S704 -- our own


class _Anchors:
    """Gives every section and card an id of its own."""

    def __init__(self, page: Page) -> None:
        self._of: dict[int, str] = {}
        taken = {"top"}
        for part in _walk(page.sections):
            if isinstance(part, Section | Card):
                wish = part.id or re.sub(r"[^a-z0-9]+", "-", part.title.lower()).strip("-") or "section"
                free = next(name for name in _numbered(wish) if name not in taken)
                taken.add(free)
                self._of[id(part)] = free

    def __call__(self, part: Section | Card) -> str:
        return self._of[id(part)]


def _numbered(wish: str) -> Iterator[str]:
    yield wish
    number = 2
    while True:
        yield f"{wish}-{number}"
        number += 1


def _walk(blocks: Sequence[Block]) -> Iterator[Block]:
    for block in blocks:
        yield block
        if isinstance(block, Section | Card):
            yield from _walk(block.blocks)


_NUMBER_LIKE = re.compile(r"[<>≥≤≈]?\s*[+−-]?\d[\d,.]*\s*(%|[^\W\d_]+( [^\W\d_]+){0,4})?(\s*\(.*\))?|–|∞|−∞|")
"""A number, with its unit of one to five words, and with more in brackets."""


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
