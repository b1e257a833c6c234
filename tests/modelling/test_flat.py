import polars as pl
import pytest

from modelling.errors import ContractError
from modelling.flat import FlatContract, as_kind, infer_columns


def contract(**changes):
    return FlatContract(**({"target": "bad", "bad_value": 1} | changes))


def inferred(values, **changes):
    frame = pl.DataFrame({"x": values, "bad": [0, 1] * (len(values) // 2)})
    return infer_columns(frame, contract(**changes))[0]


@pytest.mark.parametrize(
    ("values", "role", "kind"),
    [
        ([1, 2, 1, 2], "feature", "number"),
        ([0.5, None, 1.5, 2.0], "feature", "number"),
        (["1", "2.5", "NA", ""], "feature", "number"),
        (["007", "x", "y", "x"], "feature", "category"),
        ([True, False, None, True], "feature", "flag"),
        (["True", "false", None, "true"], "feature", "flag"),
        ([None, None], "left_out", None),
        (["NA", " "], "left_out", None),
    ],
)
def test_kinds_follow_the_values(values, role, kind):
    found = inferred(values)

    assert (found.role, found.kind) == (role, kind)


def test_few_whole_numbers_are_a_category_only_when_the_contract_says_so():
    assert inferred([1, 2, 1, 2], kinds={"x": "category"}).kind == "category"


def test_text_that_differs_in_every_row_is_left_out():
    found = inferred([f"name {number}" for number in range(100)])

    assert found.role == "left_out"
    assert "look like an identifier" in found.why


def test_dates_are_left_out_with_the_way_to_use_them():
    found = inferred(pl.Series(["2024-01-01", "2024-01-02"]).str.to_date())

    assert found.role == "left_out"
    assert "number of days" in found.why


def test_missing_words_count_as_missing():
    assert inferred(["a", "NA", "b", ""]).missing_share == 0.5


def test_a_column_that_is_not_there_is_refused_with_the_nearest():
    frame = pl.DataFrame({"income": [1.0], "bad": [1]})

    with pytest.raises(ContractError, match=r"contract directions names the column 'incom'.*Did you mean 'income'"):
        infer_columns(frame, contract(directions={"incom": 1}))


def test_two_roles_are_refused():
    frame = pl.DataFrame({"x": [1.0], "bad": [1]})

    with pytest.raises(ContractError, match="gives two roles to x"):
        infer_columns(frame, contract(id_column="x", ignored=("x",)))


def test_an_ignored_amount_is_refused():
    frame = pl.DataFrame({"x": [1.0], "bad": [1]})

    with pytest.raises(ContractError, match="amount_column == 'x' must be a feature"):
        infer_columns(frame, contract(amount_column="x", ignored=("x",)))


def test_a_flag_that_is_neither_is_refused():
    with pytest.raises(ContractError, match="'x' is a flag but holds 2"):
        inferred([0, 1, 2, 1], kinds={"x": "flag"})


def test_an_infinite_number_is_refused():
    with pytest.raises(ContractError, match="'x' holds an infinite number"):
        as_kind(pl.Series("x", [1.0, float("inf")]), "number")


def test_a_word_among_numbers_is_refused_with_the_word():
    with pytest.raises(ContractError, match="'x' is a number but holds 'many'"):
        as_kind(pl.Series("x", ["1", "many"]), "number")


def test_nan_becomes_null():
    assert as_kind(pl.Series("x", [1.0, float("nan")]), "number").null_count() == 1


def test_codes_become_text_as_they_are():
    assert as_kind(pl.Series("x", [3, None, 11]), "category").to_list() == ["3", None, "11"]
