from itertools import pairwise

import polars as pl
import pytest

from pipelines import synthesise as job
from pipelines.recipes import UnknownRecipeError, read_recipe
from pipelines.store import read_tables
from pipelines.synthesise import synthesise
from synthetic.errors import RecipeError


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    told = []
    out = tmp_path_factory.mktemp("lender")
    result = synthesise("tiny", out, applicants=900, seed=4, progress=lambda _what, share: told.append(share))
    return result, told


def test_tables_and_page_are_written_and_pass_their_manifest(made):
    result, told = made
    tables = read_tables(result.out)

    assert {name: frame.height for name, frame in tables.items()} == dict(result.rows)
    assert told == sorted(told)
    assert told[-1] == 1.0


def test_the_page_speaks_of_what_was_made(made):
    result, _ = made
    page = result.profile.read_text(encoding="utf-8")

    for words in (
        "Synthetic lender: tiny",
        "Reporting lag, small_loan",
        "known before happened",
        "2024-06",
        "900 made-up",
    ):
        assert words in page
    assert "://" not in page.replace("http://www.w3.org", "")


def test_the_seed_of_the_recipe_is_used_unless_another_is_given(made, tmp_path):
    result, _ = made
    again = synthesise("tiny", tmp_path, applicants=900)

    assert again.seed == read_recipe("tiny").seed
    assert again.files != result.files


def test_a_large_lender_is_profiled_from_a_sample_that_the_page_admits(tmp_path, monkeypatch):
    monkeypatch.setattr(job, "SAMPLED_ABOVE", 500)
    result = synthesise("tiny", tmp_path, applicants=900)

    assert "sample of 50.0 %" in result.profile.read_text(encoding="utf-8")


def test_a_sample_holds_whole_persons(made):
    result, _ = made
    half = job._read(result.out, 2)
    persons = half["applications"]["applicant_id"].unique()
    events = pl.read_parquet(result.out / "behaviour_events.parquet")

    assert 350 < len(persons) < 550
    assert half["behaviour_events"].height == events["applicant_id"].is_in(persons.implode()).sum()
    assert set(half["outcomes"]["application_id"]) <= set(half["applications"]["application_id"])


def test_an_unknown_recipe_names_the_nearest(tmp_path):
    with pytest.raises(UnknownRecipeError, match=r"'defualt' is neither a file nor a known recipe .*'default'\?"):
        synthesise("defualt", tmp_path)


LAUGHS = "".join(
    [
        "a: &a [ha, ha, ha, ha, ha, ha, ha, ha, ha]\n",
        *(f"{b}: &{b} [{', '.join([f'*{a}'] * 9)}]\n" for a, b in pairwise("abcdefghi")),
    ]
)
"""Nine lists of nine times the list before: half a billion words, were it read."""


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("based_on: default\nrings:\n  sharre: 0.1\n", r"'rings.sharre' is unknown.*Did you mean 'share'"),
        ("based_on: default\nname: a\nname: b\n", r"line 3: key 'name' was given in line 2 already"),
        ("- 1\n", r"must be a mapping"),
        ("name: [\n", r"mine.yaml' cannot be read: line 2: "),
        (LAUGHS, r"line 2: \*a refers to another part; write it out"),
        ("name: " + "[" * 21 + "]" * 21, r"line 1: parts lie more than 20 deep"),
        ("based_on: mine\n", r"cannot be based on itself"),
    ],
)
def test_a_wrong_recipe_is_refused_before_anything_is_written(text, message, tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text(text, encoding="utf-8")

    with pytest.raises(RecipeError, match=message):
        synthesise(path, tmp_path / "out")
    assert not (tmp_path / "out").exists()
