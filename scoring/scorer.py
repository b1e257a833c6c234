"""The one function of a service: a case in, a decision out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scoring.bundle import Bundle, open_bundle, prepared
from scoring.decision import Decision, Value
from scoring.encode import Column, text_problem, without_order
from scoring.errors import CaseIdError, ShapeError, shown
from scoring.kernel import Kernel
from scoring.model import Model, Scored
from scoring.rules import Portfolio, check_portfolio
from scoring.spec import ModelSpec

Array = NDArray[np.float64]

_AT_ONCE = 1 << 14
"""Cases decided together: several pieces for the threads of a compiled kernel, one for numpy's."""


class Scorer:
    """Scores, explains and routes cases with one bundle.

    Pure but for the bundle it holds: no clock, no chance, no environment, no logging. Any number of threads may share
    one, also while `reload` swaps the bundle: each call uses one bundle from beginning to end.

    Args:
        bundle: What decides.
        public_key: As for `load`, of who must have signed what `reload` reads.
        accelerate: As for `load`.
        model: The bundle as `open_bundle` prepared it; None prepares it.
    """

    def __init__(
        self,
        bundle: Bundle,
        *,
        public_key: bytes | None = None,
        accelerate: bool | None = False,
        model: Model | None = None,
    ) -> None:
        self._public_key = public_key
        self._accelerate = accelerate
        self._model: Model = model or prepared(bundle, accelerate=accelerate)

    @classmethod
    def load(cls, folder: Path | str, *, public_key: bytes | None = None, accelerate: bool | None = False) -> Scorer:
        """Read, check and prepare a bundle.

        Args:
            folder: The bundle.
            public_key: Ed25519 key, 32 raw bytes or those of a PEM file, that the manifest must be signed by; None asks
                for no signature.
            accelerate: Whether numba compiles the arithmetic: True wants it, None takes it where numba is installed,
                False does without. The bits are the same. Compiling takes seconds, once in a process, while the bundle
                is loaded; nothing is kept on disk.

        Raises:
            BundleError: The bundle is altered, unsigned, malformed or does not reproduce its golden vectors.
            AcceleratorError: `accelerate` is True and numba cannot be imported.
        """
        bundle, model = open_bundle(folder, public_key=public_key, accelerate=accelerate)
        return cls(bundle, public_key=public_key, accelerate=accelerate, model=model)

    def reload(self, folder: Path | str) -> None:
        """Swap to another bundle, checked as in `load` with the same key; on any error the one in use stays.

        Raises:
            BundleError: As for `load`.
        """
        self._model = open_bundle(folder, public_key=self._public_key, accelerate=self._accelerate)[1]

    @property
    def spec(self) -> ModelSpec:
        """Description of the model in use."""
        return self._model.spec

    @property
    def sha256(self) -> str:
        """Hash of the manifest of the bundle in use."""
        return self._model.sha256

    @property
    def accelerated(self) -> bool:
        """Whether numba has compiled the arithmetic."""
        return type(self._model.kernel) is not Kernel

    def decide(
        self,
        features: Mapping[str, Value],
        *,
        case_id: str | None = None,
        portfolio: Portfolio | None = None,
    ) -> Decision:
        """Decide one case.

        Args:
            features: A value for every feature of the model; None or NaN when unknown.
            case_id: Id of the application; without one the control arm never picks the case.
            portfolio: Category feature to category to its share of the outstanding amount, for concentration limits;
                None checks none.

        Raises:
            RequestError: A feature, the id or the portfolio's state cannot be used; says which and why.
        """
        model = self._model
        if case_id is not None:
            _check_case_id(case_id)
        if portfolio is not None:
            check_portfolio(model.spec.policy.concentration_limits, portfolio)
        return model.decide_one(features, case_id, portfolio)

    def decide_many(
        self,
        columns: Mapping[str, Column],
        *,
        case_ids: Sequence[str | None] | None = None,
        portfolio: Portfolio | None = None,
        threads: int = 1,
    ) -> list[Decision]:
        """Decide many cases, each exactly as `decide` would.

        The contributions of a decision are put into records when they are first asked for: a batch whose contributions
        nobody reads does not cost the time, nor most of the memory. Until then, a decision holds on to the numbers of
        the up to 16,384 cases that were decided with it.

        Args:
            columns: One column per feature of the model, all of one length.
            case_ids: An id, or None, per case; None gives none an id.
            portfolio: As for `decide`; the same state for all cases.
            threads: Threads that score and explain; the result does not depend on it.

        Raises:
            RequestError: As for `decide`, naming the row; nothing is decided then.
        """
        model, threads = self._model, _threads(threads)
        if portfolio is not None:
            check_portfolio(model.spec.policy.concentration_limits, portfolio)
        matrix = model.encoder.columns(columns)
        words = {name: list(columns[name]) for name in model.encoder.categories}
        if without_order(case_ids):
            raise ShapeError(f"case_ids is a {type(case_ids).__name__}, must be a list with an id, or None, per case.")
        ids = [None] * len(matrix) if case_ids is None else list(case_ids)
        if len(ids) != len(matrix):
            raise ShapeError(f"case_ids has {len(ids)} entries for {len(matrix)} cases; give one for each.")
        for row, case_id in enumerate(ids):
            if case_id is not None:
                _check_case_id(case_id, row)
        decided: list[Decision] = []
        for start in range(0, len(matrix), _AT_ONCE):
            some = slice(start, start + _AT_ONCE)
            rows = np.ascontiguousarray(matrix[some])
            margins, contributions = model.kernel.explain_many(rows, threads=threads)
            unseen = _words(model, rows, words, start)
            scored = Scored(rows=rows, words=unseen, margins=margins, contributions=contributions)
            decided += model.decide(scored, ids[some], portfolio)
        return decided

    def matrix(self, columns: Mapping[str, Column]) -> Array:
        """Encode cases strictly, for `margins` and `contributions`; see `Encoder.columns`.

        The matrix is the bundle's in use: after `reload` it is to be made again, for another bundle may have other
        features in its places. Where bundles are swapped under load, `decide_many` uses one from beginning to end.
        """
        return self._model.encoder.columns(columns)

    def margins(self, matrix: Array, *, threads: int = 1) -> Array:
        """Return the margin (raw log-odds of bad) of every row of an encoded matrix, with LightGBM's bits."""
        model = self._model
        return model.kernel.margins(_checked(matrix, model), threads=_threads(threads))

    def contributions(self, matrix: Array, *, threads: int = 1) -> Array:
        """Return exact TreeSHAP contributions in log-odds, shape (rows, features).

        Args:
            matrix: From `matrix`.
            threads: Threads that share the rows; the result does not depend on it.
        """
        return self.explain(matrix, threads=threads)[1]

    def explain(self, matrix: Array, *, threads: int = 1) -> tuple[Array, Array]:
        """Return margins and exact TreeSHAP contributions, both in log-odds, of an encoded matrix in one pass.

        Args:
            matrix: From `matrix`.
            threads: Threads that share the rows; the result does not depend on it.

        Returns:
            The margin of every row, and contributions, shape (rows, features). `start` and a row's contributions add up
            to its margin.
        """
        model = self._model
        return model.kernel.explain_many(_checked(matrix, model), threads=_threads(threads))

    def explain_row(self, row: Array) -> tuple[float, Array]:
        """Return the margin and the contributions of one encoded case, with the bits that `explain` gives it.

        Args:
            row: float64 per feature, NaN where missing: a row of `matrix`.

        Returns:
            The margin, and contributions, shape (features,), both in log-odds.
        """
        model = self._model
        return model.kernel.explain(_checked_row(row, model))

    @property
    def start(self) -> float:
        """Margin before any feature is known: the mean of the trees over the training rows."""
        return self._model.kernel.expected

    def pd(self, margins: Array) -> Array:
        """Return the calibrated PD of every margin."""
        return self._model.line.pds(np.asarray(margins, dtype=np.float64))


def _words(model: Model, rows: Array, words: Mapping[str, Sequence[Any]], start: int) -> Sequence[Mapping[str, Value]]:
    """Return, for each of some rows, its categories never seen; ``words`` are of all rows, from the first on."""
    found: list[dict[str, Value]] = [{} for _ in rows]
    for name, place in model.encoder.unseen_in(rows):
        found[place][name] = str(words[name][start + place])
    return found


def _threads(threads: int) -> int:
    if isinstance(threads, bool) or not isinstance(threads, int) or threads < 1:
        raise ShapeError(f"threads == {shown(threads)}, must be a whole number of at least 1.")
    return threads


def _checked(matrix: Any, model: Model) -> Array:  # noqa: ANN401 - whatever a caller passes for a matrix
    array = np.asarray(matrix, dtype=np.float64)
    features = model.kernel.features
    if array.ndim != 2 or array.shape[1] != features:
        raise ShapeError(f"matrix has shape {array.shape}, must be (rows, {features}).")
    if np.count_nonzero(np.isinf(array)):
        raise ShapeError("matrix holds an infinite number; NaN is what stands for unknown.")
    return array


def _checked_row(row: Any, model: Model) -> Array:  # noqa: ANN401 - whatever a caller passes for a row
    array = np.asarray(row, dtype=np.float64)
    features = model.kernel.features
    if array.shape != (features,):
        raise ShapeError(f"row has shape {array.shape}, must be ({features},).")
    if np.count_nonzero(np.isinf(array)):
        raise ShapeError("row holds an infinite number; NaN is what stands for unknown.")
    return array


def _check_case_id(case_id: object, row: int | None = None) -> None:
    if not isinstance(case_id, str):
        raise CaseIdError(case_id, "a string: identifiers are never numbers", row)
    problem = "at least one character long" if not case_id else text_problem(case_id)
    if problem:
        raise CaseIdError(case_id, problem, row)
