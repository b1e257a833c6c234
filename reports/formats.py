"""How numbers, times and values read on every page: the one place that formats them.

None and NaN read as an en dash everywhere: nothing was measured. Negative numbers carry a true minus sign.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import UTC, datetime

NOTHING = "–"
"""What stands where nothing was measured."""

Format = Callable[[float | None], str]
"""A function that writes one number."""


def _missing(value: float | None) -> bool:
    return value is None or math.isnan(value)


def number(value: float | None, digits: int = 2, *, signed: bool = False) -> str:
    """Write a number with thousands separated.

    >>> number(-1234.5, 1), number(None), number(0.25, signed=True)
    ('−1,234.5', '–', '+0.25')
    """
    if value is None or math.isnan(value):
        return NOTHING
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    rounded = round(value, digits) + 0.0
    sign = "+" if signed and rounded > 0 else ""
    return f"{sign}{rounded:,.{digits}f}".replace("-", "−")


def percent(value: float | None, digits: int = 1, *, signed: bool = False) -> str:
    """Write a share from 0 to 1 as per cent.

    >>> percent(0.0826), percent(0.5, 0)
    ('8.3 %', '50 %')
    """
    if value is None or math.isnan(value):
        return NOTHING
    return f"{number(value * 100, digits, signed=signed)} %"


def points(value: float | None, *, signed: bool = False) -> str:
    """Write score points, or points won and lost, to one tenth.

    >>> points(598.04), points(-12.34, signed=True)
    ('598.0', '−12.3')
    """
    return number(value, 1, signed=signed)


def money(value: float | None, currency: str) -> str:
    """Write money in whole units of its currency.

    >>> money(12345.6, "yuan")
    '12,346 yuan'
    """
    return NOTHING if _missing(value) else f"{number(value, 0)} {currency}"


def count(value: float | None) -> str:
    """Write how many.

    >>> count(40000)
    '40,000'
    """
    return number(value, 0)


def counted(value: int, one: str, many: str = "") -> str:
    """Write how many of something.

    >>> counted(1, "row"), counted(1200, "row"), counted(0, "inquiry", "inquiries")
    ('1 row', '1,200 rows', '0 inquiries')
    """
    return f"{count(value)} {one if value == 1 else many or one + 's'}"


def interval(lower: float | None, upper: float | None, form: Format = number) -> str:
    """Write an interval.

    >>> interval(0.61, 0.66)
    '0.61 to 0.66'
    """
    if _missing(lower) or _missing(upper):
        return NOTHING
    return f"{form(lower)} to {form(upper)}"


def with_interval(value: float | None, lower: float | None, upper: float | None, form: Format = number) -> str:
    """Write a number and its interval.

    >>> with_interval(0.64, 0.61, 0.66)
    '0.64 (0.61 to 0.66)'
    """
    if _missing(lower) or _missing(upper):
        return NOTHING if _missing(value) else form(value)
    return f"{form(value)} ({interval(lower, upper, form)})"


def p_value(value: float | None) -> str:
    """Write a p-value; never as an exact zero.

    >>> p_value(0.00004), p_value(0.0312), p_value(1.0)
    ('< 0.001', '0.031', '1.000')
    """
    if value is None or math.isnan(value):
        return NOTHING
    return "< 0.001" if value < 0.001 else f"{value:.3f}"


def moment(value: datetime | None) -> str:
    """Write a point in time, in UTC to the minute.

    Raises:
        ValueError: the time has no zone.
    """
    if value is None:
        return NOTHING
    if value.tzinfo is None:
        raise ValueError(f"time == {value!r}, must carry a time zone; use UTC")
    return f"{value.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def fact(value: object, unit: str = "") -> str:
    """Write one recorded value as it is known: unknown, yes or no, a number with its unit, or words.

    >>> fact(None), fact(True), fact(5000.0, "yuan"), fact("agent"), fact(0.25), fact(1, "months")
    ('unknown', 'yes', '5,000 yuan', 'agent', '0.25', '1 month')
    """
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return "unknown"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return moment(value)
    if not isinstance(value, int | float):
        return str(value)
    named = unit.removesuffix("s") if value == 1 else unit
    return f"{_shortest(value)} {named}".strip()


def _shortest(value: float) -> str:
    digits = 0 if float(value).is_integer() else 2 if abs(value) >= 0.1 else 4
    return number(value, digits)


def fingerprint(sha256: str, length: int = 12) -> str:
    """Write the start of a hash, enough to tell two apart by eye; the full one stands in the record.

    >>> fingerprint("9f86d081884c7d659a2feaa0c55ad015")
    '9f86d081884c'
    """
    return sha256[:length] or NOTHING
