"""``contract.yaml``: what a lender says about its own data, read strictly and turned into plain records.

There are two forms. ``kind: tables`` describes dated tables that follow the contracts of `features.tables`.
``kind: flat`` describes one table of one row per case. An error names the line, the key, the value, what was expected
and the nearest name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Final, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from features.errors import nearest
from modelling.flat import FlatContract
from modelling.labels import BadDefinition
from pipelines.contract_checks import contradictions
from pipelines.contract_shape import EconomicsShape, FlatShape, QuestionShape, ReasonShape, TablesShape, Texts
from pipelines.errors import ContractError, MissingFileError
from pipelines.yaml_lines import Lined, Place, YamlMistakeError, load_lined
from scoring.spec import Direction, Economics, Kind, Question

AMOUNT_FEATURE: Final = "application_amount"
"""Feature that holds the amount asked for where a lender comes with dated tables."""

_DIRECTIONS: Final[Mapping[str, Direction]] = {"up": 1, "down": -1, "none": 0}
_SHAPES: Final[Mapping[str, type[TablesShape | FlatShape]]] = {"tables": TablesShape, "flat": FlatShape}


@dataclass(frozen=True, kw_only=True)
class TablesContract:
    """What a lender says about its dated tables.

    Attributes:
        name: Name of the lender or of the extract.
        time_zone: Zone in which features of the local hour or day are told.
        currency: Currency of the amounts, and how they were converted when they were.
        extract_at: When the extract ends, in UTC; None when the contract does not say.
        bad: What makes a loan bad and what keeps it good.
        categories: Table to column to the values that the column may take here, in place of those of `features.tables`;
            an empty tuple lets it take any.
        absent: Tables that the lender does not have, each with the notice that reports show.
        modules: Python files with features of the lender's own; see `pipelines.own_modules`.
        economics: What decisions earn and cost; None when the contract does not say.
    """

    name: str = "tables"
    time_zone: str = "Asia/Shanghai"
    currency: str = "yuan"
    extract_at: datetime | None = None
    bad: BadDefinition = field(default_factory=BadDefinition)
    categories: Mapping[str, Mapping[str, tuple[str, ...]]] = field(default_factory=dict)
    absent: Mapping[str, str] = field(default_factory=dict)
    modules: tuple[Path, ...] = ()
    economics: Economics | None = None


@dataclass(frozen=True, kw_only=True)
class CsvFormat:
    """How a CSV file is written.

    Attributes:
        separator: Character between two cells.
        quote: Character around a cell that holds separators or line ends.
        encoding: Encoding of the text.
        null_values: Cells that stand for no value.
    """

    separator: str = ","
    quote: str = '"'
    encoding: str = "utf-8"
    null_values: tuple[str, ...] = ("", "NA")


@dataclass(frozen=True, kw_only=True)
class FlatTableContract:
    """What a lender says about a table of one row per case.

    Attributes:
        name: Name of the table; models trained on it are named after it.
        columns: Which column is what, as `modelling` reads it.
        csv: How the file is written, when it is a CSV.
        currency: Currency of the amounts.
        table: File of the table, relative to the contract; None when the contract does not say.
        economics: What decisions earn and cost; None when the contract does not say.
    """

    name: str
    columns: FlatContract
    csv: CsvFormat = field(default_factory=CsvFormat)
    currency: str = "yuan"
    table: Path | None = None
    economics: Economics | None = None


def read_contract(path: Path) -> TablesContract | FlatTableContract:
    """Read a contract of either form.

    Raises:
        MissingFileError: there is no such file.
        ContractError: it is not YAML, a key is unknown or missing, a value is not what is expected, or two of its
            statements contradict each other; the message lists everything with lines.
    """
    lined = _load(path)
    shape = _shape(path, lined)
    try:
        parsed = shape.model_validate(lined.content)
    except ValidationError as error:
        # A union says the same once for each of its members.
        told = dict.fromkeys(_told(problem, lined, shape) for problem in error.errors())
        raise ContractError(path, list(told)) from None
    problems = [f"line {lined.line(place)}: {text}" for place, text in contradictions(parsed)]
    if problems:
        raise ContractError(path, problems)
    return _tables(parsed, path.parent) if isinstance(parsed, TablesShape) else _flat(parsed, path.parent)


def read_tables_contract(path: Path) -> TablesContract:
    """Read a contract that must be of the form ``kind: tables``.

    Raises:
        ContractError: see `read_contract`; or it is of the other form.
    """
    contract = read_contract(path)
    if not isinstance(contract, TablesContract):
        raise ContractError(path, ["kind == 'flat', must be 'tables' here: this job reads dated tables"])
    return contract


def read_flat_contract(path: Path) -> FlatTableContract:
    """Read a contract that must be of the form ``kind: flat``.

    Raises:
        ContractError: see `read_contract`; or it is of the other form.
    """
    contract = read_contract(path)
    if not isinstance(contract, FlatTableContract):
        raise ContractError(path, ["kind == 'tables', must be 'flat' here: this job reads a table of one row per case"])
    return contract


def _load(path: Path) -> Lined:
    try:
        return load_lined(path.read_bytes().decode("utf-8-sig"))
    except FileNotFoundError:
        raise MissingFileError(path, "Name a contract.yaml that exists.") from None
    except UnicodeDecodeError as error:
        raise ContractError(path, [f"byte {error.start} is not UTF-8; save the file as UTF-8"]) from None
    except YamlMistakeError as error:
        raise ContractError(path, [str(error)]) from None


def _shape(path: Path, lined: Lined) -> type[TablesShape | FlatShape]:
    if not isinstance(lined.content, dict):
        raise ContractError(path, ["must be a mapping of keys to values, beginning with kind: tables or kind: flat"])
    kind = lined.content.get("kind")
    if not isinstance(kind, str) or kind not in _SHAPES:
        hint = nearest(kind, _SHAPES) if isinstance(kind, str) else ""
        raise ContractError(
            path, [f"line {lined.line(('kind',))}: kind == {kind!r}, must be 'tables' or 'flat'.{hint}"]
        )
    return _SHAPES[kind]


def _told(problem: ErrorDetails, lined: Lined, shape: type[BaseModel]) -> str:
    place: Place = tuple(problem["loc"])
    line, key = f"line {lined.line(place)}", ".".join(str(part) for part in place if not _is_type(part))
    if problem["type"] == "extra_forbidden":
        known = _keys(shape, place[:-1])
        return f"{line}: {key} is not a known key.{nearest(str(place[-1]), known)} Known here: {', '.join(known)}"
    if problem["type"] == "missing":
        return f"{line}: {key} is missing"
    found = problem["input"].isoformat() if isinstance(problem["input"], date) else repr(problem["input"])
    expected = str(problem["msg"]).partition("should ")[2] or str(problem["msg"])
    if problem["type"] == "list_type":
        expected = f"be a list, such as [{problem['input']}]" if isinstance(problem["input"], str) else "be a list"
    elif problem["type"] in ("datetime_type", "timezone_aware"):
        expected = "be a time with its zone, such as 2024-07-01T00:00:00Z"
    return f"{line}: {key} == {found}, must {expected}"


def _is_type(part: object) -> bool:
    """Tell whether part of a place is the name of a type in a union, which is no key of the file."""
    return part in ("str", "int", "float", "bool", "datetime")


def _keys(shape: type[BaseModel], place: Place) -> list[str]:
    """Return the keys known at a place, by following the fields of the shapes."""
    current: type[BaseModel] = shape
    for part in place:
        # a name that the file chose, such as a column, leads to the same shape as its neighbours
        if str(part) in current.model_fields:
            current = _model_within(current.model_fields[str(part)].annotation) or current
    return list(current.model_fields)


def _model_within(annotation: object) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    found = (_model_within(part) for part in get_args(annotation))
    return next((model for model in found if model is not None), None)


def _tables(parsed: TablesShape, folder: Path) -> TablesContract:
    return TablesContract(
        name=parsed.name,
        time_zone=parsed.time_zone,
        currency=parsed.currency,
        extract_at=None if parsed.extract_at is None else parsed.extract_at.astimezone(UTC),
        bad=BadDefinition(**parsed.bad.model_dump()),
        categories={
            table: {column: tuple(values) for column, values in columns.items()}
            for table, columns in parsed.categories.items()
        },
        absent=parsed.absent,
        modules=tuple(folder / module for module in parsed.modules),
        economics=_economics(parsed.economics, AMOUNT_FEATURE),
    )


def _flat(parsed: FlatShape, folder: Path) -> FlatTableContract:
    return FlatTableContract(
        name=parsed.name,
        columns=_flat_columns(parsed),
        csv=CsvFormat(
            separator=parsed.csv.separator,
            quote=parsed.csv.quote,
            encoding=parsed.csv.encoding,
            null_values=tuple(parsed.csv.null_values),
        ),
        currency=parsed.currency,
        table=None if parsed.table is None else folder / parsed.table,
        economics=_economics(parsed.economics, parsed.amount),
    )


def _flat_columns(parsed: FlatShape) -> FlatContract:
    kinds: dict[str, Kind] = dict.fromkeys(parsed.categories, "category")
    texts: dict[str, Texts | ReasonShape] = {**parsed.descriptions, **parsed.reasons}
    return FlatContract(
        target=parsed.target.column,
        bad_value=parsed.target.bad,
        good_value=parsed.target.good,
        bad_definition=parsed.target.definition or "",
        id_column=parsed.id,
        time_column=parsed.time,
        protected=tuple(parsed.protected),
        ignored=tuple(parsed.ignored),
        kinds=kinds | dict.fromkeys(parsed.flags, "flag"),
        sources=dict(parsed.sources),
        directions={name: _DIRECTIONS[direction] for name, direction in parsed.directions.items()},
        questions={name: _question(name, question) for name, question in parsed.questions.items()},
        groups={column: group for group, reason in parsed.reasons.items() for column in reason.columns},
        amount_column=parsed.amount,
        descriptions={name: text.en for name, text in texts.items()},
        descriptions_zh={name: text.zh for name, text in texts.items() if text.zh is not None},
    )


def _question(column: str, shape: QuestionShape) -> Question:
    return Question(id=column, **shape.model_dump())


def _economics(shape: EconomicsShape | None, amount_feature: str | None) -> Economics | None:
    return None if shape is None else Economics(amount_feature=amount_feature, **shape.model_dump())
