"""The language of feature definitions: small immutable expressions that the batch and a single request both compute.

An expression is data, not code of any engine. ``features/in_polars.py`` turns it into columns for a batch,
``features/in_python.py`` into plain Python for one applicant; laws in the tests hold the two equal.

Values are numbers, flags (Booleans), texts, times and dates. Laws for all of them:

- **Numbers are Float64**, whole ones too. A finished feature that is not finite is null.
- **Null comes from null**: arithmetic, comparisons, parts of times and ``is_in`` are null where an operand is.
- ``&`` and ``|`` are Kleene's: ``false & null`` is false, ``true | null`` is true, otherwise null stays null.
- ``when`` takes a null condition as false. Without ``otherwise`` the rest is null.
- **Division by zero is null**, and so is a remainder by zero and the logarithm of what is not above zero.
- ``%`` has the sign of the divisor: ``x − floor(x / y) · y``.
- NaN can only come of numbers beyond the range of Float64; it equals itself and is above all other numbers.
- Zero has no sign that anything could tell.

>>> column("amount") / column("term_months") > 500
(amount / term_months) > 500
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from features.errors import DeclarationError

if TYPE_CHECKING:
    from features.feature import Feature, Json

Value: TypeAlias = float | str | bool | None
"""A constant."""

Unit = Literal["days", "hours", "minutes", "seconds"]

INFIX: Final = frozenset({"+", "-", "*", "/", "%", "==", "!=", "<", "<=", ">", ">=", "&", "|"})
"""Operations that are written between their two operands."""


@dataclass(frozen=True, eq=False)
class Expression:
    """One operation on other expressions; write it with `column`, `of`, `when`, operators and methods.

    Attributes:
        op: Name of the operation.
        parts: What it is applied to.
        settings: Constants that belong to it, such as the name of a column or the bounds of ``clip``.
        feature: Feature whose value it is, for the operation ``feature``.
    """

    op: str
    parts: tuple[Expression, ...] = ()
    settings: tuple[Value, ...] = ()
    feature: Feature | None = None

    def __add__(self, other: object) -> Expression:
        return _both("+", self, other)

    def __radd__(self, other: object) -> Expression:
        return _both("+", other, self)

    def __sub__(self, other: object) -> Expression:
        return _both("-", self, other)

    def __rsub__(self, other: object) -> Expression:
        return _both("-", other, self)

    def __mul__(self, other: object) -> Expression:
        return _both("*", self, other)

    def __rmul__(self, other: object) -> Expression:
        return _both("*", other, self)

    def __truediv__(self, other: object) -> Expression:
        return _both("/", self, other)

    def __rtruediv__(self, other: object) -> Expression:
        return _both("/", other, self)

    def __mod__(self, other: object) -> Expression:
        return _both("%", self, other)

    def __rmod__(self, other: object) -> Expression:
        return _both("%", other, self)

    def __neg__(self) -> Expression:
        return 0.0 - self

    def __eq__(self, other: object) -> Expression:  # type: ignore[override]  # a comparison is an expression, too
        return _both("==", self, other)

    def __ne__(self, other: object) -> Expression:  # type: ignore[override]  # a comparison is an expression, too
        return _both("!=", self, other)

    def __lt__(self, other: object) -> Expression:
        return _both("<", self, other)

    def __le__(self, other: object) -> Expression:
        return _both("<=", self, other)

    def __gt__(self, other: object) -> Expression:
        return _both(">", self, other)

    def __ge__(self, other: object) -> Expression:
        return _both(">=", self, other)

    def __and__(self, other: object) -> Expression:
        return _both("&", self, other)

    def __or__(self, other: object) -> Expression:
        return _both("|", self, other)

    def __invert__(self) -> Expression:
        return Expression("~", (self,))

    __hash__ = object.__hash__

    def __bool__(self) -> bool:
        raise DeclarationError([f"{self} has no truth value yet: combine conditions with &, | and ~, not and, or, not"])

    def is_null(self) -> Expression:
        """Return whether it is null; never null itself."""
        return Expression("is_null", (self,))

    def is_not_null(self) -> Expression:
        """Return whether it is not null; never null itself."""
        return ~self.is_null()

    def is_in(self, *values: str | float) -> Expression:
        """Return whether it is one of the values; null where it is null."""
        return Expression("is_in", (self,), tuple(_constant(value) for value in values))

    def fill_null(self, value: object) -> Expression:
        """Return it with a value in the place of null."""
        return Expression("fill_null", (self, operand(value)))

    def clip(self, lower: float | None = None, upper: float | None = None) -> Expression:
        """Return a number, the bound in its place where it is beyond; null stays null."""
        return Expression("clip", (self,), (_constant(lower), _constant(upper)))

    def abs(self) -> Expression:
        """Return a number without its sign."""
        return Expression("abs", (self,))

    def floor(self) -> Expression:
        """Return the largest whole number that is not above it."""
        return Expression("floor", (self,))

    def log(self) -> Expression:
        """Return the natural logarithm; null where the number is not above zero."""
        return Expression("log", (self,))

    def as_number(self) -> Expression:
        """Return 1 for a flag that is true, 0 for false."""
        return Expression("as_number", (self,))

    def local_hour(self) -> Expression:
        """Return the hour of a time, 0 to 23, on the lender's clocks."""
        return Expression("local_hour", (self,))

    def local_weekday(self) -> Expression:
        """Return the weekday of a time, Monday is 1, on the lender's calendar."""
        return Expression("local_weekday", (self,))

    def local_date(self) -> Expression:
        """Return the date of a time on the lender's calendar."""
        return Expression("local_date", (self,))

    def year(self) -> Expression:
        """Return the year of a date."""
        return Expression("year", (self,))

    def month(self) -> Expression:
        """Return the month of a date, 1 to 12."""
        return Expression("month", (self,))

    def day(self) -> Expression:
        """Return the day of the month of a date, from 1."""
        return Expression("day", (self,))

    @property
    def reads(self) -> frozenset[str]:
        """Names of the columns it reads; features are not columns."""
        return frozenset(str(node.settings[0]) for node in self.nodes() if node.op == "column")

    @property
    def features(self) -> tuple[Feature, ...]:
        """Features it reads, each once, in the order they are written."""
        read = {node.feature.name: node.feature for node in self.nodes() if node.feature is not None}
        return tuple(read.values())

    @property
    def definition(self) -> Json:
        """The expression as plain data: equal for equal expressions, whatever engine computes them."""
        name = [self.feature.name] if self.feature is not None else []
        return [self.op, *name, *self.settings, *(part.definition for part in self.parts)]

    def nodes(self) -> Iterator[Expression]:
        """Yield every expression inside, parts first, and itself last."""
        for part in self.parts:
            yield from part.nodes()
        yield self

    def __repr__(self) -> str:
        if self.op in {"column", "feature"}:
            return str(self.settings[0]) if self.feature is None else self.feature.name
        if self.op == "constant":
            return _written(self.settings[0])
        if self.op in INFIX:
            left, right = (f"({part!r})" if part.op in INFIX else repr(part) for part in self.parts)
            return f"{left} {self.op} {right}"
        told = [repr(part) for part in self.parts] + [_written(value) for value in self.settings]
        return f"{self.op}({', '.join(told)})"


@dataclass(frozen=True, eq=False, repr=False)
class Choice(Expression):
    """A ``when … then`` that may still be given an ``otherwise``."""

    def otherwise(self, value: object) -> Expression:
        """Return the choice with a value where the condition is false or null."""
        condition, chosen, _ = self.parts
        return Expression("when", (condition, chosen, operand(value)))


@dataclass(frozen=True)
class When:
    """A condition that waits for its ``then``."""

    condition: Expression

    def then(self, value: object) -> Choice:
        """Return the value where the condition is true, null elsewhere unless ``otherwise`` follows."""
        return Choice("when", (self.condition, operand(value), operand(None)))


def column(name: str) -> Expression:
    """Return a column of a table or view by its name."""
    return Expression("column", settings=(name,))


def of(feature: Feature) -> Expression:
    """Return the value of another feature of the same application, declared in the catalogue or not.

    Raises:
        DeclarationError: it is no feature, such as the name of one.
    """
    if not hasattr(type(feature), "definition"):  # of its class: asking the feature itself would work it out
        must = "a feature: one of this file, or CATALOGUE[name] of features.catalogue"
        raise DeclarationError([f"of is given {_found(feature)}, must be {must}"])
    return Expression("feature", feature=feature)


def when(condition: Expression) -> When:
    """Begin ``when(condition).then(value).otherwise(value)``."""
    return When(expected(condition, "when"))


def days_between(earlier: str | Expression, later: str | Expression) -> Expression:
    """Return whole days from one time or date to another, part of a day not counted; negative when they are in order.

    Args:
        earlier: Name of a column, or an expression.
        later: The same.
    """
    return between(earlier, later, "days")


def between(earlier: str | Expression, later: str | Expression, unit: Unit) -> Expression:
    """Return whole units from one time to another, the part of a unit cut off towards zero."""
    return Expression("between", (_named(earlier), _named(later)), (unit,))


def smallest(*values: object) -> Expression:
    """Return the smallest of numbers or of times, null and NaN left out; null when all are null."""
    return Expression("smallest", tuple(operand(value) for value in values))


def largest(*values: object) -> Expression:
    """Return the largest of numbers or of times, null and NaN left out; null when all are null."""
    return Expression("largest", tuple(operand(value) for value in values))


def how_many(*flags: Expression) -> Expression:
    """Return how many of the flags are true; null counts as false."""
    return Expression("how_many", tuple(expected(flag, "how_many") for flag in flags))


def ratio(part: object, whole: object) -> Expression:
    """Return ``part / whole``, null where the whole is not above zero."""
    divisor = operand(whole)
    return when(divisor > 0).then(operand(part) / divisor)


def operand(value: object) -> Expression:
    """Return an expression as it is, and a constant as an expression.

    Raises:
        DeclarationError: it is neither.
    """
    return value if isinstance(value, Expression) else Expression("constant", settings=(_constant(value),))


def expected(value: object, where: str) -> Expression:
    """Return the value when it is an expression.

    Raises:
        DeclarationError: it is something else, such as an expression of Polars.
    """
    if isinstance(value, Expression):
        return value
    raise DeclarationError([f"{where} is given {_found(value)}, must be {_WRITE}"])


_WRITE: Final = 'an expression of features.expression, such as column("amount") / column("term_months")'


def _both(op: str, left: object, right: object) -> Expression:
    return Expression(op, (operand(left), operand(right)))


def _named(value: str | Expression) -> Expression:
    return column(value) if isinstance(value, str) else value


def _constant(value: object) -> Value:
    if value is None or isinstance(value, str | bool):
        return value
    if isinstance(value, int | float) and math.isfinite(value):
        return float(value)
    raise DeclarationError([f"{_found(value)} cannot stand in a definition, must be a finite number, text or {_WRITE}"])


def _found(value: object) -> str:
    return f"{value!s:.80} ({type(value).__module__}.{type(value).__qualname__})"


def _written(value: Value) -> str:
    return f"{value:g}" if isinstance(value, float) else repr(value)
