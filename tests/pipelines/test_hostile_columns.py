"""Columns and files that look like cases and are none."""

from datetime import date

import polars as pl
import pytest

from modelling.errors import ContractError
from modelling.flat import as_kind
from pipelines.contract import CsvFormat
from pipelines.errors import FlatTableError
from pipelines.flat_scoring import read_cases
from pipelines.yaml_lines import DEEPEST, YamlMistakeError, load_lined


@pytest.mark.parametrize(
    ("values", "kind", "message"),
    [
        ([[1.0]], "number", r"column 'x' holds List\(Float64\), which is no number"),
        ([{"a": 1}], "category", "column 'x' holds Struct.*, which is no category"),
        ([b"a"], "category", "column 'x' holds Binary, which is no category"),
        ([date(2024, 1, 1)], "number", "column 'x' holds Date, which is no number"),
        ([True], "number", "column 'x' is a number but holds true or false"),
    ],
)
def test_a_column_of_another_kind_is_refused(values, kind, message):
    with pytest.raises(ContractError, match=message):
        as_kind(pl.Series("x", values), kind)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("a,b\n1,2\n3\n", "has 1 cells in line 3, but 2 in its header"),
        ("a,a\n1,2\n", "has 2 columns called 'a'"),
        ("", "is empty"),
    ],
)
def test_a_csv_to_score_is_read_as_strictly_as_one_to_train_on(tmp_path, content, message):
    path = tmp_path / "cases.csv"
    path.write_text(content, encoding="utf-8")

    with pytest.raises(FlatTableError, match=message):
        read_cases(path, (), case_id_column=None, csv=CsvFormat())


def test_yaml_that_is_too_deep_is_refused_at_once():
    assert load_lined("[" * DEEPEST + "]" * DEEPEST).content is not None
    with pytest.raises(YamlMistakeError, match=f"parts lie more than {DEEPEST} deep"):
        load_lined("[" * 100_000)
