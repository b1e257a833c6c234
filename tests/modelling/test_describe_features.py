"""Features described on cases: against loops over the rows, and against the metrics that stand alone."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from modelling.describe_features import CATEGORIES, describe
from modelling.errors import MetricError
from modelling.rate_tests import jeffreys_interval
from modelling.single_feature import leak_suspected
from modelling.stability import psi
from modelling.woe import information_value


@dataclass(frozen=True)
class Named:
    name: str
    kind: str


FEATURES = (
    Named("income", "number"),
    Named("lenders", "number"),
    Named("city", "category"),
    Named("late", "flag"),
    Named("nothing", "number"),
    Named("always", "number"),
    Named("told", "number"),
)


@pytest.fixture(scope="module")
def cases():
    """Three thousand cases of six months; risk rises with lenders, ``told`` knows the end, ``income`` has NaN."""
    random, rows = np.random.default_rng(2), 3000
    lenders = random.poisson(2, rows).astype(float)
    bad = random.random(rows) < 0.05 + 0.05 * lenders
    start = datetime(2024, 1, 3, tzinfo=UTC)
    ids = [f"a{place}" for place in range(rows)]
    frame = pl.DataFrame(
        {
            "application_id": ids,
            "applied_at": [start + timedelta(days=float(day)) for day in np.sort(random.uniform(0, 175, rows))],
            "income": np.where(random.random(rows) < 0.1, np.nan, random.lognormal(9, 0.5, rows)),
            "lenders": pl.Series(lenders).set(pl.Series(random.random(rows) < 0.2), None),
            "city": random.choice([f"city {place:02d}" for place in range(30)], rows).tolist(),
            "late": (random.random(rows) < 0.1).tolist(),
            "nothing": pl.Series([None] * rows, dtype=pl.Float64),
            "always": [4.0] * rows,
            "told": bad.astype(float),
        }
    )
    label = pl.Series(bad.astype(int)).set(pl.Series(random.random(rows) < 0.3), None).cast(pl.Int8)
    labels = pl.DataFrame({"application_id": ids, "label": label}).sample(fraction=1.0, shuffle=True, seed=1)
    return frame, labels


@pytest.fixture(scope="module")
def described(cases):
    frame, labels = cases
    return describe(frame, FEATURES, labels=labels)


@pytest.fixture(scope="module")
def of(described):
    return {one.feature: one for one in described.features}


def test_every_case_is_in_one_bin_and_every_labelled_case_is_counted(described):
    for one in described.features:
        assert sum(part.n for part in one.bins) == described.n == 3000
        assert sum(part.share for part in one.bins) == pytest.approx(1.0)
        assert sum(part.labelled for part in one.bins) == described.goods + described.bads
        assert sum(part.bads for part in one.bins) == described.bads


def test_bins_of_numbers_say_what_lies_in_them(cases, of):
    frame, labels = cases
    rows = frame.join(labels, on="application_id")
    for part in of["lenders"].bins:
        inside = (
            pl.col("lenders").is_between(part.low, part.high) if part.kind == "range" else pl.col("lenders").is_null()
        )
        there = rows.filter(inside)
        bads, labelled = int((there["label"] == 1).sum()), there["label"].count()
        assert (part.n, part.bads, part.labelled) == (len(there), bads, labelled)
        assert part.rate == pytest.approx(bads / labelled)
        assert (part.lower, part.upper) == pytest.approx(jeffreys_interval(labelled, bads))


def test_nulls_and_nan_have_a_bin_of_their_own(cases, of):
    frame, _ = cases

    assert of["income"].nulls == int(frame["income"].is_nan().sum()) > 0
    assert of["income"].bins[-1].kind == of["lenders"].bins[-1].kind == "null"
    assert of["income"].bins[-1].n == of["income"].nulls
    assert [part.kind for part in of["always"].bins] == ["range"]


def test_rare_categories_share_a_bin(cases, of):
    frame, _ = cases
    parts = of["city"].bins
    often = frame["city"].value_counts().sort("count", "city", descending=[True, False])["city"][:CATEGORIES]

    assert [part.category for part in parts if part.kind == "category"] == often.to_list()
    assert [part.kind for part in parts][CATEGORIES:] == ["other"]


def test_information_value_is_that_of_the_metric(cases, of):
    rows = cases[0].join(cases[1], on="application_id", maintain_order="left")
    known = rows.filter(pl.col("label").is_not_null())
    alone = information_value(known["always"].to_numpy(), known["label"].to_numpy())

    assert of["always"].iv == pytest.approx(alone.value)
    assert of["lenders"].iv > 5 * of["income"].iv


def test_psi_by_month_is_that_of_the_metric(cases, described, of):
    month = cases[0]["applied_at"].dt.convert_time_zone("Asia/Shanghai").dt.strftime("%Y-%m")
    early = month.is_in(list(described.reference))
    assert 0.5 <= early.mean() < 0.75
    for name in ("income", "lenders"):
        values = cases[0][name].fill_null(float("nan"))
        for one in of[name].months:
            expected = psi(values.filter(early).to_numpy(), values.filter(month == one.month).to_numpy())
            assert one.psi.value == pytest.approx(expected.value)
            assert one.reference is (one.month in described.reference)


def test_directions_and_leaks_are_seen(described, of):
    assert of["lenders"].trend.direction == 1
    assert of["income"].trend.direction == of["late"].trend.direction == 0
    assert of["city"].trend is None
    assert [name for name, one in of.items() if leak_suspected(one.auc, described.goods, described.bads)] == ["told"]


def test_a_leak_through_missing_values_alone_is_seen(cases):
    frame, labels = cases
    hidden = pl.when(pl.col("told") == 1).then(None).otherwise(1.0).alias("told")
    found = describe(frame.with_columns(hidden), [Named("told", "number")], labels=labels)

    assert leak_suspected(found.features[0].auc, found.goods, found.bads)


def test_a_column_without_values_is_described_as_one(of):
    assert (of["nothing"].distinct, of["nothing"].histogram, of["nothing"].null_share) == (0, None, 1.0)
    assert of["nothing"].auc == 0.5


def test_without_labels_nothing_is_said_of_bad_cases(cases):
    found = describe(cases[0], FEATURES)

    assert found.bad_rate is None
    assert all(one.iv is one.auc is one.trend is None for one in found.features)
    assert all(part.rate is None for one in found.features for part in one.bins)


def test_labels_of_one_class_say_nothing_of_bad_rates(cases):
    frame, labels = cases
    found = describe(frame, FEATURES, labels=labels.with_columns(label=pl.lit(0, pl.Int8)))

    assert found.bads == 0
    assert all(one.iv is None for one in found.features)


def test_one_month_has_nothing_to_be_held_against(cases):
    found = describe(cases[0].head(50), FEATURES)

    assert found.months == found.reference
    assert all(one.months == () and one.largest_move is None for one in found.features)


def test_a_table_without_rows_is_refused(cases):
    with pytest.raises(MetricError, match="the feature table has no row"):
        describe(cases[0].clear(), FEATURES)
