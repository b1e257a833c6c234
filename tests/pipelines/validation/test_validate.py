"""The validation job as a whole: what it writes, what stops it, and what it never leaves behind."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from features.tables import TABLES, TIME
from pipelines import validate as job
from pipelines.contract import TablesContract
from pipelines.errors import (
    ArgumentError,
    DamagedFileError,
    FailedTablesError,
    ForeignFolderError,
    MissingFileError,
    NoExtractEndError,
)
from pipelines.partition import partition
from pipelines.quarantine import PARENT, REASON
from pipelines.store import read_tables, sha256_file, sha256_table, write_frame, write_json
from pipelines.validate import validate

LATER = timedelta(days=1)


@pytest.fixture(autouse=True)
def _one_context(suites, monkeypatch):
    """Great Expectations is imported and set up once for all tests."""
    monkeypatch.setattr(job, "Suites", lambda: suites)


@pytest.fixture
def run(write_tables, extract_at, tmp_path):
    """Validate tables into the folder ``out``."""
    return lambda tables, **options: validate(write_tables(tables), tmp_path / "out", extract_at=extract_at, **options)


def _files(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def _small(tables):
    """Two tables are enough where the job and not the rules are tested, and much faster."""
    return {name: tables[name] for name in ("applications", "outcomes")}


@pytest.fixture(scope="module")
def dirty_run(good_tables, extract_at, tmp_path_factory, suites):
    """One run over tables with one fault of every kind that concerns whole tables or several of them."""
    tables = dict(good_tables)
    applications, checks = tables["applications"], tables["identity_checks"]
    tables["applications"] = pl.concat(
        [
            applications,
            applications[[3, 3, 5]],  # three equal rows, and two
            applications[7].with_columns(amount=pl.lit(77.0)),  # conflicts with row 7
        ]
    ).with_columns(pl.when(pl.col("application_id") == "A0020").then(-5.0).otherwise("amount").alias("amount"))
    tables["identity_checks"] = checks.with_columns(
        pl.when(pl.col("check_id") == "I0100")
        .then(pl.lit("A9999"))
        .otherwise("application_id")
        .alias("application_id"),
        pl.when(pl.col("check_id") == "I0007").then(pl.col("known_at") - LATER).otherwise("known_at").alias("known_at"),
    )
    folder = tmp_path_factory.mktemp("dirty")
    for name, frame in tables.items():
        write_frame(folder / "raw" / f"{name}.parquet", frame)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(job, "Suites", lambda: suites)
        said = []
        result = validate(
            folder / "raw",
            folder / "out",
            extract_at=extract_at,
            progress=lambda text, share: said.append((text, share)),
        )
    return result, folder / "out", said, tables


def test_equal_rows_keep_one_and_conflicting_rows_none(dirty_run):
    result, out, _, tables = dirty_run
    report = result.table("applications")

    assert (report.rows, report.exact_duplicates, report.quarantined, report.parent_quarantined) == (244, 3, 3, 0)
    assert report.by_reason == {"conflicting_duplicate": 2, "amount_out_of_bounds": 1}
    assert report.kept == report.rows - 3 - 3
    aside = pl.read_parquet(out / "quarantine" / "applications.parquet")
    assert aside.select("application_id", REASON).rows() == [
        ("A0007", "conflicting_duplicate"),
        ("A0020", "amount_out_of_bounds"),
        ("A0007", "conflicting_duplicate"),
    ]
    clean = pl.read_parquet(out / "applications.parquet")
    assert_frame_equal(clean, tables["applications"][:240].filter(~pl.col("application_id").is_in(["A0007", "A0020"])))


def test_conflicting_rows_are_shown_by_what_differs(dirty_run):
    assert dirty_run[0].table("applications").examples["conflicting_duplicate"] == (
        "application_id='A0007': amount=1350.0 against 77.0",
    )


def test_rows_that_lost_their_parent_are_counted_apart(dirty_run):
    result, out, _, _ = dirty_run
    report = result.table("identity_checks")

    # I0007 is late by itself and has lost A0007, too: its own fault counts
    assert report.by_reason == {"known_before_happened": 1, "unknown_application_id": 1, PARENT: 1}
    assert (report.quarantined, report.parent_quarantined) == (2, 1)
    loans = result.table("loans")
    assert (loans.by_reason, result.table("instalments").by_reason) == ({PARENT: 1}, {PARENT: 3})
    aside = pl.read_parquet(out / "quarantine" / "instalments.parquet")
    assert aside["loan_id"].unique().to_list() == ["L0020"]


def test_nothing_that_is_kept_refers_to_what_is_not(dirty_run):
    kept = read_tables(dirty_run[1])

    for name, parent, key in (
        ("loans", "applications", "application_id"),
        ("instalments", "loans", "loan_id"),
        ("identity_checks", "applications", "application_id"),
        ("outcomes", "applications", "application_id"),
    ):
        assert set(kept[name][key].drop_nulls()) <= set(kept[parent][key])


def test_the_report_is_a_manifest_of_what_was_written(dirty_run):
    result, out, _, _ = dirty_run
    report = json.loads((out / "validation.json").read_text())

    assert report["files"] == {path.relative_to(out).as_posix(): sha256_file(path) for path in out.rglob("*.parquet")}
    assert result.files == report["files"]
    assert report["extract_at"] == "2024-07-01T00:00:00+00:00"
    table = next(table for table in report["tables"] if table["name"] == "applications")
    assert {"rule": "amount_out_of_bounds", "unexpected": 1, "rows": 241, "passed": False}.items() <= next(
        outcome for outcome in table["expectations"] if outcome["rule"] == "amount_out_of_bounds"
    ).items()


def test_the_page_says_what_was_set_aside_and_why(dirty_run):
    page = (dirty_run[1] / "validation.html").read_text()

    assert "conflicting_duplicate" in page
    assert "application_id=&#39;A0007&#39;: amount=1350.0 against 77.0" in page
    assert "known_at is not before happened_at" in page


def test_progress_rises_to_the_end(dirty_run):
    shares = [share for _, share in dirty_run[2]]

    assert shares == sorted(shares)
    assert 0 <= shares[0] < shares[-1] <= 1


def test_good_tables_come_out_as_they_went_in(good_tables, extract_at, write_tables, tmp_path):
    result = validate(write_tables(good_tables), tmp_path / "out", extract_at=extract_at)

    assert {report.name: report.by_reason for report in result.tables} == {name: {} for name in good_tables}
    assert sum(report.failed for report in result.tables) == 0
    assert not (tmp_path / "out" / "quarantine").exists()
    for name, frame in read_tables(tmp_path / "out").items():
        assert_frame_equal(frame, good_tables[name])


def test_tables_in_folders_are_validated_as_whole_ones(good_tables, extract_at, write_tables, tmp_path):
    raw = write_tables(_small(good_tables))
    whole = validate(raw, tmp_path / "whole", extract_at=extract_at)
    partition(raw, tmp_path / "parts", partitions=3)

    result = validate(tmp_path / "parts", tmp_path / "out", extract_at=extract_at)

    assert result.sources == {f"{name}/": sha256_table(tmp_path / "parts", name) for name in _small(good_tables)}
    assert [(one.name, one.kept) for one in result.tables] == [(one.name, one.kept) for one in whole.tables]
    for name in _small(good_tables):
        assert_frame_equal(*(read_tables(tmp_path / out)[name] for out in ("whole", "out")), check_row_order=False)


def test_odd_columns_are_told_and_the_job_goes_on(good_tables, extract_at, write_tables, tmp_path):
    tables = _small(good_tables)
    tables["applications"] = tables["applications"].with_columns(
        pl.lit("app_store").alias("channel"),
        pl.lit(None).alias("device_id"),  # a column without any value may have no type
        pl.when(pl.int_range(pl.len()) >= 192).then(pl.lit("tibet")).otherwise("region").alias("region"),
        pl.lit(1).alias("favourite_colour"),
    )

    warnings = validate(write_tables(tables), tmp_path / "out", extract_at=extract_at).table("applications").warnings

    assert "channel is 'app_store' in every row" in warnings
    assert "device_id has no value in any row" in warnings
    assert "'favourite_colour' is no column of the contract; it is left out" in warnings
    assert any(warning.startswith("region is 'tibet' in 48 rows, all of them after 2024-02-") for warning in warnings)
    assert any(warning.startswith("region was 'guangdong' in 96 rows, none of them after") for warning in warnings)


def _without(name):
    return lambda tables: {key: frame for key, frame in tables.items() if key != name}


def _changed(name, change):
    return lambda tables: {**tables, name: change(tables[name])}


FAILURES = {
    "absent": (_without("applications"), "applications: applications.parquet is absent, but every lender needs"),
    "empty": (
        _changed("applications", lambda frame: frame.clear()),
        r"applications: the table has no rows.* \(0 rows\)",
    ),
    "column missing": (
        _changed("applications", lambda frame: frame.drop("amount")),
        r"applications: column 'amount' \(amount asked for\) is missing",
    ),
    "column renamed": (
        _changed("outcomes", lambda frame: frame.rename({"decided_at": "decidedat"})),
        r"outcomes: column 'decided_at' \(when it was decided\) is missing. Did you mean 'decidedat'\?",
    ),
    "text became number": (
        _changed("applications", lambda frame: frame.with_columns(application_id=pl.int_range(pl.len()))),
        r"'application_id' has the type Int64, must be String.* \(240 rows\)\n +application_id=0\n +application_id=1",
    ),
    "number became text": (
        _changed("applications", lambda frame: frame.with_columns(pl.col("amount").cast(pl.String))),
        r"column 'amount' has the type String, must be Float64.*\n +amount='1000.0'",
    ),
    "time without zone": (
        _changed("outcomes", lambda frame: frame.with_columns(pl.col("decided_at").dt.replace_time_zone(None))),
        "column 'decided_at' has the type Datetime.*, must be Datetime",
    ),
    "no value where one is needed": (
        _changed("applications", lambda frame: frame.with_columns(amount=pl.lit(None))),
        "column 'amount' has the type Null, must be Float64",
    ),
}


@pytest.mark.parametrize("name", FAILURES)
def test_a_failing_table_stops_the_path_with_a_list(name, good_tables, extract_at, write_tables, tmp_path):
    change, message = FAILURES[name]

    with pytest.raises(FailedTablesError, match=message):
        validate(write_tables(change(_small(good_tables))), tmp_path / "out", extract_at=extract_at)
    assert not (tmp_path / "out").exists()


def test_a_reordered_table_is_fine(good_tables, extract_at, write_tables, tmp_path):
    tables = _small(good_tables)
    backwards = tables["applications"].select(reversed(tables["applications"].columns))

    validate(write_tables({**tables, "applications": backwards}), tmp_path / "out", extract_at=extract_at)

    assert_frame_equal(read_tables(tmp_path / "out")["applications"], tables["applications"])


def test_instalments_need_their_loans(good_tables, extract_at, write_tables, tmp_path):
    tables = _small(good_tables) | {"instalments": good_tables["instalments"]}

    with pytest.raises(FailedTablesError, match="instalments: loan_id refers to the table loans, which is absent"):
        validate(write_tables(tables), tmp_path / "out", extract_at=extract_at)


def _bad_amounts(tables, count):
    amount = pl.when(pl.int_range(pl.len()) < count).then(0.5).otherwise("amount").alias("amount")
    return {**_small(tables), "applications": tables["applications"].with_columns(amount)}


@pytest.mark.parametrize(
    ("count", "limit", "fails"),
    [(20, 0.05, False), (21, 0.05, True), (21, 0.1, False), (1, 0.0, True), (240, 1.0, False)],
)
def test_too_many_bad_rows_fail_a_table(count, limit, fails, good_tables, run):
    tables = _bad_amounts(good_tables, count)
    if not fails:
        assert run(tables, limit=limit).table("applications").quarantined == count
        return

    with pytest.raises(FailedTablesError, match=r"1 table\(s\) failed \(applications\); nothing was written") as caught:
        run(tables, limit=limit)

    what, how_many = caught.value.problems
    assert what.rows == how_many.rows == count
    assert how_many.what == "not so: amount lies in [1, 1,000,000] yuan"
    assert how_many.examples[0] == "application_id='A0000', amount=0.5"
    assert len(how_many.examples) == min(count, 5)


def test_a_category_that_the_contract_allows_is_fine(good_tables, extract_at, write_tables, tmp_path):
    tables = _small(good_tables)
    tables["applications"] = tables["applications"].with_columns(channel=pl.lit("branch"))
    contract = TablesContract(name="a bank", categories={"applications": {"channel": ("branch",)}})

    result = validate(write_tables(tables), tmp_path / "out", contract=contract, extract_at=extract_at)
    assert result.table("applications").quarantined == 0

    with pytest.raises(FailedTablesError, match="not so: channel is one of app_store, search"):
        validate(tmp_path / "raw", tmp_path / "other", extract_at=extract_at)


def test_the_end_of_the_extract_is_needed_and_has_a_zone(good_tables, extract_at, write_tables, tmp_path):
    folder, out = write_tables(_small(good_tables)), tmp_path / "out"

    with pytest.raises(NoExtractEndError, match=r"extract_at is not known for .* Give it as an option"):
        validate(folder, out)
    with pytest.raises(ArgumentError, match="extract_at == '2024-07-01T00:00:00', must say its time zone"):
        validate(folder, out, extract_at=datetime(2024, 7, 1))  # noqa: DTZ001 - that is the fault
    with pytest.raises(ArgumentError, match=r"limit == 1\.5, must be a share from 0 to 1"):
        validate(folder, out, extract_at=extract_at, limit=1.5)

    write_json(folder / "synthesis.json", {"extract_at": extract_at})
    assert validate(folder, out).extract_at == extract_at
    earlier = extract_at - LATER
    assert validate(folder, out, contract=TablesContract(extract_at=earlier), limit=1.0).extract_at == earlier


def test_the_folder_one_stands_in_is_not_replaced(good_tables, extract_at, write_tables, tmp_path, monkeypatch):
    raw = write_tables(_small(good_tables))
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")

    with pytest.raises(ArgumentError, match=r"out == '\.', must end in the name of a folder.* such as 'results'"):
        validate(raw, Path(), extract_at=extract_at)
    assert list((tmp_path / "here").iterdir()) == []


def test_damaged_and_absent_files_stop_the_path(good_tables, extract_at, write_tables, tmp_path):
    folder = write_tables(_small(good_tables))
    whole = (folder / "outcomes.parquet").read_bytes()
    write_json(
        folder / "manifest.json",
        {"files": {f"{name}.parquet": sha256_file(folder / f"{name}.parquet") for name in _small(good_tables)}},
    )

    (folder / "outcomes.parquet").write_bytes(whole[:4000] + bytes([whole[4000] ^ 1]) + whole[4001:])
    with pytest.raises(DamagedFileError, match=r"outcomes.parquet' has the SHA-256 \w+, but its manifest says"):
        validate(folder, tmp_path / "out", extract_at=extract_at)
    (folder / "outcomes.parquet").unlink()
    with pytest.raises(MissingFileError, match=r"The manifest beside it names it"):
        validate(folder, tmp_path / "out", extract_at=extract_at)
    with pytest.raises(MissingFileError, match=r"nowhere' does not exist"):
        validate(tmp_path / "nowhere", tmp_path / "out", extract_at=extract_at)


def test_killed_while_writing_and_run_again_gives_the_same(good_tables, run, tmp_path, monkeypatch):
    written = []
    original = job._write
    monkeypatch.setattr(job, "_write", lambda *arguments: written.append(arguments) or original(*arguments))
    run(_bad_amounts(good_tables, 3))
    (_, result, splits), undisturbed = written[0], _files(tmp_path / "out")
    out = tmp_path / "again"

    for step in range(1, 6):
        monkeypatch.setattr(job, "write_frame", _killed_at(step))
        monkeypatch.setattr(job, "write_text", _killed_at(step - 4))
        with pytest.raises(KeyboardInterrupt):
            original(out, result, splits)
        assert not out.exists()
    monkeypatch.undo()
    original(out, result, splits)

    assert _files(out) == undisturbed


def _killed_at(step):
    """Writes like the real writer, but is killed in the middle of the file of that number."""
    calls = []

    def write(path, content):
        calls.append(path)
        if len(calls) == step:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(b"half")
            raise KeyboardInterrupt
        write_frame(path, content) if isinstance(content, pl.DataFrame) else path.write_text(content)

    return write


def test_earlier_results_are_replaced_as_a_whole_and_nothing_else_is(good_tables, extract_at, write_tables, tmp_path):
    out = tmp_path / "out"
    validate(write_tables(_bad_amounts(good_tables, 3)), out, extract_at=extract_at)
    assert (out / "quarantine" / "applications.parquet").exists()

    validate(write_tables(_small(good_tables)), out, extract_at=extract_at)
    assert not (out / "quarantine").exists()

    (out / "notes.txt").write_text("mine")
    with pytest.raises(ForeignFolderError, match=r"out' holds 'notes.txt', which was not written by a validation"):
        validate(tmp_path / "raw", out, extract_at=extract_at)
    with pytest.raises(ForeignFolderError, match=r"holds 'the tables that are to be validated'"):
        validate(tmp_path / "raw", tmp_path / "raw", extract_at=extract_at)


def test_what_is_absent_is_said(good_tables, extract_at, write_tables, tmp_path):
    contract = TablesContract(absent={"watchlist": "we keep none", "outcomes": "new here"})
    events = good_tables["behaviour_events"].with_columns(
        pl.when(pl.int_range(pl.len()) < 2).then(pl.lit("P9999")).otherwise("applicant_id").alias("applicant_id")
    )
    tables = _small(good_tables) | {"behaviour_events": events}

    notices = validate(write_tables(tables), tmp_path / "out", contract=contract, extract_at=extract_at).notices

    assert "watchlist is absent: we keep none" in notices
    assert "calls is absent: features from it are null" in notices
    assert "outcomes is there, though the contract calls it absent" in notices
    assert "behaviour_events has 2 rows of persons who never applied; no feature reads them" in notices


@pytest.mark.parametrize(
    "time",
    [
        (-(2**62), "-4611686018427387904 microseconds since 1970"),
        (-(2**63) + 5, "-9223372036854775803 microseconds since 1970"),
        (2**63 - 1, "9223372036854775807 microseconds since 1970"),
        (-62_135_596_800_000_000, "0001-01-01T00:00:00+00:00"),
    ],
    ids=lambda time: time[1],
)
@pytest.mark.parametrize(
    "where", [("behaviour_events", "happened_at"), ("applications", "applied_at"), ("loans", "closed_at")]
)
def test_a_time_of_no_lenders_years_is_set_aside_and_told(where, time, good_tables, run, tmp_path):
    (table, column), (at, told) = where, time
    contract, frame = TABLES[table], good_tables[table]
    key = frame[contract.key][5]
    wrong = pl.when(pl.col(contract.key) == key).then(pl.lit(at).cast(TIME)).otherwise(column).alias(column)

    result = run({**_small(good_tables), table: frame.with_columns(wrong)})

    assert result.table(table).by_reason["impossible_time"] == 1
    assert f"{contract.key}='{key}'" in result.table(table).examples["impossible_time"][0]
    assert f"{column}={told}" in result.table(table).examples["impossible_time"][0]
    aside = pl.read_parquet(tmp_path / "out" / "quarantine" / f"{table}.parquet")
    assert aside.filter(pl.col(contract.key) == key)[column].to_physical().to_list() == [at]
    assert told in (tmp_path / "out" / "validation.html").read_text(encoding="utf-8")


def test_rows_that_differ_by_a_time_of_no_calendar_alone_are_shown(good_tables, run):
    events = good_tables["behaviour_events"]
    one = events.head(1).with_columns(happened_at=pl.lit(-(2**62)).cast(TIME))

    result = run({**_small(good_tables), "behaviour_events": pl.concat([events, one])})

    (shown,) = result.table("behaviour_events").examples["conflicting_duplicate"]
    assert "against -4611686018427387904 microseconds since 1970" in shown


def test_hostile_text_is_escaped_wherever_it_is_shown(good_tables, extract_at, write_tables, tmp_path):
    hostile = "<script>alert(1)</script>\u202e" + "x" * 1_000_000
    tables = _small(good_tables)
    tables["applications"] = tables["applications"].with_columns(
        pl.when(pl.col("application_id") == "A0004").then(pl.lit(hostile)).otherwise("region").alias("region")
    )

    result = validate(write_tables(tables), tmp_path / "out", extract_at=extract_at)

    (shown,) = result.table("applications").examples["unreadable_text"]
    page = (tmp_path / "out" / "validation.html").read_text()
    assert "\\u202e" in shown
    assert len(shown) < 1_500
    assert "<script>alert" not in page
    assert "\u202e" not in page
