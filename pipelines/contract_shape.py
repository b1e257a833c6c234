"""The shape of ``contract.yaml``: which keys there are and what each may hold. Nothing here reads files."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, FiniteFloat

Word = Annotated[str, Field(min_length=1, max_length=200)]
Sentence = Annotated[str, Field(min_length=1, max_length=2_000)]
FlatSource = Literal["declared", "bureau", "own_loans", "behaviour", "network", "identity", "table"]
"""Where a column's fact comes from; ``table`` when nothing more is known."""


class _Shape(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, allow_inf_nan=False)


class Texts(_Shape):
    """Words in both languages; Chinese falls back to English."""

    en: Sentence
    zh: Sentence | None = None


class BadShape(_Shape):
    """What makes a loan bad."""

    dpd: int = 60
    window_days: int = 180
    good_dpd: int = 30


class EconomicsShape(_Shape):
    """What decisions earn and cost, in yuan."""

    amount: Annotated[FiniteFloat, Field(gt=0)] = 5000.0
    margin_rate: Annotated[FiniteFloat, Field(gt=0, le=10)] = 0.12
    loss_rate: Annotated[FiniteFloat, Field(gt=0, le=1)] = 0.60
    call_cost: Annotated[FiniteFloat, Field(ge=0)] = 15.0


class TablesShape(_Shape):
    """A lender's own dated tables."""

    kind: Literal["tables"]
    name: Word
    time_zone: Word = "Asia/Shanghai"
    currency: Sentence = "yuan"
    extract_at: AwareDatetime | datetime | None = None
    bad: BadShape = BadShape()
    categories: dict[Word, dict[Word, list[Word]]] = {}
    absent: dict[Word, Sentence] = {}
    modules: list[Word] = []
    economics: EconomicsShape | None = None


class TargetShape(_Shape):
    """The column that tells how a case ended."""

    column: Word
    bad: str | int | float | bool
    good: str | int | float | bool | None = None
    definition: Sentence | None = None


class QuestionShape(_Shape):
    """What a phone review asks to check one column."""

    answer: Literal["money", "whole", "flag", "text"]
    unit: str = ""
    en: Sentence
    zh: Sentence
    check_en: Sentence
    check_zh: Sentence


class ReasonShape(_Shape):
    """A reason that a person can be told, and the columns it speaks of."""

    en: Sentence
    zh: Sentence | None = None
    columns: Annotated[list[Word], Field(min_length=1)]


class CsvShape(_Shape):
    """How a CSV file is written."""

    separator: Annotated[str, Field(min_length=1, max_length=1)] = ","
    quote: Annotated[str, Field(min_length=1, max_length=1)] = '"'
    encoding: Literal["utf-8", "gb18030", "gbk", "latin-1", "cp1252", "utf-16"] = "utf-8"
    null_values: list[str] = ["", "NA"]


class FlatShape(_Shape):
    """A table of one row per case."""

    kind: Literal["flat"]
    name: Word
    table: Word | None = None
    currency: Sentence = "yuan"
    target: TargetShape
    id: Word | None = None
    time: Word | None = None
    amount: Word | None = None
    protected: list[Word] = []
    ignored: list[Word] = []
    categories: list[Word] = []
    flags: list[Word] = []
    sources: dict[Word, FlatSource] = {}
    directions: dict[Word, Literal["up", "down", "none"]] = {}
    questions: dict[Word, QuestionShape] = {}
    descriptions: dict[Word, Texts] = {}
    reasons: dict[Word, ReasonShape] = {}
    csv: CsvShape = CsvShape()
    economics: EconomicsShape | None = None
