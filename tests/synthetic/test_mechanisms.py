"""Each planted mechanism is in the data. Tolerances come from statistics with the stated alpha, seeds are fixed."""

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest
from scipy import stats

from synthetic.dirt import KINDS
from synthetic.lender import synthesise
from synthetic.mechanisms import mechanisms
from synthetic.recipe import TYPES, Dirt


def binomial(flags, share):
    """Return the p-value of a count of flags under a share."""
    return stats.binomtest(int(flags.sum()), len(flags), share).pvalue


def greater(flags, than):
    """Return the p-value of Fisher's test that the first share is not above the second."""
    table = [[int(flags.sum()), int((~flags).sum())], [int(than.sum()), int((~than).sum())]]
    return stats.fisher_exact(table, alternative="greater").pvalue


def test_about_the_recipes_share_of_applications_is_misreported(rows, recipe, alpha):
    assert binomial(rows["misreported"], recipe.applying.misreport) > alpha


def test_misreported_incomes_are_inflated_evenly_between_the_recipes_factors(rows, recipe, alpha):
    """Rounding to 500 yuan and less blurs the ratio of incomes above 8,000 by at most 3 %; the test allows for that."""
    low, high = recipe.applying.inflation
    bent = rows.filter(pl.col("misreported_income") & (pl.col("true_income") > 8000))
    ratio = (bent["declared_income"] / bent["true_income"]).to_numpy()
    found = stats.kstest(ratio, stats.uniform(low, high - low).cdf)

    assert len(ratio) > 150
    assert ratio.min() >= low - 0.07
    assert ratio.max() <= high + 0.07
    assert found.statistic < stats.kstwo(len(ratio)).isf(alpha) + 0.03


def test_honest_incomes_are_the_truth_as_people_round_it(rows, alpha):
    honest = rows.filter(~pl.col("misreported_income") & pl.col("declared_income").is_not_null())
    ratio = np.log((honest["declared_income"] / honest["true_income"]).to_numpy())
    half = stats.norm.isf(alpha / 2) * ratio.std() / np.sqrt(len(ratio))

    assert abs(ratio.mean()) < half + 0.002
    assert np.quantile(np.abs(ratio), 0.99) < 0.2


def test_money_is_heaped_on_round_numbers(rows):
    income = rows["declared_income"].drop_nulls()

    assert (income % 500 == 0).mean() > 0.6
    assert (income % 500 == 0).mean() < 0.9


def test_misreporters_leave_out_lenders_and_debt(rows):
    lenders = rows.filter("misreported_other_lenders")
    debt = rows.filter("misreported_monthly_debt")

    assert (lenders["declared_other_lenders"] < lenders["true_other_lenders"]).all()
    assert (debt["declared_monthly_debt"] <= 0.6 * debt["true_monthly_debt"] + 50).all()


def test_agents_coach_their_applicants(rows, alpha):
    agent = rows["channel"] == "agent"

    assert greater(rows["misreported"].filter(agent), rows["misreported"].filter(~agent)) < alpha


@pytest.mark.parametrize("kind", TYPES)
def test_loans_are_reported_with_the_lag_of_their_lender(kind, tables, lender, recipe, alpha):
    """The lag is a gamma of shape 2 plus half an hour; only loans old enough for every lag to have passed count."""
    lag = getattr(recipe.lenders, kind).lag_days
    loans = tables["loans"].filter(
        (pl.col("lender_type") == kind) & (pl.col("happened_at") < lender.extract_at - pl.duration(days=180))
    )
    days = (loans["known_at"] - loans["happened_at"]).dt.total_seconds().to_numpy() / 86_400 - 0.02

    assert len(days) > 2000
    assert stats.kstest(days, stats.gamma(2.0, scale=lag / 2.0).cdf).pvalue > alpha


def test_loans_of_small_lenders_are_often_unseen(rows, tables):
    """Without coverage gaps, the loans seen open and the true ones would be about as many."""
    seen = tables["loans"].filter(pl.col("lender_type") == "small_loan").height
    asked = tables["bureau_inquiries"].filter(pl.col("lender_type") == "small_loan").height
    banks = tables["loans"].filter(pl.col("lender_type") == "consumer_finance").height
    asked_banks = tables["bureau_inquiries"].filter(pl.col("lender_type") == "consumer_finance").height

    assert rows["true_other_lenders"].sum() > 0
    assert greater(pl.Series([True] * banks + [False] * asked_banks), pl.Series([True] * seen + [False] * asked)) < 1e-4


def test_the_share_of_ring_members_is_the_recipes(lender, recipe):
    ring = lender.tables["truth"].filter(pl.col("fraud_ring").is_not_null())

    # Members are counted, not drawn, apart from a rest too small for a ring.
    assert 0 <= round(recipe.rings.share * 15_000) - ring.height < recipe.rings.smallest


def test_rings_are_as_large_as_the_recipe_says_and_meet_across_blocks(lender, recipe):
    ring = lender.tables["truth"].filter(pl.col("fraud_ring").is_not_null())
    sizes = ring.group_by("fraud_ring").len()["len"]
    block = ring.group_by("fraud_ring").agg(pl.col("application_id").str.slice(0, 5).n_unique())["application_id"]

    assert sizes.min() >= recipe.rings.smallest
    assert sizes.max() <= recipe.rings.largest
    assert block.max() > 1


@pytest.mark.parametrize("key", ["device_id", "contact_hash", "phone_hash"])
def test_ring_members_share_keys_and_others_hardly_do(key, rows, alpha):
    users = rows.select(pl.col("applicant_id").n_unique().over(key).filter(pl.col(key).is_not_null())).to_series()
    member = rows.filter(pl.col(key).is_not_null())["fraud_ring"].is_not_null()

    assert greater((users > 1).filter(member), (users > 1).filter(~member)) < alpha


def test_members_of_a_ring_share_keys_with_their_own_ring(rows):
    pairs = (
        rows.filter(pl.col("fraud_ring").is_not_null())
        .group_by("device_id")
        .agg(pl.col("fraud_ring").n_unique(), pl.len())
    )

    assert (pairs.filter(pl.col("len") > 1)["fraud_ring"] == 1).all()


def test_loans_to_rings_fail_with_the_first_payment(rows, tables):
    bad = rows.filter(
        pl.col("fraud_ring").is_not_null() & pl.col("would_be_bad") & pl.col("disbursed_at").is_not_null()
    )
    loans = tables["loans"].join(bad.select("application_id"), on="application_id")
    first = tables["instalments"].join(loans.select("loan_id"), on="loan_id").filter(pl.col("number") == 1)

    assert first.height > 20
    assert first["paid_at"].is_null().all()


def test_what_rings_stole_fails_the_identity_check_more_often(rows, tables, alpha):
    passed = tables["identity_checks"].group_by("application_id", "factor").agg(pl.col("passed").any())
    failed = passed.group_by("application_id").agg(failed=~pl.col("passed").all())
    joined = rows.join(failed, on="application_id")
    member = joined["fraud_ring"].is_not_null()

    assert greater(joined["failed"].filter(member), joined["failed"].filter(~member)) < alpha
    assert 0 < joined["failed"].filter(~member).mean() < 0.05


def test_the_old_policy_approves_between_55_and_65_percent(rows):
    assert 0.55 < (rows["decision"] == "approved").mean() < 0.65


def test_a_share_is_approved_at_random_whatever_the_rules_say(rows, recipe, alpha):
    at_random = rows.filter(pl.col("decided_by") == "random")

    assert binomial(rows["decided_by"] == "random", recipe.policy.at_random) > alpha
    assert (at_random["decision"] == "approved").all()
    # Random means random: their true probabilities have the distribution of everybody's.
    assert stats.ks_2samp(at_random["default_probability"], rows["default_probability"]).pvalue > alpha


def test_outcomes_are_missing_not_at_random(rows, alpha):
    approved = rows["decision"] == "approved"

    assert greater(rows["would_be_bad"].filter(~approved), rows["would_be_bad"].filter(approved)) < alpha


def test_the_bad_rate_of_approved_loans_is_between_8_and_12_percent(rows):
    assert 0.08 < rows.filter(pl.col("label").is_not_null())["label"].mean() < 0.12


def test_would_be_outcomes_follow_the_true_probability(rows, alpha):
    p = rows["default_probability"].to_numpy()
    z = (rows["would_be_bad"].to_numpy() - p).sum() / np.sqrt((p * (1 - p)).sum())

    assert abs(z) < stats.norm.isf(alpha / 2)


def test_observed_labels_are_the_would_be_outcomes(rows):
    labelled = rows.filter(pl.col("label").is_not_null())

    assert labelled.height > 4000
    assert (labelled["label"].cast(bool) == labelled["would_be_bad"]).all()


def test_calls_are_as_many_as_the_recipe_says(rows, tables, recipe, alpha):
    calls = tables["calls"]
    by_rules = rows["application_id"].is_in(calls.filter(pl.col("arm") == "policy")["application_id"].implode())
    at_random = rows["application_id"].is_in(calls.filter(pl.col("arm") == "control")["application_id"].implode())

    # The control arm comes first: a call that both would make counts as control.
    assert binomial(by_rules, recipe.desk.by_rules * (1 - recipe.desk.at_random)) > alpha
    assert binomial(at_random, recipe.desk.at_random) > alpha


def test_the_control_arm_is_a_fair_sample(rows, tables, alpha):
    control = tables["calls"].filter(pl.col("arm") == "control")["application_id"].implode()
    drawn = rows.filter(pl.col("application_id").is_in(control))

    assert stats.ks_2samp(drawn["default_probability"], rows["default_probability"]).pvalue > alpha
    assert stats.ks_2samp(drawn["amount"], rows["amount"]).pvalue > alpha


@pytest.mark.parametrize("stage", ["person", "bot"])
def test_callers_find_the_truth_as_often_as_the_recipe_says(stage, rows, tables, recipe, alpha):
    share = recipe.desk.person_truth if stage == "person" else recipe.desk.bot_truth
    heard = tables["calls"].filter((pl.col("stage") == stage) & pl.col("verified_income").is_not_null())
    bent = heard.join(rows.filter("misreported_income"), on="application_id")
    # A person calls again mostly where a bot found something, so only first calls are a fair sample.
    first = bent.sort("happened_at").filter(pl.col("application_id").is_unique())
    found = (first["verified_income"] / first["true_income"] - 1).abs() < 0.05

    assert len(found) > 25
    assert binomial(found, share) > alpha


def test_every_call_begins_after_its_application(rows, tables):
    joined = tables["calls"].join(rows.select("application_id", "applied_at", "decided_at"), on="application_id")

    assert (joined["happened_at"] > joined["applied_at"]).all()
    assert (joined["known_at"] < joined["decided_at"]).all()


def test_what_a_call_finds_changes_nothing_known_before_it(tiny_recipe):
    """The same lender with a desk that finds nothing: all that was known at the first application is the same."""
    clean = replace(tiny_recipe, dirt=Dirt(**dict.fromkeys(KINDS, 0)))
    blind = replace(clean, desk=replace(clean.desk, person_truth=0.0, bot_truth=0.0))
    seen, unseen = synthesise(clean, 11).tables, synthesise(blind, 11).tables
    first, other = first_applications(seen), first_applications(unseen)

    assert not seen["calls"]["verified_income"].equals(unseen["calls"]["verified_income"])
    assert first.drop("application_id").equals(other.drop("application_id"))
    for name in ("loans", "bureau_inquiries", "behaviour_events"):
        columns = [
            c
            for c in ("applicant_id", "happened_at", "known_at", "lender_id", "amount", "kind")
            if c in seen[name].columns
        ]
        before = [known_before(lender[name], first).select(columns).sort(columns) for lender in (seen, unseen)]
        assert before[0].height > 1500
        assert before[0].equals(before[1])


def first_applications(tables):
    """Return the first application of each person, in order of persons."""
    return tables["applications"].sort("applied_at").unique("applicant_id", keep="first").sort("applicant_id")


def known_before(frame, applications):
    """Return the rows that were known at the first application of their person."""
    joined = frame.join(applications.select("applicant_id", "applied_at"), on="applicant_id")
    return joined.filter(pl.col("known_at") < pl.col("applied_at"))


def test_inquiries_pile_up_before_default(rows, alpha):
    bad = rows["would_be_bad"]
    found = stats.mannwhitneyu(
        rows["inquiries_90d"].filter(bad), rows["inquiries_90d"].filter(~bad), alternative="greater"
    )

    assert found.pvalue < alpha


def test_true_facts_rank_default_better_than_declared_ones_among_misreporters(rows):
    """Where facts were bent, the truth must tell more: otherwise a phone call would be worth nothing."""
    bent = rows.filter(
        pl.col("misreported")
        & pl.all_horizontal(pl.col("^declared_(other_lenders|monthly_debt|income)$").is_not_null())
    )
    bad = bent["would_be_bad"].to_numpy()

    def ranks(values):
        return stats.mannwhitneyu(values[bad], values[~bad]).statistic / (bad.sum() * (~bad).sum())

    said = (bent["declared_monthly_debt"] / bent["declared_income"].clip(500)).to_numpy()
    true = (bent["true_monthly_debt"] / bent["true_income"]).to_numpy()
    assert ranks(true) > ranks(said) + 0.02


def test_the_shock_makes_default_more_likely(rows, recipe, alpha):
    """Outside rings, whose bursts have months of their own; loans of the last weeks before it fall due inside it."""
    people = rows.filter(pl.col("fraud_ring").is_null())
    day = people["applied_at"].dt.convert_time_zone("Asia/Shanghai").dt.date()
    start = recipe.calendar.shock_start - timedelta(days=24)
    shock = day.is_between(start, recipe.calendar.shock_start + timedelta(days=recipe.calendar.shock_days - 45))
    probability = people["default_probability"]
    found = stats.ks_2samp(probability.filter(shock), probability.filter(~shock), alternative="less", method="asymp")

    assert found.pvalue < alpha


@pytest.mark.parametrize(
    ("days", "around"),
    [
        (("06-14", "06-20"), (("05-20", "06-02"), ("07-01", "07-14"))),
        (("11-07", "11-13"), (("10-14", "10-27"), ("11-24", "12-07"))),
    ],
    ids=["june sale", "november sale"],
)
def test_sales_bring_more_applications(days, around, rows, alpha):
    """Both years together: the sale week against the two fortnights before and after it."""
    day = rows["applied_at"].dt.convert_time_zone("Asia/Shanghai").dt.strftime("%m-%d")
    during = int(day.is_between(*days).sum())
    others = sum(int(day.is_between(*span).sum()) for span in around)

    assert stats.binomtest(during, during + others, 7 / 35, alternative="greater").pvalue < alpha


def test_the_festival_week_is_quiet(rows, alpha):
    day = rows["applied_at"].dt.convert_time_zone("Asia/Shanghai").dt.date()
    during = int(day.is_between(date(2025, 1, 28), date(2025, 2, 4)).sum())
    before = int(day.is_between(date(2025, 1, 8), date(2025, 1, 27)).sum())

    assert stats.binomtest(during, during + before, 8 / 28, alternative="less").pvalue < alpha


def test_applications_grow(rows, alpha):
    halves = [int((rows["month"].str.starts_with(year)).sum()) for year in ("2024", "2025")]

    assert stats.binomtest(halves[1], sum(halves), 0.5, alternative="greater").pvalue < alpha


def test_people_apply_by_day_and_some_by_night(rows):
    hours = rows["local_hour"].value_counts().sort("local_hour")["count"].to_list()

    assert len(hours) == 24
    assert hours[10] > hours[7] > hours[5] > 0
    assert hours[20] > hours[23]


def test_the_mix_of_channels_drifts(rows, recipe, alpha):
    social = rows["channel"] == "social"
    early, late = social.filter(rows["month"] < "2024-07"), social.filter(rows["month"] >= "2025-07")
    once = rows["applicant_id"].is_first_distinct()

    assert recipe.channels.social.drift > 0
    assert (
        greater(
            late.filter(once.filter(rows["month"] >= "2025-07")), early.filter(once.filter(rows["month"] < "2024-07"))
        )
        < alpha
    )


def test_employers_follow_zipf(rows):
    sizes = rows["declared_employer"].drop_nulls().value_counts(sort=True)["count"].to_numpy()[:200]
    slope = np.polyfit(np.log(np.arange(1, 201)), np.log(sizes), 1)[0]

    assert -1.6 < slope < -0.5


def test_watchlist_entries_are_late_stale_or_wrong(tables, rows, recipe, lender, alpha):
    listed, planted = tables["watchlist"], lender.planted.mechanisms
    expired = listed.filter(pl.col("expires_at") < pl.lit(lender.extract_at))

    assert (listed["known_at"] - listed["happened_at"]).dt.total_days().mean() > 10
    assert expired.height > 20
    assert stats.poisson(recipe.watchlist.wrong * 15_000).sf(planted["watchlist_wrong"] - 1) > alpha
    assert planted["watchlist_wrong"] > 0
    assert planted["watchlist_stale"] > 0


def test_single_behaviour_signals_are_weak_but_there(tables, rows, alpha):
    edits = tables["behaviour_events"].filter(pl.col("kind") == "edit_income").group_by("applicant_id").len()
    once = (
        rows.filter(pl.col("applicant_id").is_unique())
        .join(edits, on="applicant_id", how="left")
        .with_columns(pl.col("len").fill_null(0))
    )
    bent = once["misreported_income"]
    found = stats.mannwhitneyu(once["len"].filter(bent), once["len"].filter(~bent), alternative="greater")

    assert found.pvalue < alpha
    assert 0.5 < found.statistic / (bent.sum() * (~bent).sum()) < 0.75


def test_the_profile_finds_every_mechanism_near_what_was_planted(recipe, tables, rows, alpha):
    for strength in mechanisms(recipe, tables, rows):
        if strength.planted is not None and "Truth found" not in strength.name:
            half = (strength.upper - strength.lower) / 2 / 1.96 * stats.norm.isf(alpha / 2)
            assert abs(strength.found - strength.planted) < half + 0.01 * strength.planted + 1e-9, strength.name
