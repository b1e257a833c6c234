"""The catalogue says of every feature what is declared and what was seen, and what must not be overlooked."""

import re
from dataclasses import replace

import pytest

from features.catalogue import CATALOGUE
from modelling.describe_features import describe
from reports.catalogue import CatalogueOrigin, catalogue_report
from reports.catalogue_words import GROUP_WORDS, SOURCE_WORDS
from reports.page import plain, render


def card(parsed_html, name):
    return re.search(rf'<article class="card" id="{name}".*?</article>', parsed_html, re.DOTALL)[0]


@pytest.fixture(scope="module")
def html(pages):
    return render(pages["catalogue"])


@pytest.mark.parametrize("name", ["application_declared_income", "inquiries_count_90d", "loans_amount_sum_90d"])
def test_a_card_holds_the_whole_declaration(html, parse, name):
    text = parse(card(html, name)).text()
    meaning = CATALOGUE[name].meaning

    for words in (meaning.en, meaning.zh, meaning.group.en, meaning.group.zh, meaning.null_means):
        assert words in text
    if meaning.question:
        assert meaning.question.en in text
        assert meaning.question.zh in text


def test_amounts_are_in_the_lenders_currency(html, parse):
    text = parse(card(html, "application_declared_income")).text()

    assert "koruna a month" in text
    assert "yuan" not in text


def test_a_leak_is_marked_and_told_first(html, pages):
    first = pages["catalogue"].sections[0].blocks[0]

    assert first.kind == "problem"
    assert "inquiries_count_90d" in plain(first.text)
    assert html.count("leak suspected") == 4  # the choice, the strongest, the overview of its group, the card


def test_a_direction_that_is_not_the_declared_one_is_told(html, parse):
    """Bad cases have fewer inquiries here, though the declaration says that inquiries raise risk."""
    assert CATALOGUE["inquiries_count_90d"].meaning.direction == 1
    assert "seen: bad rate falls with the value" in parse(card(html, "inquiries_count_90d")).text()
    assert "against its direction" in parse(card(html, "inquiries_count_90d")).text()
    assert "seen: the same" in parse(card(html, "application_declared_income")).text()
    assert "against its direction" not in parse(card(html, "application_declared_income")).text()


def test_a_column_without_values_says_why(html, parse):
    text = parse(card(html, "loans_amount_sum_90d")).text()

    assert "the lender came without the table loans" in text
    assert "<svg" not in card(html, "loans_amount_sum_90d")


def test_what_no_declaration_describes_and_what_the_table_lacks_is_named(html, parse):
    text = parse(html).text()

    assert "In this table, but not declared (1): of_nobody." in text
    assert f"Declared, but not in this table ({len(CATALOGUE) - 6})" in text


def test_hostile_categories_are_shown_as_text(html):
    drawn = card(html, "application_channel")

    assert "<b>x</b>" not in drawn
    assert "&lt;b&gt;x&lt;/b&gt;⟨U+202E⟩" in drawn


def test_months_beyond_the_reference_that_moved_are_told(html, parse):
    """The income rises all through the eight months."""
    assert "has moved" in parse(card(html, "application_declared_income")).text()
    assert "has moved" not in parse(card(html, "application_declared_income_round")).text()


def test_without_labels_it_says_so_and_shows_no_bad_rate(catalogue_of, parse):
    text = parse(render(catalogue_of(labelled=False))).text()

    assert "No labels were given, so nothing is said of bad cases." in text
    assert "not measured: no labels were given" in text
    assert not re.search(r"Bad rate|bad / labelled|AUC", text)


def test_one_month_shows_no_moves(catalogue_of, parse):
    text = parse(render(catalogue_of(rows=60))).text()

    assert "(2024-05)" in text
    assert "PSI up to" not in text


def test_every_built_in_group_and_source_has_words_in_both_languages():
    assert set(CATALOGUE.groups) == set(GROUP_WORDS)
    assert {feature.meaning.source for feature in CATALOGUE.values()} <= set(SOURCE_WORDS)
    assert all(re.search("[a-z] [\u4e00-\u9fff]", words) for words in (*GROUP_WORDS.values(), *SOURCE_WORDS.values()))


def test_a_lenders_own_group_stands_under_its_own_name(parse, feature_rows):
    frame, labels = feature_rows
    groups = {**CATALOGUE.groups, "my_branch": (CATALOGUE["application_channel"],)}
    groups["application"] = tuple(one for one in groups["application"] if one.name != "application_channel")
    found = describe(frame, [CATALOGUE["application_channel"]], labels=labels)

    page = parse(render(catalogue_report(groups, found, CatalogueOrigin(name="mine"))))

    assert "group-my_branch" in page.values("id")
    assert "my_branch" in page.text()


def test_two_hundred_and_fifty_features_fit_on_a_page_that_opens_at_once(feature_rows):
    frame, labels = feature_rows
    one = describe(frame, [CATALOGUE["application_declared_income"]], labels=labels)
    profile, feature = one.features[0], CATALOGUE["application_declared_income"]
    many = [replace(profile, feature=f"feature_of_some_length_number_{place:03d}") for place in range(250)]

    class Renamed:
        def __init__(self, name):
            self.name = name

        def __getattr__(self, what):
            return getattr(feature, what)

    groups = {"application": tuple(Renamed(found.feature) for found in many)}
    html = render(catalogue_report(groups, replace(one, features=tuple(many)), CatalogueOrigin(name="large")))

    assert html.count('class="card"') == 250
    assert len(html.encode()) < 2_500_000
