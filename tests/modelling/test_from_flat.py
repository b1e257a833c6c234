from dataclasses import replace

import polars as pl
import pytest

from modelling.errors import ContractError
from modelling.from_flat import dataset_from_flat
from scoring.spec import Question


def test_frame_has_the_dataset_columns(small_dataset):
    assert small_dataset.frame.columns == [
        *("case_id", "applicant_id", "time", "label_status", "label"),
        *("income", "inquiries", "channel", "returning", "noise", "asked"),
        *("protected_gender", "split"),
    ]
    assert small_dataset.frame["time"].dtype == pl.Datetime("us", "UTC")


def test_neither_target_nor_time_nor_protected_are_features(small_dataset):
    names = {spec.name for spec in small_dataset.features}

    assert names == {"income", "inquiries", "channel", "returning", "noise", "asked"}


def test_splits_follow_time(small_dataset):
    times = [small_dataset.part(name)["time"] for name in ("development", "calibration", "out_of_time")]

    assert times[0].max() < times[1].min()
    assert times[1].max() < times[2].min()


def test_without_time_the_split_is_stratified_and_repeatable(small_table, small_contract):
    timeless = replace(small_contract, time_column=None, ignored=("when",))
    first, again, other = (dataset_from_flat(small_table, timeless, seed=seed).frame["split"] for seed in (1, 1, 2))

    assert first.equals(again)
    assert not first.equals(other)


def test_vocabulary_knows_development_alone_and_leaves_rare_ones_out(small_table, small_contract):
    late = small_table.with_columns(
        pl.when(pl.int_range(pl.len()) > 2000).then(pl.lit("new")).otherwise("channel").alias("channel")
    )
    found = dataset_from_flat(late, small_contract, seed=1)
    spec = next(one for one in found.features if one.name == "channel")

    assert spec.vocabulary == ("agent", "app", "search")
    assert "rare" in found.part("development")["channel"].to_list()


def test_values_between_bad_and_good_are_indeterminate_and_null_is_unknown(small_table, small_contract):
    marked = small_table.with_columns(
        pl.when(pl.int_range(pl.len()) % 100 == 0)
        .then(2)
        .when(pl.int_range(pl.len()) % 100 == 1)
        .then(None)
        .otherwise("bad")
        .alias("bad")
    )
    counts = dataset_from_flat(marked, replace(small_contract, good_value=0), seed=1).counts()

    assert (counts.indeterminate, counts.unknown, counts.pending) == (26, 26, 0)


def test_a_third_value_without_a_good_one_is_refused(small_table, small_contract):
    third = small_table.with_columns(pl.when(pl.int_range(pl.len()) == 0).then(2).otherwise("bad").alias("bad"))

    with pytest.raises(ContractError, match="target 'bad' holds 3 values"):
        dataset_from_flat(third, small_contract, seed=1)


def test_a_bad_value_that_never_occurs_is_refused(small_table, small_contract):
    with pytest.raises(ContractError, match="target 'bad' never is 'yes'; it holds 0, 1"):
        dataset_from_flat(small_table, replace(small_contract, bad_value="yes"), seed=1)


def test_a_repeated_id_is_refused(small_table, small_contract):
    twice = small_table.with_columns(pl.lit("same").alias("id"))

    with pytest.raises(ContractError, match="rows with a null or repeated id, such as 'same'"):
        dataset_from_flat(twice, small_contract, seed=1)


def test_a_float_id_is_refused(small_table, small_contract):
    floats = small_table.with_columns(pl.int_range(pl.len()).cast(pl.Float64).alias("id"))

    with pytest.raises(ContractError, match="id column 'id' holds floats"):
        dataset_from_flat(floats, small_contract, seed=1)


def test_a_feature_with_a_name_of_the_dataset_is_refused(small_table, small_contract):
    with pytest.raises(ContractError, match="a feature cannot be called label"):
        dataset_from_flat(small_table.rename({"noise": "label"}), small_contract, seed=1)


def test_a_direction_on_a_category_is_refused(small_table, small_contract):
    with pytest.raises(ContractError, match="directions names 'channel', which is a category"):
        dataset_from_flat(small_table, replace(small_contract, directions={"channel": 1}), seed=1)


@pytest.mark.parametrize(
    ("written", "words"),
    [
        (
            pl.col("income").round(2).map_elements("{:,.2f}".format, pl.String),
            r"left out \(.* look like an identifier\)",
        ),
        (
            pl.when(pl.col("income") > 9000).then(pl.lit("n/a")).otherwise(pl.lit("1")),
            "a category: it holds 'n/a'; only",
        ),
    ],
)
def test_a_direction_of_numbers_that_are_not_written_as_such_is_refused(small_table, small_contract, written, words):
    """Else the column that the lender knows most about would be left out, and only its absence would tell."""
    with pytest.raises(ContractError, match=rf"directions names 'income', which is {words}.*Write numbers plainly"):
        dataset_from_flat(small_table.with_columns(written.alias("income")), small_contract, seed=1)


@pytest.mark.parametrize("form", ["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"])
def test_times_as_text_give_the_same_months(small_table, small_contract, small_dataset, form):
    text = small_table.with_columns(pl.col("when").dt.strftime(form))
    found = dataset_from_flat(text, small_contract, seed=1).frame["time"]

    assert found.dt.strftime("%Y-%m-%d").equals(small_dataset.frame["time"].dt.strftime("%Y-%m-%d"))


def test_a_time_that_cannot_be_read_is_refused(small_table, small_contract):
    wrong = small_table.with_columns(pl.lit("31.05.2024").alias("when"))

    with pytest.raises(ContractError, match=r"time column 'when' holds '31.05.2024'"):
        dataset_from_flat(wrong, small_contract, seed=1)


def test_a_question_makes_the_fact_declared_and_is_kept_once(small_table, small_contract):
    question = Question(id="money", answer="money", unit="yuan", en="How much?", zh="多少?", check_en="", check_zh="")
    asked = replace(small_contract, questions={"income": question, "asked": question})
    found = dataset_from_flat(small_table, asked, seed=1)
    sources = {spec.name: (spec.source, spec.question) for spec in found.features}

    assert found.questions == (question,)
    assert sources["income"] == ("declared", "money")
    assert sources["noise"] == ("table", None)


def test_amounts_and_answers_that_name_no_unit_are_in_the_contracts_currency(small_table, small_contract):
    bare = Question(id="money", answer="money", unit="", en="How much?", zh="多少?", check_en="", check_zh="")
    counted = replace(bare, id="count", answer="whole")
    monthly = replace(bare, id="monthly", unit="crowns a month")
    asked = replace(
        small_contract, amount_column="asked", questions={"income": bare, "inquiries": counted, "noise": monthly}
    )
    found = dataset_from_flat(small_table, asked, seed=1, currency="crowns")

    assert {question.id: question.unit for question in found.questions} == {
        "money": "crowns",
        "count": "",
        "monthly": "crowns a month",
    }
    assert {spec.name: spec.unit for spec in found.features} == {
        **dict.fromkeys(["inquiries", "channel", "returning"], ""),
        "income": "crowns",
        "asked": "crowns",
        "noise": "crowns a month",
    }


def test_grouped_columns_share_a_reason(small_table, small_contract):
    grouped = replace(
        small_contract, groups={"income": "means", "asked": "means"}, descriptions={"means": "Income and loan"}
    )
    found = dataset_from_flat(small_table, grouped, seed=1)

    assert [reason.en for reason in found.reasons if reason.id == "means"] == ["Income and loan"]
    assert len(found.reasons) == len(found.features) - 1
