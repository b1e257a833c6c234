import hashlib
import json
from datetime import datetime

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from features.tables import TABLES
from synthetic.block import make_block
from synthetic.errors import RequestError
from synthetic.lender import synthesise
from synthetic.plan import make_plan
from synthetic.writer import MANIFEST, write


@pytest.fixture(scope="module")
def written(tiny_recipe, tmp_path_factory):
    return write(tiny_recipe, 11, tmp_path_factory.mktemp("one"))


def test_what_is_written_is_what_is_made_in_memory(written, tiny):
    for name in TABLES:
        assert_frame_equal(pl.read_parquet(written.folder / f"{name}.parquet"), tiny.tables[name])
    assert written.planted == tiny.planted
    assert written.extract_at == tiny.extract_at


def test_bytes_do_not_depend_on_the_number_of_workers(written, tiny_recipe, tmp_path):
    assert write(tiny_recipe, 11, tmp_path, workers=2).files == written.files


def test_another_seed_gives_other_bytes(written, tiny_recipe, tmp_path):
    other = write(tiny_recipe, 12, tmp_path, applicants=450)

    assert not set(other.files.values()) & set(written.files.values())


def test_blocks_do_not_depend_on_the_order_in_which_they_are_made(tiny_recipe):
    backwards = [make_block(make_plan(tiny_recipe, 11), number).frames for number in (3, 1)]
    forwards = [make_block(make_plan(tiny_recipe, 11), number).frames for number in (1, 3)]

    for name in TABLES:
        assert_frame_equal(backwards[0][name], forwards[1][name])
        assert_frame_equal(backwards[1][name], forwards[0][name])


def test_the_manifest_says_what_is_there(written):
    manifest = json.loads((written.folder / MANIFEST).read_text(encoding="utf-8"))

    assert manifest["seed"] == 11
    assert manifest["rows"] == {name: pl.read_parquet(written.folder / f"{name}.parquet").height for name in TABLES}
    assert datetime.fromisoformat(manifest["extract_at"]) == written.extract_at
    assert manifest["recipe"]["rings"]["share"] == 0.02
    assert manifest["planted"]["dirt"]["calls"]["impossible"] == 4
    for name, sha256 in manifest["files"].items():
        assert hashlib.sha256((written.folder / name).read_bytes()).hexdigest() == sha256


def test_nothing_but_tables_and_the_manifest_is_left(written):
    assert {path.name for path in written.folder.iterdir()} == {*(f"{name}.parquet" for name in TABLES), MANIFEST}


def test_a_killed_job_is_done_again_with_the_same_bytes(written, tiny_recipe, tmp_path):
    class KilledError(Exception):
        pass

    def kill(done, blocks):
        if done == 2:
            raise KilledError

    with pytest.raises(KilledError):
        write(tiny_recipe, 11, tmp_path, on_block=kill)
    assert list(tmp_path.glob("*.parquet")) == []

    assert write(tiny_recipe, 11, tmp_path).files == written.files


def test_progress_is_told_for_every_block(tiny_recipe):
    told = []
    synthesise(tiny_recipe, 1, applicants=900, on_block=lambda done, blocks: told.append((done, blocks)))

    assert told == [(1, 2), (2, 2)]


def test_the_number_of_applicants_can_be_chosen(tiny_recipe):
    made = synthesise(tiny_recipe, 1, applicants=500)

    assert made.tables["applications"]["applicant_id"].n_unique() == 500


def test_a_single_applicant_makes_a_lender(tiny_recipe):
    made = synthesise(tiny_recipe, 1, applicants=1)

    assert made.tables["truth"].height >= 1
    assert made.tables["loans"].schema == TABLES["loans"].schema


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"applicants": 0}, "applicants == 0, must be at least 1"),
        ({"workers": 0}, "workers == 0, must be at least 1"),
    ],
)
def test_what_cannot_be_made_is_refused(tiny_recipe, arguments, message):
    with pytest.raises(RequestError, match=message):
        synthesise(tiny_recipe, 1, **arguments)


def test_a_negative_seed_is_refused(tiny_recipe):
    with pytest.raises(RequestError, match="seed == -1, must not be negative"):
        synthesise(tiny_recipe, -1)
