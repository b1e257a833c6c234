"""A lender's own features: Python files named in the contract, run, checked, and put beside the built-in ones.

A module is one file beside the contract that exposes ``FEATURES``, a tuple of features declared as those of
``features/``. It may import ``features`` and what is installed, and nothing of its own folder: the manifest of a
feature table holds the hash of exactly what was run.
"""

from __future__ import annotations

import hashlib
import re
import sys
import traceback
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import Final

from features.build import build
from features.catalogue import CATALOGUE, Catalogue, Module
from features.closed_lists import foreign_words
from features.errors import DeclarationError, nearest
from features.feature import Feature
from features.online import OnlineBuilder
from features.tables import TABLES
from pipelines.contract import TablesContract
from pipelines.contract_rules import tables_of
from pipelines.errors import DamagedFileError, MissingFileError, OwnModuleError

EXPOSED: Final = "FEATURES"
"""What a module calls its tuple of features."""

_PACKAGE: Final = "own_features"
"""What stands before a module's name where Python keeps modules, so that it hides no installed one."""

_NOT_EXPORTED: Final = re.compile("cannot import name '(.+?)' from ")
"""What Python says of a name that a module does not have; before 3.12 nothing else tells the name."""

_ASKED: Final = ("name", "kind", "meaning", "lower", "upper", "inputs", "tables", "stated", "definition")


def load_catalogue(contract: TablesContract | None = None) -> Catalogue:
    """Return the built-in features and, after them, those of the contract's modules, each module a group.

    Every module is run anew. A feature that cannot be built on empty tables, or for one applicant, is refused here,
    before any job reads tables.

    Args:
        contract: What the lender says of its tables; None, or a contract without modules, gives the built-in features.

    Raises:
        MissingFileError: a module is not there.
        OwnModuleError: it does not run, exposes no features, or one of them cannot be used; the message names module,
            feature and the way out.
    """
    catalogue = CATALOGUE
    if contract is None:
        return catalogue
    for path in contract.modules:
        module = _module(path)
        try:
            catalogue = catalogue.with_module(module)
        except DeclarationError as error:
            raise OwnModuleError(path, error.problems) from None
        _try_out(path, module)
        problems = [*_same_texts(module, catalogue), *foreign_words(module.features, tables_of(contract))]
        if problems:
            raise OwnModuleError(path, problems)
    return catalogue


def check_modules(built_with: Mapping[str, str], catalogue: Catalogue, table: Path) -> None:
    """Refuse a feature table whose own features are not those that the contract's modules declare now.

    Args:
        built_with: Modules and their hashes, as the table's manifest tells.
        catalogue: What the contract's modules declare.
        table: The feature table, for the message.

    Raises:
        DamagedFileError: a module has changed since, or is not in the contract that was given.
    """
    for name, sha256 in built_with.items():
        if name not in catalogue.modules:
            raise DamagedFileError(
                table, f"holds features of the module {name!r}", "Give the contract that names it (--contract)"
            )
        if catalogue.modules[name] != sha256:
            raise DamagedFileError(
                table, f"was built with another version of the module {name!r}", "Run `bamboo features` again"
            )


def _module(path: Path) -> Module:
    try:
        source = path.read_bytes()
    except FileNotFoundError:
        raise MissingFileError(
            path, "The contract names it as a module of features; write it or take it out."
        ) from None
    return Module(
        name=path.stem, sha256=hashlib.sha256(source).hexdigest(), features=_features(path, _run(path, source))
    )


def _run(path: Path, source: bytes) -> ModuleType:
    """Run a module's source, as read: what is hashed is what runs, and no compiled copy is left beside it."""
    module = ModuleType(f"{_PACKAGE}.{path.stem}")
    module.__file__ = str(path)
    sys.modules[module.__name__] = module  # where dataclasses look up the module of a class
    try:
        exec(compile(source, str(path), "exec"), module.__dict__)  # noqa: S102 -- running the lender's module is the job
    except (Exception, SystemExit) as error:  # a foreign module may raise anything
        raise OwnModuleError(path, [_told(path, error, module)]) from error
    return module


def _told(path: Path, error: BaseException, module: ModuleType) -> str:
    """Return where in the module an error arose and what it says, with the name that may have been meant."""
    if isinstance(error, DeclarationError):
        return f"{_line(path, error)}{'; '.join(error.problems)}"
    said = f"{_line(path, error)}{type(error).__name__}: {error}"
    if isinstance(error, ModuleNotFoundError):
        return f"{said}; a module may import features and installed packages, not files beside it"
    if isinstance(error, NameError):
        return f"{said}.{nearest(str(error.name), module.__dict__)}"
    if isinstance(error, ImportError) and error.name in sys.modules and (wanted := _NOT_EXPORTED.match(str(error))):
        return f"{said}.{nearest(wanted[1], sys.modules[error.name].__dict__)}"
    return said


def _line(path: Path, error: BaseException) -> str:
    if isinstance(error, SyntaxError):
        return f"line {error.lineno}: "
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(path)]
    return f"line {lines[-1]}: " if lines else ""


def _features(path: Path, module: ModuleType) -> tuple[Feature, ...]:
    declared = module.__dict__.get(EXPOSED)
    if declared is None:
        public = [name for name in module.__dict__ if not name.startswith("_")]
        raise OwnModuleError(path, [f"it exposes no {EXPOSED}.{nearest(EXPOSED, public)}"])
    if not isinstance(declared, tuple):
        found = type(declared).__name__
        raise OwnModuleError(path, [f"{EXPOSED} is {found}, must be a tuple of features: ({EXPOSED.lower()}, …)"])
    strange = [_strange(place, one) for place, one in enumerate(declared) if not _is_feature(one)]
    if strange:
        raise OwnModuleError(path, strange)
    return declared


def _is_feature(one: object) -> bool:
    return not isinstance(one, type) and all(hasattr(type(one), name) or hasattr(one, name) for name in _ASKED)


def _strange(place: int, one: object) -> str:
    way = "write * before it" if isinstance(one, tuple | list) else "declare it as Windowed, Rowwise or SharedKey"
    return f"{EXPOSED}[{place}] is {type(one).__name__}, must be a feature; {way}"


def _same_texts(module: Module, catalogue: Catalogue) -> Iterator[str]:
    """Yield texts of own features that another feature bears: nobody could tell the two apart on a page."""
    for language in ("en", "zh"):
        named: dict[str, list[str]] = {}
        for feature in catalogue.values():
            named.setdefault(getattr(feature.meaning, language), []).append(feature.name)
        for text, names in named.items():
            if len(names) > 1 and any(feature.name in names for feature in module.features):
                yield (
                    f"{', '.join(map(repr, names))} have one text {language!r}: {text!r}; say what tells them apart, "
                    "such as the days of the window by {days}"
                )


def _try_out(path: Path, module: Module) -> None:
    """Build each feature on empty tables, and prepare it for one applicant, before any table is read.

    A column that does not exist comes to light here, not in a job; and what only a batch can compute does so before a
    model is trained on it, not when a service starts.
    """
    empty = {name: table.empty() for name, table in TABLES.items()}
    problems = []
    for feature in module.features:
        try:
            build(empty, features=[feature])
            OnlineBuilder([feature])
        except Exception as error:  # noqa: BLE001 -- a foreign declaration may raise anything; it is told
            first = str(error).strip().partition("\n")[0]
            problems.append(f"{feature.name!r} cannot be built: {type(error).__name__}: {first}")
    if problems:
        raise OwnModuleError(path, problems)
