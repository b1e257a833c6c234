"""The loops of `features.loops`, compiled by numba when a batch first needs them.

What is compiled is kept beside the source, as Python keeps its own byte code, or else in the user's cache, so that only
the first build after a change of the source waits some seconds for it. Types are given, not inferred: nothing is
compiled again because some array may not be written to.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from threading import Lock
from typing import TYPE_CHECKING, Any, Final

from features import loops
from features.errors import CompilerError

if TYPE_CHECKING:
    from numba.core.types import Type

Loop = Callable[..., Any]

_ARRAYS: Final = {"b": "uint8", "f": "float64", "h": "uint64", "i": "int64", "s": "int32", "u": "uint32"}
_NUMBER: Final = "#"
_TAKEN: Final[Mapping[str, str]] = {
    "number_hashes": "hsbH#SSS",
    "find_hashes": "hh##S",
    "pick_known": "siii#UI",
    "deal_known": "usii#IUSII",
    "fill_pairs": "siiiSS",
    "band_pairs": "ssiiiS",
    "count_cells": "sbsI",
    "sum_cells": "sbssibII",
    "largest_of_cells": "sbssfF",
    "slots_of_numbers": "sisIS",
    "slots_of_rows": "sissS",
    "smallest_of_slots": "sbssS",
    "count_slots": "s#s#I",
    "local_hours": "ii#F",
}
"""What each loop takes: a letter for an array that is read, its capital for one that is filled, # for a number."""


@dataclass(frozen=True, kw_only=True)
class Compiled:
    """The loops, compiled; each takes what the one of its name in `features.loops` takes and lets threads run on."""

    number_hashes: Loop
    find_hashes: Loop
    pick_known: Loop
    deal_known: Loop
    fill_pairs: Loop
    band_pairs: Loop
    count_cells: Loop
    sum_cells: Loop
    largest_of_cells: Loop
    slots_of_numbers: Loop
    slots_of_rows: Loop
    smallest_of_slots: Loop
    count_slots: Loop
    local_hours: Loop


_made: list[Compiled] = []
_making: Final = Lock()


def compiled() -> Compiled:
    """Return the loops, compiled once in a process.

    Raises:
        CompilerError: numba cannot be imported.
    """
    with _making:
        if not _made:
            _made.append(Compiled(**{each.name: _compiled(each.name) for each in fields(Compiled)}))
        return _made[0]


def _compiled(name: str) -> Loop:
    try:
        import numba
    except ImportError as error:
        raise CompilerError(str(error)) from error
    loop, taken = getattr(loops, name), [_type(letter) for letter in _TAKEN[name]]
    try:
        made: Loop = numba.njit(tuple(taken), nogil=True, error_model="numpy", cache=True)(loop)
    except Exception:  # noqa: BLE001 -- what is wrong with the loop itself is raised again below
        # No folder may be written to, the disk is full, or what was kept is damaged: each process compiles it then.
        made = numba.njit(tuple(taken), nogil=True, error_model="numpy")(loop)
    return made


def _type(letter: str) -> Type:
    from numba import types

    if letter == _NUMBER:
        return types.int64
    return types.Array(getattr(types, _ARRAYS[letter.lower()]), 1, "C", readonly=letter.islower())
