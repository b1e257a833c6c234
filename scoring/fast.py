"""The kernel compiled by numba: the same arithmetic, the same bits, sooner."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, fields
from functools import cache
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from scoring import loops
from scoring.errors import AcceleratorError
from scoring.explain import quadrature
from scoring.kernel import Kernel

Array = NDArray[np.float64]
Loop = Callable[..., None]

_OWN: Final = frozenset({"few", "at_once"})
"""What a compiled kernel does not take over: how many rows are best taken at a time."""

_SIGNATURES: Final = {
    "look_up_rows": "void(f8[:,::1],u8[:,::1],f8[::1],u1[::1],u1[:,::1])",
    "add_rows": "void(u1[:,::1],u8[::1],u8[::1],u8[:,::1],i8[::1],f8[:,::1],f8[:,::1])",
    "add_row": "void(u1[::1],u8[::1],u8[:,::1],f8[:,::1],f8[::1])",
    "integrate_rows": (
        "void(u1[:,::1],i8,i8[:,::1],u1[:,::1],i8[:,::1],f8[:,::1],f8[::1],f8[:,::1],f8[:,::1],f8[:,::1])"
    ),
    "add_reached_rows": "void(u1[:,::1],u8[::1],f8[:,::1],i8[::1],f8[:,::1],f8[::1])",
}


@cache
def _compiled(name: str) -> Loop:
    """Compile one of the loops, once in a process.

    The types are given, so nothing is compiled while cases are scored. Nothing is kept on disk: what numba would read
    back from its cache is code that whoever may write there could put in. Sums stay in their order (no ``fastmath``),
    and rows are not spread over numba's own threads, whose pool must not be entered twice at once: it is the callers'
    threads that run side by side, since the loops let go of the interpreter's lock.
    """
    import numba

    loop: Loop = numba.njit(_SIGNATURES[name], nogil=True, error_model="numpy")(getattr(loops, name))
    return loop


def installed() -> bool:
    """Return whether numba can be imported."""
    try:
        import numba  # noqa: F401 - only whether it is there
    except ImportError:
        return False
    return True


def accelerated(kernel: Kernel) -> FastKernel:
    """Return the same kernel compiled.

    Compiling takes about two seconds, once in a process.

    Raises:
        AcceleratorError: numba is not installed, or cannot be imported.
    """
    try:
        import numba  # noqa: F401 - imported here so that its absence has a name
    except ImportError as error:
        raise AcceleratorError(str(error)) from error
    parts: dict[str, Any] = {each.name: getattr(kernel, each.name) for each in fields(Kernel) if each.name not in _OWN}
    flat = _Flat.of(kernel)
    far = tuple(_FlatFar.of(kernel, place) for place in range(len(kernel.far)))
    for name in ("look_up_rows", "add_rows", "add_row", *(("integrate_rows", "add_reached_rows") if far else ())):
        _compiled(name)
    return FastKernel(**parts, flat=flat, flat_far=far)


@dataclass(frozen=True, slots=True)
class _Flat:
    """The kernel's blocks and tables as `loops.look_up_rows` and `loops.add_rows` take them."""

    entries: NDArray[np.uint64]
    bounds: Array
    cells: NDArray[np.uint8]
    start: NDArray[np.uint64]
    sizes: NDArray[np.uint64]
    columns: NDArray[np.uint64]
    used: NDArray[np.int64]
    tables: Array

    @classmethod
    def of(cls, kernel: Kernel) -> _Flat:
        entries, bounds, cells = [], [np.empty(0)], [np.empty(0, dtype=np.uint8)]
        key = byte = column = 0
        for block in kernel.blocks:
            for each in block.features:
                entries.append((each.feature, key, key + len(each.breaks) - 1, byte, column, column + block.width))
                key += len(each.breaks)
                byte += len(each.breaks) * block.width
                bounds.append(each.breaks)
                cells.append(each.table(block.width).ravel())
            column += block.width
        return cls(
            entries=np.array(entries, dtype=np.uint64).reshape(-1, 6),
            bounds=np.concatenate(bounds),
            cells=np.concatenate(cells),
            start=kernel.tables.start.astype(np.uint64),
            sizes=kernel.tables.patterns.astype(np.uint64),
            columns=np.ascontiguousarray(kernel.tables.columns, dtype=np.uint64),
            used=np.array(kernel.tables.used, dtype=np.int64),
            tables=kernel.tables.rows,
        )


@dataclass(frozen=True, slots=True)
class _FlatFar:
    """One size of long paths as `loops.integrate_rows` takes it."""

    bits: NDArray[np.int64]
    filling: NDArray[np.uint8]
    features: NDArray[np.int64]
    shares: Array
    values: Array
    points: Array

    @classmethod
    def of(cls, kernel: Kernel, place: int) -> _FlatFar:
        far = kernel.far[place]
        features = np.zeros(far.bits.shape[::-1], dtype=np.int64)
        features.ravel()[far.features[1]] = far.features[0]
        return cls(
            bits=np.ascontiguousarray(far.bits, dtype=np.int64),
            filling=far.filling,
            features=np.ascontiguousarray(features.T),
            shares=np.ascontiguousarray(far.shares[:, :, 0]),
            values=np.ascontiguousarray(far.values[:, 0]),
            points=quadrature(len(far.shares)).copy(),
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class FastKernel(Kernel):
    """A kernel that runs the compiled loops.

    Attributes:
        flat: Blocks and tables.
        flat_far: Long paths without a table.
    """

    flat: _Flat = field(repr=False)
    flat_far: tuple[_FlatFar, ...] = field(repr=False)
    few: int = 56
    at_once: int = 1 << 12

    def explain(self, row: Array) -> tuple[float, Array]:
        """Return the margin of one row and the contribution of each feature to it (log-odds)."""
        if self.flat_far:
            return super().explain(row)
        flat = self.flat
        patterns, sums = np.zeros((1, len(flat.start)), dtype=np.uint8), np.zeros(self.features + 2)
        _compiled("look_up_rows")(np.array(row, ndmin=2), flat.entries, flat.bounds, flat.cells, patterns)
        _compiled("add_row")(patterns[0], flat.start, flat.columns, flat.tables, sums)
        return sums.item(-1), sums[: self.features]

    def explain_within(self, row: Array) -> tuple[float, Array] | None:
        """Return what `explain` returns, or None when a value of the row is beyond the limits."""
        return self._explain_held(row)

    def _fill_many(self, matrix: Array, margins: Array, contributions: Array | None) -> None:
        flat, rows = self.flat, len(matrix)
        patterns = np.zeros((rows, sum(block.width for block in self.blocks)), dtype=np.uint8)
        totals = np.zeros((self.features + 2, rows))
        _compiled("look_up_rows")(np.array(matrix, order="C"), flat.entries, flat.bounds, flat.cells, patterns)
        _compiled("add_rows")(patterns, flat.start, flat.sizes, flat.columns, flat.used, flat.tables, totals)
        if self.flat_far:
            self._add_far(patterns, totals, margins)
        else:
            margins[...] = totals[-1]
        if contributions is not None:
            contributions[...] = totals[: self.features].T

    def _add_far(self, patterns: NDArray[np.uint8], totals: Array, margins: Array) -> None:
        near, parts = len(self.flat.start), []
        for far in self.flat_far:
            reached = np.empty((len(patterns), len(far.values)))
            _compiled("integrate_rows")(
                patterns,
                near,
                far.bits,
                far.filling,
                far.features,
                far.shares,
                far.values,
                far.points,
                totals,
                reached,
            )
            parts.append(reached)
        order = self.order.astype(np.int64)
        _compiled("add_reached_rows")(
            patterns, self.flat.start, self.flat.tables, order, np.concatenate(parts, axis=1), margins
        )
