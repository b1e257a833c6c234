"""What features of one thing share: the stem of their names, their source, their reason group and their null law."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

from features.declaration import QUESTIONS, REASON_GROUPS, Direction, Meaning, ReasonGroup, Source
from features.errors import DeclarationError, nearest

Known = TypeVar("Known")


@dataclass(frozen=True, kw_only=True, eq=False)
class Topic:
    """What a declaration need not say again.

    Attributes:
        stem: First part of the names of its features, such as ``loans``.
        source: Where its facts come from.
        group: Reason group that its features are told under unless they name another: the id of a built-in one, or a
            lender's own.
        nothing: What null means for all its features, such as ``no loan of the applicant is known``.
        changeable: Whether the applicant can change it.
    """

    stem: str
    source: Source
    group: str | ReasonGroup
    nothing: str = "never null"
    changeable: bool = False

    def meaning(
        self,
        en: str,
        zh: str,
        *,
        null: str = "",
        group: str = "",
        direction: Direction = 0,
        unit: str = "",
        question: str | None = None,
        source: Source | None = None,
        changeable: bool | None = None,
    ) -> Meaning:
        """Return the meaning of one feature: its texts, and what differs from the rest of the topic.

        Raises:
            DeclarationError: there is no such reason group, or no such question.
        """
        return Meaning(
            source=source or self.source,
            direction=direction,
            group=_known("reason group", group, REASON_GROUPS) if group else self._group,
            null_means=null or self.nothing,
            en=en,
            zh=zh,
            unit=unit,
            question=_known("question", question, QUESTIONS) if question else None,
            changeable=self.changeable if changeable is None else changeable,
        )

    @property
    def _group(self) -> ReasonGroup:
        named = self.group
        return named if isinstance(named, ReasonGroup) else _known("reason group", named, REASON_GROUPS)


def _known(what: str, name: str, known: Mapping[str, Known]) -> Known:
    if name not in known:
        raise DeclarationError([f"there is no {what} {name!r}.{nearest(name, known)} Known: {', '.join(known)}"])
    return known[name]
