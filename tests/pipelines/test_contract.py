"""``contract.yaml``: every mistake is told with its line, its value and what was expected."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from modelling.labels import BadDefinition
from pipelines.contract import (
    FlatTableContract,
    TablesContract,
    read_contract,
    read_flat_contract,
    read_tables_contract,
)
from pipelines.errors import ContractError, MissingFileError
from scoring.spec import Economics

ROOT = Path(__file__).parents[2]

TABLES = """\
kind: tables
name: a bank
time_zone: Europe/Prague
currency: koruna, as booked
extract_at: 1998-12-31T00:00:00+01:00
bad: {dpd: 60, window_days: 90}
categories:
  applications:
    channel: [branch]
    purpose: []
absent:
  watchlist: the bank kept none
economics: {margin_rate: 0.1, loss_rate: 0.5}
"""

FLAT = """\
kind: flat
name: cases
table: cases.csv
target: {column: Status, bad: no, good: yes, definition: unpaid after a year}
id: Number
time: Day
amount: Amount
protected: [Sex]
ignored: [Comment]
categories: [Branch]
flags: [Owner]
sources: {Branch: bureau}
directions: {Income: down, Amount: up, Age: none}
questions:
  Income: {answer: money, unit: yuan, en: "How much?", zh: "多少?", check_en: slips, check_zh: 工资单}
descriptions:
  Income: {en: Income a month, zh: 月收入}
  Age: {en: Age}
reasons:
  money: {en: Income and amount, zh: 收入与金额, columns: [Income, Amount]}
csv: {separator: ";", null_values: ["", "?"], encoding: gb18030}
economics: {amount: 3000}
"""


@pytest.fixture
def read(tmp_path):
    def from_text(text):
        (tmp_path / "contract.yaml").write_text(text, encoding="utf-8")
        return read_contract(tmp_path / "contract.yaml")

    return from_text


def test_a_contract_of_tables_is_read(read):
    assert read(TABLES) == TablesContract(
        name="a bank",
        time_zone="Europe/Prague",
        currency="koruna, as booked",
        extract_at=datetime(1998, 12, 30, 23, tzinfo=UTC),
        bad=BadDefinition(dpd=60, window_days=90),
        categories={"applications": {"channel": ("branch",), "purpose": ()}},
        absent={"watchlist": "the bank kept none"},
        economics=Economics(amount_feature="application_amount", margin_rate=0.1, loss_rate=0.5),
    )


def test_a_contract_that_says_little_has_the_defaults(read):
    assert read("kind: tables\nname: us\n") == TablesContract(name="us")


def test_a_flat_contract_is_read(read, tmp_path):
    contract = read(FLAT)
    assert isinstance(contract, FlatTableContract)

    columns = contract.columns
    assert (columns.target, columns.bad_value, columns.good_value) == ("Status", "no", "yes")
    assert columns.bad_definition == "unpaid after a year"
    assert (columns.id_column, columns.time_column, columns.amount_column) == ("Number", "Day", "Amount")
    assert (columns.protected, columns.ignored) == (("Sex",), ("Comment",))
    assert columns.kinds == {"Branch": "category", "Owner": "flag"}
    assert columns.directions == {"Income": -1, "Amount": 1, "Age": 0}
    assert columns.questions["Income"].id == "Income"
    assert columns.groups == {"Income": "money", "Amount": "money"}
    assert columns.descriptions == {"Income": "Income a month", "Age": "Age", "money": "Income and amount"}
    assert columns.descriptions_zh == {"Income": "月收入", "money": "收入与金额"}
    assert contract.table == tmp_path / "cases.csv"
    assert (contract.csv.separator, contract.csv.null_values, contract.csv.encoding) == (";", ("", "?"), "gb18030")
    assert contract.economics == Economics(amount_feature="Amount", amount=3000)


@pytest.mark.parametrize(
    "path", sorted(ROOT.glob("data/*/contract.yaml")) + sorted(ROOT.glob("examples/*/contract.yaml"))
)
def test_the_contracts_that_come_with_the_project_are_read(path):
    assert read_contract(path).name


def replaced(text, old, new):
    assert old in text
    return text.replace(old, new)


TABLE_MISTAKES = {
    "unknown key": ("currency:", "curency:", r"line 4: curency is not a known key. Did you mean 'currency'\?"),
    "unknown inner key": (
        "window_days",
        "window",
        r"line 6: bad\.window is not a known key. Did you mean 'window_days'\?",
    ),
    "unknown kind": (
        "kind: tables",
        "kind: table",
        r"line 1: kind == 'table', must be 'tables' or 'flat'. Did you mean 'tables'\?",
    ),
    "text for a number": ("dpd: 60", "dpd: sixty", r"line 6: bad\.dpd == 'sixty', must be a valid integer"),
    "truth for a number": ("dpd: 60", "dpd: true", r"line 6: bad\.dpd == True, must be a valid integer"),
    "impossible bad": ("dpd: 60", "dpd: 45", r"line 6: bad\.dpd == 45, must be one of 30, 60"),
    "unknown table": (
        "  applications:",
        "  application:",
        r"line 8: categories.application is not a table. Did you mean 'applications'\?",
    ),
    "unknown column": (
        "channel:",
        "chanel:",
        r"line 9: categories.applications.chanel is not a column .* Did you mean 'channel'\?",
    ),
    "categories of a number": (
        "channel:",
        "amount:",
        "line 9: categories.applications.amount: the column holds Float64; only texts",
    ),
    "required table": (
        "watchlist: the",
        "applications: the",
        "line 12: absent.applications: every lender has this table",
    ),
    "naive time": ("+01:00", "", "line 5: extract_at == '1998-12-31T00:00:00', must say its zone"),
    "a day for a time": (
        "T00:00:00+01:00",
        "",
        r"used:\n  - line 5: extract_at == 1998-12-31, must be a time with its zone, such as 2024-07-01T00:00:00Z$",
    ),
    "one module without its list": (
        "economics:",
        "modules: own.py\neconomics:",
        r"line 13: modules == 'own\.py', must be a list, such as \[own\.py\]",
    ),
    "no such zone": (
        "Europe/Prague",
        "Europe/Praha",
        "line 3: time_zone == 'Europe/Praha', must be a name of the IANA time zones",
    ),
    "path for a zone": (
        "Europe/Prague",
        "../../etc/passwd",
        r"line 3: time_zone == '\.\./\.\./etc/passwd', must be a name",
    ),
    "zone of the machine": (
        "Europe/Prague",
        "localtime",
        "line 3: time_zone == 'localtime', must be a name of the IANA time zones",
    ),
    "zone with leap seconds": (
        "Europe/Prague",
        "right/Asia/Shanghai",
        "line 3: time_zone == 'right/Asia/Shanghai', must be a name of the IANA time zones",
    ),
    "infinite rate": ("0.5}", ".inf}", r"line 13: economics\.loss_rate == inf, must be a finite number"),
    "negative rate": ("0.1,", "-0.1,", r"line 13: economics\.margin_rate == -0.1, must be greater than 0"),
    "key twice": ("currency:", "name:", "line 4: key 'name' was given in line 2 already"),
    "not yaml": ("[branch]", "[branch", "line 10: "),
    "tab": ("    channel", "\tchannel", "line 9: found character '\\\\t' that cannot start any token"),
    "reference": ("[branch]", "*else", r"line 9: \*else refers to another part; write it out"),
    "tag": ("[branch]", "!!python/object:os.system x", "line 9: could not determine a constructor"),
    "missing": ("name: a bank\n", "", "line 1: name is missing"),
}


@pytest.mark.parametrize("name", TABLE_MISTAKES)
def test_a_mistake_in_a_contract_of_tables_is_told_with_its_line(read, name):
    old, new, message = TABLE_MISTAKES[name]

    with pytest.raises(ContractError, match=message):
        read(replaced(TABLES, old, new))


FLAT_MISTAKES = {
    "unknown direction": (
        "Income: down",
        "Income: less",
        r"line 13: directions\.Income == 'less', must be 'up', 'down' or 'none'",
    ),
    "unknown source": (
        "Branch: bureau",
        "Branch: buro",
        r"line 12: sources\.Branch == 'buro', must be 'declared', 'bureau'",
    ),
    "missing words": (", check_zh: 工资单", "", r"line 15: questions\.Income\.check_zh is missing"),
    "unknown key": ("colum", "kolum", r"line 4: target\.kolumn is not a known key. Did you mean 'column'\?"),
    "long separator": ('";"', '";;"', r"line 21: csv\.separator == ';;', must have at most 1 character"),
    "unknown encoding": ("gb18030", "gb2312x", r"line 21: csv\.encoding == 'gb2312x', must be 'utf-8', 'gb18030'"),
    "two roles": ("[Sex]", "[Sex, Day]", "line 8: protected names the column 'Day', which time names already"),
    "amount no feature": (
        "amount: Amount",
        "amount: Sex",
        "line 7: amount names the column 'Sex', which is no feature: see protected",
    ),
    "direction of no feature": (
        "Age: none",
        "Sex: up",
        r"line 13: directions\.Sex: the column is no feature: see protected",
    ),
    "direction of a category": ("Age: none", "Branch: up", r"line 13: directions\.Branch == 'up', must be 'none'"),
    "two kinds": ("flags: [Owner]", "flags: [Branch]", "line 11: 'Branch' stands in categories and in flags"),
    "good is bad": ("good: yes", "good: no", r"line 4: target\.good == 'no' is the bad value too"),
    "reason is a column": ("  money:", "  Age:", r"line 20: reasons\.Age is a column with a description too"),
    "reason twice": (
        "columns: [Income, Amount]}",
        "columns: [Income]}\n  x: {en: x, columns: [Income]}",
        "line 21: reasons.x names 'Income', which reasons.money names",
    ),
    "reason without columns": (
        "[Income, Amount]",
        "[]",
        r"line 20: reasons\.money\.columns == \[\], must have at least 1 item",
    ),
}


@pytest.mark.parametrize("name", FLAT_MISTAKES)
def test_a_mistake_in_a_flat_contract_is_told_with_its_line(read, name):
    old, new, message = FLAT_MISTAKES[name]

    with pytest.raises(ContractError, match=message):
        read(replaced(FLAT, old, new))


def test_all_mistakes_are_told_at_once(read):
    with pytest.raises(ContractError, match="not a contract that can be used") as caught:
        read(FLAT.replace("down", "less").replace("bureau", "buro"))

    assert len(caught.value.problems) == 2


@pytest.mark.parametrize("text", ["", "- a\n", "words\n"])
def test_what_is_no_mapping_is_refused(read, text):
    with pytest.raises(ContractError, match="must be a mapping of keys to values"):
        read(text)


def test_files_that_cannot_be_read_are_named(tmp_path):
    with pytest.raises(MissingFileError, match=r"contract.yaml' does not exist"):
        read_contract(tmp_path / "contract.yaml")
    (tmp_path / "contract.yaml").write_bytes(b"kind: tables\nname: \xb0\xa1")
    with pytest.raises(ContractError, match="byte 19 is not UTF-8; save the file as UTF-8"):
        read_contract(tmp_path / "contract.yaml")


def test_a_job_refuses_the_other_form(tmp_path):
    for name, text in (("tables", TABLES), ("flat", FLAT)):
        (tmp_path / f"{name}.yaml").write_text(text, encoding="utf-8")

    assert isinstance(read_tables_contract(tmp_path / "tables.yaml"), TablesContract)
    assert isinstance(read_flat_contract(tmp_path / "flat.yaml"), FlatTableContract)
    with pytest.raises(ContractError, match="kind == 'flat', must be 'tables' here"):
        read_tables_contract(tmp_path / "flat.yaml")
    with pytest.raises(ContractError, match="kind == 'tables', must be 'flat' here"):
        read_flat_contract(tmp_path / "tables.yaml")
