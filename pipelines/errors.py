"""What can go wrong in a job, each with what was found, what was expected and the way out.

PipelineError
├── StoreError               files
│   ├── MissingFileError         a file or folder that is not there
│   ├── NotAFolderError          a file where a folder is needed
│   ├── CaseNotFoundError        a case that is not in a file of decisions
│   ├── DamagedFileError         a file that cannot be read, or whose content is not what its manifest says
│   └── UnwritableValueError     a value that a file cannot hold faithfully, such as NaN in JSON
├── ContractError            a contract.yaml that cannot be used
├── OwnModuleError           a lender's own module of features that cannot be used
├── FlatTableError           a CSV or Parquet of one row per case that cannot be used
├── OccupiedFolderError      a folder to write to that holds other tables
├── LayoutError              raw tables that are not partitioned by applicant
├── ClusterError             processes that partitions cannot be built on
└── ValidationError          tables
    ├── FailedTablesError        tables too wrong to go on with
    ├── FailedFeaturesError      a feature table that is not what its declarations promise
    ├── ExpectationRaisedError   an expectation that broke instead of giving an answer
    ├── ExpectationsDisagreeError  two evaluations of one rule that found different rows
    ├── ArgumentError            an option that makes no sense
    ├── NoExtractEndError        nothing says when the extract ends
    └── ForeignFolderError       a folder for results that holds something else
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from features.errors import restored


class PipelineError(Exception):
    """A job cannot go on."""

    def __reduce__(self) -> tuple[object, ...]:
        """Let the error cross from one process to another with its message and attributes."""
        return restored, (type(self), str(self), self.__dict__)


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


class NotAFolderError(StoreError):
    """A file where a folder is needed.

    Attributes:
        path: What is no folder.
    """

    def __init__(self, path: Path, way_out: str) -> None:
        self.path = path
        super().__init__(f"path == {str(path)!r} is a file. {way_out}")


class CaseNotFoundError(StoreError):
    """A case that is not in a file of decisions.

    Attributes:
        path: The file.
        case_id: The case.
    """

    def __init__(self, path: Path, case_id: str, alike: str | None) -> None:
        self.path, self.case_id = path, case_id
        meant = "" if alike is None else f" Did you mean {alike!r}?"
        super().__init__(
            f"case_id == {case_id!r} is not among the decisions in {str(path)!r}.{meant} Name a case of that file, or "
            "the file that holds the case."
        )


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


class ContractError(PipelineError):
    """A ``contract.yaml`` that cannot be used.

    Attributes:
        path: The file.
        problems: Everything that is wrong with it, each with its line.
    """

    def __init__(self, path: Path, problems: Sequence[str]) -> None:
        self.path = path
        self.problems = tuple(problems)
        listed = "".join(f"\n  - {problem}" for problem in self.problems)
        super().__init__(f"{str(path)!r} is not a contract that can be used:{listed}")


class OwnModuleError(PipelineError):
    """A lender's own module of features that cannot be used.

    Attributes:
        path: The file.
        problems: Everything that is wrong with it.
    """

    def __init__(self, path: Path, problems: Sequence[str]) -> None:
        self.path = path
        self.problems = tuple(problems)
        listed = "".join(f"\n  - {problem}" for problem in self.problems)
        super().__init__(f"{str(path)!r} is not a module of features that can be used:{listed}")


class FlatTableError(PipelineError):
    """A CSV or Parquet of one row per case that cannot be used.

    Attributes:
        path: The file.
    """

    def __init__(self, path: Path, found: str, way_out: str) -> None:
        self.path = path
        super().__init__(f"{str(path)!r} {found}. {way_out}")


class OccupiedFolderError(PipelineError):
    """A folder to write to that holds tables which would be overwritten or mixed with others.

    Attributes:
        path: The folder, or the file that stands in its place.
    """

    def __init__(self, path: Path, found: str) -> None:
        self.path = path
        super().__init__(f"out == {str(path)!r} {found}. Name a folder that is empty, or does not exist yet.")


class LayoutError(PipelineError):
    """Raw tables that are not partitioned by applicant, as a build partition by partition needs them.

    Attributes:
        folder: Folder of the tables.
    """

    def __init__(self, folder: Path, found: str, way_out: str) -> None:
        self.folder = folder
        super().__init__(f"{str(folder)!r} {found}. {way_out}")


class ClusterError(PipelineError):
    """Processes that partitions cannot be built on: not reached, of other code, without the folders, or ended."""


class ValidationError(PipelineError):
    """The raw tables cannot be validated, or did not pass."""


@dataclass(frozen=True, kw_only=True)
class Problem:
    """Something that stops the path.

    Attributes:
        table: Table it was found in.
        what: What is wrong.
        rows: How many rows it concerns; None when it concerns the table as a whole.
        examples: At most five of them.
    """

    table: str
    what: str
    rows: int | None = None
    examples: tuple[str, ...] = ()

    def __str__(self) -> str:
        """Return it as a point of a list, with its examples under it."""
        count = "" if self.rows is None else f" ({self.rows:,} rows)"
        return f"{self.table}: {self.what}{count}" + "".join(f"\n      {example}" for example in self.examples)


class FailedTablesError(ValidationError):
    """Tables too wrong to go on with; nothing was written.

    Attributes:
        problems: Everything that stops the path.
    """

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        tables = sorted({problem.table for problem in self.problems})
        listed = "".join(f"\n  - {problem}" for problem in self.problems)
        super().__init__(
            f"{len(tables)} table(s) failed ({', '.join(tables)}); nothing was written. "
            f"Correct the tables, or the contract, and validate again:{listed}"
        )


class FailedFeaturesError(ValidationError):
    """A feature table that is not what its declarations promise; nothing was written.

    Attributes:
        problems: Everything that stops the path.
    """

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        listed = "".join(f"\n  - {problem}" for problem in self.problems)
        super().__init__(
            f"the feature table breaks {len(self.problems)} promise(s) of its declarations; nothing was written. Build "
            f"it again from validated tables; where an own module declares the feature, correct the module:{listed}"
        )


class ExpectationRaisedError(ValidationError):
    """An expectation broke instead of giving an answer.

    Attributes:
        table: Table it looked at.
        raised: Rule to what was raised.
    """

    def __init__(self, table: str, raised: Mapping[str, str]) -> None:
        self.table = table
        self.raised = dict(raised)
        listed = "; ".join(f"{rule}: {message}" for rule, message in raised.items())
        super().__init__(f"{table}: {len(raised)} expectation(s) could not be evaluated: {listed}")


class ExpectationsDisagreeError(ValidationError):
    """Two evaluations of one rule found different rows, so neither is believed.

    Attributes:
        table: Table they looked at.
        differing: Rule to the rows counted by Great Expectations and by Polars.
    """

    def __init__(self, table: str, differing: Mapping[str, tuple[int, int]]) -> None:
        self.table = table
        self.differing = dict(differing)
        listed = "; ".join(f"{rule}: {first} against {second}" for rule, (first, second) in differing.items())
        super().__init__(
            f"{table}: Great Expectations and Polars count different rows: {listed}. This is a fault of the program."
        )


class ArgumentError(ValidationError, ValueError):
    """An option that makes no sense."""


class NoExtractEndError(ValidationError):
    """Nothing says when the extract ends, so an event of the future cannot be told."""

    def __init__(self, folder: Path) -> None:
        super().__init__(
            f"extract_at is not known for {str(folder)!r}. Give it as an option, as extract_at in the contract, or "
            "in a synthesis.json beside the tables, such as 2024-07-01T00:00:00Z."
        )


class ForeignFolderError(ValidationError):
    """A folder for results that holds something else than earlier results."""

    def __init__(self, folder: Path, found: str) -> None:
        super().__init__(
            f"out == {str(folder)!r} holds {found!r}, which was not written by a validation. "
            "Name a folder that does not exist, is empty, or holds an earlier validation: it is replaced as a whole."
        )
