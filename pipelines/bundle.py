"""The jobs behind ``bamboo bundle``: show, verify, sign and compare bundles, and make the key that signs them."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from modelling.bundle_diff import Change, Moved, changes, moved, shape
from pipelines.errors import PipelineError
from pipelines.flat_scoring import read_cases
from pipelines.score import decide
from pipelines.store import write_bytes
from scoring.bundle import FORMAT, read_bundle
from scoring.decision import Decision
from scoring.folder import SIGNATURE, sign_folder
from scoring.scorer import Scorer
from scoring.spec import ModelSpec

PRIVATE_KEY: Final = "bundle.key"
PUBLIC_KEY: Final = "bundle.pub"
SAMPLE: Final = 2000
"""Cases of a sample that both bundles decide."""


class KeyFileError(PipelineError):
    """A key that stands already, and would be lost."""


@dataclass(frozen=True, kw_only=True)
class BundleShown:
    """What a bundle holds.

    Attributes:
        folder: Where it stands.
        sha256: Hash of its manifest: the name that decisions record.
        signed: Whether a signature lies beside it; who signed is told by `verify_bundle` alone.
        bytes: Size of all its files.
        format: Version of the format.
        trees: The ensemble in words.
        call_value: What past calls taught, in words; None when nothing.
        reference: Just-approved cases that reasons are told against.
        golden: Golden cases.
        spec: The description: features, tiers, policy, provenance.
    """

    folder: Path
    sha256: str
    signed: bool
    bytes: int
    format: int
    trees: str
    call_value: str | None
    reference: int
    golden: int
    spec: ModelSpec


@dataclass(frozen=True, kw_only=True)
class BundleVerified:
    """What was checked of a bundle; what fails raises an error instead.

    Attributes:
        folder: Where it stands.
        sha256: Hash of its manifest.
        files: Files whose hashes were found as the manifest has them.
        signed: Whether a signature lies beside the manifest; without a key nobody knows whose it is, nor of what.
        signed_by_key: Whether the manifest is signed by the key that was given; None when none was.
        golden: Golden cases that got their scores again, explained to within 1e-9 points.
    """

    folder: Path
    sha256: str
    files: int
    signed: bool
    signed_by_key: bool | None
    golden: int


@dataclass(frozen=True, kw_only=True)
class BundleDiff:
    """What differs between two bundles.

    Attributes:
        before: Hash of the first bundle's manifest.
        after: Hash of the second's.
        changes: What differs, part by part.
        cases: Cases of the table that the sample was taken from; 0 without one.
        moved: How the cases of a sample move; None without a sample.
    """

    before: str
    after: str
    changes: tuple[Change, ...]
    cases: int
    moved: Moved | None


def show_bundle(folder: Path) -> BundleShown:
    """Read a bundle, checked as a scorer checks it.

    Raises:
        BundleError: it is altered or malformed.
    """
    bundle = read_bundle(folder)
    learned = bundle.call_value
    return BundleShown(
        folder=folder,
        sha256=bundle.manifest_sha256 or "",
        signed=(folder / SIGNATURE).exists(),
        bytes=sum(file.stat().st_size for file in folder.iterdir()),
        format=FORMAT,
        trees=shape(bundle.trees),
        call_value=None
        if learned is None
        else f"learned from {learned.calls} calls, {learned.control_calls} at random",
        reference=bundle.reference.cases,
        golden=len(bundle.golden.cases),
        spec=bundle.spec,
    )


def verify_bundle(folder: Path, *, public_key: bytes | None = None) -> BundleVerified:
    """Check hashes, signature (with a key) and golden cases.

    Raises:
        BundleError: the first thing that is wrong.
    """
    bundle = read_bundle(folder, public_key=public_key)
    return BundleVerified(
        folder=folder,
        sha256=bundle.manifest_sha256 or "",
        files=sum(file.name != SIGNATURE for file in folder.iterdir()),
        signed=(folder / SIGNATURE).exists(),
        signed_by_key=None if public_key is None else True,
        golden=len(bundle.golden.cases),
    )


def sign_bundle(folder: Path, *, private_key: bytes) -> str:
    """Check a bundle as a scorer does, then sign its manifest; return the manifest's hash.

    Raises:
        BundleError: it is altered or malformed, and was not signed.
    """
    read_bundle(folder)
    return sign_folder(folder, private_key)


def make_key(out: Path) -> tuple[Path, Path]:
    """Write a new Ed25519 key as PEM, the private half readable by its owner alone; return both files.

    Raises:
        KeyFileError: a key stands there already.
    """
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    private, public = out / PRIVATE_KEY, out / PUBLIC_KEY
    there = [path for path in (private, public) if path.exists()]
    if there:
        raise KeyFileError(f"{there[0]} stands already. What it signed needs it: give another folder")
    key = Ed25519PrivateKey.generate()
    out.mkdir(parents=True, exist_ok=True)
    pem = serialization.Encoding.PEM
    hidden = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    with os.fdopen(os.open(private, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(hidden)
    write_bytes(public, key.public_key().public_bytes(pem, serialization.PublicFormat.SubjectPublicKeyInfo))
    return private, public


def diff_bundles(
    before: Path, after: Path, *, cases: Path | None = None, case_id: str | None = None, sample: int = SAMPLE
) -> BundleDiff:
    """Compare two bundles, and how the cases of a sample move from the first to the second.

    Args:
        before: Folder of the first bundle.
        after: Folder of the second.
        cases: Folder that ``bamboo features`` wrote, or a flat table; it must hold the features of both.
        case_id: Column with the id of the case; None numbers the rows.
        sample: Most cases to decide, spread evenly over the table.

    Raises:
        BundleError: a bundle is altered or malformed.
        FlatTableError: the sample lacks a feature.
    """
    one, other = Scorer.load(before), Scorer.load(after)
    found, given = None, 0
    if cases is not None:
        (first, given), (second, _) = (_decided(scorer, cases, case_id, sample) for scorer in (one, other))
        found = moved(first, second)
    return BundleDiff(
        before=one.sha256,
        after=other.sha256,
        changes=changes(read_bundle(before), read_bundle(after)),
        cases=given,
        moved=found,
    )


def _decided(scorer: Scorer, cases: Path, case_id: str | None, most: int) -> tuple[list[Decision], int]:
    """Return decisions on at most so many cases, spread evenly, and how many cases there are."""
    read = read_cases(cases, scorer.spec.features, case_id_column=case_id)
    given = len(read.ids)
    chosen = [place * given // min(most, given) for place in range(min(most, given))]
    return list(decide(scorer, read.features[chosen], [read.ids[place] for place in chosen])), given
