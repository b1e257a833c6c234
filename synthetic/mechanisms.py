"""Looks for each planted mechanism in the data, as a stranger with the truth at hand would."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta

import polars as pl

from synthetic.cases import MISREPORTS
from synthetic.recipe import TYPES, Recipe
from synthetic.strength import Strength, difference, mean, share

Tables = Mapping[str, pl.DataFrame]


def mechanisms(recipe: Recipe, tables: Tables, cases: pl.DataFrame) -> tuple[Strength, ...]:
    """Measure every planted mechanism.

    Args:
        recipe: What the lender was made from.
        tables: Its tables, without plainly bad rows.
        cases: One row per application, as `synthetic.cases.cases` makes it.
    """
    return (
        *_misreporting(recipe, cases),
        *_rings(cases),
        *_reporting(recipe, tables),
        *_borrowing(cases),
        *_policy(recipe, cases),
        *_desk(recipe, tables, cases),
        *_identity(tables, cases),
        *_watchlist(tables),
        *_times(recipe, cases),
        *_outcomes(cases),
    )


def _misreporting(recipe: Recipe, cases: pl.DataFrame) -> Sequence[Strength]:
    ratio = cases["declared_income"] / cases["true_income"]
    bent = cases["misreported_income"]
    low, high = recipe.applying.inflation
    agent = cases["channel"] == "agent"
    return (
        share("Misreporting", "share of applications", cases["misreported"], recipe.applying.misreport),
        mean("Misreported income", "mean declared over true", ratio.filter(bent), (low + high) / 2),
        mean("Honest income", "mean declared over true", ratio.filter(~bent), 1.0),
        difference("Coaching by agents", "share misreported, agent less others", cases["misreported"], agent),
    )


def _rings(cases: pl.DataFrame) -> Sequence[Strength]:
    member = cases["fraud_ring"].is_not_null()
    users = pl.col("applicant_id").n_unique().over("device_id")
    shared = cases.select((users > 1) & pl.col("device_id").is_not_null()).to_series()
    paid_out = cases["label"].is_not_null()
    return (
        share("Fraud rings", "share of applications", member),
        share("Ring members' devices", "share used by other applicants, too", shared.filter(member)),
        share("Others' devices", "share used by other applicants, too", shared.filter(~member)),
        share("Ring members' loans", "share gone bad", cases["label"].filter(member & paid_out) == 1),
    )


def _reporting(recipe: Recipe, tables: Tables) -> Sequence[Strength]:
    loans = tables["loans"]
    days = (loans["known_at"] - loans["happened_at"]).dt.total_seconds() / 86_400
    return [
        mean(
            f"Reporting lag, {kind}",
            "mean days from opening to report",
            days.filter(loans["lender_type"] == kind),
            getattr(recipe.lenders, kind).lag_days,
        )
        for kind in TYPES
    ]


def _borrowing(cases: pl.DataFrame) -> Sequence[Strength]:
    bad = cases["would_be_bad"]
    unseen = cases["true_other_lenders"] - cases["declared_other_lenders"]
    return (
        difference("Spirals before default", "inquiries known in 90 days, bad less good", cases["inquiries_90d"], bad),
        difference("Debt before default", "true debt over true income, bad less good", _burden(cases), bad),
        mean("Lenders left out", "true less declared lenders", unseen.filter(cases["misreported_other_lenders"])),
    )


def _burden(cases: pl.DataFrame) -> pl.Series:
    return cases["true_monthly_debt"] / cases["true_income"]


def _policy(recipe: Recipe, cases: pl.DataFrame) -> Sequence[Strength]:
    approved = cases["decision"] == "approved"
    at_random = cases["decided_by"] == "random"
    return (
        share("Old policy", "share approved", approved),
        share("Random approvals", "share of applications", at_random, recipe.policy.at_random),
        difference("Selection", "share that would go bad, declined less approved", cases["would_be_bad"], ~approved),
        share("Random approvals' truth", "share that would go bad", cases["would_be_bad"].filter(at_random)),
        share("Everybody's truth", "share that would go bad", cases["would_be_bad"]),
    )


def _desk(recipe: Recipe, tables: Tables, cases: pl.DataFrame) -> Sequence[Strength]:
    calls, desk = tables["calls"], recipe.desk
    control = calls.filter(pl.col("arm") == "control")["application_id"].unique()
    called = calls.filter(pl.col("arm") == "policy")["application_id"].unique()
    ids = cases["application_id"]
    # A call by the rules that also fell into the random share counts as random, so it is missing among the rules'.
    by_rules = desk.by_rules * (1.0 - desk.at_random)
    found = calls.join(cases, on="application_id").filter(
        pl.col("misreported_income") & pl.col("verified_income").is_not_null()
    )
    near = (found["verified_income"] / found["true_income"] - 1.0).abs() < 0.05
    person = found["stage"] == "person"
    return (
        share("Calls by rules", "share of applications", ids.is_in(called.implode()), by_rules),
        share("Calls at random", "share of applications", ids.is_in(control.implode()), desk.at_random),
        share("Truth found by a person", "share of bent incomes", near.filter(person), desk.person_truth),
        share("Truth found by a bot", "share of bent incomes", near.filter(~person), desk.bot_truth),
        share("Calls known before the application", "share of calls", _early(calls, cases), 0.0),
    )


def _early(calls: pl.DataFrame, cases: pl.DataFrame) -> pl.Series:
    joined = calls.join(cases.select("application_id", "applied_at"), on="application_id")
    return joined["known_at"] <= joined["applied_at"]


def _identity(tables: Tables, cases: pl.DataFrame) -> Sequence[Strength]:
    passed = tables["identity_checks"].group_by("application_id", "factor").agg(pl.col("passed").any())
    failed = passed.group_by("application_id").agg(failed=~pl.col("passed").all())
    joined = cases.join(failed, on="application_id")
    member = joined["fraud_ring"].is_not_null()
    return (
        share("Identity failed, ring members", "share of applications", joined["failed"].filter(member)),
        share("Identity failed, others", "share of applications", joined["failed"].filter(~member)),
    )


def _watchlist(tables: Tables) -> Sequence[Strength]:
    listed = tables["watchlist"]
    days = (listed["known_at"] - listed["happened_at"]).dt.total_seconds() / 86_400
    applications = tables["applications"]
    keys = (
        pl.concat([applications["phone_hash"], applications["id_hash"], applications["device_id"]]).unique().implode()
    )
    return (
        mean("Late watchlist entries", "mean days from deed to entry", days),
        share("Watchlist entries of applicants", "share of entries", listed["key_hash"].is_in(keys)),
    )


def _times(recipe: Recipe, cases: pl.DataFrame) -> Sequence[Strength]:
    calendar = recipe.calendar
    day = cases["applied_at"].dt.convert_time_zone("Asia/Shanghai").dt.date()
    # Loans taken up to 45 days before the shock fall due inside it.
    start = calendar.shock_start - timedelta(days=24)
    shock = (day >= start) & (day < calendar.shock_start + timedelta(days=calendar.shock_days - 45))
    night = cases["local_hour"] < 6
    return (
        share("Night applications", "share between midnight and 6", night),
        difference("Night and misreporting", "share at night, misreported less honest", night, cases["misreported"]),
        difference("Macro shock", "share that would go bad, shock less quiet times", cases["would_be_bad"], shock),
    )


def _outcomes(cases: pl.DataFrame) -> Sequence[Strength]:
    bent = pl.any_horizontal(f"misreported_{fact}" for fact in MISREPORTS)
    labelled = cases.filter(pl.col("label").is_not_null())
    return (
        share("Bad rate", "share of approved loans with a label", labelled["label"] == 1),
        difference(
            "Misreporting and default",
            "bad rate, misreported less honest",
            labelled["label"],
            labelled.select(bent).to_series(),
        ),
    )
