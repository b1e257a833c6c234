"""The one logistic regression that the linear candidates share."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def solve(
    inputs: NDArray[np.float64], labels: NDArray[np.float64], strength: float, seed: int
) -> tuple[NDArray[np.float64], float]:
    """Fit an L2-regularised logistic regression to its optimum.

    Newton steps with a Cholesky factorisation: a handful of passes over many rows and few columns, and nothing drawn.

    Args:
        inputs: One row per case, one column per input, all known and on comparable scales.
        labels: 1 for bad, 0 for good.
        strength: Inverse of the regularisation strength (scikit-learn's ``C``); the intercept is not regularised.
        seed: Passed on to scikit-learn, which draws nothing with this solver.

    Returns:
        One weight per column, and the intercept, in log-odds of bad.
    """
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(C=strength, solver="newton-cholesky", max_iter=200, tol=1e-8, random_state=seed)
    model.fit(inputs, labels)
    return model.coef_[0], float(model.intercept_[0])
