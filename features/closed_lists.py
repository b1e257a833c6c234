"""Words that a feature compares with columns, held against the lists that these columns are closed to.

A misspelt word is no error of computing: the comparison is false for every row, and a count of such rows is 0.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from features.errors import nearest
from features.expression import Expression
from features.feature import Feature, with_inputs
from features.history import THIS, View
from features.point_in_time import prefix
from features.rowwise import Rowwise
from features.tables import APPLICATIONS, Table
from features.windowed import Windowed

_Lists = Mapping[str, tuple[str, ...]]


def foreign_words(features: Iterable[Feature], tables: Mapping[str, Table]) -> tuple[str, ...]:
    """Return what is wrong with the words that the features, and what they are computed from, compare columns with.

    Args:
        features: Features as declared.
        tables: Contracts of the raw tables by name, with the lists of the lender.

    Returns:
        One text for each column and word outside the column's list, with the features that compare them.
    """
    found: dict[tuple[str, str, tuple[str, ...]], list[str]] = {}
    for feature in with_inputs(features):
        for column, word, allowed in dict.fromkeys(_foreign(feature, tables)):
            found.setdefault((column, word, allowed), []).append(feature.name)
    return tuple(_told(names, *key) for key, names in found.items())


def _told(names: list[str], column: str, word: str, allowed: tuple[str, ...]) -> str:
    others = f" (and {len(names) - 1} more)" if len(names) > 1 else ""
    return (
        f"{names[0]!r}{others} compares {column!r} with {word!r}, which must be one of {', '.join(allowed)}."
        f"{nearest(word, allowed)} A word of your own stands under categories in the contract"
    )


def _foreign(feature: Feature, tables: Mapping[str, Table]) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    if isinstance(feature, Windowed):
        lists = _lists_of_view(feature.history.view, tables)
        for expression in feature.expressions:
            yield from _outside(expression, lists)
    elif isinstance(feature, Rowwise):
        yield from _outside(feature.value, _lists(tables[APPLICATIONS.name]))


def _outside(expression: Expression, lists: _Lists) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    for node in expression.nodes():
        column, words = _compared(node)
        allowed = lists.get(column, ())
        yield from ((column, word, allowed) for word in words if allowed and word not in allowed)


def _lists_of_view(view: View, tables: Mapping[str, Table]) -> _Lists:
    lists = dict(_lists(tables[APPLICATIONS.name], THIS))
    if view.parent is not None:
        lists |= _lists(tables[view.parent.name], prefix(view.parent))
    return lists | _lists(tables[view.table.name])


def _lists(table: Table, before: str = "") -> dict[str, tuple[str, ...]]:
    return {f"{before}{column.name}": column.allowed for column in table.columns}


def _compared(node: Expression) -> tuple[str, tuple[str, ...]]:
    """Return the column that an operation compares, and the words it compares it with; no words when it does not."""
    if node.op == "is_in" and node.parts[0].op == "column":
        compared = node.settings
    elif node.op in {"==", "!="} and {part.op for part in node.parts} == {"column", "constant"}:
        compared = next(part for part in node.parts if part.op == "constant").settings
    else:
        return "", ()
    column = next(part for part in node.parts if part.op == "column")
    return str(column.settings[0]), tuple(word for word in compared if isinstance(word, str))
