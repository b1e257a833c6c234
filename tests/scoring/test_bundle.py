"""A bundle is written whole or not at all, and read only when nothing in it was altered."""

from __future__ import annotations

import hashlib
import io
import json
import math
import os
import pickle
import sys
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scoring import Scorer, arrays, folder, read_bundle, write_bundle
from scoring.bundle import Golden, bundle_of, files_of
from scoring.decision import Decision
from scoring.errors import (
    AlteredBundleError,
    BundleError,
    BundleFormatError,
    GoldenError,
    ScoringError,
    SignatureError,
    SpecError,
    TreesError,
)

KEY = bytes(range(32))
PUBLIC = Ed25519PrivateKey.from_private_bytes(KEY).public_key().public_bytes_raw()
_PRIVATE = Ed25519PrivateKey.from_private_bytes(KEY)
_UNLOCKED = (Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
PRIVATE_PEM = _PRIVATE.private_bytes(*_UNLOCKED)
PUBLIC_PEM = _PRIVATE.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
FOREIGN_PEM = X25519PrivateKey.generate().public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
FILES = ["bundle.json", "call_value.npz", "golden.json", "manifest.json", "reference.npz", "trees.npz"]


@pytest.fixture
def written(bundle, tmp_path):
    write_bundle(tmp_path / "b", bundle)
    return tmp_path / "b"


@pytest.fixture(scope="module")
def files(bundle):
    return files_of(bundle)


def names(place):
    return sorted(each.name for each in place.iterdir())


def rehash(place, files):
    """Write files with a manifest that fits them: what a forger without a key can do."""
    place.mkdir(exist_ok=True)
    for name, data in files.items():
        (place / name).write_bytes(data)
    (place / "manifest.json").write_bytes(folder.manifest_of(files))
    return place


def test_what_is_read_is_what_was_written(written, bundle):
    found = read_bundle(written)
    assert found == bundle
    assert files_of(found) == files_of(bundle)
    assert names(written) == FILES
    assert found.manifest_sha256 == hashlib.sha256((written / "manifest.json").read_bytes()).hexdigest()


def test_equal_bundles_have_equal_bytes_and_names(bundle, tmp_path):
    assert write_bundle(tmp_path / "one", bundle) == write_bundle(tmp_path / "two", bundle)
    for name in FILES:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_a_bundle_without_a_learned_value_has_no_file_for_it(bundle, tmp_path):
    write_bundle(tmp_path / "b", replace(bundle, call_value=None))
    assert "call_value.npz" not in names(tmp_path / "b")
    assert read_bundle(tmp_path / "b").call_value is None


@pytest.mark.parametrize("name", FILES)
def test_one_changed_bit_anywhere_is_refused(written, name):
    data = bytearray((written / name).read_bytes())
    for place in {0, len(data) // 2, len(data) - 1}:
        changed = bytearray(data)
        changed[place] ^= 1
        (written / name).write_bytes(changed)
        with pytest.raises(BundleError, match=r"altered|manifest\.json"):
            read_bundle(written)


def test_a_bundle_that_was_changed_has_another_name(written):
    read = read_bundle(written)
    policy = replace(read.spec.policy, conflict_points=read.spec.policy.conflict_points + 1)
    changed = replace(read, spec=replace(read.spec, policy=policy))
    assert Scorer(read).sha256 == read.manifest_sha256 == Scorer.load(written).sha256
    assert changed.manifest_sha256 is None
    assert Scorer(changed).sha256 == write_bundle(written, changed) != read.manifest_sha256


def test_without_what_checks_signatures_one_is_refused_by_name(bundle, tmp_path, monkeypatch):
    write_bundle(tmp_path / "b", bundle, private_key=KEY)
    monkeypatch.setitem(sys.modules, "cryptography.hazmat.primitives.asymmetric", None)
    assert Scorer.load(tmp_path / "b").spec == bundle.spec
    with pytest.raises(SignatureError, match=r"signatures need cryptography.*pip install 'bamboo-credit\[sign\]'"):
        Scorer.load(tmp_path / "b", public_key=PUBLIC)
    with pytest.raises(SignatureError, match="signatures need cryptography"):
        folder.sign_folder(tmp_path / "b", KEY)


@pytest.mark.parametrize("name", FILES)
def test_a_missing_or_truncated_file_is_refused(written, name):
    data = (written / name).read_bytes()
    (written / name).write_bytes(data[:-1])
    with pytest.raises(BundleError, match=r"altered|manifest\.json"):
        read_bundle(written)
    (written / name).unlink()
    with pytest.raises(AlteredBundleError, match=r"holds no manifest|missing"):
        read_bundle(written)


def test_an_added_file_is_refused_before_anything_is_parsed(written):
    (written / "extra.pkl").write_bytes(pickle.dumps(1))
    (written / "bundle.json").write_bytes(b"{")
    with pytest.raises(AlteredBundleError, match=r"added 'extra\.pkl'"):
        read_bundle(written)


def test_links_folders_and_pipes_are_refused(written, tmp_path):
    data = (written / "trees.npz").read_bytes()
    (tmp_path / "elsewhere.npz").write_bytes(data)
    (written / "trees.npz").unlink()
    (written / "trees.npz").symlink_to(tmp_path / "elsewhere.npz")
    with pytest.raises(AlteredBundleError, match=r"'trees\.npz', which is not a plain file"):
        read_bundle(written)
    (written / "trees.npz").unlink()
    os.mkfifo(written / "trees.npz")
    with pytest.raises(AlteredBundleError, match="not a plain file"):
        read_bundle(written)
    with pytest.raises(AlteredBundleError, match="cannot be read as a bundle's folder"):
        read_bundle(tmp_path / "nowhere")


def test_a_folder_that_holds_a_bundle_is_not_taken_for_one(written):
    with pytest.raises(
        AlteredBundleError, match=r"holds no manifest\.json: it is not a bundle.*name the folder of a b"
    ):
        read_bundle(written.parent)


@pytest.mark.parametrize("name", ["../outside.json", "/etc/passwd", "sub/bundle.json", "model.pkl", ""])
def test_a_manifest_that_names_a_foreign_file_is_refused(written, name):
    manifest = json.loads((written / "manifest.json").read_bytes())
    manifest["files"][name] = {"sha256": "0" * 64, "size": 1}
    (written / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(BundleFormatError, match=r"manifest\.json names"):
        read_bundle(written)


def test_a_signed_bundle_is_read_with_its_key_and_refused_with_another(bundle, tmp_path):
    name = write_bundle(tmp_path / "signed", bundle, private_key=KEY)
    assert name == write_bundle(tmp_path / "plain", bundle)
    assert Scorer.load(tmp_path / "signed", public_key=PUBLIC).sha256 == name
    assert read_bundle(tmp_path / "signed") == bundle
    other = Ed25519PrivateKey.from_private_bytes(KEY[::-1]).public_key().public_bytes_raw()
    with pytest.raises(SignatureError, match="not signed by the key given"):
        read_bundle(tmp_path / "signed", public_key=other)
    with pytest.raises(SignatureError, match="is not signed, and a public key is given"):
        read_bundle(tmp_path / "plain", public_key=PUBLIC)


@pytest.mark.parametrize(
    ("key", "message"),
    [
        (b"short", r"public_key has 5 bytes and is no Ed25519 public key: give 32 raw bytes, or PEM"),
        ("keys/bundle.pub", r"public_key is a str, must be bytes: 32 raw ones, or those of a PEM file"),
        (Path("keys/bundle.pub"), r"public_key is a PosixPath, must be bytes"),
        (PRIVATE_PEM, r"is no Ed25519 public key"),
        (FOREIGN_PEM, r"is no Ed25519 public key"),
    ],
    ids=["short", "text", "path", "private", "another kind"],
)
def test_what_is_no_key_is_refused_with_the_way_out(bundle, tmp_path, key, message):
    write_bundle(tmp_path / "signed", bundle, private_key=KEY)
    with pytest.raises(SignatureError, match=message):
        Scorer.load(tmp_path / "signed", public_key=key)


def test_keys_are_taken_as_the_bytes_of_their_pem_files(bundle, tmp_path):
    assert write_bundle(tmp_path / "pem", bundle, private_key=PRIVATE_PEM) == write_bundle(tmp_path / "raw", bundle)
    scorer = Scorer.load(tmp_path / "pem", public_key=PUBLIC_PEM)
    scorer.reload(tmp_path / "pem")
    with pytest.raises(SignatureError, match="is not signed"):
        scorer.reload(tmp_path / "raw")


@pytest.mark.parametrize("junk", [b"", b"junk", b"\0" * 63, b"\0" * 65, b"\0" * 5000, b"ab" * 64], ids=len)
@pytest.mark.parametrize("public_key", [None, PUBLIC], ids=["without key", "with key"])
def test_a_file_that_is_no_signature_is_refused_with_and_without_a_key(written, junk, public_key):
    (written / "manifest.sig").write_bytes(junk)
    with pytest.raises(SignatureError, match=r"manifest\.sig is no signature: it has .* bytes, must have 64"):
        read_bundle(written, public_key=public_key)


def test_a_signature_that_no_key_checks_is_not_judged(written):
    (written / "manifest.sig").write_bytes(b"\0" * 64)
    read_bundle(written)
    with pytest.raises(SignatureError, match="not signed by the key given"):
        read_bundle(written, public_key=PUBLIC)


def test_a_rewritten_manifest_needs_the_key(bundle, tmp_path):
    write_bundle(tmp_path / "b", bundle, private_key=KEY)
    forged = {**files_of(bundle), "golden.json": files_of(bundle)["golden.json"] + b" "}
    rehash(tmp_path / "b", forged)
    assert read_bundle(tmp_path / "b") == bundle
    with pytest.raises(SignatureError, match="not signed by the key given"):
        read_bundle(tmp_path / "b", public_key=PUBLIC)


def test_reload_asks_for_the_same_key(bundle, tmp_path):
    write_bundle(tmp_path / "signed", bundle, private_key=KEY)
    write_bundle(tmp_path / "plain", bundle)
    scorer = Scorer.load(tmp_path / "signed", public_key=PUBLIC)
    with pytest.raises(SignatureError, match="is not signed"):
        scorer.reload(tmp_path / "plain")


def test_golden_cases_that_are_not_given_again_refuse_the_bundle(bundle, tmp_path):
    first, *rest = bundle.golden.cases
    for name in ("margin", "pd", "points"):
        number = getattr(first, name)
        wrong = replace(first, **{name: np.nextafter(number, 0) if name == "margin" else number * (1 + 1e-13)})
        forged = replace(bundle, golden=Golden(cases=(wrong, *rest)))
        with pytest.raises(GoldenError, match=f"golden case 0 gets {name}"):
            write_bundle(tmp_path / "b", forged)
        rehash(tmp_path / "forged", files_of(forged))
        with pytest.raises(GoldenError, match=f"golden case 0 gets {name}"):
            read_bundle(tmp_path / "forged")
    assert not (tmp_path / "b").exists()


def test_trees_other_than_the_golden_cases_were_scored_with_are_refused(bundle, tmp_path):
    values = bundle.trees.leaf_value.copy()
    values += 1e-12
    forged = replace(bundle, trees=replace(bundle.trees, leaf_value=values))
    with pytest.raises(GoldenError, match="golden case 0 gets margin"):
        read_bundle(rehash(tmp_path / "b", files_of(forged)))


def test_parts_that_do_not_fit_are_refused(bundle):
    with pytest.raises(SpecError, match="feature 'income' stands twice"):
        Scorer(replace(bundle, spec=replace(bundle.spec, features=(*bundle.spec.features, bundle.spec.features[0]))))
    with pytest.raises(TreesError, match="the trees have 8 features and the description 7"):
        Scorer(replace(bundle, spec=replace(bundle.spec, features=bundle.spec.features[:-1])))
    with pytest.raises(TreesError, match="value of a call has 9 inputs, must have 8"):
        Scorer(
            replace(bundle, call_value=replace(bundle.call_value, trees=replace(bundle.call_value.trees, features=9)))
        )
    trees = bundle.call_value.trees
    none = replace(trees, **{name: each[:0] for name, each in trees.arrays().items()})
    with pytest.raises(TreesError, match="the value of a call has no trees"):
        Scorer(replace(bundle, call_value=replace(bundle.call_value, trees=none)))
    with pytest.raises(BundleFormatError, match=r"reference\.contributions must be finite and of shape \(8,\)"):
        Scorer(replace(bundle, reference=replace(bundle.reference, contributions=np.zeros(3))))
    with pytest.raises(BundleFormatError, match="there are 0 golden cases"):
        Scorer(replace(bundle, golden=Golden(cases=())))


def edited(files, name, change):
    document = json.loads(files[name])
    change(document)
    return {**files, name: json.dumps(document).encode()}


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda d: d.update(format=2), "is of format 2, this version reads 1"),
        (lambda d: d.update(surprise=1), "unknown field 'surprise'"),
        (lambda d: d["model"].pop("tiers"), r"bundle\.json\.model lacks the field\(s\) tiers"),
        (lambda d: d["model"].update(tier=[]), "unknown field 'tier'.*Did you mean 'tiers'"),
        (lambda d: d["model"]["calibration"].update(slope="1"), r"calibration\.slope == '1', must be a number"),
        (lambda d: d["model"]["calibration"].update(slope=True), "must be a number"),
        (lambda d: d["model"]["features"][0].update(kind="text"), r"features\[0\]\.kind == 'text', must be one of"),
        (lambda d: d["model"]["features"][0].update(name=None), "must be a string"),
        (lambda d: d["model"].update(tiers={}), "must be a list, found an object"),
        (lambda d: d["model"]["calibration"].update(slope=-1.0), "calibration has slope -1.0"),
        (lambda d: d.update(call_value=None), r"presence of call_value\.npz disagree"),
        (lambda d: d.update(tree_features=7), "the trees have 7 features|not among the 7"),
        (lambda d: d["model"]["policy"].update(control_key="xyz"), "control_key must be"),
        (lambda d: d["model"]["provenance"].update(seeds={"a": 1.5}), r"seeds\['a'\] == 1.5, must be a whole number"),
    ],
)
def test_a_description_of_another_form_is_refused_and_named(files, tmp_path, change, says):
    with pytest.raises(BundleFormatError, match=says):
        read_bundle(rehash(tmp_path / "b", edited(files, "bundle.json", change)))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (b"", "not JSON"),
        (b"[]", "must be an object"),
        (b'{"cases": [NaN]}', "NaN is not a JSON number"),
        (b'{"cases": [1e999]}', "not a finite number"),
        (b'{"cases": [], "cases": []}', "a key stands twice"),
        (b'{"cases": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", "not JSON|must be an object"),
        (b'{"cases": [' + b"9" * 10_000 + b"]}", "too long"),
        (b'\xff{"cases": []}', "not JSON"),
        (b'{"cases": []}', "there are 0 golden cases"),
    ],
    ids=["empty", "list", "nan", "inf", "twice", "deep", "long", "bytes", "none"],
)
def test_json_is_read_strictly(files, tmp_path, text, says):
    with pytest.raises(BundleFormatError, match=says):
        read_bundle(rehash(tmp_path / "b", {**files, "golden.json": text}))


def test_a_manifest_in_another_layout_is_refused(written):
    manifest = json.loads((written / "manifest.json").read_bytes())
    (written / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(AlteredBundleError, match=r"manifest\.json was altered"):
        read_bundle(written)


def test_a_lone_surrogate_in_a_text_is_refused(files, tmp_path):
    forged = edited(files, "bundle.json", lambda d: d["model"].update(name="\ud800"))
    with pytest.raises(BundleFormatError, match=r"model\.name holds a lone surrogate"):
        read_bundle(rehash(tmp_path / "b", forged))


def zipped(members, compression=zipfile.ZIP_STORED):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as archive:
        for name, data in members:
            archive.writestr(name, data)
    return buffer.getvalue()


def npy(array):
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=True)
    return buffer.getvalue()


EXPECTED = {"a": ("<f8", 1)}


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "is not an .npz file"),
        (b"PK\x03\x04 no", "is not an .npz file"),
        (pickle.dumps({"a": 1}), "is not an .npz file"),
        (zipped([("b.npy", npy(np.zeros(3)))]), "must hold the arrays a and no other"),
        (zipped([("a.npy", npy(np.zeros(3))), ("../a.npy", b"")]), "and no other"),
        (zipped([("a.npy", npy(np.zeros(3)))], zipfile.ZIP_DEFLATED), "compressed"),
        (zipped([("a.npy", npy(np.array([{}], dtype=object)))]), "of <f8"),
        (zipped([("a.npy", npy(np.zeros(3, dtype=">f8")))]), "of <f8"),
        (zipped([("a.npy", npy(np.zeros((3, 2))))]), "must be 1-dimensional"),
        (zipped([("a.npy", npy(np.zeros(3))[:-1])]), "a shape that its bytes do not have"),
        (zipped([("a.npy", npy(np.zeros(3)) + b"x")]), "a shape that its bytes do not have"),
        (zipped([("a.npy", b"\x93NUMPY\x01\x00\x05\x00{'a'(")]), "cannot be read"),
        (zipped([("a.npy", b"garbage!")]), "is not an .npz file|another"),
    ],
)
def test_arrays_are_read_strictly(data, says):
    with pytest.raises(BundleFormatError, match=says):
        arrays.unpack(data, EXPECTED, "x.npz")


def test_a_header_that_claims_a_terabyte_allocates_nothing():
    header = b"{'descr': '<f8', 'fortran_order': False, 'shape': (999999999999,), }".ljust(117) + b"\n"
    data = b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header + bytes(24)
    with pytest.raises(BundleFormatError, match="a shape that its bytes do not have"):
        arrays.unpack(zipped([("a.npy", data)]), EXPECTED, "x.npz")


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_forged_file_is_refused_or_decides_without_a_crash(files, cases, data):
    """Hashes are made to fit, so that only the format's own checks and the golden cases stand in the way."""
    name = data.draw(st.sampled_from(sorted(files)))
    forged = bytearray(files[name])
    for _ in range(data.draw(st.integers(1, 3))):
        forged[data.draw(st.integers(0, len(forged) - 1))] = data.draw(st.integers(0, 255))
    try:
        found = Scorer(bundle_of({**files, name: bytes(forged)}, "0" * 64))
    except ScoringError:
        return
    for case in cases[:5]:
        decision = found.decide(case, case_id="a", portfolio={"region": {}})
        assert Decision.from_json(decision.to_json()) == decision
        parts = decision.start_points + sum(contribution.points for contribution in decision.contributions)
        assert math.isclose(parts, decision.points, abs_tol=1e-6) or decision.routed_by == "explanation_failed"


def test_writing_replaces_a_bundle_and_nothing_else(bundle, written, tmp_path):
    smaller = replace(bundle, call_value=None)
    name = write_bundle(written, smaller)
    assert Scorer.load(written).sha256 == name
    assert names(tmp_path) == ["b"]
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "thesis.txt").write_text("x")
    for name in ("bundle.json", "manifest.json"):
        (precious / name).write_text("{}")
        with pytest.raises(BundleError, match=r"holds 'thesis\.txt', so it is not a bundle to replace"):
            write_bundle(precious, bundle)
    with pytest.raises(BundleError, match=r"holds 'b', 'precious', so it is not a bundle"):
        write_bundle(tmp_path, bundle)
    with pytest.raises(BundleError, match="is not a folder"):
        write_bundle(precious / "thesis.txt", bundle)
    assert (precious / "thesis.txt").read_text() == "x"


def test_a_write_that_fails_leaves_what_was_there(bundle, written, tmp_path, monkeypatch):
    before = {name: (written / name).read_bytes() for name in names(written)}
    write = folder._write

    def full(path, data):
        if path.name == "reference.npz":
            raise OSError(28, "No space left on device")
        write(path, data)

    monkeypatch.setattr(folder, "_write", full)
    for place in (written, tmp_path / "new"):
        with pytest.raises(OSError, match="No space left"):
            write_bundle(place, replace(bundle, call_value=None))
    assert {name: (written / name).read_bytes() for name in names(written)} == before
    assert names(tmp_path) == ["b"]
