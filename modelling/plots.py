"""Figures of a run for the MLflow log: drawn from the evaluation, and by the shap package from contributions."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from numpy.typing import NDArray

from modelling.evaluation import Evaluation
from modelling.splits import held_out_words
from scoring.spec import FeatureSpec

BEESWARM_CASES: Final = 1000
"""Cases drawn in SHAP figures; more are slow to draw and no easier to read."""

DEPENDENCE_FIGURES: Final = 4
"""Features, strongest first, that get a dependence figure."""

GOOD_COLOUR: Final = "#2f7d5b"
BAD_COLOUR: Final = "#b5442e"
LINE_COLOURS: Final = ("#8a8f98", "#c08a2b", "#1f5fa8")
DPI: Final = 100


def evaluation_figures(evaluation: Evaluation) -> dict[str, bytes]:
    """Draw ROC, KS, calibration, score distribution and tiers; file name to PNG."""
    return {
        "roc.png": _roc(evaluation),
        "ks.png": _ks(evaluation),
        "calibration.png": _calibration(evaluation),
        "score_distribution.png": _score_distribution(evaluation),
        "tiers.png": _tiers(evaluation),
    }


def shap_figures(
    features: Sequence[FeatureSpec], matrix: NDArray[np.float64], contributions: NDArray[np.float64]
) -> dict[str, bytes]:
    """Draw the beeswarm of all features and the dependence on the strongest; file name to PNG.

    Args:
        features: The model's features.
        matrix: Encoded cases, one column per feature; at most `BEESWARM_CASES` rows are drawn, evenly spread.
        contributions: SHAP values of the same cases in log-odds of bad (positive is riskier).
    """
    shap = _shap()
    step = max(1, -(-len(matrix) // BEESWARM_CASES))
    names = [spec.name for spec in features]
    explained = shap.Explanation(values=contributions[::step], data=matrix[::step], feature_names=names)
    strongest = np.argsort(-np.abs(contributions).mean(axis=0), kind="stable")[:DEPENDENCE_FIGURES]
    drawn = {"shap_beeswarm.png": _shap_figure(shap.plots.beeswarm, explained, (9, 8), max_display=18, plot_size=None)}
    for place in strongest:
        name = f"shap_dependence_{names[place]}.png"
        drawn[name] = _shap_figure(shap.plots.scatter, explained[:, int(place)], (7, 4.5))
    return drawn


def _shap() -> Any:  # noqa: ANN401 - shap has no types
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the import calls what matplotlib deprecates
        import shap
    return shap


@contextmanager
def _figure(size: tuple[float, float] = (6.0, 4.5)) -> Iterator[tuple[Figure, Axes]]:
    # Figure and canvas are made by hand: pyplot would keep them in a global list and could open a window.
    with mpl.rc_context({"font.size": 10, "axes.spines.top": False, "axes.spines.right": False}):
        figure = Figure(figsize=size, dpi=DPI, layout="constrained")
        FigureCanvasAgg(figure)
        yield figure, figure.add_subplot()


def _png(figure: Figure) -> bytes:
    held = io.BytesIO()
    figure.savefig(held, format="png", metadata={"Software": None})
    return held.getvalue()


def _shap_figure(draw: Any, explained: Any, size: tuple[float, float], **options: Any) -> bytes:  # noqa: ANN401 - shap has no types
    # shap draws random jitter from numpy's global generator; the figure is to be the same each time.
    state = np.random.get_state()  # noqa: NPY002 - see above
    np.random.seed(0)  # noqa: NPY002 - see above
    try:
        with _figure(size) as (figure, axes), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # shap's drawing warns of its own use of matplotlib
            draw(explained, ax=axes, show=False, **options)
            return _png(figure)
    finally:
        np.random.set_state(state)  # noqa: NPY002 - see above


def _roc(evaluation: Evaluation) -> bytes:
    with _figure() as (figure, axes):
        axes.plot([0, 1], [0, 1], color="#cccccc", linewidth=1)
        for colour, part in zip(LINE_COLOURS, evaluation.splits, strict=True):
            name, found = _words(part.split, evaluation), part.auc
            label = f"{name}: AUC {found.value:.3f} ({found.lower:.3f} to {found.upper:.3f})"
            axes.plot(part.curve.good, part.curve.bad, color=colour, label=label)
        axes.set(xlabel="share of good cases flagged", ylabel="share of bad cases flagged", title="ROC")
        axes.legend(loc="lower right", frameon=False)
        return _png(figure)


def _ks(evaluation: Evaluation) -> bytes:
    part = evaluation.on("out_of_time")
    with _figure() as (figure, axes):
        axes.plot(part.curve.score, part.curve.bad, color=BAD_COLOUR, label="bad cases at or above")
        axes.plot(part.curve.score, part.curve.good, color=GOOD_COLOUR, label="good cases at or above")
        axes.axvline(part.ks.score, color="#666666", linewidth=1, linestyle=":")
        title = f"KS {_held_out(evaluation)} {part.ks.value:.3f} at margin {part.ks.score:.2f}"
        axes.set(xlabel="margin (log-odds of bad)", ylabel="share", title=title)
        axes.legend(frameon=False)
        return _png(figure)


def _calibration(evaluation: Evaluation) -> bytes:
    part = evaluation.on("out_of_time").calibration
    predicted = np.array([one.mean_pd for one in part.bins])
    observed = np.array([one.observed for one in part.bins])
    spread = np.array([[one.observed - one.lower, one.upper - one.observed] for one in part.bins]).T.clip(min=0)
    with _figure() as (figure, axes):
        highest = float(max(predicted.max(), (observed + spread[1]).max()))
        axes.plot([0, highest], [0, highest], color="#cccccc", linewidth=1)
        axes.errorbar(predicted, observed, yerr=spread, fmt="o", color=LINE_COLOURS[-1], markersize=4, linewidth=1)
        title = f"Calibration {_held_out(evaluation)}: ECE {part.ece:.4f} ({part.ece_by_chance:.4f} by chance)"
        axes.set(xlabel="mean PD", ylabel="observed bad rate", title=title)
        return _png(figure)


def _score_distribution(evaluation: Evaluation) -> bytes:
    held = next(one for one in evaluation.histograms if one.split == "out_of_time")
    with _figure() as (figure, axes):
        for counts, colour, label in ((held.good, GOOD_COLOUR, "good"), (held.bad, BAD_COLOUR, "bad")):
            total = max(sum(counts), 1)
            axes.stairs(
                [count / total for count in counts], held.edges, color=colour, label=label, fill=True, alpha=0.5
            )
        axes.set(
            xlabel="points",
            ylabel="share of the cases with the label",
            title=f"Score by label, {_held_out(evaluation)}",
        )
        axes.legend(frameon=False)
        return _png(figure)


def _tiers(evaluation: Evaluation) -> bytes:
    tables = [evaluation.tier_table(part.split) for part in evaluation.splits]
    width = 0.8 / len(tables)
    with _figure((7.0, 4.5)) as (figure, axes):
        for number, (colour, table) in enumerate(zip(LINE_COLOURS, tables, strict=True)):
            rows = [(place, row) for place, row in enumerate(table.rows) if row.rate is not None]
            at = [place + (number - 1) * width for place, _ in rows]
            rates = np.array([[row.rate.observed, row.rate.lower, row.rate.upper] for _, row in rows if row.rate])
            spread = np.abs(rates[:, 1:].T - rates[:, 0])
            axes.bar(
                at,
                rates[:, 0],
                width,
                yerr=spread,
                color=colour,
                label=_words(table.sample, evaluation),
                ecolor="#555555",
            )
        names = [f"{row.tier}\n{row.share:.0%}" for row in tables[-1].rows]
        axes.set_xticks(range(len(names)), names)
        axes.set(ylabel="observed bad rate", title=f"Tiers, with their share {_held_out(evaluation)}")
        axes.legend(frameon=False)
        return _png(figure)


def _held_out(evaluation: Evaluation) -> str:
    return held_out_words(dated=bool(evaluation.months))


def _words(split: str, evaluation: Evaluation) -> str:
    return _held_out(evaluation) if split == "out_of_time" else split
