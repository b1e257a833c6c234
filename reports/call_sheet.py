"""The call sheet as a page: to be read during the call and filled in on screen or on paper."""

from __future__ import annotations

from typing import Final

from reports.formats import fact, fingerprint, points
from reports.page import Block, Bullets, Facts, Field, Form, Page, Section, Table, Text
from review.sheet import Ask, CallSheet, Why
from scoring.decision import Value

STATUSES: Final = (
    ("answered", "answered 已回答"),
    ("refused", "refused or cannot say 拒绝或无法说明"),
    ("not_reached", "not reached 未接通"),
)

INPUTS: Final = {"money": "number", "whole": "number", "flag": "choice", "text": "text"}

RULE_PARTS: Final = frozenset({"feature", "value", "operator", "bound"})
"""Evidence of a rule above the score: its words already say it, and a caller has no use for its formula."""

FLAG_CHOICES: Final = (("true", "yes 是"), ("false", "no 否"))


def call_sheet_page(sheet: CallSheet, *, position: int | None = None) -> Page:
    """Return the page of one call sheet.

    It says why the case is called, what to ask in English and Chinese, what each possible answer is checked against,
    and has a field for each answer. It does not say how the case was chosen.

    Args:
        sheet: The call sheet.
        position: Place on the call list; None when the sheet stands alone.
    """
    place = "" if position is None else f"Call {position}: "
    return Page(
        title=f"{place}application {sheet.case_id}",
        lead="Ask the questions below in the order in which they stand; note what is said, not what was expected. "
        "请按顺序提问,如实记录回答。",
        sections=(
            *_application(sheet),
            _why(sheet),
            *(_ask(number, ask) for number, ask in enumerate(sheet.asks, start=1)),
            _closing(sheet),
        ),
        footer=(
            f"Decided by bundle {fingerprint(sheet.bundle)}; the answers are scored again by the same bundle.",
            "Personal data: keep as a case file. 含个人信息,请按档案要求保管。",
        ),
    )


def _both(en: str, zh: str) -> str:
    return en if en == zh or not zh else f"{en} {zh}"


def _application(sheet: CallSheet) -> tuple[Section, ...]:
    facts = Facts(tuple((_both(known.en, known.zh), fact(known.value, known.unit)) for known in sheet.facts))
    return (Section("The application 申请信息", (facts,), id="application"),) if sheet.facts else ()


def _why(sheet: CallSheet) -> Section:
    return Section("Why this call 致电原因", (Bullets(tuple(_reason(why) for why in sheet.why)),), id="why")


def _reason(why: Why) -> Text:
    shown = ", ".join(
        f"{name.replace('_', ' ')} {_evidence(value)}" for name, value in why.evidence.items() if name not in RULE_PARTS
    )
    return f"{_both(why.en, why.zh)} ({shown})" if shown else _both(why.en, why.zh)


def _evidence(value: Value) -> str:
    return points(value) if isinstance(value, float) else fact(value)


def _ask(number: int, ask: Ask) -> Section:
    stated = "nothing 未填报" if ask.stated is None else fact(ask.stated, ask.unit)
    known: list[Block] = [
        Facts((("Stated in the application 填报", stated), ("Points that rest on it 相关分值", _points(ask.points))))
    ]
    if ask.checked_against:
        rows = tuple((_both(f.en, f.zh), fact(f.value, f.unit)) for f in ask.checked_against)
        known.append(Table(("Known from others 其他来源", "Value 数值"), rows, align="lr"))
    answers = tuple((_both(a.en, a.zh), _both(a.check_en, a.check_zh)) for a in ask.possible)
    known.append(Table(("If the answer is 若回答", "What to do with it 处理方式"), answers, align="ll"))
    known.append(_form(number, ask))
    return Section(f"{number}. {ask.en}", tuple(known), lead=ask.zh, id=f"question-{number}")


def _points(value: float) -> str:
    return points(value, signed=True)


def _form(number: int, ask: Ask) -> Form:
    kind = INPUTS[ask.answer]
    answer = Field(
        name=f"answer-{number}",
        label="Answer",
        label_zh="回答",
        kind="choice" if kind == "choice" else "number" if kind == "number" else "text",
        unit=ask.unit,
        choices=FLAG_CHOICES if ask.answer == "flag" else (),
        help="The number alone, without thousands separators." if kind == "number" else "",
    )
    status = Field(name=f"status-{number}", label="Status", label_zh="状态", kind="choice", choices=STATUSES)
    return Form((status, answer))


def _closing(sheet: CallSheet) -> Section:
    lead: Text = (
        f"Enter the answers in answers.csv or in this sheet's JSON under application {sheet.case_id}, then run "
        "bamboo verify."
    )
    if not sheet.asks:
        lead = "The model has no fact that a call can verify; note what a person should know. 无可核实事实,请记录要点。"
    caller = Field(name="caller", label="Caller", label_zh="核实人")
    when = Field(name="called-at", label="Date and time", label_zh="日期时间")
    notes = Field(name="notes", label="Anything else that was said", label_zh="其他情况", kind="long")
    return Section("After the call 通话后", (Form((caller, when, notes)),), lead=lead, id="after")
