from dataclasses import replace

import pytest

from pipelines.recipes import RECIPES, read_recipe
from synthetic.errors import RecipeError
from synthetic.recipe import Recipe, to_mapping

NAMES = ("tiny", "default", "stress", "million")


@pytest.fixture
def mapping(recipe):
    plain = to_mapping(recipe)
    plain["calendar"] |= {"start": recipe.calendar.start, "shock_start": recipe.calendar.shock_start}
    return plain


@pytest.mark.parametrize("name", NAMES)
def test_recipes_of_the_repository_are_read(name):
    assert read_recipe(name).name == name


def test_a_recipe_survives_the_way_through_a_mapping(recipe, mapping):
    assert Recipe.from_mapping(mapping) == recipe


def test_an_unknown_key_names_the_nearest(mapping):
    mapping["rings"]["shares"] = 0.1

    with pytest.raises(RecipeError, match=r"'rings.shares' is unknown, .*Did you mean 'share'\?"):
        Recipe.from_mapping(mapping)


def test_a_missing_key_is_named(mapping):
    del mapping["lenders"]["bank"]["coverage"]

    with pytest.raises(RecipeError, match=r"'lenders.bank.coverage' is missing"):
        Recipe.from_mapping(mapping)


@pytest.mark.parametrize(
    ("part", "key", "value", "message"),
    [
        ("rings", "share", 1.5, r"'rings.share' == 1.5, must be between 0 and 1"),
        ("rings", "share", float("nan"), r"'rings.share' == nan, must be between 0 and 1"),
        ("rings", "share", True, r"'rings.share' == True, must be a number"),
        ("rings", "share", "0.1", r"'rings.share' == '0.1', must be a number"),
        ("rings", "smallest", 2.5, r"'rings.smallest' == 2.5, must be a whole number"),
        ("calendar", "start", "2024-01-01", r"'calendar.start' == '2024-01-01', must be a date"),
        ("calendar", "extract_after_days", 0, r"'calendar.extract_after_days' == 0, must be between 7 and"),
        ("applying", "inflation", [1.2], r"'applying.inflation' == \[1.2\], must be a list of 2 values"),
        ("applying", "inflation", [1.2, -1], r"'applying.inflation\[1\]' == -1, must be between"),
    ],
)
def test_a_wrong_value_is_named_with_what_was_expected(mapping, part, key, value, message):
    mapping[part][key] = value

    with pytest.raises(RecipeError, match=message):
        Recipe.from_mapping(mapping)


def test_a_part_that_is_no_mapping_is_named(mapping):
    mapping["rings"] = 3

    with pytest.raises(RecipeError, match=r"'rings' == 3, must be a mapping"):
        Recipe.from_mapping(mapping)


@pytest.mark.parametrize("name", NAMES)
def test_every_line_of_a_recipe_has_a_comment(name):
    lines = (RECIPES / f"{name}.yaml").read_text(encoding="utf-8").splitlines()

    assert [line for line in lines if line.strip() and "#" not in line] == []


def test_a_recipe_changes_what_it_states_and_nothing_else():
    base, stress = read_recipe("default"), read_recipe("stress")

    assert stress.hazard == replace(base.hazard, shock=stress.hazard.shock)
    assert stress.policy == base.policy
