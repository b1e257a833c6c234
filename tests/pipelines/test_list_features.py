"""The catalogue as a list: all of it, or what a person asks for."""

import json
import re
import sys

import pytest

from features.catalogue import CATALOGUE, entries
from pipelines.cli import main
from pipelines.errors import ArgumentError
from pipelines.list_features import list_features


def names(**asked):
    return [entry.name for entry in list_features(CATALOGUE, **asked)]


def test_without_a_wish_it_is_the_catalogue():
    assert list_features(CATALOGUE) == entries(CATALOGUE)


@pytest.mark.parametrize("group", CATALOGUE.groups)
def test_a_group_is_its_features(group):
    assert names(group=group) == [feature.name for feature in CATALOGUE.groups[group]]


def test_every_word_must_be_there_in_either_language_whatever_its_case():
    found = names(words="INCOME 填报")

    assert "application_declared_income" in found
    assert "application_amount" not in found
    assert names(words="no such thing") == []
    assert set(names(words="DECLARED_other_lenders")) == {
        feature.name for feature in CATALOGUE.with_question("declared_other_lenders")
    }


def test_units_are_in_the_lenders_currency():
    units = {entry.unit for entry in list_features(CATALOGUE, currency="koruna")}

    assert "koruna" in units
    assert not any("yuan" in unit for unit in units)


def test_an_unknown_group_is_refused_with_the_nearest():
    with pytest.raises(ArgumentError, match=r"group == 'identty', must be one of .* Did you mean 'identity'\?"):
        list_features(CATALOGUE, group="identty")


@pytest.fixture
def printed(monkeypatch, capsys):
    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["bamboo", "features", "--list", *arguments])
        with pytest.raises(SystemExit, match="0"):
            main()
        return capsys.readouterr().out

    return run


def test_every_name_is_printed_whole_so_that_it_can_be_copied(printed):
    out = printed()

    assert [name for name in CATALOGUE if not re.search(rf"│ {name} +│", out)] == []
    assert f"{len(CATALOGUE)} of {len(CATALOGUE)} features" in out


def test_the_title_of_a_group_finds_its_features_and_what_nothing_holds_says_so(printed):
    assert len(json.loads(printed("--json", "--search", "多头"))["features"]) == len(names(group="borrowing"))
    assert printed("--search", "nothing like this") == (
        f"none of {len(CATALOGUE)} features holds 'nothing like this'; every word of it must stand in one\n"
    )


def test_json_is_one_object(printed):
    found = json.loads(printed("--json", "--group", "identity"))["features"]

    assert [one["name"] for one in found] == names(group="identity")
    assert {one["group"] for one in found} == {"identity"}


def test_own_modules_of_a_contract_are_among_them(printed, tmp_path):
    (tmp_path / "branch.py").write_text(
        "from dataclasses import replace\n"
        "from features.catalogue import CATALOGUE\n"
        "from features.rowwise import Rowwise\n"
        "meaning = replace(CATALOGUE['application_region'].meaning, en='Region of the branch', zh='网点所在地区')\n"
        "FEATURES = (Rowwise(stem='branch', column='region', kind='category', meaning=meaning),)\n",
        encoding="utf-8",
    )
    contract = tmp_path / "contract.yaml"
    contract.write_text("kind: tables\nname: mine\nmodules: [branch.py]\n", encoding="utf-8")

    assert "branch: 1 of 1 features" in printed("--contract", str(contract), "--search", "branch_region")
