"""Calls on a synthetic lender's cases, simulated from the truth: for evaluations alone, never for a model or policy."""

from __future__ import annotations

from typing import Final

import numpy as np
import polars as pl

from features.tables import APPLICATIONS, CALLS, VERIFIABLE
from modelling.errors import MetricError

IDS: Final = APPLICATIONS.key

TRUE: Final = {
    "verified_income": "true_income",
    "verified_job_months": "true_job_months",
    "verified_other_lenders": "true_other_lenders",
    "verified_monthly_debt": "true_monthly_debt",
}
"""Column of what a call finds to the column of ``truth``."""

PERSON_FINDS: Final = 0.85
"""Probability with which a person finds a true value."""


def simulate_calls(
    applications: pl.DataFrame, truth: pl.DataFrame, *, reached: float, finds: float = PERSON_FINDS, seed: int
) -> pl.DataFrame:
    """Draw what a call on each application would find.

    The applicant is reached with one probability; then each of the four facts is found with another, independently; a
    fact that is not found stays as stated. The draws depend on seed and ids alone, not on the order of the rows.

    Args:
        applications: Applications to call.
        truth: The synthetic lender's truth.
        reached: Probability of reaching the applicant.
        finds: Probability of finding a true value.
        seed: Seed of the draws.

    Returns:
        One row per application, ordered by id: the id, ``reached``, and the verified columns, null where not found.

    Raises:
        MetricError: a probability outside 0 to 1, or an application without truth.
    """
    for name, share in (("reached", reached), ("finds", finds)):
        if not 0 <= share <= 1:
            raise MetricError(f"{name} == {share}, must be from 0 to 1")
    cases = applications.select(IDS).sort(IDS).join(truth, on=IDS, how="left", maintain_order="left")
    lacking = cases.filter(pl.col("would_be_bad").is_null())
    if len(lacking):
        raise MetricError(
            f"application {lacking[IDS][0]!r} and {len(lacking) - 1} more have no truth; make the table anew"
        )
    random = np.random.default_rng(seed)
    answered = random.random(len(cases)) < reached
    found = {
        verified: pl.when(pl.Series(answered & (random.random(len(cases)) < finds))).then(pl.col(true))
        for verified, true in TRUE.items()
    }
    return cases.select(
        IDS,
        pl.Series("reached", answered),
        *(found[name].cast(CALLS.column(name).dtype).alias(name) for name in VERIFIABLE.values()),
    )


def observed_reach(calls: pl.DataFrame) -> float:
    """Return the share of persons' calls that reached the applicant.

    Raises:
        MetricError: no person called.
    """
    made = calls.filter(pl.col("stage") == "person")["reached"]
    if made.is_empty():
        raise MetricError("no past call was made by a person, so how often one is reached is not known")
    return float(made.sum()) / len(made)
