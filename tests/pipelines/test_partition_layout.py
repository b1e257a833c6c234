"""Where rows of an applicant lie, and what is no such layout."""

import zlib

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.errors import SchemaError, UnknownTableError
from pipelines.errors import DamagedFileError, LayoutError, MissingFileError
from pipelines.partition import partition
from pipelines.partition_layout import buckets, is_partitioned, read_layout
from pipelines.partition_tables import check_schemas, files_of, read_partition
from pipelines.store import read_tables


@pytest.fixture
def parts(lender, tmp_path):
    """A small lender in five partitions, to be spoiled."""
    partition(lender, tmp_path / "parts", partitions=5)
    return tmp_path / "parts"


@settings(max_examples=50)
@given(
    ids=st.lists(st.none() | st.text(st.characters(exclude_categories=["Cs"])), max_size=9), count=st.integers(1, 300)
)
def test_the_bucket_is_the_crc_of_the_id(ids, count):
    expected = [0 if each is None else zlib.crc32(each.encode("utf-8")) % count for each in ids]

    assert buckets(pl.Series(ids, dtype=pl.String), count).to_list() == expected


def test_the_bucket_never_changes():
    """The check value of CRC-32, from its published parameters, and a name in three bytes a letter."""
    assert buckets(pl.Series(["123456789"]), 2**31).to_list() == [0xCBF43926 % 2**31]
    assert buckets(pl.Series(["客户7"]), 64).to_list() == [10]


def test_ids_in_a_row_spread_evenly():
    found = buckets(pl.Series([f"P{number}" for number in range(20_000)]), 64).value_counts()["count"]

    assert found.min() * 64 / 20_000 > 0.8
    assert found.max() * 64 / 20_000 < 1.2


def test_partitioned_tables_are_read_as_whole_ones(lender, parts):
    whole, found = read_tables(lender), read_tables(parts)

    assert is_partitioned(parts)
    assert not is_partitioned(lender)
    assert list(found) == list(whole)
    for name, frame in whole.items():
        assert found[name].sort(*frame.columns).equals(frame.sort(*frame.columns))


def test_without_a_manifest_the_buckets_are_counted(parts):
    (parts / "manifest.json").unlink()

    assert read_layout(parts).partitions == 5


def test_a_whole_table_beside_partitions_is_named(lender, parts):
    (parts / "manifest.json").unlink()
    (parts / "loans.parquet").write_bytes((lender / "loans.parquet").read_bytes())

    with pytest.raises(
        LayoutError, match=r"holds 'loans.parquet', where loans/applicant_bucket=07/.* Run `bamboo partition`"
    ):
        read_layout(parts)


def test_a_misspelt_table_is_named(parts):
    (parts / "loans").rename(parts / "loan")

    with pytest.raises(UnknownTableError, match=r"table == 'loan', .* Did you mean 'loans'\?"):
        read_layout(parts)


def test_a_file_that_is_gone_or_came_is_named(parts):
    file = parts / "loans/applicant_bucket=03/part.parquet"
    file.rename(file.with_name("other.parquet"))

    with pytest.raises(MissingFileError, match=r"applicant_bucket=03/part.parquet' does not exist"):
        read_layout(parts)
    file.with_name("other.parquet").rename(file)
    file.with_name("more.parquet").write_bytes(file.read_bytes())
    with pytest.raises(DamagedFileError, match=r"more.parquet' was added to a folder whose manifest does not name it"):
        read_layout(parts)


def test_an_applicant_in_the_wrong_partition_is_refused(parts):
    """Such rows would be missing from the applicant's features, and nobody would see it."""
    (parts / "manifest.json").unlink()
    (parts / "loans/applicant_bucket=03").rename(parts / "loans/kept")
    (parts / "loans/applicant_bucket=01").rename(parts / "loans/applicant_bucket=03")
    (parts / "loans/kept").rename(parts / "loans/applicant_bucket=01")
    layout = read_layout(parts)

    with pytest.raises(LayoutError, match=r"in partition 3 of table 'loans', but crc32 % 5 puts .* into partition 1\."):
        read_partition(files_of(layout, 3, ["applications", "loans"]))


def test_a_changed_byte_is_seen(parts):
    file = parts / "loans/applicant_bucket=03/part.parquet"
    content = bytearray(file.read_bytes())
    content[100] ^= 1
    file.write_bytes(content)

    with pytest.raises(DamagedFileError, match=r"applicant_bucket=03/part.parquet' has the SHA-256"):
        files_of(read_layout(parts), 3, ["loans"]).sha256()


def test_a_file_that_does_not_fit_is_named_before_any_work(parts):
    file = parts / "loans/applicant_bucket=03/part.parquet"
    frame = pl.read_parquet(file, hive_partitioning=False)
    frame.rename({"amount": "amuont"}).write_parquet(file)

    with pytest.raises(SchemaError, match=r"'loans' .* 'amount' \(Float64\) is missing. Did you mean 'amuont'\?"):
        check_schemas(read_layout(parts))
