"""The commands on bundles: what they show, refuse, sign and compare."""

import json
import shutil
import stat
from dataclasses import replace

import pytest
from typer.testing import CliRunner

from pipelines.bundle import KeyFileError, diff_bundles, make_key, show_bundle, sign_bundle, verify_bundle
from pipelines.cli_app import app
from pipelines.errors import DamagedFileError
from pipelines.keys import read_key
from scoring.bundle import write_bundle
from scoring.errors import AlteredBundleError, SignatureError


@pytest.fixture
def folder(small, tmp_path):
    return shutil.copytree(small.folder, tmp_path / "bundle")


@pytest.fixture
def keys(tmp_path):
    return make_key(tmp_path / "keys")


def run(*arguments):
    done = CliRunner().invoke(app, [str(one) for one in arguments], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.stdout


def test_what_is_shown_is_what_the_bundle_holds(small, folder):
    shown = show_bundle(folder)

    assert shown.sha256 == small.scorer.sha256
    assert shown.spec == small.bundle.spec
    assert shown.bytes == sum(file.stat().st_size for file in folder.iterdir())
    assert not shown.signed
    assert json.loads(run("bundle", "show", folder, "--json"))["spec"]["name"] == "small"
    assert small.scorer.sha256 in run("bundle", "show", folder)


def test_a_signed_bundle_is_taken_with_its_key_and_no_other(folder, keys, tmp_path):
    private, public = keys
    sha256 = verify_bundle(folder).sha256

    assert sign_bundle(folder, private_key=read_key(private, "private")) == sha256
    checked = verify_bundle(folder, public_key=read_key(public))
    assert (checked.signed_by_key, checked.sha256) == (True, sha256)
    other = make_key(tmp_path / "other")[1]
    with pytest.raises(SignatureError, match="is not signed by the key given"):
        verify_bundle(folder, public_key=read_key(other))


def test_an_unsigned_bundle_is_refused_where_a_key_is_configured(folder, keys):
    assert verify_bundle(folder).signed_by_key is None
    with pytest.raises(SignatureError, match="is not signed, and a public key is given"):
        verify_bundle(folder, public_key=read_key(keys[1]))


def test_an_altered_bundle_is_not_signed(folder, keys):
    (folder / "golden.json").write_bytes((folder / "golden.json").read_bytes() + b" ")

    with pytest.raises(AlteredBundleError, match=r"golden\.json was altered"):
        sign_bundle(folder, private_key=read_key(keys[0], "private"))
    assert not (folder / "manifest.sig").exists()


def test_signing_again_leaves_one_signature_and_no_other_file(folder, keys):
    before = {file.name for file in folder.iterdir()}
    for _ in range(2):
        run("bundle", "sign", folder, "--private-key", keys[0])

    assert {file.name for file in folder.iterdir()} == before | {"manifest.sig"}
    assert "yes, by the key given" in run("bundle", "verify", folder, "--public-key", keys[1])


def test_without_a_key_it_is_said_whether_a_signature_was_left_unchecked(folder, keys):
    assert "not signed; no --public-key was given" in run("bundle", "verify", folder)
    assert verify_bundle(folder).signed is False

    run("bundle", "sign", folder, "--private-key", keys[0])
    assert "a signature is there and was NOT checked; no --public-key was given" in run("bundle", "verify", folder)
    assert json.loads(run("bundle", "verify", folder, "--json"))["signed_by_key"] is None
    assert verify_bundle(folder).signed is True


def test_a_file_that_is_no_signature_is_refused(folder):
    (folder / "manifest.sig").write_bytes(b"junk")

    with pytest.raises(SignatureError, match="is no signature"):
        verify_bundle(folder)


def test_a_private_key_is_its_owners_alone_and_never_overwritten(keys):
    private, _ = keys

    assert stat.S_IMODE(private.stat().st_mode) == 0o600
    with pytest.raises(KeyFileError, match="stands already"):
        make_key(private.parent)


def test_the_halves_of_a_key_are_not_taken_for_each_other(keys):
    private, public = keys

    with pytest.raises(DamagedFileError, match="is no Ed25519 private key"):
        read_key(public, "private")
    with pytest.raises(DamagedFileError, match="is no Ed25519 public key"):
        read_key(private)


def test_bundles_are_compared_on_the_cases_of_a_sample(small, folder, tmp_path):
    tiers = small.bundle.spec.tiers
    changed = replace(small.bundle.spec, tiers=(replace(tiers[0], upper_pd=tiers[0].upper_pd / 2), *tiers[1:]))
    other = tmp_path / "other"
    write_bundle(other, replace(small.bundle, spec=changed))
    cases = tmp_path / "cases.parquet"
    small.cases.write_parquet(cases)

    found = diff_bundles(folder, other, cases=cases, case_id="application_id", sample=100)

    assert [change.what for change in found.changes] == ["tiers.A.upper_pd"]
    assert found.moved.unmoved == 1
    assert (found.moved.cases, found.cases) == (100, len(small.cases))
    assert {(one, two) for one, two, _ in found.moved.tiers} <= {("A", "A"), ("A", "B"), ("B", "B"), ("C", "C")}
    shown = run("bundle", "diff", folder, other, "--cases", cases, "--sample", "100")
    assert "tiers.A.upper_pd" in shown
    assert f"100 of {len(small.cases):,}; decide more with --sample" in shown
    assert "same bundle" in run("bundle", "diff", folder, folder)


def test_of_what_one_bundle_holds_alone_the_first_are_printed_and_the_rest_counted(small, folder, tmp_path):
    origin = small.bundle.spec.provenance
    packages = {f"package{number:02}": "1.0" for number in range(15)}
    other = tmp_path / "other"
    spec = replace(small.bundle.spec, provenance=replace(origin, packages={**origin.packages, **packages}))
    write_bundle(other, replace(small.bundle, spec=spec))

    for bundles, alone in (((folder, other), "B"), ((other, folder), "A")):
        shown = " ".join(run("bundle", "diff", *bundles).replace("│", " ").split())
        assert f"and 5 more in {alone} alone: see them with --json" in shown
        assert ("package09" in shown, "package10" in shown) == (True, False)
        assert len(json.loads(run("bundle", "diff", *bundles, "--json"))["changes"]) == 15
