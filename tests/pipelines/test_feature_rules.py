"""Every promise of the declarations, broken in one row of a table that keeps them all: that rule and no other tells."""

import polars as pl
import pytest

from features.build import absent, build
from features.catalogue import CATALOGUE
from features.linked_groups import LinkedGroup
from features.shared_keys import SharedKey
from features.windowed import Windowed
from pipelines.feature_rules import NEVER_NULL, feature_contract, feature_rules, with_laws
from pipelines.quarantine import broken_rules
from pipelines.store import read_tables

FEATURES = tuple(CATALOGUE.values())
ALLOWED = {"channel": ("agent", "app_store", "partner", "referral", "search", "social")}


@pytest.fixture(scope="module")
def table(lender):
    tables = read_tables(lender)
    return build({name: frame for name, frame in tables.items() if name not in {"truth", "calls"}})


def broken(frame, lacking=()):
    """Return the rules that some row breaks, with the number of rows."""
    contract = feature_contract(FEATURES, ALLOWED)
    rules = feature_rules(FEATURES, contract, lacking or {})
    flags = broken_rules(with_laws(frame, FEATURES, contract), rules)
    return {name: int(flags[name].sum()) for name in flags.columns if flags[name].any()}


def with_cell(frame, row, **values):
    """Return the frame with other values in one row."""
    at = pl.int_range(pl.len()) == row
    changed = (
        pl.when(at).then(pl.lit(value, frame.schema[name])).otherwise(name).alias(name)
        for name, value in values.items()
    )
    return frame.with_columns(changed)


def known_row(frame, name, *, least=0):
    """Return the place of a row in which a count is known and at least so large."""
    return frame.with_row_index("_row").filter(pl.col(name) >= least)["_row"][0]


def test_what_the_builder_builds_keeps_every_promise(table):
    assert broken(table) == {}


def test_tables_that_are_absent_leave_their_features_null(lender):
    tables = read_tables(lender, only=("applications", "bureau_inquiries"))
    frame, lacking = build(tables), {one.table: one.features for one in absent(tables)}

    assert set(lacking) >= {"loans", "behaviour_events", "outcomes"}
    assert broken(frame, lacking) == {}
    odd = with_cell(frame, 3, watchlist_active_hits=1.0)
    assert "watchlist_active_hits_without_watchlist" in broken(odd, lacking)


@pytest.mark.parametrize(
    ("change", "rules"),
    [
        ({"application_amount": None}, {"application_amount_null"}),
        ({"application_amount": 0.0}, {"application_amount_out_of_bounds"}),
        ({"application_amount": 2e6}, {"application_amount_out_of_bounds"}),
        ({"application_channel": "carrier pigeon"}, {"application_channel_not_allowed"}),
        ({"application_region": "a\u202eb"}, {"unreadable_text"}),
        ({"application_monthly_principal": float("inf")}, {"not_finite"}),
        ({"application_id": "twice"}, {"conflicting_duplicate"}),
    ],
)
def test_a_broken_cell_is_told_by_its_rule_alone(table, change, rules):
    frame = with_cell(table, 0, **change)
    if "application_id" in change:
        frame = with_cell(frame, 1, **change)

    assert set(broken(frame)) - {"in_order"} == rules


def test_rows_out_of_order_are_told(table):
    swapped = pl.concat([table[:5], table[6:7], table[5:6], table[7:]])

    assert broken(swapped) == {"in_order": 1}


@pytest.mark.parametrize("value", [2.5, -1.0])
def test_a_count_that_cannot_be_one_is_told(table, value):
    row = known_row(table, "network_device_applicants")
    rule = "whole_counts" if value > 0 else "network_device_applicants_out_of_bounds"

    assert broken(with_cell(table, row, network_device_applicants=value)) == {rule: 1}


def test_a_longer_window_below_a_shorter_one_is_told(table):
    row = known_row(table, "inquiries_count_30d")
    most = float(table["inquiries_count_365d"].max())

    found = broken(with_cell(table, row, inquiries_count_30d=most + 1))

    assert found == {"inquiries_count_90d_below_inquiries_count_30d": 1}


def test_one_null_among_the_counts_of_a_history_is_told(table):
    row = known_row(table, "inquiries_count_30d")

    assert broken(with_cell(table, row, inquiries_night_count_90d=None)) == {"inquiries_null_together": 1}


def test_a_value_where_nothing_is_known_is_told(table):
    unknown = table.with_row_index("_row").filter(pl.col("inquiries_count_30d").is_null())["_row"][0]

    assert broken(with_cell(table, unknown, inquiries_days_ago_min=3.0)) == {"inquiries_null_where_unknown": 1}


def test_one_null_among_the_counts_under_a_key_is_told(table):
    row = known_row(table, "network_phone_applicants")

    assert broken(with_cell(table, row, network_phone_applicants=None)) == {"phone_null_together": 1}


def test_one_null_among_the_counts_of_the_group_is_told(table):
    row = known_row(table, "network_group_applicants")

    assert broken(with_cell(table, row, network_group_applicants=None)) == {"group_null_together": 1}


def test_every_count_and_every_promise_of_a_value_is_held():
    """A feature that is declared to count, or never to be null, must not slip through by its words."""
    contract = feature_contract(FEATURES, {})
    read = {rule.id: rule.check.columns for rule in feature_rules(FEATURES, contract, {})}
    windowed = {f.name for f in FEATURES if isinstance(f, Windowed) and f.aggregate.counts}
    network = {f.name for f in FEATURES if isinstance(f, SharedKey | LinkedGroup) and "days_ago" not in f.name}

    assert set(read["whole_counts"]) == windowed | network
    never = {f.name for f in FEATURES if f.meaning.null_means.startswith("never")}
    assert {f"{name}_null" for name in never} <= set(read)
    assert {f.meaning.null_means for f in FEATURES if f.name in never} == {NEVER_NULL}
