"""What can go wrong while a synthetic lender is made.

SyntheticError
├── RecipeError     a recipe with a wrong, missing or unknown key
└── RequestError    a recipe asked for in a way that cannot be met
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


class SyntheticError(Exception):
    """Something is wrong with a recipe or with what is asked of it."""


class RecipeError(SyntheticError):
    """A recipe with a wrong, missing or unknown key: ``key`` is its path, such as ``rings.share``."""

    def __init__(self, key: str, problem: str) -> None:
        self.key = key
        super().__init__(f"recipe key {key!r} {problem}")

    @classmethod
    def unknown(cls, key: str, known: Iterable[str]) -> RecipeError:
        """Return the error for a key that no recipe has; the message names the nearest."""
        names = list(known)
        last = key.rpartition(".")[2]
        near = get_close_matches(last, names, n=1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        return cls(key, f"is unknown, must be one of {', '.join(names)}.{hint}")


class RequestError(SyntheticError):
    """A recipe asked for in a way that cannot be met, such as with no applicants."""
