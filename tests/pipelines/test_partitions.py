"""Features partition by partition: the same values as at once, the same bytes wherever, and on after a kill."""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from functools import partial
from pathlib import Path

import polars as pl
import pytest
from dask.utils import parse_bytes
from distributed import LocalCluster

from features.build import build
from features.errors import SchemaError
from features.manifest import content_hash
from pipelines import partitions as job
from pipelines.cluster import Workers, run
from pipelines.contract import TablesContract
from pipelines.errors import (
    ArgumentError,
    ClusterError,
    DamagedFileError,
    LayoutError,
    MissingFileError,
    OccupiedFolderError,
    OwnModuleError,
)
from pipelines.feature_files import manifest_path, read_features
from pipelines.features import build_features
from pipelines.own_modules import load_catalogue
from pipelines.partition import partition
from pipelines.partition_task import check_worker, made_by, token_path
from pipelines.partitions import build_partitions
from pipelines.store import read_tables, sha256_table

BAMBOO = [sys.executable, "-P", "-c", "from pipelines.cli import main; main()"]
COUNT = 3
MODULE = """
from features.aggregates import COUNT
from features.behaviour import BEHAVIOUR
from features.windowed import windows

FEATURES = windows(BEHAVIOUR, COUNT, "Events in the last {days} days", "近{days}天操作次数", 3)
"""


def parts_of(folder):
    return {path.name: path.read_bytes() for path in sorted(folder.glob("part-*.parquet"))}


@pytest.fixture(scope="module")
def laid_out(lender, tmp_path_factory):
    folder = tmp_path_factory.mktemp("laid") / "out"
    partition(lender, folder, partitions=COUNT)
    return folder


@pytest.fixture(scope="module")
def built(laid_out, tmp_path_factory):
    """The parts, built in this process and never disturbed."""
    folder = tmp_path_factory.mktemp("built")
    told = []
    return build_partitions(laid_out, folder, extra={"code": "1"}, progress=told.append), told


@pytest.fixture
def again(laid_out, tmp_path):
    """A copy of the tables that a test may change, without a manifest, and a way to build them."""
    tables = tmp_path / "tables"
    for path in laid_out.rglob("*.parquet"):
        copy = tables / path.relative_to(laid_out)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(path.read_bytes())
    return tables, lambda **more: build_partitions(tables, tmp_path / "features", **more)


def test_values_are_those_of_a_build_at_once(lender, built):
    result, _ = built
    expected = build(read_tables(lender))

    assert content_hash(read_features(result.features)) == content_hash(expected)
    assert result.partitions == result.built == COUNT
    assert result.rows == len(expected)


def test_the_manifest_says_what_the_parts_are_and_were_made_from(lender, laid_out, built, tmp_path):
    result, _ = built
    manifest = json.loads(result.manifest.read_text())
    whole = json.loads(build_features(lender, tmp_path).manifest.read_text())

    assert {name: manifest[name] for name in ("rows", "schema", "definitions", "absent", "modules")} == {
        name: whole[name] for name in ("rows", "schema", "definitions", "absent", "modules")
    }
    assert manifest["parts"] == {
        path.name: pl.read_parquet(path).height for path in sorted(result.features.glob("*.parquet"))
    }
    assert manifest["sources"] == {name: sha256_table(laid_out, name) for name in whole["sources"]}
    assert manifest["extra"] == {"code": "1"}
    assert (result.empty, result.constant) == (
        build_features(lender, tmp_path).empty,
        build_features(lender, tmp_path).constant,
    )


def test_progress_counts_partitions_and_rows(lender, built):
    tables = read_tables(lender)
    rows = sum(len(frame) for name, frame in tables.items() if name not in {"watchlist", "calls", "truth"})
    told = [done for done in built[1] if done.of]

    assert [done.parts for done in told] == list(range(COUNT + 1))
    assert (told[0].rows, told[-1].rows) == (0, rows)
    assert {done.rows_of for done in told} == {rows}


def test_a_killed_build_goes_on_where_it_ended(laid_out, built, tmp_path):
    """Each round is killed at a random moment; a part is whole or not there, and one that is there stays."""
    out, expected, chance = tmp_path / "out", parts_of(built[0].features), random.Random()  # noqa: S311 -- not a secret
    kept = {}
    for enough in (0, 1, 2):
        with subprocess.Popen([*BAMBOO, "features", laid_out, "--out", out], stderr=subprocess.DEVNULL) as command:
            end = time.monotonic() + 60
            while len(parts_of(out)) <= enough - 1 or not out.exists():
                assert time.monotonic() < end, "no part was built"
                time.sleep(0.02)
            time.sleep(chance.random() / 2)
            command.kill()
        found = parts_of(out)
        assert found.items() <= expected.items()
        assert {name: (out / name).stat().st_mtime_ns for name in kept} == kept
        recorded = {f"{path.stem}.parquet" for path in (out / ".job").glob("part-*.json")}
        kept = {name: (out / name).stat().st_mtime_ns for name in found if name in recorded}

    done = subprocess.run([*BAMBOO, "features", laid_out, "--out", out, "--json"], check=True, capture_output=True)

    result = json.loads(done.stdout)
    assert result["built"] == COUNT - len(kept)
    assert {name: (out / name).stat().st_mtime_ns for name in kept} == kept
    assert parts_of(out) == expected
    assert not list(out.rglob("*.part"))
    assert result["content"] == built[0].content


def test_ctrl_c_ends_all_processes_in_one_line(laid_out, tmp_path):
    """Ctrl-C reaches the whole group; only the command answers it."""
    command = [*BAMBOO, "features", laid_out, "--out", tmp_path, "--workers", "2"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, start_new_session=True) as group:
        try:
            end = time.monotonic() + 60
            while not parts_of(tmp_path):
                assert time.monotonic() < end, "no part was built"
                time.sleep(0.02)
            os.killpg(group.pid, signal.SIGINT)
            err = group.communicate(timeout=60)[1]
        finally:
            with suppress(ProcessLookupError):  # a job that hangs must not hang the tests, too
                os.killpg(group.pid, signal.SIGKILL)

    assert "Traceback" not in err
    assert group.returncode in {0, 130}  # the last part may be there before the signal is


def test_what_did_not_change_is_kept_and_what_did_is_built_again(again):
    tables, build_again = again
    first = build_again()
    before = parts_of(first.features)
    path = tables / "behaviour_events/applicant_bucket=02/part.parquet"
    pl.read_parquet(path, hive_partitioning=False)[1:].write_parquet(path)
    second = build_again()
    after = parts_of(second.features)
    (second.features / "part-0001.parquet").write_bytes(b"damaged")
    third = build_again()

    assert (first.built, second.built, third.built) == (COUNT, 1, 1)
    assert [name for name in before if before[name] != after[name]] == ["part-0002.parquet"]
    assert parts_of(third.features) == after
    assert build_again(contract=TablesContract(time_zone="UTC")).built == COUNT


@pytest.mark.parametrize("name", ["part-0000.json", "network.json"])
@pytest.mark.parametrize("content", ["", "{", "[1]", '{"made_of": "other"}', None], ids=str)
def test_a_record_that_tells_nothing_is_written_again(again, name, content):
    """None is a record that says what it was made of, and nothing more."""
    _, build_again = again
    first = build_again()
    record = first.features / ".job" / name
    whole = record.read_text()
    record.write_text(json.dumps({"made_of": json.loads(whole)["made_of"]}) if content is None else content)

    second = build_again()

    assert record.read_text() == whole
    assert (second.built, second.content) == (1 if name.startswith("part") else 0, first.content)


def broken_module(_, contract):
    contract.modules[0].write_text("FEATURES = (", encoding="utf-8")
    return {"contract": contract}


def no_cluster(_, __):
    return {"workers": Workers(cluster="tcp://127.0.0.1:9", timeout=1)}


def bad_last_part(tables, _):
    """Every partition gets other values, and those of the last cannot be built."""
    for number in range(COUNT):
        path = tables / f"behaviour_events/applicant_bucket=0{number}/part.parquet"
        pl.read_parquet(path, hive_partitioning=False)[1:].write_parquet(path)
    path = tables / f"loans/applicant_bucket=0{COUNT - 1}/part.parquet"
    frame = pl.read_parquet(path, hive_partitioning=False)
    frame.with_columns(amount=pl.lit(float("inf"))).write_parquet(path)
    return {}


@pytest.mark.parametrize(
    ("spoil", "error", "message"),
    [
        (broken_module, OwnModuleError, r"mine.py' is not a module of features .*\n.*line 1: SyntaxError"),
        (no_cluster, ClusterError, "cannot be reached"),
        (bad_last_part, SchemaError, "column 'amount' holds .* such as inf"),
    ],
)
def test_a_build_that_fails_leaves_the_earlier_table_as_it_was(again, contract, spoil, error, message):
    tables, build_again = again
    first = build_again()
    manifest, parts, rows = first.manifest.read_bytes(), parts_of(first.features), read_features(first.features)

    with pytest.raises(error, match=message):
        build_again(**spoil(tables, contract))

    assert (first.manifest.read_bytes(), parts_of(first.features)) == (manifest, parts)
    assert read_features(first.features).equals(rows)


def test_what_was_built_beside_the_earlier_table_is_kept_or_given_up(again, tmp_path):
    tables, build_again = again
    first = build_again()
    before = parts_of(first.features)
    shutil.copytree(tables, tmp_path / "sound")
    bad_last_part(tables, None)
    with pytest.raises(SchemaError, match="such as inf"):
        build_again()
    assert build_partitions(tmp_path / "sound", first.features).built == COUNT - 1
    assert parts_of(first.features) == before

    with pytest.raises(SchemaError, match="such as inf"):
        build_again()
    loans = f"loans/applicant_bucket=0{COUNT - 1}/part.parquet"
    (tables / loans).write_bytes((tmp_path / "sound" / loans).read_bytes())
    second = build_again()

    assert second.built == 1
    assert [path.suffix for path in (first.features / ".job").glob("part-*")] == [".json"] * COUNT
    assert parts_of(second.features) == parts_of(build_partitions(tables, tmp_path / "anew").features) != before
    (tmp_path / "features" / "manifest.json").unlink()  # as a kill leaves it while parts take their places
    (second.features / "part-0001.parquet").replace(second.features / ".job" / "part-0001.parquet")
    third = build_again()
    assert (third.built, third.content) == (0, second.content)


def test_parts_of_an_earlier_layout_do_not_stay(lender, built, tmp_path):
    for count in (2, 1):
        partition(lender, tmp_path / "tables", partitions=count)
        build_partitions(tmp_path / "tables", tmp_path / "out")

    assert list(parts_of(tmp_path / "out")) == ["part-0000.parquet"]
    assert read_features(tmp_path / "out").equals(read_features(built[0].features))


def test_parts_without_a_manifest_are_no_table_yet(again):
    _, build_again = again
    result = build_again()
    manifest = result.manifest.read_bytes()
    result.manifest.unlink()
    with pytest.raises(
        MissingFileError, match=r"are not all there yet. Run `bamboo features` again: finished parts are"
    ):
        read_features(result.features)
    with pytest.raises(MissingFileError, match="are not all there yet"):
        manifest_path(result.features)
    result.manifest.write_bytes(manifest)
    (result.features / "part-0009.parquet").write_bytes(b"")

    with pytest.raises(DamagedFileError, match=r"part-0009.parquet' is not named by the manifest beside it"):
        read_features(result.features)


def test_parts_and_whole_tables_do_not_share_a_folder(lender, laid_out, built, tmp_path):
    build_features(lender, tmp_path)

    with pytest.raises(OccupiedFolderError, match=r"holds 'features.parquet'"):
        build_partitions(laid_out, tmp_path)
    with pytest.raises(OccupiedFolderError, match=r"holds a feature table in parts"):
        build_features(lender, built[0].features)
    with pytest.raises(OccupiedFolderError, match=r"holds tables that `bamboo partition` laid out"):
        build_features(lender, laid_out)
    with pytest.raises(OccupiedFolderError, match=r"holds 'watchlist.parquet'"):
        build_partitions(laid_out, laid_out)
    for within in ("features", "loans/features"):
        with pytest.raises(OccupiedFolderError, match=rf"{within}' lies in the tables to be read, '"):
            build_partitions(laid_out, laid_out / within)
        assert not (laid_out / within).exists()


def test_an_application_of_two_applicants_is_refused(again):
    tables, build_again = again
    one, other = (tables / f"applications/applicant_bucket=0{number}/part.parquet" for number in (0, 1))
    stolen = pl.read_parquet(one, hive_partitioning=False)["application_id"][0]
    frame = pl.read_parquet(other, hive_partitioning=False)
    first = pl.int_range(pl.len()) == 0
    frame.with_columns(application_id=pl.when(first).then(pl.lit(stolen)).otherwise("application_id")).write_parquet(
        other
    )

    with pytest.raises(SchemaError, match=rf"application_id == '{stolen}' stands in two partitions"):
        build_again()


def test_outcomes_that_lie_apart_from_their_applications_are_refused(again):
    tables, build_again = again
    one, other = (tables / f"outcomes/applicant_bucket=0{number}/part.parquet" for number in (0, 1))
    swapped = {one: other.read_bytes(), other: one.read_bytes()}
    for path, content in swapped.items():
        path.write_bytes(content)

    with pytest.raises(
        LayoutError,
        match=r"application_id == '.*' in partition 0 of table 'outcomes', but its application lies in partition 1\.",
    ):
        build_again()


def test_outcomes_of_no_application_are_nobodys_as_in_a_build_at_once(again):
    tables, build_again = again
    before = build_again().content
    path = tables / "outcomes/applicant_bucket=01/part.parquet"
    frame = pl.read_parquet(path, hive_partitioning=False)
    strangers = frame.head(3).with_columns(application_id="nobody-" + pl.col("application_id"))
    pl.concat([frame, strangers]).write_parquet(path)

    assert build_again().content == before


@pytest.fixture
def contract(tmp_path):
    module = tmp_path / "mine.py"
    module.write_text(MODULE, encoding="utf-8")
    return TablesContract(modules=(module,))


@pytest.fixture(scope="module")
def cluster():
    """Two workers, each a process that is started again when it ends."""
    with LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address="127.0.0.1:0", scheduler_kwargs={"allowed_failures": 1}
    ) as two:
        yield two


def test_local_processes_give_the_same_bytes_own_features_among_them(laid_out, contract, lender, tmp_path):
    here = build_partitions(laid_out, tmp_path / "here", contract=contract)
    there = build_partitions(laid_out, tmp_path / "there", contract=contract, workers=Workers(processes=2))

    assert parts_of(there.features) == parts_of(here.features)
    assert there.manifest.read_bytes() == here.manifest.read_bytes()
    catalogue = load_catalogue(contract)
    assert content_hash(read_features(here.features)) == content_hash(build(read_tables(lender), catalogue=catalogue))


def test_a_worker_that_dies_is_replaced_and_the_bytes_are_the_same(laid_out, built, cluster, tmp_path):
    killed = []

    def kill_one(done):
        if done.what == "building" and not killed:
            killed.append(next(iter(cluster.workers.values())).process.pid)
            os.kill(killed[0], signal.SIGKILL)

    workers = Workers(cluster=cluster.scheduler_address)
    result = build_partitions(laid_out, tmp_path, extra={"code": "1"}, workers=workers, progress=kill_one)

    assert killed
    assert parts_of(result.features) == parts_of(built[0].features)
    assert result.manifest.read_bytes() == built[0].manifest.read_bytes()


def test_an_error_of_a_worker_comes_as_it_is(again, cluster):
    tables, build_again = again
    path = tables / "loans/applicant_bucket=01/part.parquet"
    frame = pl.read_parquet(path, hive_partitioning=False)
    pl.concat([frame, frame.head(1).with_columns(pl.col("amount") + 1)]).write_parquet(path)

    with pytest.raises(
        SchemaError, match=r"'loans' .* 1 value\(s\) of key 'loan_id'.* stand for rows that differ"
    ) as seen:
        build_again(workers=Workers(cluster=cluster.scheduler_address))
    assert seen.value.table == "loans"


def test_work_that_ends_its_workers_is_given_up(cluster):
    workers = Workers(cluster=cluster.scheduler_address)

    with pytest.raises(
        ClusterError, match=r"workers ended 2 times while .* Most often memory ran out: .* more partitions"
    ):
        list(run(os._exit, [1], workers, check=os.getpid))


def test_a_worker_that_dies_while_it_is_checked_does_not_count(cluster, tmp_path):
    def die(times):
        for number in range(times):
            with suppress(FileExistsError):
                (tmp_path / str(number)).touch(exist_ok=False)
                os._exit(1)

    workers = Workers(cluster=cluster.scheduler_address)

    assert sorted(run(str, [1, 2], workers, check=partial(die, 1))) == ["1", "2"]
    assert [path.name for path in tmp_path.iterdir()] == ["0"]
    with pytest.raises(ClusterError, match=r"workers ended 4 times while they were asked .* Their own output says why"):
        list(run(str, [1, 2], workers, check=partial(die, 1_000)))


def test_workers_of_other_code_are_refused(laid_out, cluster, tmp_path, monkeypatch):
    monkeypatch.setattr(job, "made_by", lambda catalogue: {**made_by(catalogue), "code": "0" * 64})

    with pytest.raises(ClusterError, match=r"worker tcp://.* has code == '[0-9a-f]{64}', but this command has '0{64}'"):
        build_partitions(laid_out, tmp_path, workers=Workers(cluster=cluster.scheduler_address))
    assert not parts_of(tmp_path)


def test_a_worker_that_does_not_see_the_folders_says_so(laid_out, tmp_path):
    token_path(tmp_path).parent.mkdir()
    token_path(tmp_path).write_text("of another machine")

    with pytest.raises(ClusterError, match=r"does not see the tables, '/nowhere'. Put both folders where all machines"):
        check_worker(Path("/nowhere"), tmp_path, "token", (), {})
    with pytest.raises(ClusterError, match=r"does not see the folder to write to"):
        check_worker(laid_out, tmp_path, "token", (), {})


@pytest.mark.parametrize("memory", ["4apples", "lots", "", "4 G B", "-1GB"])
def test_memory_that_is_no_size_is_refused(memory):
    with pytest.raises(ArgumentError, match="must be a size such as '4GB', '512MiB' or '2e9'"):
        Workers(processes=2, memory=memory)


@pytest.mark.parametrize("memory", ["4GB", "512MiB", "2e9", "1.5 GB", "800M", "4000000000"])
def test_memory_that_dask_understands_is_taken(memory):
    assert parse_bytes(Workers(processes=2, memory=memory).memory) > 0


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:9", "no address"])
def test_a_cluster_that_is_not_there_is_named(laid_out, tmp_path, address):
    with pytest.raises(ClusterError, match=rf"cluster == '{address}' cannot be reached within 1 seconds"):
        build_partitions(laid_out, tmp_path, workers=Workers(cluster=address, timeout=1))


def test_a_cluster_without_workers_is_named(cluster):
    with (
        LocalCluster(n_workers=0, dashboard_address="127.0.0.1:0") as empty,
        pytest.raises(ClusterError, match=r"has no worker after 1 seconds. Start some with `dask worker tcp://"),
    ):
        list(run(abs, [1], Workers(cluster=empty.scheduler_address, timeout=1), check=os.getpid))
