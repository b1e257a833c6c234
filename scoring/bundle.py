"""A model as one value: what it holds, how it becomes files, and the proof that it still gives its own scores."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from scoring import arrays, codec
from scoring.call_value import CallValue, input_names
from scoring.decision import Value
from scoring.errors import BundleFormatError, GoldenError, RequestError, SpecError, TreesError
from scoring.folder import manifest_of, read_folder, write_folder
from scoring.model import TOLERANCE, Model
from scoring.reference import Reference
from scoring.spec import ModelSpec
from scoring.spec_check import check_spec
from scoring.trees import DTYPES, Trees, check_trees

FORMAT: Final = 1
"""Version of the format, which ``bundle.json`` states.

The promise: whatever a bundle's format, every later version of this distribution with the same major version reads it
and gives the same bits. A format is given up with a new major version alone, and the last version before it says so
when it loads one. A format that is newer than the reader is refused by its number, never guessed at.
"""

MOST_GOLDEN: Final = 10_000
LARGEST_STATISTIC: Final = 1e100
"""Reference statistics are below it, so that no distance computed from them is infinite."""

SPEC_FILE: Final = "bundle.json"
TREES_FILE: Final = "trees.npz"
REFERENCE_FILE: Final = "reference.npz"
CALL_VALUE_FILE: Final = "call_value.npz"
GOLDEN_FILE: Final = "golden.json"

_TREE_ARRAYS: Final = {name: (dtype, 1) for name, dtype in DTYPES.items()}
_REFERENCE_ARRAYS: Final = {"contributions": ("<f8", 1), "group_mean": ("<f8", 1), "group_precision": ("<f8", 2)}


@dataclass(frozen=True, kw_only=True)
class GoldenCase:
    """A case with the scores that the bundle gave it when it was made.

    Attributes:
        features: The request.
        margin: Must be given again bit for bit.
        pd: Must be given again within the last bits that C libraries' exponentials differ by.
        points: Likewise.
    """

    features: Mapping[str, Value]
    margin: float
    pd: float
    points: float


@dataclass(frozen=True, kw_only=True)
class Golden:
    """Cases by which a bundle proves itself when it is loaded."""

    cases: tuple[GoldenCase, ...]


@dataclass(frozen=True, kw_only=True)
class Bundle:
    """All that decides: description, trees, reference, value of a call, golden cases.

    Attributes:
        spec: The description.
        trees: Their sum is the margin.
        reference: The just-approved cases and development's explanations.
        call_value: What past calls taught; None when too few.
        golden: Proof of the scores.
        manifest_sha256: Name of the bundle when it was read from a folder; None when it was just made, also by changing
            (`dataclasses.replace`) one that was read.
    """

    spec: ModelSpec
    trees: Trees
    reference: Reference = field(compare=False)
    call_value: CallValue | None
    golden: Golden
    manifest_sha256: str | None = field(default=None, compare=False, init=False)


@dataclass(frozen=True, kw_only=True)
class _CallValueFacts:
    calls: int
    control_calls: int


@dataclass(frozen=True, kw_only=True)
class _Document:
    """What ``bundle.json`` holds beside the description."""

    format: int
    model: ModelSpec
    tree_features: int
    reference_cases: int
    development_cases: int
    reference_sha256: str
    call_value: _CallValueFacts | None


def golden_of(spec: ModelSpec, trees: Trees, reference: Reference, requests: Sequence[Mapping[str, Value]]) -> Golden:
    """Score requests to make golden cases of them: choose some with missing values, bounds and unseen categories."""
    model = Model(spec, trees, reference, None, "")
    cases = []
    for request in requests:
        row = model.encoder.row(request)
        margin = model.kernel.margin(row)
        values = dict(zip(model.encoder.names, model.encoder.values(row, request), strict=True))
        cases.append(
            GoldenCase(features=values, margin=margin, pd=model.line.pd(margin), points=model.line.points(margin))
        )
    return Golden(cases=tuple(cases))


def prepared(bundle: Bundle, *, accelerate: bool | None = False) -> Model:
    """Check a bundle's parts against each other, prepare them, and prove the golden cases.

    Args:
        bundle: What to prepare.
        accelerate: Whether to compile the arithmetic, see `scoring.scorer.Scorer.load`.

    Raises:
        SpecError: The description contradicts itself.
        TreesError: The trees are none, or not of the model's features.
        BundleFormatError: The reference does not fit the description.
        GoldenError: A golden case gets another score.
    """
    check_spec(bundle.spec)
    check_trees(bundle.trees)
    _check_fit(bundle)
    sha256 = bundle.manifest_sha256 or hashlib.sha256(manifest_of(files_of(bundle))).hexdigest()
    model = Model(bundle.spec, bundle.trees, bundle.reference, bundle.call_value, sha256, accelerate=accelerate)
    _prove(model, bundle.golden)
    return model


def write_bundle(folder: Path | str, bundle: Bundle, *, private_key: bytes | None = None) -> str:
    """Write a bundle that was checked as a reader would, whole or not at all.

    Args:
        folder: Where it will stand. A bundle that stands there is replaced; anything else is refused.
        bundle: What to write.
        private_key: Ed25519 key (32 raw bytes, or those of a PEM file) to sign the manifest with.

    Returns:
        SHA-256 of the manifest: the name under which decisions record the bundle. Equal bundles have equal names.

    Raises:
        ScoringError: The bundle would be refused when read, or ``folder`` holds something else.
    """
    prepared(bundle)
    return write_folder(Path(folder), files_of(bundle), private_key=private_key)


def read_bundle(folder: Path | str, *, public_key: bytes | None = None) -> Bundle:
    """Read a bundle; hashes and signature are checked before anything is parsed, golden cases after.

    Args:
        folder: The bundle.
        public_key: Ed25519 key, 32 raw bytes or the bytes of a PEM file; when given, the manifest must be signed by it.

    Raises:
        AlteredBundleError: A file is missing, added, no plain file, or differs from its hash.
        SignatureError: The manifest is not signed by the key.
        BundleFormatError: A file's content is not what the format says.
        GoldenError: A golden case gets another score.
    """
    return open_bundle(folder, public_key=public_key)[0]


def open_bundle(
    folder: Path | str, *, public_key: bytes | None = None, accelerate: bool | None = False
) -> tuple[Bundle, Model]:
    """Read a bundle as `read_bundle` does, and return it with the model that was prepared to prove it."""
    files, sha256 = read_folder(Path(folder), public_key=public_key)
    bundle = bundle_of(files, sha256)
    try:
        return bundle, prepared(bundle, accelerate=accelerate)
    except (SpecError, TreesError) as error:
        raise BundleFormatError(f"the bundle's parts are no model: {error}") from error


def files_of(bundle: Bundle) -> dict[str, bytes]:
    """Return the bundle's files by name, the same bytes for the same bundle."""
    document = _Document(
        format=FORMAT,
        model=bundle.spec,
        tree_features=bundle.trees.features,
        reference_cases=bundle.reference.cases,
        development_cases=bundle.reference.development_cases,
        reference_sha256=bundle.reference.sha256,
        call_value=_facts(bundle.call_value),
    )
    files = {
        SPEC_FILE: _json(document),
        TREES_FILE: arrays.pack(bundle.trees.arrays()),
        REFERENCE_FILE: arrays.pack(_reference_arrays(bundle.reference)),
        GOLDEN_FILE: _json(bundle.golden),
    }
    if bundle.call_value is not None:
        files[CALL_VALUE_FILE] = arrays.pack(bundle.call_value.trees.arrays())
    return files


def bundle_of(files: Mapping[str, bytes], sha256: str) -> Bundle:
    """Parse the files of a bundle whose hashes have been checked.

    Raises:
        BundleFormatError: Says which file and what in it.
    """
    missing = {SPEC_FILE, TREES_FILE, REFERENCE_FILE, GOLDEN_FILE} - files.keys()
    if missing:
        raise BundleFormatError(f"the manifest does not name {', '.join(sorted(missing))}")
    document = _parsed(_Document, files[SPEC_FILE], SPEC_FILE)
    if (document.call_value is None) != (CALL_VALUE_FILE not in files):
        raise BundleFormatError(f"{SPEC_FILE} and the presence of {CALL_VALUE_FILE} disagree")
    spec = document.model
    reference = arrays.unpack(files[REFERENCE_FILE], _REFERENCE_ARRAYS, REFERENCE_FILE)
    call_value = document.call_value and CallValue(
        trees=_trees(files[CALL_VALUE_FILE], CALL_VALUE_FILE, len(input_names(spec))),
        calls=document.call_value.calls,
        control_calls=document.call_value.control_calls,
    )
    bundle = Bundle(
        spec=spec,
        trees=_trees(files[TREES_FILE], TREES_FILE, document.tree_features),
        reference=Reference(
            **reference,
            cases=document.reference_cases,
            development_cases=document.development_cases,
            sha256=document.reference_sha256,
        ),
        call_value=call_value,
        golden=_parsed(Golden, files[GOLDEN_FILE], GOLDEN_FILE),
    )
    object.__setattr__(bundle, "manifest_sha256", sha256)  # no argument: a changed bundle would keep the name
    return bundle


def _facts(call_value: CallValue | None) -> _CallValueFacts | None:
    if call_value is None:
        return None
    return _CallValueFacts(calls=call_value.calls, control_calls=call_value.control_calls)


def _json(record: object) -> bytes:
    return (codec.to_json(record, indent=1) + "\n").encode()


def _parsed(kind: type[Any], data: bytes, file: str) -> Any:  # noqa: ANN401 - the record of the given kind
    value = _plain(data, file)
    if kind is _Document and isinstance(value, dict) and value.get("format") != FORMAT:
        raise BundleFormatError(f"{file} is of format {value.get('format')!r:.40}, this version reads {FORMAT}")
    try:
        return codec.from_plain(kind, value, file)
    except codec.CodecError as error:
        raise BundleFormatError(str(error)) from error


def _plain(data: bytes, file: str) -> object:
    try:
        return codec.parse_json(data)
    except codec.CodecError as error:
        raise BundleFormatError(f"{file}: {error}") from error


def _trees(data: bytes, file: str, features: int) -> Trees:
    return Trees(features=features, **arrays.unpack(data, _TREE_ARRAYS, file))


def _reference_arrays(reference: Reference) -> dict[str, NDArray[Any]]:
    return {name: np.asarray(getattr(reference, name), dtype=kind) for name, (kind, _) in _REFERENCE_ARRAYS.items()}


def _check_fit(bundle: Bundle) -> None:
    spec, reference = bundle.spec, bundle.reference
    groups = len(spec.reasons)
    if bundle.trees.features != len(spec.features):
        raise TreesError(f"the trees have {bundle.trees.features} features and the description {len(spec.features)}")
    if not bundle.trees.count:
        raise TreesError("there are no trees")
    shapes = {"contributions": (len(spec.features),), "group_mean": (groups,), "group_precision": (groups, groups)}
    for name, shape in shapes.items():
        found = getattr(reference, name)
        if found.shape != shape or not (np.abs(found) < LARGEST_STATISTIC).all():
            raise BundleFormatError(f"reference.{name} must be finite and of shape {shape}, found {found.shape}")
    compared = np.zeros(len(spec.features), dtype=np.bool_)
    compared[bundle.trees.feature] = True
    if reference.contributions[~compared].any():
        raise BundleFormatError("reference.contributions must be 0 for a feature that no tree compares")
    if bundle.call_value is not None:
        check_trees(bundle.call_value.trees)
        wanted, found = len(input_names(spec)), bundle.call_value.trees.features
        if wanted != found:
            raise TreesError(f"the value of a call has {found} inputs, must have {wanted}")
        if not bundle.call_value.trees.count:
            raise TreesError("the value of a call has no trees")
    if not 0 < len(bundle.golden.cases) <= MOST_GOLDEN:
        raise BundleFormatError(f"there are {len(bundle.golden.cases)} golden cases, must be 1 to {MOST_GOLDEN}")


def _prove(model: Model, golden: Golden) -> None:
    for place, case in enumerate(golden.cases):
        try:
            row = model.encoder.row(case.features)
        except RequestError as error:
            raise GoldenError(f"golden case {place} cannot be scored: {error}") from error
        margin, contributions = model.kernel.explain(row)
        found = {"margin": margin, "pd": model.line.pd(margin), "points": model.line.points(margin)}
        for name, number in found.items():
            wanted = getattr(case, name)
            if not _same(number, wanted, 0 if name == "margin" else 4):
                raise GoldenError(f"golden case {place} gets {name} {number!r}, the bundle was made with {wanted!r}")
        gap = math.fsum((model.start_points, *model.line.points_of(contributions).tolist(), -found["points"]))
        if not abs(gap) <= TOLERANCE:
            raise GoldenError(f"the explanation of golden case {place} is {gap!r} points from its score")


def _same(found: float, wanted: float, last_bits: int) -> bool:
    return found == wanted or abs(found - wanted) <= last_bits * math.ulp(wanted)
