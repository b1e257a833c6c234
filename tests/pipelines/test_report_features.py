"""The job behind the page of features: a feature table and outcomes in, a page out."""

import re
import shutil
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import polars as pl
import pytest

from features.catalogue import CATALOGUE
from modelling.labels import label
from pipelines.contract import TablesContract
from pipelines.errors import MissingFileError
from pipelines.features import build_features
from pipelines.report_features import report_features

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def built(lender, tmp_path_factory):
    folder = tmp_path_factory.mktemp("built") / "features"
    build_features(lender, folder)
    return folder


@pytest.fixture(scope="module")
def clean(lender, tmp_path_factory):
    """Applications and outcomes without the exact duplicates that a validation leaves out."""
    folder = tmp_path_factory.mktemp("clean")
    for name in ("applications", "outcomes"):
        table = pl.read_parquet(lender / f"{name}.parquet").unique(maintain_order=True)
        table.write_parquet(folder / f"{name}.parquet")
    return folder


def test_every_feature_of_the_table_is_on_the_page(built, clean, tmp_path):
    steps = []
    made = report_features(
        built, tmp_path / "features.html", tables=clean, made_at=NOW, progress=lambda *step: steps.append(step[1])
    )
    html = made.path.read_text(encoding="utf-8")

    assert re.findall(r'<article class="card" id="(\w+)"', html) == list(CATALOGUE)
    assert "60+ days past due within 180 days" in html
    assert made.size == len(html.encode()) < 2_500_000
    assert steps == sorted(steps)


@pytest.fixture
def cut(clean, tmp_path):
    """The same lender with the extract cut 120 days before its end: late loans are pending, unless they are bad yet."""
    outcomes = pl.read_parquet(clean / "outcomes.parquet")
    end = outcomes["observed_until"].max() - timedelta(days=120)
    seen = {name: pl.when(pl.col(name) <= end).then(name) for name in ("first_30dpd_at", "first_60dpd_at")}
    (tmp_path / "cut").mkdir()
    outcomes.with_columns(pl.min_horizontal("observed_until", pl.lit(end)), **seen).write_parquet(
        tmp_path / "cut" / "outcomes.parquet"
    )
    shutil.copy(clean / "applications.parquet", tmp_path / "cut")
    return tmp_path / "cut"


def test_months_with_pending_loans_say_nothing_of_bad_rates(built, cut, tmp_path):
    made = report_features(built, tmp_path / "features.html", tables=cut, made_at=NOW)
    told = re.search(r"Bad rate.*?([\d.]+) %.*?of ([\d,]+) labelled", made.path.read_text(encoding="utf-8"), re.DOTALL)

    applied = dict(pl.read_parquet(cut / "applications.parquet").select("application_id", "applied_at").iter_rows())
    months = {}
    for case, status, _ in label(pl.read_parquet(cut / "outcomes.parquet")).iter_rows():
        month = applied[case].astimezone(ZoneInfo("Asia/Shanghai")).strftime("%Y-%m")
        months.setdefault(month, []).append(status)
    kept = [one for month in months.values() if "pending" not in month for one in month if one in ("good", "bad")]
    assert any("pending" in month and "bad" in month for month in months.values())
    assert told.group(2) == f"{len(kept):,}"
    assert told.group(1) == f"{kept.count('bad') / len(kept):.1%}".removesuffix("%")


def test_without_outcomes_or_tables_the_page_says_that_nothing_is_known_of_bad_cases(built, clean, tmp_path):
    alone = tmp_path / "tables"
    alone.mkdir()
    pl.read_parquet(clean / "applications.parquet").write_parquet(alone / "applications.parquet")
    for tables in (None, alone):
        made = report_features(built, tmp_path / "features.html", tables=tables, made_at=NOW)
        assert "No labels were given" in made.path.read_text(encoding="utf-8")


def test_what_bad_means_and_the_currency_are_the_contracts(built, clean, tmp_path):
    contract = TablesContract(name="My lender", currency="koruna")
    made = report_features(built, tmp_path / "features.html", tables=clean, contract=contract, made_at=NOW)

    assert made.title == "Features of My lender"
    html = made.path.read_text(encoding="utf-8")
    assert "koruna a month" in html
    assert "yuan a month" not in html


def test_a_folder_without_a_feature_table_is_refused(tmp_path):
    with pytest.raises(MissingFileError, match=r"manifest\.json"):
        report_features(tmp_path, tmp_path / "features.html", made_at=NOW)
    assert list(tmp_path.iterdir()) == []
