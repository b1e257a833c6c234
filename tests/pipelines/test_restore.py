"""A promoted model comes back byte for byte, and takes the champion's place only with a reason that is kept."""

import shutil
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from typer.testing import CliRunner

from modelling.errors import TrackingError
from modelling.gradient_boosting import BoostingSettings, GradientBoosting
from modelling.mlflow_store import Store
from modelling.registry import RESTORED_TAG, aliased, register
from modelling.tracking import log_run
from modelling.training import train
from pipelines.cli_app import app
from pipelines.promote import AlreadyChampionError, promote
from pipelines.restore import RestoreError, restore
from scoring.errors import BundleError, SignatureError
from scoring.scorer import Scorer

NOW = datetime(2026, 1, 1, tzinfo=UTC)
NAME = "small"
KEY = bytes(range(32))


def content(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.fixture(scope="module")
def trained(tmp_path_factory, small_dataset):
    """Return a store with two promoted versions, the later one of which is better, and the bundle of each."""
    folder = tmp_path_factory.mktemp("restore")
    store, bundles = Store(folder / "mlruns"), {}
    for version, trees in ((1, 20), (2, 60)):
        model = train(small_dataset, GradientBoosting(settings=BoostingSettings(trees=trees)), seed=3, resamples=100)
        run = log_run(store, NAME, model, small_dataset, now=version, code={"version": "1"})
        bundles[version] = folder / f"bundle{version}"
        accepted = {"better_than_champion": "a test"} if version > 1 else {}
        found = promote(
            mlruns=store.folder,
            experiment=NAME,
            name=NAME,
            bundle=bundles[version],
            run_id=run,
            accepted=accepted,
            now=NOW,
            resamples=200,
        )
        assert found.registered.version == version
    return store, bundles


@pytest.fixture
def store(trained, tmp_path):
    """Return a copy of the store, for a test to change."""
    return Store(shutil.copytree(trained[0].folder, tmp_path / "mlruns"))


@pytest.fixture
def bundles(trained):
    return trained[1]


@pytest.fixture
def back(store, tmp_path):
    """Return a function that restores from the store."""
    return partial(restore, mlruns=store.folder, name=NAME, bundle=tmp_path / "back", now=NOW)


def test_the_champions_bundle_is_written_again_byte_for_byte(store, bundles, back):
    found = back()

    assert content(found.bundle) == content(bundles[2])
    assert (found.registered.version, found.replaced) == (2, None)
    assert Scorer.load(found.bundle).sha256 == found.registered.bundle_sha256
    assert aliased(store, NAME, "challenger").version == 1


def test_an_earlier_version_takes_the_champions_place_with_a_reason(store, bundles, back):
    found = back(version=1, why=" bad rates of tier B since May ")

    assert content(found.bundle) == content(bundles[1])
    assert (found.registered, found.replaced.version) == (aliased(store, NAME, "champion"), 2)
    assert (found.registered.version, aliased(store, NAME, "challenger").version) == (1, 2)
    tags = store.client().get_model_version(NAME, "1").tags
    assert tags[RESTORED_TAG] == "2026-01-01T00:00:00+00:00: bad rates of tier B since May"


def test_without_a_reason_the_champion_stays_and_nothing_is_written(store, back, tmp_path):
    with pytest.raises(RestoreError, match=r"version 2 is the champion of 'small' and version 1 would .* \(--why\)"):
        back(version=1, why=" ")

    assert aliased(store, NAME, "champion").version == 2
    assert not (tmp_path / "back").exists()


def test_a_bundle_in_the_way_is_replaced_and_anything_else_is_not(bundles, back, tmp_path):
    back(version=1, why="to be replaced")
    assert content(back(version=2, why="the later one").bundle) == content(bundles[2])

    (tmp_path / "back" / "notes.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(BundleError, match=r"notes\.txt"):
        back()


def test_it_is_signed_where_a_key_is_given(bundles, back):
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    public = Ed25519PrivateKey.from_private_bytes(KEY).public_key().public_bytes_raw()
    found = back(private_key=KEY)

    assert Scorer.load(found.bundle, public_key=public).sha256 == Scorer.load(bundles[2]).sha256
    with pytest.raises(SignatureError, match="is not signed"):
        Scorer.load(bundles[2], public_key=public)


def test_versions_that_are_not_there_are_told_with_those_that_are(store, back, tmp_path):
    with pytest.raises(RestoreError, match="version == 7, must be one of 'small': 1, 2"):
        back(version=7, why="x")
    with pytest.raises(RestoreError, match="no model 'other' was promoted into this store"):
        restore(mlruns=store.folder, name="other", bundle=tmp_path / "back", now=NOW)


def test_a_bundle_that_the_store_lacks_or_that_was_altered_there_is_not_restored(store, bundles, back, tmp_path):
    kept, other = (store.bundles / aliased(store, NAME, alias).bundle_sha256 for alias in ("champion", "challenger"))
    assert content(kept) == content(bundles[2])

    file = kept / "bundle.json"
    file.write_bytes(file.read_bytes().replace(b"small", b"smell", 1))
    with pytest.raises(TrackingError, match=r"version 2 of 'small' cannot be trusted: .*was altered"):
        back()
    shutil.rmtree(kept)
    with pytest.raises(TrackingError, match="the store holds no bundle of version 2"):
        back()
    other.rename(kept)
    with pytest.raises(TrackingError, match=r"version 2 of 'small' cannot be trusted: .* holds another one"):
        back()
    assert not (tmp_path / "back").exists()


def test_a_version_without_a_bundles_hash_is_told(store, tmp_path):
    run = aliased(store, NAME, "champion").run_id
    register(store, "foreign", run, version=1, bundle_sha256="")

    with pytest.raises(TrackingError, match="the store holds no bundle of version 1 of 'foreign'"):
        restore(mlruns=store.folder, name="foreign", bundle=tmp_path / "back", now=NOW, version=1, why="x")
    with pytest.raises(RestoreError, match="no version of 'foreign' is the champion; name one: 1"):
        restore(mlruns=store.folder, name="foreign", bundle=tmp_path / "back", now=NOW)


def test_who_promotes_the_champion_again_is_told_of_it(store, tmp_path):
    with pytest.raises(AlreadyChampionError, match="`bamboo restore` writes it again"):
        promote(
            mlruns=store.folder,
            experiment=NAME,
            name=NAME,
            bundle=tmp_path / "again",
            run_id=aliased(store, NAME, "champion").run_id,
            now=NOW + timedelta(days=1),
        )


def test_the_command_says_what_it_restored(store, bundles, tmp_path):
    words = ["--mlruns", store.folder, "--experiment", NAME, "--bundle", tmp_path / "back"]
    done = CliRunner().invoke(app, ["restore", *map(str, words), "--version", "1", "--why", "a drill"])

    assert done.exit_code == 0, done.output
    assert "small version 1" in done.stdout
    assert "in place of  version 2" in done.stdout
    assert content(tmp_path / "back") == content(bundles[1])
