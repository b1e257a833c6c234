"""One table of one row per case: read exactly, or refused with the line."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from modelling.errors import ContractError as ModellingContractError
from modelling.flat import FlatContract
from pipelines.contract import CsvFormat, FlatTableContract, read_flat_contract
from pipelines.errors import DamagedFileError, FlatTableError, MissingFileError
from pipelines.flat import read_flat
from pipelines.store import sha256_file, write_frame

ROOT = Path(__file__).parents[2]


def contract(*, csv=None, **columns):
    named = {"target": "y", "bad_value": "1"} | columns
    return FlatTableContract(name="cases", columns=FlatContract(**named), csv=csv or CsvFormat())


@pytest.fixture
def read(tmp_path):
    def from_bytes(content, given=None, name="t.csv"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return read_flat(path, given or contract())

    return from_bytes


def test_types_come_from_all_rows(read):
    rows = ["whole,real,flag,code,late,text,empty,y"] + ["1,1,true,01,1,a,,0"] * 500 + ["-2,1.5e3,FALSE,2,x,b c,NA,1"]

    table = read("\n".join(rows)).frame

    assert dict(table.schema) == {
        "whole": pl.Int64,
        "real": pl.Float64,
        "flag": pl.Boolean,
        "code": pl.String,  # a leading zero means something
        "late": pl.String,  # the last row tells
        "text": pl.String,
        "empty": pl.String,
        "y": pl.Int64,
    }
    assert table.rows()[-1] == (-2, 1500.0, False, "2", "x", "b c", None, 1)


def test_ids_and_categories_stay_text(read):
    table = read("n,c,y\n1,7,0\n2,8,1\n", contract(id_column="n", kinds={"c": "category"}))

    assert table.frame.rows() == [("1", "7", 0), ("2", "8", 1)]
    assert [(column.role, column.kind) for column in table.columns] == [
        ("id", None),
        ("feature", "category"),
        ("target", None),
    ]


cells = st.text(st.characters(codec="utf-8", exclude_characters="\r\0", exclude_categories=["Cs"]), max_size=6).filter(
    lambda text: text not in ("", "NA") and text == text.strip()
)


@given(rows=st.lists(st.tuples(cells, cells), min_size=1, max_size=8))
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_text_comes_back_as_it_was_quoted(read, rows):
    quoted = [",".join('"' + cell.replace('"', '""') + '"' for cell in (*row, "1")) for row in rows]
    given = contract(kinds={"a": "category", "b": "category"})

    assert read("\n".join(["a,b,y", *quoted]), given).frame.select("a", "b").rows() == rows


def test_a_byte_order_mark_and_windows_line_ends_are_fine(read):
    assert read(b"\xef\xbb\xbfx,y\r\n1,0\r\n2,1\r\n").frame.columns == ["x", "y"]


def test_other_encodings_and_separators_are_read_as_the_contract_says(read):
    form = CsvFormat(separator=";", encoding="gb18030", null_values=("", "无"))

    table = read("地区;y\n四川;0\n无;1\n".encode("gb18030"), contract(csv=form))

    assert table.frame.rows() == [("四川", 0), (None, 1)]


MISTAKES = {
    "empty": ("", r"t.csv' is empty\. Export it again"),
    "blank": (" \n \n", r"t.csv' is empty\. Export it again"),
    "header alone": ("x,y\n", r"has a header but no rows"),
    "ragged": (
        "x,y\n1,0\n1,0,5\n",
        r"has 3 cells in line 3, but 2 in its header\. Mend the line, or quote cells that hold ','",
    ),
    "short": ("x,y\n1,0\n1\n", "has 1 cells in line 3, but 2 in its header"),
    "blank line": ("x,y\n1,0\n\n1,1\n", "has 0 cells in line 3, but 2 in its header"),
    "open quote": ('x,y\n"1,0\n2,1\n', "is not CSV in line 3: unexpected end of data"),
    "text after a quote": ('x,y\n"1"2,0\n', "is not CSV in line 2: ',' expected after '\"'"),
    "column twice": ("x,x,y\n1,2,0\n", "has 2 columns called 'x'"),
    "column without a name": ("x,,y\n1,2,0\n", "calls its column 2 ''"),
    "space around a name": ("x, y\n1,0\n", "calls its column 2 ' y'"),
    "no header": ("1,0\n2,1\n", "has numbers where names of columns are expected: 1, 0"),
    "other separator": ("x;y\n1;0\n", r"has a single column, 'x;y'\. If the cells are parted by a semicolon, say so"),
    "not utf-8": ("x,y\n1,0\né,1\n".encode("latin-1"), "is not utf-8: line 3 holds the byte 0xe9"),
    "NUL": ("x,y\n1,0\n\0,1\n", "holds a NUL character in line 3"),
    "utf-16": ("x,y\n1,0\n".encode("utf-16"), "is not utf-8: line 1 holds the byte 0xff"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_csv_that_is_none_is_refused_with_its_line(read, name):
    content, message = MISTAKES[name]

    with pytest.raises(FlatTableError, match=message):
        read(content)


def test_parquet_is_read_and_refused_when_it_is_damaged(read, tmp_path):
    frame = pl.DataFrame({"x": [1.5, None], "y": [0, 1]})
    write_frame(tmp_path / "t.parquet", frame)

    table = read_flat(tmp_path / "t.parquet", contract())
    assert table.frame.equals(frame)
    assert table.sha256 == sha256_file(tmp_path / "t.parquet")

    with pytest.raises(DamagedFileError, match="cannot be read as Parquet"):
        read(b"PAR1 but no more", name="other.parquet")


def test_other_files_and_absent_ones_are_named(read, tmp_path):
    with pytest.raises(FlatTableError, match=r"ends in '.xlsx'\. Save it as Parquet"):
        read("x", name="t.xlsx")
    with pytest.raises(MissingFileError, match=r"nowhere.csv' does not exist"):
        read_flat(tmp_path / "nowhere.csv", contract())


def test_columns_that_the_contract_names_must_be_there(read):
    with pytest.raises(ModellingContractError, match=r"names the column 'Y'"):
        read("x,y\n1,0\n", contract(target="Y"))
    with pytest.raises(
        FlatTableError, match=r"has no column 'xx', which the contract describes\. .*Did you mean 'x'\?"
    ):
        read("x,y\n1,0\n", contract(descriptions={"xx": "the x"}))


def test_credit_data_is_what_its_source_says():
    given = read_flat_contract(ROOT / "data" / "credit_data" / "contract.yaml")
    table = read_flat(given.table, given)

    assert table.frame.shape == (4454, 14)
    assert dict(table.frame["Status"].value_counts().rows()) == {"good": 3200, "bad": 1254}
    kinds = {column.name: column.kind for column in table.columns if column.role == "feature"}
    assert [name for name, kind in kinds.items() if kind == "category"] == ["Home", "Records", "Job"]
    assert set(table.frame.columns) == set(given.columns.descriptions) - set(given.columns.groups.values())
    assert all(name in given.columns.groups for name in kinds)
    assert all(name in given.columns.descriptions_zh for name in given.columns.descriptions)
