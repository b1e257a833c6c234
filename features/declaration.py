"""What a feature declares about itself: everything downstream reads this and nothing is typed twice."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

Source = Literal["declared", "bureau", "own_loans", "behaviour", "network", "identity"]
"""Where the fact comes from. ``declared`` is what the applicant states and nobody has checked."""

Kind = Literal["number", "category", "flag"]

Direction = Literal[-1, 0, 1]
"""How the probability of default may move when the value rises: 1 up only, -1 down only, 0 either way."""


@dataclass(frozen=True, kw_only=True)
class ReasonGroup:
    """A reason that a person can be told, shared by all features that speak of the same thing.

    Attributes:
        id: Short name, such as ``multi_lender``.
        en: The reason in English, as told to an applicant whom it cost points.
        zh: The same in Chinese.
    """

    id: str
    en: str
    zh: str


@dataclass(frozen=True, kw_only=True)
class Question:
    """What a phone review asks to check one declared fact.

    Attributes:
        id: The declared column it checks, such as ``declared_income``.
        answer: What kind of answer is expected.
        unit: Unit of the answer, such as ``yuan a month``; empty where there is none.
        en: The words of the question in English.
        zh: The same in Chinese.
        check_en: What the answer is checked against, in English.
        check_zh: The same in Chinese.
    """

    id: str
    answer: Literal["money", "whole", "flag", "text"]
    unit: str
    en: str
    zh: str
    check_en: str
    check_zh: str


@dataclass(frozen=True, kw_only=True)
class Meaning:
    """What a feature means to people and to the model.

    Attributes:
        source: Where the fact comes from.
        direction: Expected direction of the probability of default; becomes a monotone constraint.
        group: Reason group it is told under.
        question: The question with which a call can verify it; None when a call cannot.
        changeable: Whether the applicant can change it.
        null_means: What null says.
        en: Description in English.
        zh: Description in Chinese.
        unit: Unit of the value; empty where there is none.
    """

    source: Source
    direction: Direction
    group: ReasonGroup
    null_means: str
    en: str
    zh: str
    unit: str = ""
    question: Question | None = None
    changeable: bool = False


REASON_GROUPS: Final = {
    group.id: group
    for group in (
        ReasonGroup(
            id="loan_asked", en="Amount, term or purpose of the loan asked for", zh="申请贷款的金额、期限或用途"
        ),
        ReasonGroup(id="income", en="Income in relation to the loan asked for", zh="收入与所申请贷款不匹配"),
        ReasonGroup(id="employment", en="Length or kind of employment", zh="工作年限或职业情况"),
        ReasonGroup(id="personal", en="Age, education, housing or region", zh="年龄、学历、住房或地区情况"),
        ReasonGroup(
            id="multi_lender",
            en="Loans and loan inquiries with many lenders in a short time",
            zh="短期内在多家机构借款或被查询",
        ),
        ReasonGroup(id="credit_history", en="Length or extent of the credit history", zh="信用记录的时长或丰富程度"),
        ReasonGroup(
            id="debt_burden", en="Repayments on other loans in relation to income", zh="现有债务还款占收入比例"
        ),
        ReasonGroup(id="delinquency", en="Late or missed payments on other loans", zh="其他贷款存在逾期或欠款"),
        ReasonGroup(id="own_repayment", en="Repayment of earlier loans with us", zh="在本机构的历史还款表现"),
        ReasonGroup(
            id="application_conduct", en="The way the application was filled in", zh="填写申请过程中的操作表现"
        ),
        ReasonGroup(
            id="network",
            en="Device, phone or contact shared with other applications",
            zh="设备、手机号或联系人与其他申请重合",
        ),
        ReasonGroup(id="identity", en="Result of the identity check", zh="身份核验结果"),
        ReasonGroup(id="disagreement", en="Stated facts that differ from reported ones", zh="填报信息与外部记录不一致"),
    )
}
"""Every reason group by its id."""

QUESTIONS: Final = {
    question.id: question
    for question in (
        Question(
            id="declared_income",
            answer="money",
            unit="yuan a month",
            en="What did your employer pay into your account last month, after tax?",
            zh="请问上个月单位实际打到您卡里的税后工资是多少？",
            check_en="the stated income, the usual pay of the stated occupation, and instalments already being paid",
            check_zh="与填报收入、所填职业的常见工资水平及现有还款额核对",
        ),
        Question(
            id="declared_job_months",
            answer="whole",
            unit="months",
            en="How many months have you been with your present employer?",
            zh="请问您在现在这家单位工作了多少个月？",
            check_en="the stated months with the employer, up to the application",
            check_zh="与填报的在职月数（截至申请时）核对",
        ),
        Question(
            id="declared_other_lenders",
            answer="whole",
            unit="lenders",
            en="With which other lenders or apps do you have a loan open at the moment, and how many are they in all?",
            zh="请问您目前在哪些平台或机构还有未结清的借款？一共几家？",
            check_en="the stated number, and open loans and recent inquiries reported by the bureau",
            check_zh="与填报数量、征信报告中的未结清贷款及近期查询核对",
        ),
        Question(
            id="declared_monthly_debt",
            answer="money",
            unit="yuan a month",
            en="How much do you repay on all other loans together each month?",
            zh="请问您每个月在其他平台一共需要还多少钱？",
            check_en="the stated amount, and the instalments of the open loans reported by the bureau",
            check_zh="与填报金额及征信报告中未结清贷款的月供核对",
        ),
    )
}
"""Every question by the declared column it checks."""
