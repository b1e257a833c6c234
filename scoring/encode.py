"""From the values of a request to the numbers the trees compare; training encodes with the same code."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from operator import getitem, itemgetter
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from scoring.bounds import Limits
from scoring.decision import Value
from scoring.errors import (
    ExtraFeatureError,
    FeatureKindError,
    FeatureRangeError,
    FeatureTextError,
    MissingFeatureError,
    ShapeError,
)
from scoring.spec import FeatureSpec

Matrix = NDArray[np.float64]
Picker = Callable[[Mapping[str, Any]], tuple[Any, ...]]
Column = NDArray[Any] | Sequence[Any]

_NUMBERS: Final = frozenset({float, int, type(None)})
_FLAGS: Final = frozenset({bool, type(None)})
_FLOAT64: Final = np.dtype(np.float64)  # numpy takes longer to find it by its class than to make a short array

LONGEST_TEXT: Final = 1000
"""Most characters that a category or an id may have."""

FORBIDDEN_CATEGORIES: Final = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
"""Unicode categories that no text may hold: control, format (bidi marks among them), surrogates and ends of lines."""


def text_problem(text: str) -> str | None:
    """Return what a text must be, when it is not: short, without characters that hide, break or turn it; else None."""
    if len(text) > LONGEST_TEXT:
        return f"at most {LONGEST_TEXT} characters long"
    if not text.isascii() or not text.isprintable():
        for character in text:
            if unicodedata.category(character) in FORBIDDEN_CATEGORIES:
                return f"free of control, format, line-end and surrogate characters (found U+{ord(character):04X})"
    return None


def _plain(value: object) -> object:
    """Return a numpy scalar as the Python value it stands for, everything else as it is."""
    return value.item() if isinstance(value, np.generic) else value


def _number(spec: FeatureSpec, value: object, row: int | None) -> float:
    value = _plain(value)
    if value is None:
        return np.nan
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise FeatureKindError(spec.name, value, "a number (int or float), or None when unknown", row)
    try:
        number = float(value)
    except OverflowError:
        number = np.inf
    if number != number:  # noqa: PLR0124 - the cheapest test for NaN
        return np.nan
    if not np.isfinite(number):
        raise FeatureRangeError(spec.name, value, "a finite number, or None when unknown", row)
    if (spec.lower is not None and number < spec.lower) or (spec.upper is not None and number > spec.upper):
        raise FeatureRangeError(spec.name, value, bounds(spec), row)
    return number


def bounds(spec: FeatureSpec) -> str:
    """Return the bounds of a number in words."""
    if spec.upper is None:
        return f"at least {spec.lower!r}"
    return f"at most {spec.upper!r}" if spec.lower is None else f"from {spec.lower!r} to {spec.upper!r}"


def _flag(spec: FeatureSpec, value: object, row: int | None) -> float:
    value = _plain(value)
    if value is True:
        return 1.0
    if value is False:
        return 0.0
    if value is None or (isinstance(value, float) and np.isnan(value)):
        return np.nan
    raise FeatureKindError(spec.name, value, "True or False, or None when unknown", row)


class Encoder:
    """Turns requests and tables into the model's matrix, strictly.

    None and NaN mean missing and become NaN; a flag becomes 0 or 1; a category becomes its place in the vocabulary,
    and one that is not in it ``len(vocabulary)``, the unknown bucket. Everything else that is not of the feature's kind
    is refused: nothing is converted.

    Attributes:
        specs: The features in the model's order.
        names: Their names.
        categories: Names of the category features.
        limits: What an encoded value may be.
        quick: Encodes a plain case: a dict of exactly the features, values of the plainest types, categories seen in
            development. The row is not held against `limits` yet. None when the case is any other, right or wrong.
    """

    def __init__(self, specs: Sequence[FeatureSpec]) -> None:
        self.specs = tuple(specs)
        self.names = tuple(spec.name for spec in self.specs)
        self.categories = tuple(spec.name for spec in self.specs if spec.kind == "category")
        self.places = {name: place for place, name in enumerate(self.names)}
        self._no_numbers = tuple(place for place, spec in enumerate(self.specs) if spec.kind != "number")
        self.limits = _limits(self.specs)
        self.quick: Callable[[Mapping[str, Any]], Matrix | None] = _Quick.of(self.specs).row
        self._codes = tuple(_codes(spec) for spec in self.specs)
        self._quick_codes = tuple({None: np.nan, **codes} for codes in self._codes)
        self._unknown = np.array(
            [len(spec.vocabulary) if spec.kind == "category" else np.inf for spec in self.specs], dtype=np.float64
        )

    def row(self, values: Mapping[str, Any]) -> Matrix:
        """Encode one case.

        Args:
            values: A value for every feature, None when unknown.

        Returns:
            One float64 per feature, in the model's order; NaN where missing.

        Raises:
            MissingFeatureError: A feature is not given at all.
            ExtraFeatureError: A feature is given that the model does not know.
            FeatureKindError: A value is of another kind than its feature.
            FeatureRangeError: A number is infinite or out of the feature's bounds.
            FeatureTextError: A text is too long or holds characters no category has.
        """
        return self.case(values)[0]

    def case(self, values: Mapping[str, Any]) -> tuple[Matrix, Mapping[str, str]]:
        """Encode one case as `row` does, and return with it the categories never seen, by feature."""
        row = self.quick(values)
        if row is not None and self.limits.hold(row):
            return row, {}
        return self.look_again(values)

    def look_again(self, values: Mapping[str, Any]) -> tuple[Matrix, Mapping[str, str]]:
        """Encode one case as `case` does, value by value: what `quick` leaves, be it wrong or only rare."""
        self._check_names(values)
        found = [self._value(place, spec, values[spec.name], None) for place, spec in enumerate(self.specs)]
        row = np.array(found, dtype=np.float64)
        return row, {name: str(values[name]) for name in self.unseen(row)}

    def columns(self, columns: Mapping[str, Column]) -> Matrix:
        """Encode many cases, given as one column per feature, all of one length.

        Args:
            columns: Feature name to a one-dimensional array or a sequence of values.

        Returns:
            float64, one row per case and one column per feature (column-major), NaN where missing.

        Raises:
            RequestError: As for `row`, naming the row; or columns of different lengths.
        """
        self._check_names(columns)
        rows = self._rows(columns)
        matrix = np.empty((rows, len(self.specs)), dtype=np.float64, order="F")
        for place, spec in enumerate(self.specs):
            matrix[:, place] = self._column(place, spec, columns[spec.name])
        return matrix

    def unseen(self, row: Matrix) -> tuple[str, ...]:
        """Return the category features of an encoded case whose value was never seen in development."""
        return tuple(self.names[place] for place in np.flatnonzero(row == self._unknown))

    def unseen_in(self, rows: Matrix) -> Iterator[tuple[str, int]]:
        """Give, feature by feature, the category features never seen, each with the number of its row."""
        for name in self.categories:
            place = self.places[name]
            for row in np.flatnonzero(rows[:, place] == self._unknown[place]).tolist():
                yield name, row

    def value(self, place: int, number: float, words: Mapping[str, Value]) -> Value:
        """Return one value of an encoded case as it was scored: a number is a float, a flag a bool, missing is None.

        Args:
            place: Which feature.
            number: What it was encoded as.
            words: Categories never seen, by feature; they keep their own word.
        """
        spec = self.specs[place]
        if number != number:  # noqa: PLR0124 - the cheapest test for NaN
            return None
        if spec.kind == "number":
            return number
        if spec.kind == "flag":
            return number == 1.0
        return spec.vocabulary[int(number)] if number < len(spec.vocabulary) else str(words[spec.name])

    def values(self, row: Matrix, words: Mapping[str, Value]) -> tuple[Value, ...]:
        """Return all values of an encoded case in the model's order, see `value`."""
        found: list[Value] = [None if number != number else number for number in row.tolist()]  # noqa: PLR0124
        for place in self._no_numbers:
            found[place] = self.value(place, row.item(place), words)
        return tuple(found)

    def _check_names(self, given: Mapping[str, Any]) -> None:
        if not isinstance(given, Mapping):
            raise ShapeError(f"features is a {type(given).__name__}, must be a mapping of feature names to values.")
        if given.keys() == self.places.keys():
            return
        missing = [name for name in self.names if name not in given]
        extra = [name for name in given if name not in self.places]
        if missing:
            raise MissingFeatureError(missing, [name for name in extra if isinstance(name, str)])
        raise ExtraFeatureError(extra, self.names)

    def _rows(self, columns: Mapping[str, Column]) -> int:
        lengths = {name: _length(name, column) for name, column in columns.items()}
        if len(set(lengths.values())) > 1:
            first, *others = lengths
            other = next(name for name in others if lengths[name] != lengths[first])
            raise ShapeError(
                f"column {other!r} has {lengths[other]} rows and column {first!r} has {lengths[first]}; "
                "all columns must have one length."
            )
        return next(iter(lengths.values()), 0)

    def _value(self, place: int, spec: FeatureSpec, value: object, row: int | None) -> float:
        if spec.kind == "number":
            return _number(spec, value, row)
        return _flag(spec, value, row) if spec.kind == "flag" else self._category(place, spec, value, row)

    def _category(self, place: int, spec: FeatureSpec, value: object, row: int | None) -> float:
        value = _plain(value)
        if value is None or (isinstance(value, float) and np.isnan(value)):
            return np.nan
        if not isinstance(value, str):
            raise FeatureKindError(spec.name, value, "a string, or None when unknown", row)
        code = self._codes[place].get(value)
        if code is not None:
            return code
        problem = text_problem(value)
        if problem:
            raise FeatureTextError(spec.name, value, problem, row)
        return float(len(spec.vocabulary))

    def _column(self, place: int, spec: FeatureSpec, column: Column) -> Matrix:
        if isinstance(column, np.ndarray) and not isinstance(column, np.ma.MaskedArray):
            if spec.kind == "number" and column.dtype.kind in "fiu":
                return _numbers(spec, column)
            if spec.kind == "flag" and column.dtype.kind == "b":
                return column.astype(np.float64)
        plain = self._plain_column(place, spec, column)
        if plain is not None:
            return plain
        return np.array([self._value(place, spec, value, row) for row, value in enumerate(column)], dtype=np.float64)

    def _plain_column(self, place: int, spec: FeatureSpec, column: Column) -> Matrix | None:
        """Encode a list of plain legal values at once; None when any of them needs a second look."""
        values = list(column)
        try:
            if spec.kind == "category":
                codes = self._quick_codes[place]
                return np.array([codes[word] for word in values], dtype=np.float64)
            if not (_FLAGS if spec.kind == "flag" else _NUMBERS).issuperset(map(type, values)):
                return None
            numbers = np.array(values, dtype=np.float64)
        except (KeyError, TypeError, OverflowError):
            return None
        return None if _outside(spec, numbers).any() else numbers


@dataclass(frozen=True, slots=True)
class _Quick:
    """Encodes a plain case all at once.

    Attributes:
        numbers: Picks the numbers of a case.
        flags: Picks the flags.
        categories: Picks the categories.
        codes: For each category, its words and their codes; None is NaN.
        order: Where the model's features stand among numbers, flags and categories.
    """

    numbers: Picker
    flags: Picker
    categories: Picker
    codes: tuple[dict[Any, float], ...]
    order: NDArray[np.intp]

    @classmethod
    def of(cls, specs: Sequence[FeatureSpec]) -> _Quick:
        kinds: tuple[list[int], list[int], list[int]] = ([], [], [])
        for place, spec in enumerate(specs):
            kinds[("number", "flag", "category").index(spec.kind)].append(place)
        numbers, flags, categories = ([specs[place] for place in some] for some in kinds)
        return cls(
            numbers=_picker([spec.name for spec in numbers]),
            flags=_picker([spec.name for spec in flags]),
            categories=_picker([spec.name for spec in categories]),
            codes=tuple({None: np.nan, **_codes(spec)} for spec in categories),
            order=np.argsort([place for some in kinds for place in some]),
        )

    def row(self, values: Mapping[str, Any]) -> Matrix | None:
        """Return the encoded case; None when anything about it needs a second look, see `Encoder.quick`."""
        if type(values) is not dict or len(values) != len(self.order):
            return None
        try:
            numbers, flags = self.numbers(values), self.flags(values)
            codes = map(getitem, self.codes, self.categories(values))
            if not (_NUMBERS.issuperset(map(type, numbers)) and _FLAGS.issuperset(map(type, flags))):
                return None
            row = np.fromiter((*numbers, *flags, *codes), _FLOAT64, len(self.order))
        except (KeyError, TypeError, OverflowError):
            return None
        return row.take(self.order)


def _limits(specs: Sequence[FeatureSpec]) -> Limits:
    largest = float(np.finfo(np.float64).max)
    return Limits(
        np.array([-largest if spec.lower is None else spec.lower for spec in specs], dtype=np.float64),
        np.array([largest if spec.upper is None else spec.upper for spec in specs], dtype=np.float64),
    )


def _codes(spec: FeatureSpec) -> dict[Any, float]:
    return {word: float(code) for code, word in enumerate(spec.vocabulary)}


def _picker(names: Sequence[str]) -> Picker:
    if len(names) > 1:
        return itemgetter(*names)
    return (lambda values: (values[names[0]],)) if names else lambda _: ()


def without_order(values: object) -> bool:
    """Return whether values stand in no order of cases, as in a set or a dict, or are none, as in a text."""
    return isinstance(values, (str, bytes, AbstractSet, Mapping))


def _length(name: str, column: object) -> int:
    if without_order(column) or not hasattr(column, "__len__") or getattr(column, "ndim", 1) != 1:
        raise ShapeError(f"column {name!r} is a {type(column).__name__}, must be a one-dimensional array or a list.")
    return len(column)


def _numbers(spec: FeatureSpec, column: NDArray[Any]) -> Matrix:
    numbers = column.astype(np.float64)
    wrong = _outside(spec, numbers)
    if wrong.any():
        row = int(np.argmax(wrong))
        _number(spec, column[row], row)
    return numbers


def _outside(spec: FeatureSpec, numbers: Matrix) -> NDArray[np.bool_]:
    lower = -np.inf if spec.lower is None else spec.lower
    upper = np.inf if spec.upper is None else spec.upper
    return np.isinf(numbers) | (numbers < lower) | (numbers > upper)
