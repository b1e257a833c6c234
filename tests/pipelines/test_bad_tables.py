"""Tables that are not what they should be, through the commands that read them: named errors, and nothing written."""

from __future__ import annotations

import json
import re
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from features.tables import TABLES
from pipelines.cli import main
from pipelines.store import sha256_file

AT = datetime(2024, 6, 14, 2, tzinfo=UTC)
COMMANDS = {
    "features": ("features", "--out", "out"),
    "prove-no-leak": ("prove-no-leak", "--feature", "loans_count_365d"),
}


def rows(name, *given):
    """Return rows of a table: null or something legal where nothing is given."""
    contract = TABLES[name]
    legal = {c.name: c.allowed[0] for c in contract.columns if c.allowed and not c.nullable}
    return pl.DataFrame([{**legal, **row} for row in given], schema=contract.schema)


@pytest.fixture
def tables():
    who = [{"application_id": f"A{i}", "applicant_id": f"P{i}", "applied_at": AT, "amount": 900.0} for i in range(4)]
    lent = {"lender_id": "L", "lender_type": "bank", "amount": 500.0, "term_months": 6, "amount_repayable": 600.0}
    when = {"happened_at": AT - timedelta(days=9), "known_at": AT - timedelta(days=8)}
    return {
        "applications": rows("applications", *({**one, "term_months": 6} for one in who)),
        "loans": rows("loans", *({"loan_id": f"L{i}", "applicant_id": f"P{i}", **lent, **when} for i in range(3))),
    }


@pytest.fixture
def run(tmp_path, monkeypatch, capsys):
    """Write tables to a folder with a manifest, let something happen to them, and run a command on them."""
    monkeypatch.chdir(tmp_path)

    def write(tables, *, manifest=True):
        folder = tmp_path / "tables"
        folder.mkdir(exist_ok=True)
        for name, frame in tables.items():
            frame.write_parquet(folder / f"{name}.parquet")
        if manifest:
            files = {f"{name}.parquet": sha256_file(folder / f"{name}.parquet") for name in tables}
            (folder / "validation.json").write_text(json.dumps({"files": files}))
        return folder

    def command(name):
        verb, *rest = COMMANDS[name]
        monkeypatch.setattr(sys, "argv", ["bamboo", verb, "tables", *rest])
        with pytest.raises(SystemExit) as end:
            main()
        printed = capsys.readouterr()
        return end.value.code or 0, printed.out, " ".join(printed.err.split())

    return write, command


every_command = pytest.mark.parametrize("command", COMMANDS)


@every_command
@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda frame: frame.drop("lender_type"), "table 'loans' .* column 'lender_type' .String. is missing."),
        (
            lambda frame: frame.rename({"amount_repayable": "amount_repayble"}),
            "column 'amount_repayable' .Float64. is missing. Did you mean 'amount_repayble'",
        ),
        (
            lambda frame: frame.with_columns(loan_id=pl.int_range(pl.len())),
            "column 'loan_id' is Int64, must be String; write it as text: identifiers are strings",
        ),
        (
            lambda frame: frame.with_columns(applicant_id=pl.lit(7.0)),
            "column 'applicant_id' is Float64, must be String; write it as text: identifiers are strings",
        ),
        (
            lambda frame: frame.with_columns(pl.col("amount").cast(pl.String)),
            "column 'amount' is String, must be Float64; cast it",
        ),
        (
            lambda frame: frame.with_columns(pl.col("known_at").dt.replace_time_zone(None)),
            "column 'known_at' is Datetime.*time_zone=None.*, must be .*; give times in UTC with microseconds",
        ),
        (
            lambda frame: pl.concat([frame, frame.with_columns(amount=pl.lit(1.0))]),
            "3 value.s. of key 'loan_id', such as 'L0', stand for rows that differ; run `bamboo validate`",
        ),
        (lambda frame: frame.with_columns(amount=pl.lit(float("inf"))), "'amount' holds 3 number.s. such as inf"),
    ],
    ids=["missing", "renamed", "integer id", "float id", "text for a number", "naive time", "conflict", "infinity"],
)
def test_a_table_that_does_not_fit_is_refused_by_table_and_column(tables, run, command, change, message):
    write, go = run
    write({**tables, "loans": change(tables["loans"])})

    status, out, err = go(command)

    assert (status, out) == (1, "")
    assert re.search(message, err), err
    assert not Path("out").exists()


@every_command
@pytest.mark.parametrize("place", [0.1, 0.5, 0.9])
def test_a_flipped_bit_is_refused(tables, run, tmp_path, command, place):
    write, go = run
    file = write(tables) / "loans.parquet"
    content = bytearray(file.read_bytes())
    content[int(len(content) * place)] ^= 4
    file.write_bytes(content)

    status, out, err = go(command)

    assert (status, out) == (1, "")
    assert "loans.parquet" in err
    assert "it was changed or damaged" in err
    assert not (tmp_path / "out").exists()


@every_command
@pytest.mark.parametrize("manifest", [True, False], ids=["manifest", "no manifest"])
def test_a_truncated_file_is_refused(tables, run, tmp_path, command, manifest):
    write, go = run
    file = write(tables, manifest=manifest) / "loans.parquet"
    file.write_bytes(file.read_bytes()[:-30])

    status, out, err = go(command)

    assert (status, out) == (1, "")
    assert re.search(r"loans\.parquet' (has the SHA-256|cannot be read as Parquet)", err), err
    assert not (tmp_path / "out").exists()


@every_command
def test_what_does_no_harm_changes_nothing(tables, run, tmp_path, command):
    """Columns in another order and more of them, a row sent twice, and a column without any value."""
    write, go = run
    write(tables)
    plain = go(command), feature_table(tmp_path)
    loans = pl.concat([tables["loans"], tables["loans"].head(1)])
    write(
        {
            **tables,
            "loans": loans.select(reversed(loans.columns)).with_columns(note=pl.lit(1), status=pl.lit(None, pl.String)),
        }
    )

    harmless = go(command), feature_table(tmp_path)

    assert plain[0][0] == harmless[0][0] == 0
    assert plain[1].equals(harmless[1])


def feature_table(folder):
    file = folder / "out" / "features.parquet"
    return pl.read_parquet(file) if file.exists() else pl.DataFrame()
