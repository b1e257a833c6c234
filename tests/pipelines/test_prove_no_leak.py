"""The job behind ``bamboo prove-no-leak``, as a person runs it on tables and modules of their own."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from features.tables import TABLES
from pipelines.cli import main
from pipelines.store import sha256_file

AT = datetime(2024, 6, 14, 2, tzinfo=UTC)

LEAKING = """
from features.aggregates import COUNT
from features.history import History, View
from features.tables import BUREAU_INQUIRIES
from features.windowed import summed

# Rows are taken to be known when they happened; the bureau reports them days later.
REPORTS = History(
    stem="reports",
    source="bureau",
    group="multi_lender",
    nothing="no inquiry is known",
    view=View(table=BUREAU_INQUIRIES, known="happened_at"),
)
FEATURES = (summed(REPORTS, COUNT, "Inquiries of the last {days} days", "近{days}天查询次数", days=30),)
"""
HONEST = LEAKING.replace(', known="happened_at"', "")
NAMES = ("--feature", "reports_count_30d", "--feature", "application_amount")


@pytest.fixture
def folder(tmp_path):
    """Write the tables of twelve applicants, each with an inquiry that is reported three days late."""
    who = [
        {"application_id": f"A{i}", "applicant_id": f"P{i}", "applied_at": AT + timedelta(days=i)} for i in range(12)
    ]
    what = {"product": "cash_small", "channel": "search", "term_months": 6, "amount": 1000.0}
    applications = pl.DataFrame([{**one, **what} for one in who], schema=TABLES["applications"].schema)
    asked = [
        {
            "inquiry_id": f"I{i}",
            "applicant_id": one["applicant_id"],
            "happened_at": one["applied_at"] - timedelta(days=1),
            "known_at": one["applied_at"] + timedelta(days=2),
            "lender_id": "L",
            "lender_type": "bank",
            "purpose": "loan_approval",
        }
        for i, one in enumerate(who)
    ]
    applications.write_parquet(tmp_path / "applications.parquet")
    pl.DataFrame(asked, schema=TABLES["bureau_inquiries"].schema).write_parquet(tmp_path / "bureau_inquiries.parquet")
    return tmp_path


@pytest.fixture
def bamboo(folder, monkeypatch, capsys):
    """Run a command on the folder with a module of the given source; return status, stdout and stderr."""

    def run(module, *arguments):
        (folder / "own").mkdir(exist_ok=True)
        (folder / "own" / "ours.py").write_text(module, encoding="utf-8")
        (folder / "own" / "contract.yaml").write_text(
            "kind: tables\nname: Ours\nmodules: [ours.py]\n", encoding="utf-8"
        )
        command, *rest = map(str, arguments)
        contract = ("--contract", str(folder / "own" / "contract.yaml"))
        monkeypatch.setattr(sys, "argv", ["bamboo", command, str(folder), *contract, *rest])
        with pytest.raises(SystemExit) as end:
            main()
        printed = capsys.readouterr()
        return end.value.code or 0, printed.out, printed.err

    return run


def test_an_own_feature_that_leaks_ends_with_status_1_and_its_column(bamboo):
    status, out, _ = bamboo(LEAKING, "prove-no-leak", *NAMES)

    assert status == 1
    assert "through bureau_inquiries.known_at: rows count although this time of theirs does not" in " ".join(
        out.split()
    )
    assert "12 applications, such as A0, A1, A10" in out
    assert "LEAK: 1 of 2 features see what was not known at the decision" in out


def test_an_own_feature_that_does_not_leak_is_proven(bamboo):
    status, out, _ = bamboo(HONEST, "prove-no-leak", *NAMES)

    assert status == 0
    assert "12, drawn with seed 0" in out
    assert "no feature moved by a single bit" in out


def test_json_holds_everything(bamboo, folder):
    status, out, _ = bamboo(LEAKING, "prove-no-leak", *NAMES, "--json", "--applications", 5, "--seed", 3)
    told = json.loads(out)

    assert (status, told["holds"], told["seed"], list(told["modules"])) == (1, False, 3, ["ours"])
    (leak,) = told["proof"]["leaks"]
    assert leak["feature"] == "reports_count_30d"
    assert leak["culprits"] == [{"table": "bureau_inquiries", "column": "known_at", "how": "rows"}]
    assert len(leak["applications"]) == len(told["proof"]["applications"]) == 5
    assert told["proof"]["cells"] > 0
    assert told["proof"]["planted"] > 0


def test_a_feature_table_is_proven_to_be_what_the_tables_give(bamboo, folder):
    bamboo(HONEST, "features", "--out", folder / "features")

    status, out, _ = bamboo(
        HONEST, "prove-no-leak", "--feature", "reports_count_30d", "--features", folder / "features"
    )

    assert status == 0
    assert "the same bits as built again" in " ".join(out.split())


def test_a_feature_table_of_other_declarations_or_tables_is_refused(bamboo, folder):
    bamboo(HONEST, "features", "--out", folder / "features")
    asked = ("prove-no-leak", *NAMES, "--features", folder / "features")

    changed = bamboo(HONEST + "\n# changed\n", *asked)
    other = pl.read_parquet(folder / "applications.parquet").with_columns(amount=pl.lit(7.0))
    other.write_parquet(folder / "applications.parquet")
    other = bamboo(HONEST, *asked)

    assert (changed[0], other[0]) == (1, 1)
    assert "was built with another version of the module 'ours'" in changed[2]
    assert "holds other values than the tables give, such as 'application_amount' of application 'A0'" in other[2]


def test_values_that_the_tables_do_not_give_are_refused(bamboo, folder):
    """A table whose manifest was made to fit: hashes alone would not tell."""
    bamboo(HONEST, "features", "--out", folder / "features")
    file, manifest = folder / "features" / "features.parquet", folder / "features" / "manifest.json"
    pl.read_parquet(file).with_columns(application_amount=pl.lit(1.0)).write_parquet(file)
    told = json.loads(manifest.read_text())
    told["files"] = {file.name: sha256_file(file)}
    manifest.write_text(json.dumps(told))

    status, _, err = bamboo(HONEST, "prove-no-leak", *NAMES, "--features", folder / "features")

    assert status == 1
    assert "holds other values than the tables give, such as 'application_amount' of application 'A0'" in err


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (
            ("--feature", "reports_count_31d"),
            1,
            "feature == 'reports_count_31d' is not declared. Did you mean 'reports_",
        ),
        (("--applications", "0"), 2, "Invalid value for '--applications'"),
    ],
)
def test_what_cannot_be_proven_is_told(bamboo, arguments, status, message):
    found, out, err = bamboo(HONEST, "prove-no-leak", *arguments)

    assert (found, out) == (status, "")
    assert message in " ".join(err.split())
