"""Expressions as plain Python, for one applicant: source that is written once and compiled, not walked per row.

Null is None. Every operation is total, so that what is computed early and not used costs time and nothing else.
Conditions are written twice over: when they are true, and when they are false; what is neither is null.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Final

from features.expression import Expression
from features.expression_type import Type, type_of

Code = str
"""A Python expression."""


class Source:
    """Lines of Python that are written one after another, with names for what was computed before.

    Args:
        columns: Types of the columns that expressions may read.
        names: Python name or expression of each column and feature.
    """

    def __init__(self, columns: Mapping[str, Type], names: Mapping[str, Code]) -> None:
        self.columns = columns
        self.names = dict(names)
        self.constants: dict[str, object] = {}
        self.lines: list[str] = []
        self._depth = 1
        self._numbered = 0
        self._computed: list[dict[str, Code]] = [{}]

    def line(self, text: str) -> None:
        """Write one line at the present depth."""
        self.lines.append("    " * self._depth + text)

    @contextmanager
    def block(self, head: str) -> Iterator[None]:
        """Write the head of a block, such as ``if x:``, and what is written inside below it."""
        self.line(head)
        self._depth += 1
        self._computed.append({})
        yield
        self._computed.pop()
        self._depth -= 1

    def name(self, stem: str) -> Code:
        """Return a name that is used nowhere else."""
        self._numbered += 1
        return f"{stem}{self._numbered}"

    def bind(self, code: Code) -> Code:
        """Return a name for the value of the code, written once."""
        if code.isidentifier():
            return code
        for scope in self._computed:
            if code in scope:
                return scope[code]
        name = self.name("t")
        self.line(f"{name} = {code}")
        self._computed[-1][code] = name
        return name

    def constant(self, value: object) -> Code:
        """Return a name for a constant."""
        name = self.name("k")
        self.constants[name] = value
        return name

    def type_of(self, expression: Expression) -> Type:
        """Return the type of an expression over the columns."""
        return type_of(expression, self.columns)

    def value(self, expression: Expression) -> Code:
        """Return code for the value of an expression, None for null."""
        if expression.op == "column":
            return self.names[str(expression.settings[0])]
        if expression.feature is not None:
            return self.names[expression.feature.name]
        if expression.op == "constant":
            return repr(expression.settings[0])
        if self.type_of(expression).kind == "flag" and expression.op not in {"when", "fill_null"}:
            return self._flag(expression)
        return _VALUES[expression.op](self, expression)

    def true(self, expression: Expression) -> Code:
        """Return code that is True where the flag is true, and False where it is false or null."""
        if expression.op in _TRUE:
            return _TRUE[expression.op](self, expression)
        code = self.value(expression)
        return f"({code} is True)" if self.type_of(expression).nullable else code

    def false(self, expression: Expression) -> Code:
        """Return code that is True where the flag is false, and False where it is true or null."""
        if expression.op in _FALSE:
            return _FALSE[expression.op](self, expression)
        code = self.value(expression)
        return f"({code} is False)" if self.type_of(expression).nullable else f"(not {code})"

    def known(self, *parts: Expression) -> list[Code]:
        """Return, for each part that may be null, the condition that it is not."""
        return [f"{self.bound(part)} is not None" for part in parts if self.type_of(part).nullable]

    def bound(self, expression: Expression) -> Code:
        """Return code for the value that may be written several times."""
        code = self.value(expression)
        return code if expression.op == "constant" else self.bind(code)

    def _flag(self, expression: Expression) -> Code:
        if not self.type_of(expression).nullable:
            return self.true(expression)
        return f"(True if {self.true(expression)} else False if {self.false(expression)} else None)"

    def if_known(self, expression: Expression, code: Code) -> Code:
        """Return the code, None where a part of the expression is null."""
        known = self.known(*expression.parts)
        return f"(({code}) if {' and '.join(known)} else None)" if known else f"({code})"


def _arithmetic(source: Source, node: Expression) -> Code:
    left, right = (source.bound(part) for part in node.parts)
    return source.if_known(node, f"{left} {node.op} {right}")


def _division(source: Source, node: Expression) -> Code:
    part, whole = (source.bound(side) for side in node.parts)
    code = f"{part} / {whole}" if node.op == "/" else f"remainder({part}, {whole})"
    known = source.known(node.parts[0])
    if node.parts[1].op != "constant" or not node.parts[1].settings[0]:
        known.append(whole)  # false for None and for zero
    return f"({code} if {' and '.join(known)} else None)" if known else f"({code})"


def _call(template: str) -> Callable[[Source, Expression], Code]:
    """Return how an operation on one part is written: the template with the part in the place of ``{}``."""
    return lambda source, node: source.if_known(node, template.format(source.bound(node.parts[0])))


def _local(template: str) -> Callable[[Source, Expression], Code]:
    def written(source: Source, node: Expression) -> Code:
        time = source.bound(node.parts[0])
        local = source.bind(source.if_known(node, f"{time}.astimezone(zone)"))
        return source.if_known(node, template.format(local))

    return written


def _log(source: Source, node: Expression) -> Code:
    number = source.bound(node.parts[0])
    above = " and ".join([*source.known(node.parts[0]), f"not {number} <= 0.0"])
    return f"(log({number}) if {above} else None)"


def _between(source: Source, node: Expression) -> Code:
    earlier, later = (source.bound(part) for part in node.parts)
    unit = str(node.settings[0])
    if unit != "days":
        return source.if_known(node, f"whole_units({earlier}, {later}, one_{unit})")
    length = source.bind(source.if_known(node, f"{later} - {earlier}"))
    days = f"{length}.days"  # rounded down; before zero, the days of the opposite are cut off towards zero
    return source.if_known(node, f"float({days} if {days} >= 0 else -(-{length}).days)")


def _clip(source: Source, node: Expression) -> Code:
    number, (lower, upper) = source.bound(node.parts[0]), node.settings
    code = number if upper is None else f"{upper!r} if {number} > {upper!r} else {number}"
    code = code if lower is None else f"{lower!r} if {number} < {lower!r} else {code}"
    return source.if_known(node, code)


def _extreme(choose: str) -> Callable[[Source, Expression], Code]:
    def written(source: Source, node: Expression) -> Code:
        return f"extreme({choose}, {', '.join(source.value(part) for part in node.parts)})"

    return written


def _when(source: Source, node: Expression) -> Code:
    condition, chosen, otherwise = node.parts
    return f"({source.value(chosen)} if {source.true(condition)} else {source.value(otherwise)})"


def _fill_null(source: Source, node: Expression) -> Code:
    value = source.bound(node.parts[0])
    if not source.type_of(node.parts[0]).nullable:
        return value
    return f"({source.value(node.parts[1])} if {value} is None else {value})"


def _how_many(source: Source, node: Expression) -> Code:
    return f"float({' + '.join(source.true(part) for part in node.parts)})"


_VALUES: Final[Mapping[str, Callable[[Source, Expression], Code]]] = {
    **dict.fromkeys(("+", "-", "*"), _arithmetic),
    **dict.fromkeys(("/", "%"), _division),
    "abs": _call("abs({})"),
    "floor": _call("floor({})"),
    "log": _log,
    "as_number": _call("float({})"),
    "local_hour": _local("float({}.hour)"),
    "local_weekday": _local("float({}.isoweekday())"),
    "local_date": _local("{}.date()"),
    "year": _call("float({}.year)"),
    "month": _call("float({}.month)"),
    "day": _call("float({}.day)"),
    "between": _between,
    "clip": _clip,
    "smallest": _extreme("min"),
    "largest": _extreme("max"),
    "when": _when,
    "fill_null": _fill_null,
    "how_many": _how_many,
}

_OPPOSITE: Final = {"==": "!=", "!=": "==", "<": ">=", ">=": "<", ">": "<=", "<=": ">"}


def _compared(source: Source, node: Expression, op: str) -> Code:
    left, right = (source.bound(part) for part in node.parts)
    code = _order(source, node, op, left, right)
    return "(" + " and ".join([*source.known(*node.parts), code]) + ")"


def _order(source: Source, node: Expression, op: str, left: Code, right: Code) -> Code:
    """Compare two values that are not null; where NaN may be, it equals itself and is above all other numbers."""
    nan_left, nan_right = (not source.type_of(part).finite for part in node.parts)
    if op in {"==", "!="}:
        if not (nan_left and nan_right):
            return f"{left} {op} {right}"
        same = f"({left} == {right} or ({left} != {left} and {right} != {right}))"
        return same if op == "==" else f"not {same}"
    if op in {"<", "<="}:
        left, right, nan_left, nan_right = right, left, nan_right, nan_left
        op = {"<": ">", "<=": ">="}[op]
    if not nan_left:
        return f"{left} {op} {right}"
    if op == ">=":
        return f"({left} >= {right} or {left} != {left})"
    return f"({left} > {right} or ({left} != {left} and {right} == {right}))"


def _is_in(source: Source, node: Expression) -> Code:
    return f"({source.bound(node.parts[0])} in {node.settings!r})"


def _is_not_in(source: Source, node: Expression) -> Code:
    value = source.bound(node.parts[0])
    return "(" + " and ".join([*source.known(node.parts[0]), f"{value} not in {node.settings!r}"]) + ")"


def _is_null(source: Source, node: Expression) -> Code:
    return f"({source.value(node.parts[0])} is None)" if source.type_of(node.parts[0]).nullable else "False"


def _is_not_null(source: Source, node: Expression) -> Code:
    return f"({source.value(node.parts[0])} is not None)" if source.type_of(node.parts[0]).nullable else "True"


_TRUE: Final[Mapping[str, Callable[[Source, Expression], Code]]] = {
    **{op: (lambda source, node: _compared(source, node, node.op)) for op in _OPPOSITE},
    "&": lambda source, node: "(" + " and ".join(source.true(part) for part in node.parts) + ")",
    "|": lambda source, node: "(" + " or ".join(source.true(part) for part in node.parts) + ")",
    "~": lambda source, node: source.false(node.parts[0]),
    "is_null": _is_null,
    "is_in": _is_in,
}

_FALSE: Final[Mapping[str, Callable[[Source, Expression], Code]]] = {
    **{op: (lambda source, node: _compared(source, node, _OPPOSITE[node.op])) for op in _OPPOSITE},
    "&": lambda source, node: "(" + " or ".join(source.false(part) for part in node.parts) + ")",
    "|": lambda source, node: "(" + " and ".join(source.false(part) for part in node.parts) + ")",
    "~": lambda source, node: source.true(node.parts[0]),
    "is_null": _is_not_null,
    "is_in": _is_not_in,
}
