"""What can go wrong in a job, each with what was found, what was expected and the way out.

PipelineError
├── StoreError               files
│   ├── MissingFileError         a file or folder that is not there
│   ├── DamagedFileError         a file that cannot be read, or whose content is not what its manifest says
│   └── UnwritableValueError     a value that a file cannot hold faithfully, such as NaN in JSON
├── ContractError            a contract.yaml that cannot be used
├── FlatTableError           a CSV or Parquet of one row per case that cannot be used
└── ValidationError          tables
    ├── FailedTablesError        tables too wrong to go on with
    └── ExpectationRaisedError   an expectation that broke instead of giving an answer
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path


def nearest(name: str, known: Iterable[str]) -> str:
    """Return `` Did you mean '…'?`` for the known name nearest to ``name``, or nothing when none is near."""
    near = get_close_matches(name, list(known), n=1)
    return f" Did you mean {near[0]!r}?" if near else ""


class PipelineError(Exception):
    """A job cannot go on."""


class StoreError(PipelineError):
    """Something is wrong with a file."""


class MissingFileError(StoreError):
    """A file or folder that is not there.

    Attributes:
        path: What was looked for.
    """

    def __init__(self, path: Path, way_out: str) -> None:
        self.path = path
        super().__init__(f"path == {str(path)!r} does not exist. {way_out}")


class DamagedFileError(StoreError):
    """A file that cannot be read, or whose content is not what its manifest says.

    Attributes:
        path: The file.
    """

    def __init__(self, path: Path, found: str, way_out: str) -> None:
        self.path = path
        super().__init__(f"{str(path)!r} {found}. {way_out}")


class UnwritableValueError(StoreError):
    """A value that a file cannot hold faithfully.

    Attributes:
        where: Place of the value, such as ``$.metrics.auc``.
    """

    def __init__(self, where: str, value: object, expected: str) -> None:
        self.where = where
        super().__init__(f"{where} == {value!r}, must be {expected}.")
