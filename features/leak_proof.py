"""What the leak prover found: which features moved, under which attacks, in which applications, and through what."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

How = Literal["rows", "values"]


@dataclass(frozen=True, kw_only=True)
class Culprit:
    """A column through which a feature saw what was not known.

    Attributes:
        table: Raw table.
        column: The column; ``*`` when only several columns together move the feature.
        how: ``rows``: rows count although this time of theirs lies at or after the decision. ``values``: the column is
            read although it was not known, or not known yet.
    """

    table: str
    column: str
    how: How

    def __str__(self) -> str:
        return f"{self.table}.{self.column}"


@dataclass(frozen=True, kw_only=True)
class Leak:
    """A feature that moved.

    Attributes:
        feature: Its name.
        attacks: Attacks under which it moved.
        applications: Ids of applications in which it moved.
        culprits: Columns through which it moved.
    """

    feature: str
    attacks: tuple[str, ...]
    applications: tuple[str, ...]
    culprits: tuple[Culprit, ...]


@dataclass(frozen=True, kw_only=True)
class Proof:
    """What the attacks found.

    Attributes:
        applications: Ids of the applications attacked.
        features: Number of features watched.
        attacks: Names of the attacks.
        cells: Cells not known at a decision that were replaced, shuffled and deleted.
        planted: Rows of a hostile future that were added.
        whole: Features that an application's own world does not settle; they were attacked in all tables at once.
        leaks: Features that moved, in the order of the catalogue.
    """

    applications: tuple[str, ...]
    features: int
    attacks: tuple[str, ...]
    cells: int
    planted: int
    whole: tuple[str, ...]
    leaks: tuple[Leak, ...]

    @property
    def holds(self) -> bool:
        """Whether nothing moved."""
        return not self.leaks
