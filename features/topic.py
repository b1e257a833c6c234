"""What features of one thing share: the stem of their names, their source, their reason group and their null law."""

from __future__ import annotations

from dataclasses import dataclass

from features.declaration import QUESTIONS, REASON_GROUPS, Direction, Meaning, Source


@dataclass(frozen=True, kw_only=True, eq=False)
class Topic:
    """What a declaration need not say again.

    Attributes:
        stem: First part of the names of its features, such as ``loans``.
        source: Where its facts come from.
        group: Id of the reason group that its features are told under unless they name another.
        nothing: What null means for all its features, such as ``no loan of the applicant is known``.
        changeable: Whether the applicant can change it.
    """

    stem: str
    source: Source
    group: str
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
        """Return the meaning of one feature: its texts, and what differs from the rest of the topic."""
        return Meaning(
            source=source or self.source,
            direction=direction,
            group=REASON_GROUPS[group or self.group],
            null_means=null or self.nothing,
            en=en,
            zh=zh,
            unit=unit,
            question=QUESTIONS[question] if question else None,
            changeable=self.changeable if changeable is None else changeable,
        )
