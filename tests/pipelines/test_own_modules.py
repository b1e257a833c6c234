"""A lender's own modules: what they declare joins the catalogue, and what is wrong with one is told by name."""

from __future__ import annotations

import pickle
import re
import sys
from pathlib import Path

import pytest

from features.catalogue import CATALOGUE
from pipelines.contract import TablesContract, read_tables_contract
from pipelines.errors import ContractError, DamagedFileError, MissingFileError, OwnModuleError
from pipelines.own_modules import check_modules, load_catalogue
from pipelines.store import sha256_file

GOOD = """
from features.expression import column
from features.rowwise import derived
from features.topic import Topic

TOPIC = Topic(stem="ours", source="declared", group="loan_asked")
FEATURES = (derived(TOPIC, "amount_a_year", column("amount") * 12 / column("term_months"), "Amount a year", "年金额"),)
"""


@pytest.fixture
def load(tmp_path):
    """Load the catalogue of a contract that names one module with the given source."""

    def of(source, name="ours.py"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(source, encoding="utf-8")
        return load_catalogue(TablesContract(modules=(path,)))

    return of


def test_own_features_stand_after_the_built_in_ones_with_the_hash_of_their_source(load, tmp_path):
    catalogue = load(GOOD)

    assert list(catalogue) == [*CATALOGUE, "ours_amount_a_year"]
    assert list(catalogue.groups)[-1] == "ours"
    assert catalogue.modules == {"ours": sha256_file(tmp_path / "ours.py")}


def test_the_module_that_the_readme_shows_can_be_used(load):
    readme = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    (shown,) = (block for block in re.findall(r"```python\n(.*?)```", readme, flags=re.DOTALL) if "FEATURES" in block)

    names = [feature.name for feature in load(shown).groups["ours"]]
    assert names == ["cards_count_30d", "cards_count_365d", "cards_month_share_of_year"]


def test_without_modules_the_catalogue_is_the_built_in_one():
    assert load_catalogue() is load_catalogue(TablesContract()) is CATALOGUE


def test_a_module_is_run_anew_and_leaves_nothing_beside_it(load, tmp_path):
    load(GOOD)
    catalogue = load(GOOD.replace("amount_a_year", "yearly"))

    assert "ours_yearly" in catalogue
    assert [path.name for path in tmp_path.iterdir()] == ["ours.py"]


def test_a_module_hides_no_installed_one(load):
    load(GOOD, "json.py")

    assert sys.modules["json"].__name__ == "json"


def test_a_contract_with_modules_travels_to_other_processes(tmp_path):
    contract = TablesContract(modules=(tmp_path / "ours.py",))

    assert pickle.loads(pickle.dumps(contract)) == contract  # noqa: S301 -- made here


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("FEATURES = (", r"line 1: SyntaxError: '\(' was never closed"),
        ("x = 1\n\nimport nowhere_installed", "line 3: ModuleNotFoundError: .*; a module may import features and"),
        ("def f():\n    return 1 / 0\n\nf()", "line 2: ZeroDivisionError: division by zero"),
        ("raise SystemExit(3)", "line 1: SystemExit: 3"),
        (GOOD.replace("FEATURES", "FEATURE"), "it exposes no FEATURES. Did you mean 'FEATURE'?"),
        (
            GOOD.replace("FEATURES = (", "FEATURES = [").replace(",)", ",]"),
            "FEATURES is list, must be a tuple of features",
        ),
        (GOOD + "FEATURES = (FEATURES,)", r"FEATURES\[0\] is tuple, must be a feature; write \* before it"),
        (GOOD + "FEATURES = ('amount',)", r"FEATURES\[0\] is str, must be a feature; declare it as Windowed"),
        (GOOD + "FEATURES = ()", "module 'ours' declares no feature"),
        (GOOD + "FEATURES *= 2", "'ours_amount_a_year' is declared 2 times"),
        (
            GOOD.replace('"ours"', '"application"').replace("amount_a_year", "amount"),
            "'application_amount': named so already, by a feature that is not of this module; give the new one another",
        ),
        (GOOD.replace("年金额", ""), "'ours_amount_a_year' has no whole text 'zh'"),
        (
            GOOD.replace('"amount"', '"declared_income"'),
            "'ours_amount_a_year' reads .'declared_income'., so its question",
        ),
        (GOOD.replace('"amount"', '"gender"'), "'ours_amount_a_year' reads 'gender', which is protected"),
        (GOOD.replace('column("amount")', "amount"), "line 7: NameError: name 'amount' is not defined"),
        (GOOD.replace("(derived(", "(derive("), r"line 7: NameError: .*\. Did you mean 'derived'\?"),
        (GOOD.replace("import derived", "import derive"), r"line 3: ImportError: .* Did you mean 'derived'\?"),
        (
            GOOD.replace('column("amount")', 'of("application_amount")').replace("import column", "import column, of"),
            r"of is given application_amount \(builtins.str\), must be a feature: one of this file, or",
        ),
        (GOOD.replace('"amount"', '"amuont"'), "'ours_amount_a_year': .*'amuont' .* Did you mean 'amount'"),
        (GOOD.replace("loan_asked", "loan"), "line 7: there is no reason group 'loan'.* Known: loan_asked, income"),
    ],
)
def test_what_is_wrong_with_a_module_is_told_with_its_path_and_the_feature(load, source, message, tmp_path):
    with pytest.raises(OwnModuleError, match=message) as caught:
        load(source)

    assert str(tmp_path / "ours.py") in str(caught.value)


def alike(first, second):
    return (
        GOOD.rpartition("FEATURES")[0]
        + f"""
FEATURES = tuple(
    derived(TOPIC, name, column("amount") * 12 / column("term_months"), en, zh)
    for name, en, zh in (("first", {first}), ("second", {second}))
)
"""
    )


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (
            alike('"Amount a year", "年金额"', '"Amount of a year", "年金额"'),
            "'ours_first', 'ours_second' have one text 'zh': '年金额'; say what tells them apart",
        ),
        (
            alike('"Amount asked for", "甲"', '"Amount a year", "乙"'),
            "'application_amount', 'ours_first' have one text 'en': 'Amount asked for'",
        ),
    ],
)
def test_two_features_that_nobody_could_tell_apart_are_refused(load, source, message):
    assert CATALOGUE["application_amount"].meaning.en == "Amount asked for"
    with pytest.raises(OwnModuleError, match=message):
        load(source)


CARDS = """
from features.aggregates import COUNT
from features.expression import column, of
from features.history import History, View
from features.loan_views import LOANS_ELSEWHERE
from features.rowwise import flag
from features.tables import BUREAU_INQUIRIES, INSTALMENTS, LOANS
from features.topic import Topic
from features.windowed import summed

def of_rows(rows, table=BUREAU_INQUIRIES, **view):
    cards = History(
        stem="cards", source="bureau", group="multi_lender", nothing="no row is known",
        view=View(table=table, **view), rows=rows,
    )
    return tuple(
        summed(cards, COUNT, "Cards in {{days}} days", "近{{days}}天", days=days, direction=1) for days in (7, 30)
    )

TOPIC = Topic(stem="cards", source="declared", group="loan_asked")
FEATURES = {}
"""


@pytest.mark.parametrize(
    ("declared", "found"),
    [
        ('of_rows(column("purpose") == "credit_crd")', ("'cards_count_7d' (and 1 more)", "purpose", "credit_crd")),
        ('of_rows("credit_crd" != column("purpose"))', ("'cards_count_7d' (and 1 more)", "purpose", "credit_crd")),
        (
            'of_rows(~column("purpose").is_in("guarantee", "loan_aproval"))',
            ("'cards_count_7d' (and 1 more)", "purpose", "loan_aproval"),
        ),
        (
            'of_rows(column("this_channel") == "partnr")',
            ("'cards_count_7d' (and 1 more)", "this_channel", "partnr"),
        ),
        (
            'of_rows(column("loan_lender_type") == "bnk", table=INSTALMENTS, parent=LOANS)',
            ("'cards_count_7d' (and 1 more)", "loan_lender_type", "bnk"),
        ),
        (
            '(flag(TOPIC, "agent", column("channel") == "agnt", "By agent", "代理"),)',
            ("'cards_agent'", "channel", "agnt"),
        ),
    ],
)
def test_a_word_that_a_column_cannot_hold_is_told_with_the_nearest(load, declared, found):
    """It would be no error of computing: the count would be 0 in every row."""
    feature, column, word = found
    with pytest.raises(OwnModuleError, match="is not a module of features that can be used") as caught:
        load(CARDS.format(declared))

    assert f"{feature} compares {column!r} with {word!r}, which must be one of" in str(caught.value)
    assert "Did you mean" in str(caught.value)
    assert len(caught.value.problems) == 1


def test_the_words_of_the_lenders_contract_are_those_that_count(tmp_path):
    (tmp_path / "cards.py").write_text(CARDS.format('of_rows(column("purpose") == "leasing")'), encoding="utf-8")
    modules = (tmp_path / "cards.py",)
    categories = {"bureau_inquiries": {"purpose": ("leasing", "card")}}

    assert "cards_count_7d" in load_catalogue(TablesContract(modules=modules, categories=categories))
    with pytest.raises(OwnModuleError, match="with 'leasing', which must be one of loan_approval"):
        load_catalogue(TablesContract(modules=modules))


HISTORIES = """
from datetime import timedelta

from features.aggregates import COUNT
from features.linked_groups import LinkedGroup
from features.loan_views import INQUIRIES
from features.shared_keys import SharedKey
from features.windowed import Windowed

m = INQUIRIES.meaning("Something", "某数")
FEATURES = ({},)
"""


@pytest.mark.parametrize(
    ("declared", "message"),
    [
        (
            "Windowed(history=INQUIRIES, aggregate=COUNT, meaning=m, window=30)",
            r"window == 30 \(int\) of a feature of 'inquiries', must be a timedelta of whole hours",
        ),
        (
            "Windowed(history=INQUIRIES, aggregate=COUNT, meaning=m, window=timedelta(minutes=20))",
            r"window == 0:20:00 \(timedelta\) of a feature of 'inquiries', must be a timedelta of whole hours",
        ),
        (
            "Windowed(history=INQUIRIES, aggregate=COUNT, meaning=m, window=-timedelta(days=1))",
            "window == -1 day, 0:00:00 .* must be a timedelta of whole hours",
        ),
        (
            "Windowed(history=INQUIRIES, aggregate='count', meaning=m)",
            "aggregate == 'count' .*, must be one of features",
        ),
        ("Windowed(history='inquiries', aggregate=COUNT, meaning=m)", "history == 'inquiries' .*, must be a History"),
        (
            "Windowed(history=INQUIRIES, aggregate=COUNT, meaning=m, where='bank')",
            "where == 'bank' .*, must be a tuple",
        ),
        (
            "Windowed(history=INQUIRIES, aggregate=COUNT, meaning='Inquiries')",
            "'inquiries_count' has meaning 'Inquiries', must be a Meaning",
        ),
        (
            "SharedKey(key='devcie', event='applicants', meaning=m)",
            "key == 'devcie', must be one of phone, id, device, contact. Did you mean 'device'?",
        ),
        (
            "SharedKey(key='device', theirs='phon', event='applicants', meaning=m)",
            "theirs == 'phon', must be one of .* Did you mean 'phone'?",
        ),
        (
            "SharedKey(key='device', event='decline', meaning=m)",
            "event == 'decline', must be one of .* Did you mean 'declined'?",
        ),
        (
            "SharedKey(key='device', event='applications', meaning=m, window=7)",
            r"window == 7 \(int\) of a count of 'applications' by 'device', must be a timedelta",
        ),
        (
            "LinkedGroup(measure='sizes', meaning=m)",
            "measure == 'sizes', must be one of applicants, new_applicants",
        ),
        (
            "LinkedGroup(measure='new_applicants', meaning=m, window=7)",
            r"window == 7 \(int\) of the measure 'new_applicants' of a linked group, must be a timedelta",
        ),
        (
            "LinkedGroup(measure='new_applicants', meaning=m)",
            "window == None of the measure 'new_applicants' of a linked group, must be given",
        ),
        (
            "LinkedGroup(measure='devices', meaning=m, window=timedelta(days=30))",
            "window == 30 days, 0:00:00 of the measure 'devices' of a linked group, must be None",
        ),
        (
            "SharedKey(key='device', event='declined', meaning=m, window=timedelta(days=30))",
            "window == 30 days, 0:00:00 of a count of 'declined' by 'device', must be None",
        ),
    ],
)
def test_a_declaration_that_cannot_be_meant_is_refused_with_its_value_and_the_way_out(load, declared, message):
    with pytest.raises(OwnModuleError, match=message):
        load(HISTORIES.format(declared))


DEEP = """
from features.expression import column, when
from features.rowwise import derived
from features.topic import Topic

band = column("amount")
for least in range(300):
    band = when(column("amount") > least).then(least).otherwise(band)
TOPIC = Topic(stem="ours", source="declared", group="loan_asked")
FEATURES = (derived(TOPIC, "band", band, "Band of the amount", "金额分档"),)
"""


def test_a_feature_that_only_a_batch_could_build_is_refused_before_a_model_is_trained_on_it(load):
    with pytest.raises(OwnModuleError, match="'ours_band' cannot be built: SyntaxError: too many nested parentheses"):
        load(DEEP)


def test_a_module_that_takes_the_name_of_a_group_is_refused(load):
    with pytest.raises(OwnModuleError, match="group 'network' is there already; give the module another name"):
        load(GOOD, "network.py")


def test_a_module_that_is_not_there_is_named(tmp_path):
    with pytest.raises(MissingFileError, match=r"ours\.py' does not exist. The contract names it as a module"):
        load_catalogue(TablesContract(modules=(tmp_path / "ours.py",)))


def contract_with(tmp_path, *modules):
    path = tmp_path / "contract.yaml"
    path.write_text(f"kind: tables\nname: Ours\nmodules: {list(modules)}\n", encoding="utf-8")
    return path


def test_a_module_is_named_relative_to_the_contract(tmp_path):
    contract = read_tables_contract(contract_with(tmp_path, "own/ours.py"))

    assert contract.modules == (tmp_path / "own" / "ours.py",)


@pytest.mark.parametrize(
    ("modules", "message"),
    [
        (["../ours.py"], r"line 3: modules: '../ours.py' must be a path below the contract's folder"),
        (["/ours.py"], r"line 3: modules: '/ours.py' must be a path below the contract's folder"),
        (["ours"], r"line 3: modules: 'ours' must be a Python file with a plain name"),
        (["my ours.py"], r"line 3: modules: 'my ours.py' must be a Python file with a plain name"),
        (["a/ours.py", "b/ours.py"], r"line 3: modules: two files are named 'ours'"),
    ],
)
def test_a_path_that_cannot_be_meant_is_refused_with_its_line(tmp_path, modules, message):
    with pytest.raises(ContractError, match=message):
        read_tables_contract(contract_with(tmp_path, *modules))


def test_a_feature_table_of_another_version_of_a_module_is_refused(load, tmp_path):
    catalogue, table = load(GOOD), tmp_path / "features.parquet"

    check_modules(catalogue.modules, catalogue, table)
    check_modules({}, catalogue, table)
    with pytest.raises(
        DamagedFileError, match=r"was built with another version of the module 'ours'. Run `bamboo feat"
    ):
        check_modules({"ours": "0" * 64}, catalogue, table)
    with pytest.raises(
        DamagedFileError, match=r"holds features of the module 'theirs'. Give the contract that names it"
    ):
        check_modules({"theirs": "0" * 64}, catalogue, table)
