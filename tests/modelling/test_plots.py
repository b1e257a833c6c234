import numpy as np
import pytest

from modelling.plots import BEESWARM_CASES, evaluation_figures, shap_figures
from modelling.run_metrics import month_metrics, split_metrics

PNG = b"\x89PNG\r\n\x1a\n"


def test_every_evaluation_is_drawn_the_same_each_time(small_trained):
    first, second = (evaluation_figures(small_trained.evaluation) for _ in range(2))

    assert set(first) == {"roc.png", "ks.png", "calibration.png", "score_distribution.png", "tiers.png"}
    assert all(content.startswith(PNG) for content in first.values())
    assert first == second


def test_shap_figures_are_the_same_each_time_and_leave_numpys_generator_alone(small_trained, small_dataset):
    matrix = small_dataset.matrix(small_dataset.frame[: BEESWARM_CASES + 500])
    contributions = small_trained.fitted.contributions_of(matrix)
    np.random.seed(11)  # noqa: NPY002 - the global generator is what is tested
    expected = np.random.random()  # noqa: NPY002
    np.random.seed(11)  # noqa: NPY002
    first = shap_figures(small_dataset.features, matrix, contributions)

    assert np.random.random() == expected  # noqa: NPY002
    assert first == shap_figures(small_dataset.features, matrix, contributions)
    assert "shap_beeswarm.png" in first
    assert "shap_dependence_income.png" in first
    assert all(content.startswith(PNG) for content in first.values())


def test_metrics_are_flat_finite_numbers(small_trained):
    metrics = split_metrics(small_trained.evaluation)

    assert {name.split(".")[0] for name in metrics} == {"development", "calibration", "out_of_time", "cases"}
    assert all(np.isfinite(value) for value in metrics.values())
    assert metrics["development.cases"] == small_trained.evaluation.on("development").n
    shares = [value for name, value in metrics.items() if name.startswith("out_of_time.tier_") and "share" in name]
    assert sum(shares) == pytest.approx(1)


def test_months_are_steps_in_order(small_trained):
    steps = [step for name, _, step in month_metrics(small_trained.evaluation) if name == "month.cases"]

    assert steps == sorted(steps)
    assert steps[0] == 202301
