"""What written Python calls while it computes an expression."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo


def compiled(source: str, title: str, names: Mapping[str, object]) -> Callable[..., Any]:
    """Return the one function of a written source.

    Args:
        source: Source of a function called ``compute``, written from checked declarations: what stands in it of a
            lender's own is literals alone.
        title: What profiles and tracebacks call it.
        names: What it calls.
    """
    known = dict(names)
    exec(compile(source, f"<{title}>", "exec"), known)  # noqa: S102 -- see above
    compute: Callable[..., Any] = known["compute"]  # type: ignore[assignment]
    return compute


def floor(number: float) -> float:
    """Return the largest whole number that is not above it; infinity and NaN as they are."""
    return number // 1.0 if math.isfinite(number) else number


def remainder(part: float, whole: float) -> float:
    """Return ``part − floor(part / whole) · whole``; ``whole`` is not zero."""
    return part - floor(part / whole) * whole


def whole_units(earlier: datetime, later: datetime, unit: timedelta) -> float:
    """Return whole units of time from one time to another, cut off towards zero."""
    length = later - earlier
    return float(length // unit if length >= _NO_TIME else -(-length // unit))


def extreme(choose: Callable[[list[float]], float], *values: float | None) -> float | None:
    """Return the smallest or largest value, null and NaN left out; NaN when there is nothing else."""
    given = [value for value in values if value is not None]
    numbers = [value for value in given if value == value]  # noqa: PLR0124 -- NaN alone differs from itself
    return choose(numbers) if numbers else (given[0] if given else None)


def number(value: float | None) -> float | None:
    """Return a number as features give it: null where it is not finite, and never −0."""
    return value + 0.0 if value is not None and math.isfinite(value) else None


_NO_TIME: Final = timedelta(0)
_UNITS: Final = {unit: timedelta(**{unit: 1}) for unit in ("days", "hours", "minutes", "seconds")}


def runtime(time_zone: str) -> dict[str, object]:
    """Return what written code calls, by name.

    Args:
        time_zone: Zone of local hours and dates.
    """
    return {
        "floor": floor,
        "remainder": remainder,
        "whole_units": whole_units,
        "extreme": extreme,
        "number": number,
        "log": math.log,
        "zone": ZoneInfo(time_zone),
        **{f"one_{unit}": length for unit, length in _UNITS.items()},
    }
