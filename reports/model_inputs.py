"""What drives a model, and whether what it is fed has moved."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from modelling.evaluation import Evaluation
from reports import charts, formats
from reports.formats import percent
from reports.page import Block, Callout, Chart, Code, Mark, Section, Table, Text
from scoring.spec import FeatureSpec

SHOWN = 20
"""Features in charts and tables of the strongest."""

DIRECTION_WORDS = {1: "raises risk", -1: "lowers risk", 0: "either way"}


@dataclass(frozen=True, kw_only=True)
class Driver:
    """How much a feature moves scores.

    Attributes:
        feature: Feature name.
        mean_points: Mean of the size of its contribution, in points.
    """

    feature: str
    mean_points: float


def stability(evaluation: Evaluation) -> Section:
    """Show how far the score and the features have moved since development."""
    moved = [month for month in evaluation.score_psi if month.psi.moved]
    lead = (
        "The population stability index compares another sample with development; 0 means that nothing moved. Beside "
        "it stands what it would stay below in 95 of 100 samples of the same size by chance alone. The score moved by "
        f"more than chance in {len(moved)} of {formats.counted(len(evaluation.score_psi), 'sample')}."
    )
    return Section("Stability", (*_score_psi(evaluation), _csi(evaluation)), lead=lead, id="stability")


def _score_psi(evaluation: Evaluation) -> tuple[Block, ...]:
    found = evaluation.score_psi
    if not found:
        return (Callout("note", "There is no other sample to hold against development."),)
    if len(found) == 1:
        psi = found[0].psi
        words = f"PSI of the score: {formats.number(psi.value, 4)}, by chance up to {formats.number(psi.threshold, 4)}."
        return (Callout("warning" if psi.moved else "good", words),)
    svg = charts.lines(
        [month.month for month in found],
        (
            charts.Band(name="PSI", values=[month.psi.value for month in found]),
            charts.Band(name="by chance", values=[month.psi.threshold for month in found]),
        ),
        x="month of application",
        y=charts.Axis(label="PSI of the score", form=lambda value: formats.number(value, 3), lower=0),
    )
    return (Chart(svg, "PSI of the score, all applications of a month against the development months."),)


def _csi(evaluation: Evaluation) -> Table:
    rows = tuple(
        (
            Code(feature.feature),
            formats.number(feature.psi.value, 4),
            formats.number(feature.psi.threshold, 4),
            Mark("moved", "warn") if feature.psi.moved else Mark("as before", "good"),
            str(len(feature.psi.bins)),
        )
        for feature in evaluation.csi[:SHOWN]
    )
    return Table(
        ("Feature", "CSI", "By chance up to", "Verdict", "Bins"),
        rows,
        f"The {min(SHOWN, len(evaluation.csi))} features that moved most, of {len(evaluation.csi)}",
        note="All applications, labelled or not, against those of development. With many cases even "
        "a harmless move is more than chance: read the size, too.",
    )


def drivers(
    evaluation: Evaluation, found: Sequence[Driver], features: Sequence[FeatureSpec], pictures: Sequence[Chart] = ()
) -> Section:
    """Show what moves scores: mean size of contributions, SHAP pictures, and each feature on its own."""
    declared = {feature.name: feature for feature in features}
    strongest = sorted(found, key=lambda driver: (-driver.mean_points, driver.feature))[:SHOWN]
    blocks: list[Block] = []
    if strongest:
        blocks += [_driver_bars(strongest), _driver_table(strongest, declared)]
    if pictures:
        words = "Each dot is a case; contributions are in log-odds of bad: above 0 a feature made the case riskier."
        blocks.append(Section("SHAP", tuple(pictures), lead=words))
    blocks.append(_alone(evaluation))
    return Section("What drives it", tuple(blocks), lead=_driver_lead(strongest, declared), id="drivers", new_page=True)


def _driver_lead(strongest: Sequence[Driver], declared: Mapping[str, FeatureSpec]) -> str:
    if not strongest:
        return "Contributions were not given to this report; each feature on its own is shown below."
    told = [declared[d.feature].en if d.feature in declared else d.feature for d in strongest[:3]]
    return (
        f"Most points move with: {'; '.join(told)}. These are exact SHAP contributions, in points; a feature that "
        "moves many points is not thereby a cause."
    )


def _driver_bars(strongest: Sequence[Driver]) -> Chart:
    svg = charts.bars(
        [charts.Bar(name=driver.feature, value=driver.mean_points) for driver in strongest],
        x=charts.Axis(label="mean size of the contribution (points)", form=formats.points),
        width=800,
        says="Features by mean size of their contribution",
    )
    return Chart(
        svg,
        f"The {len(strongest)} features that move scores most, over cases that the model did not learn from.",
        wide=True,
    )


def _driver_table(strongest: Sequence[Driver], declared: Mapping[str, FeatureSpec]) -> Table:
    rows = tuple(
        (Code(d.feature), f"{f.en} {f.zh}", f.source, DIRECTION_WORDS[f.direction], "yes" if f.question else "no")
        for d in strongest
        if (f := declared.get(d.feature)) is not None
    )
    return Table(
        ("Feature", "What it is", "Source", "A higher value", "A call can verify it"),
        rows,
        "What they are",
        align="lllll",
    )


def _alone(evaluation: Evaluation) -> Table:
    rows: tuple[tuple[Text, ...], ...] = tuple(
        (
            Code(single.feature),
            formats.with_interval(single.auc.value, single.auc.lower, single.auc.upper, lambda v: formats.number(v, 3)),
            formats.number(single.iv, 3),
            percent(single.missing),
        )
        for single in evaluation.feature_auc[:SHOWN]
    )
    return Table(
        ("Feature", "AUC on its own", "Information value", "Missing"),
        rows,
        f"The strongest features on their own, {min(SHOWN, len(rows))} of {len(evaluation.feature_auc)}",
        note="AUC on cases outside development, by the order of the feature's bins in development. A feature near 1 "
        "would know the future: a leak.",
    )
