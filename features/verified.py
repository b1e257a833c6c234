"""What a phone review found in the place of what was stated: a rebuild then gives the features after the call."""

from __future__ import annotations

import polars as pl

from features.errors import SchemaError
from features.tables import APPLICATIONS, CALLS, VERIFIABLE


def apply_verified(applications: pl.DataFrame, verified: pl.DataFrame) -> pl.DataFrame:
    """Return the applications with verified values where there are any; rows and order stay.

    Args:
        applications: The raw table.
        verified: One row per application reviewed: ``application_id`` and any of the columns ``verified_income``,
            ``verified_job_months``, ``verified_other_lenders``, ``verified_monthly_debt``. Null: not verified, the
            stated value stands. Ids that are no application's are ignored.

    Raises:
        SchemaError: a column has the wrong type, or an application stands twice.
    """
    problems = [
        f"column {name!r} is {verified.schema[name]}, must be {CALLS.column(name).dtype}"
        for name in VERIFIABLE.values()
        if name in verified.columns and verified.schema[name] != CALLS.column(name).dtype
    ]
    if verified.schema.get("application_id") != pl.String():
        problems.append("column 'application_id' must be there, as String")
    elif verified["application_id"].is_duplicated().any():
        problems.append("column 'application_id' holds an application twice")
    if problems:
        raise SchemaError("verified", problems)
    found = {stated: name for stated, name in VERIFIABLE.items() if name in verified.columns}
    joined = applications.join(
        verified.select(APPLICATIONS.key, *found.values()), on=APPLICATIONS.key, how="left", maintain_order="left"
    )
    return joined.with_columns(pl.coalesce(name, stated).alias(stated) for stated, name in found.items()).select(
        applications.columns
    )
