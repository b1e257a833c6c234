import numpy as np
import polars as pl
import pytest
from sklearn.linear_model import LogisticRegression

from modelling.logistic import CLIP, Logistic


@pytest.fixture(scope="module")
def fitted(small_dataset):
    return Logistic().fit(small_dataset, 0)


def by_hand(dataset, frame, development):
    """One column per number, missing mark and category, made the slow way."""
    columns = []
    for spec in dataset.features:
        past, values = development[spec.name].to_list(), frame[spec.name].to_list()
        if spec.kind == "category":
            columns.extend([float(value == word) for value in values] for word in spec.vocabulary)
            columns.append([float(value is not None and value not in spec.vocabulary) for value in values])
        else:
            known = np.array([float(value) for value in past if value is not None])
            low, high = np.quantile(known, CLIP)
            clipped = np.clip(known, low, high)
            spread = clipped.std() or 1.0
            columns.append(
                [0.0 if v is None else (min(max(float(v), low), high) - clipped.mean()) / spread for v in values]
            )
        columns.append([float(value is None) for value in values])
    return np.array(columns).T


def test_margin_is_that_of_scikit_learn_on_inputs_made_by_hand(fitted, small_dataset):
    development, late = small_dataset.part("development"), small_dataset.part("out_of_time")
    reference = LogisticRegression(C=Logistic().strength, tol=1e-10, max_iter=5000)
    reference.fit(by_hand(small_dataset, development, development), development["label"].to_numpy())

    expected = reference.decision_function(by_hand(small_dataset, late, development))

    np.testing.assert_allclose(fitted.margin(late), expected, atol=1e-4)


def test_extremes_count_no_more_than_the_clip(fitted, small_dataset):
    case = small_dataset.frame[:1]
    column = next(
        column for column, spec in zip(fitted.columns, small_dataset.features, strict=True) if spec.name == "income"
    )
    far, edge = (fitted.margin(case.with_columns(pl.lit(value).alias("income"))) for value in (1e12, column.upper))

    assert far == edge


def test_risk_falls_with_income_and_rises_with_inquiries(fitted, small_dataset):
    weights = {spec.name: column.weight for spec, column in zip(small_dataset.features, fitted.columns, strict=True)}

    assert weights["income"] < 0 < weights["inquiries"]
