"""From the values of a request to the numbers the trees compare; training encodes with the same code."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

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
Column = NDArray[Any] | Sequence[Any]

LONGEST_TEXT: Final = 1000
"""Most characters that a category or an id may have."""

FORBIDDEN_CATEGORIES: Final = frozenset({"Cc", "Cf", "Cs"})
"""Unicode categories that no text may hold: control, format (bidi marks among them) and surrogates."""


def text_problem(text: str) -> str | None:
    """Return what a text must be, when it is not: short and of printable characters; None when it is."""
    if len(text) > LONGEST_TEXT:
        return f"at most {LONGEST_TEXT} characters long"
    if not text.isascii() or not text.isprintable():
        for character in text:
            if unicodedata.category(character) in FORBIDDEN_CATEGORIES:
                return f"free of control, format and surrogate characters (found U+{ord(character):04X})"
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
    """

    def __init__(self, specs: Sequence[FeatureSpec]) -> None:
        self.specs = tuple(specs)
        self.names = tuple(spec.name for spec in self.specs)
        self.categories = tuple(spec.name for spec in self.specs if spec.kind == "category")
        self._known = frozenset(self.names)
        self._legal = tuple((spec.name, *_legal_floats(spec)) for spec in self.specs)
        self._codes = tuple({word: float(code) for code, word in enumerate(spec.vocabulary)} for spec in self.specs)
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
        self._check_names(values)
        row = [
            value
            if type(value := values[name]) is float and lower <= value <= upper
            else self._value(place, self.specs[place], value, None)
            for place, (name, lower, upper) in enumerate(self._legal)
        ]
        return np.array(row, dtype=np.float64)

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

    def _check_names(self, given: Mapping[str, Any]) -> None:
        if not isinstance(given, Mapping):
            raise ShapeError(f"features is a {type(given).__name__}, must be a mapping of feature names to values.")
        if given.keys() == self._known:
            return
        missing = [name for name in self.names if name not in given]
        extra = [name for name in given if name not in self._known]
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
        return np.array([self._value(place, spec, value, row) for row, value in enumerate(column)], dtype=np.float64)


def _legal_floats(spec: FeatureSpec) -> tuple[float, float]:
    """Return the least and the largest float that needs no second look; none for a feature that is not a number."""
    if spec.kind != "number":
        return np.inf, -np.inf
    largest = float(np.finfo(np.float64).max)
    return -largest if spec.lower is None else spec.lower, largest if spec.upper is None else spec.upper


def _length(name: str, column: object) -> int:
    if isinstance(column, (str, bytes)) or not hasattr(column, "__len__") or getattr(column, "ndim", 1) != 1:
        raise ShapeError(f"column {name!r} is a {type(column).__name__}, must be a one-dimensional array or a list.")
    return len(column)


def _numbers(spec: FeatureSpec, column: NDArray[Any]) -> Matrix:
    numbers = column.astype(np.float64)
    lower = -np.inf if spec.lower is None else spec.lower
    upper = np.inf if spec.upper is None else spec.upper
    wrong = np.isinf(numbers) | (numbers < lower) | (numbers > upper)
    if wrong.any():
        row = int(np.argmax(wrong))
        _number(spec, column[row], row)
    return numbers
