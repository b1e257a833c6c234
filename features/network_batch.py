"""Network features for a batch of applications: the part of a build that cannot be split by applicant."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import polars as pl

from features.point_in_time import ROW
from features.shared_keys import SharedKey, count_shared


def with_network(values: pl.DataFrame, parts: Sequence[SharedKey], tables: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """Return the applications with network features beside them; these look at the applications of everyone.

    Args:
        values: Applications to build, numbered by ``row``.
        parts: Features to add.
        tables: Raw tables; features whose tables are not among them are null.
    """
    everyone = tables["applications"]
    if "outcomes" in tables:
        everyone = everyone.join(tables["outcomes"], on="application_id", how="left")
    for part in parts:
        if part.tables <= tables.keys():
            values = values.join(count_shared(part, values, everyone), on=ROW, how="left")
        else:
            values = values.with_columns(pl.lit(None, pl.Float64).alias(part.name))
    return values
