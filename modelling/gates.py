"""What a model must pass before it is promoted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from modelling.compare import Comparison
from modelling.estimate import Estimate
from modelling.evaluation import Evaluation
from modelling.evaluation_parts import FeatureAuc, TierTable
from modelling.splits import held_out_words
from modelling.sweep import FeatureSweep
from modelling.tier_order import turned_round_p
from scoring.spec import Gate

LATE = "out_of_time"


@dataclass(frozen=True, kw_only=True)
class GateLimits:
    """Where the gates stand. The defaults are those of the promotion command.

    Attributes:
        alpha: Level of the one-sided tests.
        least_cases: Good cases, and bad cases, needed out of time.
        least_auc: What the lower end of the AUC interval must exceed when there is no champion.
        shift: Log-odds by which PDs may be off on the whole; 0.25 is about a quarter of the default rate.
        slope: Slope of the calibration fit that is still right, and its inverse.
        ece: Calibration error beyond what chance explains.
        leak_auc: AUC of a single feature from which a leak is suspected.
        model_leak_auc: AUC of the whole model, out of time, from which a leak is suspected.
    """

    alpha: float = 0.05
    least_cases: int = 30
    least_auc: float = 0.55
    shift: float = 0.25
    slope: float = 0.8
    ece: float = 0.02
    leak_auc: float = 0.95
    model_leak_auc: float = 0.99


def promotion_gates(
    evaluation: Evaluation,
    *,
    sweeps: Sequence[FeatureSweep],
    comparison: Comparison | None = None,
    known_after: Mapping[str, str] | None = None,
    limits: GateLimits | None = None,
) -> tuple[Gate, ...]:
    """Put every question to a model; promotion needs all of them passed.

    Args:
        evaluation: The model's evaluation.
        sweeps: Its monotone sweep.
        comparison: The champion against it on the same out-of-time cases; None when there is no champion.
        known_after: Features declared to be known only after the decision, with what declares them so.
        limits: Where the gates stand.
    """
    limits = limits or GateLimits()
    return (
        _enough(evaluation, limits),
        _better_than_chance(evaluation, limits) if comparison is None else _better(comparison, limits),
        _level(evaluation, limits),
        _slope(evaluation, limits),
        _error(evaluation, limits),
        _tiers(evaluation, limits),
        _monotone(sweeps),
        _leak(evaluation, limits),
        _in_time(evaluation, known_after or {}),
    )


def _enough(evaluation: Evaluation, limits: GateLimits) -> Gate:
    late = evaluation.on(LATE)
    goods = late.n - late.bads
    return Gate(
        name="enough_cases",
        passed=min(late.bads, goods) >= limits.least_cases,
        found=f"{late.bads} bad and {goods} good cases {_held_out(evaluation)}",
        needed=f"at least {limits.least_cases} of each",
        why="with fewer cases, none of the other figures says much",
    )


def _held_out(evaluation: Evaluation) -> str:
    return held_out_words(dated=bool(evaluation.months))


def _better_than_chance(evaluation: Evaluation, limits: GateLimits) -> Gate:
    found = evaluation.on(LATE).auc_by_applicant
    return Gate(
        name="better_than_chance",
        passed=found.lower > limits.least_auc,
        found=f"AUC {_held_out(evaluation)} {found.value:.4f}, from {found.lower:.4f} to {found.upper:.4f} "
        f"({evaluation.level:.0%}, bootstrap by applicant); there is no champion",
        needed=f"lower end above {limits.least_auc}",
        why="a first champion must order unseen cases clearly better than chance",
    )


def _better(comparison: Comparison, limits: GateLimits) -> Gate:
    pair, drawn = comparison.delong, comparison.bootstrap
    return Gate(
        name="better_than_champion",
        passed=max(pair.p_better, drawn.p_better) < limits.alpha,
        found=(
            f"AUC {pair.b:.4f} against {pair.a:.4f} of {comparison.champion.name}: {pair.difference:+.4f}, "
            f"from {drawn.lower:+.4f} to {drawn.upper:+.4f} (bootstrap by applicant); "
            f"one-sided p {pair.p_better:.3g} (DeLong, paired) and {drawn.p_better:.3g} (bootstrap by applicant)"
        ),
        needed=f"both p below {limits.alpha}",
        why="a change of model has a cost and a risk, so the gain must be more than noise",
    )


def _level(evaluation: Evaluation, limits: GateLimits) -> Gate:
    report = evaluation.on(LATE).calibration
    return Gate(
        name="calibration_level",
        passed=_touches(report.shift, -limits.shift, limits.shift),
        found=(
            f"observed {report.observed:.2%} against mean PD {report.mean_pd:.2%}; "
            f"shift {_words(report.shift)} in log-odds"
        ),
        needed=f"interval reaches into ±{limits.shift}",
        why="tiers, approvals and prices take the PD at its word",
    )


def _slope(evaluation: Evaluation, limits: GateLimits) -> Gate:
    slope = evaluation.on(LATE).calibration.slope
    high = 1 / limits.slope
    return Gate(
        name="calibration_slope",
        passed=slope is not None and _touches(slope, limits.slope, high),
        found="no finite slope fits" if slope is None else f"slope {_words(slope)}",
        needed=f"interval reaches into {limits.slope:g} to {high:g}",
        why="below 1 the PDs are too extreme (overfitted), above 1 too timid",
    )


def _error(evaluation: Evaluation, limits: GateLimits) -> Gate:
    report = evaluation.on(LATE).calibration
    return Gate(
        name="calibration_error",
        passed=report.ece - report.ece_by_chance <= limits.ece,
        found=(
            f"ECE {report.ece:.4f}, of which chance explains {report.ece_by_chance:.4f} on {report.n} cases; "
            f"Spiegelhalter p {_or_none(report.spiegelhalter_p)}, Hosmer–Lemeshow p {report.hosmer_lemeshow.p:.2g}"
        ),
        needed=f"ECE at most {limits.ece} beyond chance; the two p-values are for information, large samples fail them",
        why="a PD must hold in every range, not only on the whole",
    )


def _tiers(evaluation: Evaluation, limits: GateLimits) -> Gate:
    late = [table for table in evaluation.tier_tables if table.split == LATE]
    judged = [evaluation.tier_table("development"), *late]
    # Every table could turn round by chance, so the level is shared out among them (Bonferroni).
    wrong = [told for table in judged if (told := _out_of_order(table, limits.alpha / len(judged)))]
    months = [table for table in late if table.sample != LATE]
    pairs = [pair for table in months for pair in table.pairs]
    return Gate(
        name="tiers_in_order",
        passed=not wrong,
        found="; ".join(wrong)
        or f"{len(evaluation.tiers)} tiers in order; "
        + (
            f"asked strictly of {sum(pair.asked for pair in pairs)} of {len(pairs)} pairs of neighbours in "
            f"{len(months)} months"
            if months
            else "no time, so no months"
        ),
        needed=f"default rates rise strictly in development, and {_held_out(evaluation)}, whole and per month, between "
        "neighbours with enough cases; elsewhere no inversion beyond chance "
        f"(level {limits.alpha}, shared by {len(judged)} samples)",
        why="a safer tier with more defaults turns the policy upside down",
    )


def _out_of_order(table: TierTable, level: float) -> str:
    rates = ", ".join(f"{row.tier} {row.rate.observed:.2%}" if row.rate else f"{row.tier} none" for row in table.rows)
    asked_and_wrong = any(pair.broken for pair in table.pairs)
    if asked_and_wrong or (table.sample == "development" and not table.rising):
        return f"{table.sample}: {rates}"
    p = turned_round_p([row.n for row in table.rows], [row.bads for row in table.rows])
    return f"{table.sample}: {rates} (p {p:.2g})" if p < level else ""


def _monotone(sweeps: Sequence[FeatureSweep]) -> Gate:
    broken = [sweep for sweep in sweeps if sweep.broken]
    told = "; ".join(f"{one.feature} in {one.broken} of {one.cases} cases, by up to {one.worst:.3g}" for one in broken)
    return Gate(
        name="monotone",
        passed=not broken,
        found=told or _kept(sweeps),
        needed="no constrained feature moves the log-odds against its direction",
        why="a reason such as 'too many inquiries' must never be answered by more inquiries",
    )


def _kept(sweeps: Sequence[FeatureSweep]) -> str:
    if not sweeps:
        return "no feature has a promised direction"
    return f"{len(sweeps)} constrained features kept their direction in every case tried"


def _leak(evaluation: Evaluation, limits: GateLimits) -> Gate:
    suspects = [one for one in evaluation.feature_auc if one.auc.value >= limits.leak_auc]
    whole = evaluation.on(LATE).auc
    told = [_alone(one) for one in suspects]
    if whole.value >= limits.model_leak_auc:
        told.append(f"the model itself has AUC {whole.value:.4f} {_held_out(evaluation)}")
    strongest = f"strongest single feature: {_alone(evaluation.feature_auc[0])}" if evaluation.feature_auc else "none"
    return Gate(
        name="no_leak_suspected",
        passed=not told,
        found="; ".join(told) or strongest,
        needed=f"every feature alone below AUC {limits.leak_auc}, the model below {limits.model_leak_auc}",
        why="what tells the outcome almost surely was probably written down after it",
    )


def _in_time(evaluation: Evaluation, known_after: Mapping[str, str]) -> Gate:
    used = [one.feature for one in evaluation.feature_auc if one.feature in known_after]
    return Gate(
        name="known_in_time",
        passed=not used,
        found="; ".join(f"{name}: {known_after[name]}" for name in sorted(used))
        or "no feature is declared as known later",
        needed="no feature that becomes known only after the decision",
        why="it will be missing, or worse, different, when the model decides",
    )


def _alone(one: FeatureAuc) -> str:
    return f"{one.feature} with AUC {one.auc.value:.4f} (from {one.auc.lower:.4f} to {one.auc.upper:.4f})"


def _touches(estimate: Estimate, low: float, high: float) -> bool:
    return estimate.lower <= high and estimate.upper >= low


def _words(estimate: Estimate) -> str:
    return f"{estimate.value:.3f} (from {estimate.lower:.3f} to {estimate.upper:.3f})"


def _or_none(p: float | None) -> str:
    return "none" if p is None else f"{p:.2g}"
