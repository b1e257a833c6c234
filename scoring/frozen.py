"""Frozen records made sooner than by their own constructors."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import field, fields, make_dataclass
from typing import TypeVar

Record = TypeVar("Record")


def maker(kind: type[Record], *, first: Sequence[str] = (), without: Collection[str] = ()) -> Callable[..., Record]:
    """Return what makes records of a frozen dataclass with slots, from the values of its fields in their order.

    A frozen record's own constructor sets each field by the way around its own lock, which is most of the time of
    making one. Here the values are put into a twin with the same slots and no lock, and the twin becomes the record.

    Args:
        kind: The dataclass.
        first: Slots of its base, which are no fields, whose values come before those of the fields.
        without: Fields that are left empty, for who fills them later.
    """
    names = [each.name for each in fields(kind)]  # type: ignore[arg-type]
    open_fields = [(name, object, field(init=name not in without)) for name in (*first, *names)]
    twin = make_dataclass(kind.__name__, open_fields, bases=kind.__bases__, slots=True, eq=False, repr=False)

    def make(*values: object) -> Record:
        made = twin(*values)
        made.__class__ = kind
        return made  # type: ignore[no-any-return]

    return make
