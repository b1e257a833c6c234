"""A small scored lender whose truth is known, shared by the tests of evaluation, comparison and gates."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest
from scipy import special

from modelling.calibration import calibrated_pd, fit_platt
from modelling.evaluation import evaluate
from modelling.splits import by_time
from modelling.tier_fit import fit_tiers
from scoring.spec import Calibration, FeatureSpec, Tier


def _feature(name, kind="number", direction=0):
    return FeatureSpec(
        name=name, kind=kind, source="bureau", direction=direction, reason_group="g", null_means="", en="", zh=""
    )


@dataclass(frozen=True)
class ScoredLender:
    """All cases of a year and a half, scored: rejects, immature months and repeat applicants among them."""

    frame: pl.DataFrame
    margin: np.ndarray
    logit: np.ndarray
    features: tuple[FeatureSpec, ...]
    calibration: Calibration
    tiers: tuple[Tier, ...]

    def evaluate(self, margin=None, **changes):
        arguments = {
            "model": "trial",
            "features": self.features,
            "calibration": self.calibration,
            "tiers": self.tiers,
            "bad_definition": "60+ days past due within 180 days",
            "approved_tiers": ("A", "B"),
            "resamples": 200,
        }
        return evaluate(self.frame, self.margin if margin is None else margin, **(arguments | changes))


@pytest.fixture(scope="session")
def lender():
    """Return 9,000 applications: `debt` is what default depends on, `noise` is not, `after` was written down later."""
    random = np.random.default_rng(42)
    n = 9000
    day = np.sort(random.integers(0, 540, n))
    debt, noise = random.normal(size=n), random.normal(size=n)
    logit = -2.3 + 1.1 * debt
    bad = random.random(n) < special.expit(logit)
    paid_out = random.random(n) < 0.7
    pending = paid_out & ~bad & (day > 365)
    status = np.select([~paid_out, pending, bad], ["unknown", "pending", "bad"], "good")
    frame = pl.DataFrame(
        {
            "case_id": [f"a{number}" for number in range(n)],
            "applicant_id": [f"p{number}" for number in random.integers(0, 7000, n)],
            "time": [datetime(2023, 1, 1, tzinfo=UTC) + timedelta(days=int(one)) for one in day],
            "label_status": status,
            "label": pl.Series([{"good": 0, "bad": 1}.get(one) for one in status], dtype=pl.Int8),
            "debt": np.where(random.random(n) < 0.1, np.nan, debt),
            "noise": noise,
            "region": pl.Series(random.choice(["east", "west"], n)).set(pl.Series(random.random(n) < 0.05), None),
            "returning": random.random(n) < 0.03,
            "protected_gender": random.choice(["female", "male"], n, p=[0.4, 0.6]),
        }
    )
    frame = by_time(frame)
    split = frame["split"].to_numpy()
    margin = 1.4 * logit + random.normal(size=n) * 0.6
    held_out = split == "calibration"
    calibration = fit_platt(margin[held_out], bad[held_out])
    fitted = held_out | (split == "development")
    return ScoredLender(
        frame=frame,
        margin=margin,
        logit=logit,
        features=(
            _feature("debt", direction=1),
            _feature("noise"),
            _feature("region", "category"),
            _feature("returning", "flag"),
        ),
        calibration=calibration,
        tiers=fit_tiers(calibrated_pd(margin, calibration)[fitted], bad[fitted]).tiers,
    )


@pytest.fixture(scope="session")
def evaluation(lender):
    """Return the lender's evaluation."""
    return lender.evaluate()
