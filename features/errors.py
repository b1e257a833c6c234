"""What can go wrong while features are built.

FeaturesError
├── UnknownTableError         a table that no contract describes
├── SchemaError               a table that does not fit its contract
├── UnknownFeatureError       a feature that nobody declared
├── UnknownApplicationError   an application that is in no table
├── CompilerError             a batch cannot be built for want of numba
└── DeclarationError          a feature whose declaration is not complete or contradicts another
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from difflib import get_close_matches


def nearest(name: str, known: Iterable[str]) -> str:
    """Return `` Did you mean '…'?`` for the known name nearest to ``name``, or nothing when none is near."""
    near = get_close_matches(name, list(known), n=1)
    return f" Did you mean {near[0]!r}?" if near else ""


def check_word(what: str, word: object, known: Collection[str]) -> None:
    """Refuse a word in a declaration that is none of those known.

    Raises:
        DeclarationError: names the word, those known, and the nearest of them.
    """
    if not (isinstance(word, str) and word in known):
        raise DeclarationError([f"{what} == {word!r}, must be one of {', '.join(known)}.{nearest(str(word), known)}"])


def restored(kind: type[Exception], message: str, attributes: Mapping[str, object]) -> Exception:
    """Return an error as another process raised it; its own arguments are not known any more, what it says is."""
    error = kind.__new__(kind)
    Exception.__init__(error, message)
    error.__dict__.update(attributes)
    return error


class FeaturesError(Exception):
    """Something is wrong with raw tables or feature declarations."""

    def __reduce__(self) -> tuple[object, ...]:
        """Let the error cross from one process to another with its message and attributes."""
        return restored, (type(self), str(self), self.__dict__)


class UnknownTableError(FeaturesError):
    """A table that no contract describes."""

    def __init__(self, name: str, known: Iterable[str]) -> None:
        self.name = name
        names = tuple(known)
        super().__init__(f"table == {name!r}, must be one of {', '.join(names)}.{nearest(name, names)}")


class SchemaError(FeaturesError):
    """A table that does not fit its contract.

    Attributes:
        table: Name of the table.
        problems: What is wrong with every column that is wrong.
        first: Row, counted from 0, and column of the first value of a record that is missing or of another type; None
            when the table is wrong in another way.
    """

    def __init__(self, table: str, problems: Iterable[str], *, first: tuple[int, str] | None = None) -> None:
        self.table = table
        self.problems = tuple(problems)
        self.first = first
        super().__init__(f"table {table!r} does not fit its contract: {'; '.join(self.problems)}")


class UnknownFeatureError(FeaturesError):
    """A feature that nobody declared."""

    def __init__(self, name: str, known: Iterable[str]) -> None:
        self.name = name
        names = tuple(known)
        super().__init__(f"feature == {name!r} is not declared.{nearest(name, names)} There are {len(names)} features.")


class UnknownApplicationError(FeaturesError):
    """An application that is in no table."""

    def __init__(self, ids: Iterable[str]) -> None:
        self.ids = tuple(ids)
        super().__init__(
            f"application_id == {self.ids[0]!r} is not among the applications ({len(self.ids)} such id(s))."
        )


class CompilerError(FeaturesError):
    """A batch cannot be built for want of numba, which compiles its loops."""

    def __init__(self, found: str) -> None:
        super().__init__(
            f"Features of a batch need numba, which cannot be imported: {found}. Install it with "
            "`pip install 'bamboo-credit[features]'`, or build one applicant at a time with OnlineBuilder."
        )


class DeclarationError(FeaturesError):
    """A feature whose declaration is not complete or contradicts another: ``problems`` lists what is wrong."""

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = tuple(problems)
        super().__init__(f"{len(self.problems)} declaration(s) are wrong: {'; '.join(self.problems)}")
