"""A thousand altered bundles: each is refused before anything in it is parsed, or decides bit for bit as before."""

import os
import random
import shutil

import pytest

import scoring.bundle
from scoring import Scorer
from scoring.bundle import write_bundle
from scoring.errors import BundleError

ALTERED = 1000


def seeded(seed):
    return random.Random(seed)  # noqa: S311 - nothing here is secret


def flip(rng, data):
    place = rng.randrange(len(data))
    return data[:place] + bytes([data[place] ^ (1 << rng.randrange(8))]) + data[place + 1 :]


def cut(rng, data):
    return data[: rng.randrange(len(data))]


def grow(rng, data):
    place = rng.randrange(len(data) + 1)
    return data[:place] + rng.randbytes(rng.choice((1, 16, 5000))) + data[place:]


def blank(rng, data):
    start = rng.randrange(len(data))
    length = rng.randrange(1, 200)
    return data[:start] + bytes(len(data[start : start + length])) + data[start + length :]


def repeat(_rng, data):
    return data + data


def change_content(rng, folder):
    file = rng.choice(sorted(folder.iterdir()))
    before = file.read_bytes()
    file.write_bytes(rng.choice((flip, flip, flip, cut, grow, blank, repeat))(rng, before))


def swap_files(rng, folder):
    one, other = rng.sample(sorted(folder.iterdir()), 2)
    first, second = one.read_bytes(), other.read_bytes()
    one.write_bytes(second)
    other.write_bytes(first)


def drop_file(rng, folder):
    rng.choice(sorted(folder.iterdir())).unlink()


def add_file(rng, folder):
    name = rng.choice(("model.pkl", "__init__.py", ".hidden", "manifest.sig.old", "bundle.json.bak", "逃.json"))
    (folder / name).write_bytes(rng.randbytes(40))


def add_link(rng, folder):
    target = rng.choice(sorted(folder.iterdir()))
    target.rename(folder.parent / "outside")
    target.symlink_to(folder.parent / "outside")


def rename_file(rng, folder):
    file = rng.choice(sorted(folder.iterdir()))
    file.rename(folder / f"{file.stem}2{file.suffix}")


def touch(rng, folder):
    os.utime(rng.choice(sorted(folder.iterdir())), (rng.randrange(10**9), rng.randrange(10**9)))


KINDS = (change_content,) * 20 + (swap_files, drop_file, add_file, add_link, rename_file)


@pytest.fixture(scope="module")
def original(bundle, tmp_path_factory):
    folder = tmp_path_factory.mktemp("fuzzed") / "bundle"
    write_bundle(folder, bundle)
    return folder


def content(folder):
    return {file.name: file.read_bytes() for file in folder.iterdir() if not file.is_symlink()}


def test_a_thousand_altered_bundles_are_refused_unparsed(original, tmp_path, monkeypatch):
    parsed = []
    monkeypatch.setattr(scoring.bundle, "bundle_of", lambda *given: parsed.append(given))
    whole, refused = content(original), 0
    for seed in range(ALTERED):
        rng = seeded(seed)
        folder = tmp_path / str(seed) / "bundle"
        shutil.copytree(original, folder)
        kind = rng.choice(KINDS)
        kind(rng, folder)
        if content(folder) == whole:
            continue  # nulls written over nulls
        with pytest.raises(BundleError):
            Scorer.load(folder)
        assert not parsed, f"seed {seed}, {kind.__name__}: parsed before it was refused"
        refused += 1
        shutil.rmtree(folder.parent)

    assert refused > ALTERED * 0.95


def test_what_alters_no_byte_alters_no_decision(original, scorer, cases, tmp_path):
    folder = tmp_path / "bundle"
    shutil.copytree(original, folder)
    touch(seeded(1), folder)
    (folder / "bundle.json").chmod(0o400)

    again = Scorer.load(folder)

    assert [again.decide(case) for case in cases[:50]] == [scorer.decide(case) for case in cases[:50]]
