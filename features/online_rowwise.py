"""Features of features of one application as a Python function, written once."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from features.in_python import Source
from features.point_in_time import open_columns
from features.python_runtime import compiled, runtime
from features.rowwise import Rowwise
from features.tables import APPLICATIONS
from features.view_types import APPLICATION_TYPES

Values = Sequence[float | str | bool | None]


def rowwise_function(
    computed: Sequence[str], parts: Sequence[Rowwise], time_zone: str
) -> Callable[[tuple[object, ...], Values], Values]:
    """Return a function that takes an application and the values computed before, and returns the parts' values.

    Args:
        computed: Names of the features computed before, in the order of their values.
        parts: Features to compute, inputs first.
        time_zone: Zone of local hours and dates.
    """
    columns = {name: f"a_{i}" for i, name in enumerate(open_columns(APPLICATIONS))}
    values = {name: f"v_{i}" for i, name in enumerate(computed)}
    source = Source(APPLICATION_TYPES, {**columns, **values})
    results = []
    for part in parts:
        code = source.value(part.value)
        if part.kind == "number":
            code = f"number({code})"
        name = source.name("f")
        source.line(f"{name} = {code}")
        source.names[part.name] = name
        results.append(name)
    written = [
        "def compute(this, values):",
        f"    ({', '.join(columns.values())},) = this",
        f"    ({', '.join([*values.values(), '*_'])},) = values",
        *source.lines,
        f"    return [{', '.join(results)}]",
    ]
    compute: Callable[[tuple[object, ...], Values], Values] = compiled(
        "\n".join(written), "features of features", runtime(time_zone)
    )
    return compute
