"""Files: whole or not at all, and refused when they are not what their manifest says."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import PurePosixPath

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from features.errors import UnknownTableError
from features.tables import TABLES
from pipelines import store
from pipelines.errors import ArgumentError, DamagedFileError, MissingFileError, UnwritableValueError
from pipelines.plain import from_json, to_json
from pipelines.store import (
    read_frame,
    read_json,
    read_tables,
    require_ending,
    sha256_file,
    write_bytes,
    write_frame,
    write_json,
)
from pipelines.swap import folder_aside

FRAME = pl.DataFrame({"a": [1, 2, 3], "b": ["x", None, "z"]})

plain_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text('aé中\n"\\', max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abc", max_size=3), inner, max_size=3),
    max_leaves=12,
)


@dataclass(frozen=True)
class Record:
    when: datetime
    day: date
    values: tuple[object, ...]
    path: PurePosixPath


@given(value=plain_values)
@settings(max_examples=100)
def test_json_comes_back_as_it_was(value):
    assert from_json(to_json(value)) == value
    assert json.loads(to_json(value)) == value


def test_records_times_and_arrays_have_one_plain_form():
    shanghai = timezone(timedelta(hours=8))
    record = Record(
        datetime(2024, 1, 1, 8, tzinfo=shanghai),
        date(2024, 2, 29),
        (np.float64(0.1), np.int64(3), np.array([True])),
        PurePosixPath("a/b"),
    )

    assert from_json(to_json(record)) == {
        "when": "2024-01-01T00:00:00+00:00",
        "day": "2024-02-29",
        "values": [0.1, 3, [True]],
        "path": "a/b",
    }


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({"metrics": {"auc": float("nan")}}, r"\$\.metrics\.auc == nan, must be a finite number or None"),
        ([1.0, float("-inf")], r"\$\[1\] == -inf, must be a finite number"),
        ({"a": np.array([np.inf])}, r"\$\.a\[0\] == inf"),
        ({"at": datetime(2024, 1, 1)}, r"\$\.at == .* must be a time with its zone"),  # noqa: DTZ001 - the fault
        ({1: "one"}, r"a key of \$ == 1, must be text"),
        ({"a": {1, 2}}, r"\$\.a == \{1, 2\}, must be a number, text"),
        ("\ud800", "must be text without lone surrogates"),
    ],
)
def test_what_json_cannot_say_is_refused(tmp_path, value, message):
    with pytest.raises(UnwritableValueError, match=message):
        write_json(tmp_path / "x.json", value)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b'{"a": NaN}', "NaN is not JSON"),
        (b'{"a": 1, "a": 2}', "key given twice: a"),
        (b'{"a": 1', "is not JSON: Expecting"),
        (b"\xff{}", "is not JSON: 'utf-8'"),
        (b"[" * 100_000, "is not JSON"),
    ],
)
def test_json_that_is_none_is_refused(tmp_path, content, message):
    (tmp_path / "x.json").write_bytes(content)

    with pytest.raises(DamagedFileError, match=message):
        read_json(tmp_path / "x.json")


def test_the_same_frame_gives_the_same_bytes_and_the_same_frame(tmp_path):
    write_frame(tmp_path / "one" / "t.parquet", FRAME)
    write_frame(tmp_path / "two" / "t.parquet", FRAME.clone())

    assert (tmp_path / "one" / "t.parquet").read_bytes() == (tmp_path / "two" / "t.parquet").read_bytes()
    assert read_frame(tmp_path / "one" / "t.parquet").equals(FRAME)


def test_a_writer_that_fails_leaves_what_was_there(tmp_path):
    write_bytes(tmp_path / "t", b"before")

    def fail(file):
        file.write(b"half")
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        store.write_aside(tmp_path / "t", fail)
    assert [path.name for path in tmp_path.iterdir()] == ["t"]
    assert (tmp_path / "t").read_bytes() == b"before"


KILLED_WRITER = """
import os, signal, sys
from pathlib import Path
from pipelines import store
path, after = Path(sys.argv[1]), int(sys.argv[2])
real = os.fsync
def killed(handle):
    killed.left -= 1
    if killed.left == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    real(handle)
killed.left = after
os.fsync = killed
store.write_bytes(path, b"after" * 100_000)
"""


@pytest.mark.skipif(os.name != "posix", reason="needs a signal that cannot be caught")
@pytest.mark.parametrize(("after", "expected"), [(1, b"before"), (2, b"after" * 100_000), (9, b"after" * 100_000)])
def test_a_killed_writer_leaves_the_old_file_or_the_new_one(tmp_path, after, expected):
    path = tmp_path / "t"
    write_bytes(path, b"before")

    subprocess.run([sys.executable, "-c", KILLED_WRITER, str(path), str(after)], check=False)

    assert path.read_bytes() == expected
    write_bytes(path, b"again")
    assert {item.name: item.read_bytes() for item in tmp_path.iterdir()} == {"t": b"again"}


def test_no_file_is_written_into_a_bundle(small):
    """One file more, and the bundle would be refused as altered."""
    out = small.folder / "page.html"
    with pytest.raises(ArgumentError, match=r"lies in a model bundle, .* such as '.*page\.html'") as caught:
        require_ending(out, ".html")

    assert str(small.folder.parent / "page.html") in str(caught.value)
    assert require_ending(small.folder.parent / "page.html", ".html") == small.folder.parent / "page.html"


def test_a_folder_appears_whole_or_not_at_all(tmp_path):
    out = tmp_path / "out"

    with pytest.raises(KeyboardInterrupt), folder_aside(out) as part:  # noqa: PT012 - killed in the middle
        (part / "a").write_text("half")
        raise KeyboardInterrupt
    assert list(tmp_path.iterdir()) == []

    (tmp_path / ".out.part").mkdir()
    (tmp_path / ".out.part" / "left by a killed run").touch()
    for text in ("one", "two"):
        with folder_aside(out) as part:
            (part / "a").write_text(text)
    assert {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*")} == {"out", "out/a"}
    assert (out / "a").read_text() == "two"


@pytest.fixture
def folder(tmp_path):
    for name in ("applications", "outcomes"):
        write_frame(tmp_path / f"{name}.parquet", TABLES[name].empty())
    return tmp_path


def _manifest(folder):
    files = {path.name: sha256_file(path) for path in folder.glob("*.parquet")}
    write_json(folder / "manifest.json", {"files": files, "extract_at": datetime(2024, 1, 1, tzinfo=UTC)})


def test_tables_come_in_the_order_of_the_contracts(folder):
    assert list(read_tables(folder)) == ["applications", "outcomes"]
    assert list(read_tables(folder, only={"outcomes"})) == ["outcomes"]
    with pytest.raises(UnknownTableError, match=r"table == 'outcome', .* Did you mean 'outcomes'\?"):
        read_tables(folder, only={"outcome"})


@given(place=st.integers(0, 10**6), bit=st.integers(0, 7))
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_flipped_bit_is_refused(folder, place, bit):
    _manifest(folder)
    path = folder / "applications.parquet"
    whole = path.read_bytes()
    damaged = bytearray(whole)
    damaged[place % len(whole)] ^= 1 << bit
    path.write_bytes(damaged)
    try:
        with pytest.raises(
            DamagedFileError, match=r"applications.parquet' has the SHA-256 [0-9a-f]{64}, but its manifest"
        ):
            read_tables(folder)
    finally:
        path.write_bytes(whole)


@pytest.mark.parametrize("length", [0, 3, 100, -1])
def test_truncated_parquet_is_refused_without_a_manifest(tmp_path, length):
    write_frame(tmp_path / "t.parquet", FRAME)
    whole = (tmp_path / "t.parquet").read_bytes()
    (tmp_path / "t.parquet").write_bytes(whole[:length])

    with pytest.raises(DamagedFileError, match=r"t.parquet' cannot be read as Parquet \(.*Write the file again"):
        read_frame(tmp_path / "t.parquet")


def test_a_file_more_or_less_than_the_manifest_names_is_refused(folder):
    _manifest(folder)
    write_frame(folder / "calls.parquet", TABLES["calls"].empty())
    with pytest.raises(DamagedFileError, match=r"calls.parquet' was added to a folder whose manifest does not name it"):
        read_tables(folder)

    (folder / "calls.parquet").unlink()
    (folder / "outcomes.parquet").unlink()
    with pytest.raises(MissingFileError, match=r"outcomes.parquet' does not exist. The manifest beside it names it"):
        read_tables(folder)


@pytest.mark.parametrize(
    ("content", "message"),
    [("[]", "is not a manifest"), ('{"files": {"a": 1}}', "must map file names to SHA-256"), ("{", "is not JSON")],
)
def test_a_manifest_that_is_none_is_refused(folder, content, message):
    (folder / "manifest.json").write_text(content)

    with pytest.raises(DamagedFileError, match=message):
        read_tables(folder)


def test_manifests_that_disagree_are_refused(folder):
    _manifest(folder)
    write_json(folder / "synthesis.json", {"files": {"applications.parquet": "0" * 64}})

    with pytest.raises(DamagedFileError, match=r"gives another SHA-256 for 'applications.parquet'"):
        read_tables(folder)


def test_folders_without_tables_are_named(tmp_path):
    with pytest.raises(MissingFileError, match=r"nowhere' does not exist. Name a folder"):
        read_tables(tmp_path / "nowhere")
    with pytest.raises(MissingFileError, match="The folder holds no table at all"):
        read_tables(tmp_path)
    write_frame(tmp_path / "outcome.parquet", FRAME)
    with pytest.raises(UnknownTableError, match=r"table == 'outcome'.* Did you mean 'outcomes'\?"):
        read_tables(tmp_path)
    with pytest.raises(MissingFileError, match="x' does not exist"):
        sha256_file(tmp_path / "x")
