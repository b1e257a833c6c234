"""Declarations are whole, and the names that others rely on exist."""

from __future__ import annotations

from dataclasses import replace

import pytest

from features.aggregates import COUNT
from features.application import APPLICATION
from features.catalogue import CATALOGUE, GROUPS, Catalogue, Module, entries
from features.closed_lists import foreign_words
from features.declaration import QUESTIONS, REASON_GROUPS, ReasonGroup
from features.errors import DeclarationError
from features.expression import column, of
from features.history import History, View
from features.rowwise import Rowwise
from features.tables import LOANS, TABLES
from features.windowed import summed

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


def test_descriptions_are_written_as_people_write():
    for feature in CATALOGUE.values():
        assert " 1 days" not in feature.meaning.en, feature.name
        assert not set(feature.meaning.zh) & set(",;:?!()"), feature.name
    for question in QUESTIONS.values():
        assert not set(question.zh + question.check_zh) & set(",;:?!()"), question.id


def test_descriptions_tell_features_apart():
    for language in ("en", "zh"):
        texts = [getattr(feature.meaning, language) for feature in CATALOGUE.values()]
        assert sorted({text for text in texts if texts.count(text) > 1}) == []


def test_descriptions_compare_columns_with_words_that_these_can_hold():
    assert foreign_words(CATALOGUE.values(), TABLES) == ()


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
        Catalogue(groups={APPLICATION.stem: group})


@pytest.mark.parametrize(
    ("times", "message"),
    [
        ({"known": "know_at"}, r"known == 'know_at', must be a column of 'loans'. Did you mean 'known_at'\?"),
        ({"happened": "status"}, "happened == 'status', is String, must be a time: closed_at, happened_at, known_at"),
    ],
)
def test_what_is_no_time_of_the_rows_is_refused_by_name(times, message):
    history = History(stem="other_loans", view=View(table=LOANS, **times), source="bureau", group="multi_lender")
    count = summed(history, COUNT, "Loans", "贷款数")

    with pytest.raises(DeclarationError, match=message):
        Catalogue(groups={"other_loans": [count]})


def ours(*features):
    return Module(name="ours", sha256="0" * 64, features=features)


def test_own_features_come_last_as_a_group_under_their_modules_name():
    own = amount(stem="ours")
    extended = CATALOGUE.with_module(ours(own))

    assert list(extended) == [*CATALOGUE, "ours_amount"]
    assert extended["ours_amount"] is own
    assert extended.modules == {"ours": "0" * 64}
    assert (CATALOGUE.modules, "ours_amount" in CATALOGUE) == ({}, False)
    assert entries(extended)[-1].group == "ours"


def test_an_own_reason_stands_after_the_built_in_ones():
    group = ReasonGroup(id="cards", en="Cards held", zh="持卡情况")
    own = amount(stem="ours", meaning=replace(amount().meaning, group=group))

    assert CATALOGUE.with_module(ours(own)).reason_groups() == (*CATALOGUE.reason_groups(), group)


@pytest.mark.parametrize(
    ("module", "message"),
    [
        (ours(), "module 'ours' declares no feature"),
        (replace(ours(amount(stem="x")), name="network"), "group 'network' is there already; give the module another"),
        (ours(amount()), "'application_amount': named so already, by a feature that is not of this module"),
        (ours(amount(stem="declared", column="income")), "'declared_income' cannot be the name of a feature"),
        (ours(amount(stem="two words")), "'two words_amount' cannot be the name of a feature"),
        (ours(amount(stem="x", kind="money")), "'x_amount' has kind 'money', must be one of number, category, flag"),
        (ours(amount(stem="x", meaning=replace(amount().meaning, source="bank"))), "has source 'bank', must be one of"),
        (ours(amount(stem="x", meaning=replace(amount().meaning, direction="up"))), "direction 'up', must be -1, 0 or"),
        (
            ours(replace(CATALOGUE["application_region"], stem="x", meaning=replace(amount().meaning, direction=1))),
            "'x_region' has direction 1, must be 0: a category does not rise",
        ),
        (
            ours(amount(stem="x", meaning=replace(amount().meaning, group=replace(REASON_GROUPS["income"], en="Pay")))),
            "'x_amount' is told under the reason group 'income', which has other words already",
        ),
        (
            ours(
                amount(
                    stem="x",
                    column="declared_income",
                    meaning=replace(amount().meaning, question=replace(QUESTIONS["declared_income"], en="Pay?")),
                )
            ),
            r"'x_declared_income' asks 'declared_income' in words of its own; take QUESTIONS\['declared_income'\]",
        ),
    ],
)
def test_a_module_that_cannot_be_used_is_refused(module, message):
    with pytest.raises(DeclarationError, match=message):
        CATALOGUE.with_module(module)


def test_an_input_that_bears_the_name_of_another_feature_is_refused():
    """In a build one name holds one column: the feature would be computed from the other one's values."""
    other = amount(expression=column("amount") * 2, lower=0)
    own = amount(stem="ours", expression=of(other) + 1)

    with pytest.raises(
        DeclarationError, match="'application_amount' is declared in two ways; give one of them another"
    ):
        CATALOGUE.with_module(ours(own))
    CATALOGUE.with_module(ours(amount(stem="ours", expression=of(amount()) + 1)))


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
