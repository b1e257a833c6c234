from dataclasses import replace

from pipelines.policy import HARD_RULES, control_key, starting_policy
from scoring.spec import Economics, FeatureSpec

MONEY = Economics(amount_feature=None)


def spec(name, kind="number", group="g"):
    return FeatureSpec(name=name, kind=kind, source="s", direction=0, reason_group=group, null_means="", en="", zh="")


STANDARD = (
    spec("application_age_years"),
    spec("identity_failed", "flag"),
    spec("watchlist_active_hits"),
    spec("application_region", "category"),
    spec("inquiries_count_365d", group="multi_lender"),
    spec("devices_shared", group="network"),
)


def started(features, **changes):
    return starting_policy(features, ("A", "B"), **({"name": "m", "seed": 1, "economics": MONEY} | changes))


def test_the_standard_catalogue_gets_every_rule_and_limit():
    policy = started(STANDARD)

    assert policy.hard_rules == HARD_RULES
    assert [limit.feature for limit in policy.concentration_limits] == ["application_region"]
    assert (policy.multi_lender_groups, policy.network_groups) == (("multi_lender",), ("network",))
    assert policy.thin_file_features == ("inquiries_count_365d",)
    assert policy.approved_tiers == ("A", "B")


def test_a_flat_table_gets_none_that_it_has_no_feature_for():
    policy = started((spec("income"),))

    assert policy.hard_rules == ()
    assert policy.concentration_limits == ()
    assert (policy.multi_lender_groups, policy.network_groups, policy.thin_file_features) == ((), (), ())


def test_economics_are_kept():
    other = replace(MONEY, call_cost=99.0)

    assert started(STANDARD, economics=other).economics == other


def test_two_hits_are_declined_before_one_is_reviewed():
    ids = [rule.id for rule in HARD_RULES if rule.feature == "watchlist_active_hits"]

    assert ids == ["watchlist_several", "watchlist_single"]


def test_the_control_key_follows_from_name_and_seed():
    keys = {control_key(name, seed) for name in ("a", "b") for seed in (1, 2)}

    assert len(keys) == 4
    assert control_key("a", 1) == control_key("a", 1)
    assert all(len(bytes.fromhex(key)) == 16 for key in keys)
