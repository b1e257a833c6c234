"""What answers requests: one bundle, the scorer and the builder made from it, swapped as one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from features.catalogue import CATALOGUE, Catalogue
from features.online import OnlineBuilder
from features.tables import TABLES, Table
from scoring.bundle import GoldenCase, open_bundle
from scoring.errors import listed
from scoring.scorer import Scorer
from service.history import COLUMNS, Columns, columns_of

if TYPE_CHECKING:
    from scoring.spec import ModelSpec


@dataclass(frozen=True, kw_only=True, eq=False)
class Serving:
    """All that is needed to answer, made from one bundle; never changed, so that a request has one from end to end.

    Attributes:
        scorer: Decides.
        golden: Cases that the bundle brings, the examples of the API's description.
        builder: Builds the bundle's features from raw tables; None when they are not built from those.
        unbuildable: Features that no catalogue knows, the reason for having no builder.
        columns: What the columns of raw tables may hold.
    """

    scorer: Scorer
    golden: tuple[GoldenCase, ...]
    builder: OnlineBuilder | None
    unbuildable: tuple[str, ...] = ()
    columns: Columns = field(default_factory=lambda: COLUMNS, repr=False)

    @property
    def spec(self) -> ModelSpec:
        """Description of the model."""
        return self.scorer.spec

    @property
    def why_no_builder(self) -> str:
        """Why raw tables cannot be decided with this bundle."""
        return (
            f"{len(self.unbuildable)} feature(s) of the bundle are not built from raw tables: "
            f"{listed(self.unbuildable)}. "
            "Send features to /v1/decisions, or start the service with the contract that declares them."
        )


def load_serving(
    folder: Path | str,
    *,
    public_key: bytes | None = None,
    accelerate: bool | None = False,
    catalogue: Catalogue = CATALOGUE,
    time_zone: str = "Asia/Shanghai",
    tables: Mapping[str, Table] = TABLES,
) -> Serving:
    """Read a bundle, prove it, and prepare all that answers with it.

    Args:
        folder: The bundle.
        public_key: Ed25519 key, 32 raw bytes or the bytes of a PEM file; when given, the bundle must be signed by it.
        accelerate: Whether numba compiles the scorer's arithmetic, see `Scorer.load`.
        catalogue: What the names of the bundle's features stand for, when they are built from raw tables.
        time_zone: Zone of local hours and days of the features.
        tables: Contracts of the raw tables, with the lists of categories that hold for this lender.

    Raises:
        BundleError: The bundle is altered, unsigned, malformed or does not reproduce its golden cases.
        AcceleratorError: `accelerate` is True and numba cannot be imported.
    """
    bundle, model = open_bundle(folder, public_key=public_key, accelerate=accelerate)
    names = [feature.name for feature in bundle.spec.features]
    unbuildable = tuple(name for name in names if name not in catalogue)
    return Serving(
        scorer=Scorer(bundle, public_key=public_key, accelerate=accelerate, model=model),
        golden=bundle.golden.cases,
        builder=None if unbuildable else OnlineBuilder(names, time_zone=time_zone, catalogue=catalogue),
        unbuildable=unbuildable,
        columns=columns_of(tables),
    )
