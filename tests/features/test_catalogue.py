"""Declarations are whole, and the names that others rely on exist."""

from __future__ import annotations

from dataclasses import replace

import pytest

from features.application import APPLICATION
from features.catalogue import CATALOGUE, GROUPS, collected, entries
from features.declaration import QUESTIONS, REASON_GROUPS
from features.errors import DeclarationError
from features.expression import column
from features.rowwise import Rowwise

RELIED_ON = {
    "application_amount": "number",
    "application_term_months": "number",
    "application_age_years": "number",
    "application_region": "category",
    "application_channel": "category",
    "application_product": "category",
    "application_declared_income": "number",
    "application_declared_job_months": "number",
    "application_declared_other_lenders": "number",
    "application_declared_monthly_debt": "number",
    "identity_failed": "flag",
    "watchlist_active_hits": "number",
    "inquiries_count_365d": "number",
    "loans_count_365d": "number",
    "loans_open_count": "number",
}


@pytest.mark.parametrize(("name", "kind"), RELIED_ON.items())
def test_features_that_policy_and_reports_rely_on_exist(name, kind):
    assert CATALOGUE[name].kind == kind


def test_there_are_at_least_60_features_over_all_groups_and_reasons():
    assert len(CATALOGUE) >= 60
    assert all(GROUPS.values())
    assert {feature.meaning.group.id for feature in CATALOGUE.values()} == set(REASON_GROUPS)
    assert {f.meaning.question.id for f in CATALOGUE.values() if f.meaning.question} == set(QUESTIONS)


@pytest.mark.parametrize("name", CATALOGUE)
def test_a_feature_has_a_direction_only_as_a_number_or_flag(name):
    feature = CATALOGUE[name]

    assert feature.kind != "category" or feature.meaning.direction == 0


@pytest.mark.parametrize("name", CATALOGUE)
def test_chinese_texts_are_chinese_and_english_ones_english(name):
    meaning = CATALOGUE[name].meaning

    assert any("\u4e00" <= letter <= "\u9fff" for letter in meaning.zh)
    assert meaning.en.isascii()
    assert meaning.null_means.isascii()


def test_descriptions_tell_features_apart():
    for language in ("en", "zh"):
        texts = [getattr(feature.meaning, language) for feature in CATALOGUE.values()]
        assert sorted({text for text in texts if texts.count(text) > 1}) == []


def amount(**changes):
    known = CATALOGUE["application_amount"]
    assert isinstance(known, Rowwise)
    return replace(known, **changes)


@pytest.mark.parametrize(
    ("group", "message"),
    [
        ([amount(), amount()], "'application_amount' is declared 2 times"),
        ([amount(meaning=replace(amount().meaning, zh=" "))], "'application_amount' has no whole text 'zh'"),
        ([amount(meaning=replace(amount().meaning, en="{days}"))], "'application_amount' has no whole text 'en'"),
        (
            [amount(column="income", expression=column("declared_income"))],
            r"'application_income' reads \['declared_income'\], so its question must be about that, not \[\]",
        ),
        (
            [amount(meaning=replace(amount().meaning, question=QUESTIONS["declared_income"]))],
            r"'application_amount' reads \[\], so its question must be about that, not \['declared_income'\]",
        ),
        ([amount(column="gender")], "'application_gender' reads 'gender', which is protected"),
    ],
)
def test_a_declaration_that_is_not_whole_is_refused(group, message):
    with pytest.raises(DeclarationError, match=message):
        collected({APPLICATION.stem: group})


def test_the_listing_has_a_line_for_every_feature():
    lines = {entry.name: entry for entry in entries()}

    assert list(lines) == list(CATALOGUE)
    income = lines["application_declared_income"]
    assert (income.group, income.source, income.direction, income.question) == (
        "application",
        "declared",
        "down",
        "declared_income",
    )
