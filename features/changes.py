"""Features of what the applicant states now against what the same applicant stated in earlier applications."""

from __future__ import annotations

from typing import Final

from features.aggregates import MAX, MEAN, SHARE
from features.application import INCOME
from features.expression import of, ratio
from features.feature import Feature
from features.repayment import EARLIER
from features.rowwise import derived
from features.topic import Topic
from features.windowed import summed

STABLE_WORDS: Final = {
    "channel": ("came through another channel", "渠道不同"),
    "device": ("came from another device", "设备不同"),
    "phone": ("gave another phone", "手机号不同"),
    "contact": ("named another emergency contact", "紧急联系人不同"),
    "employer": ("named another employer", "单位不同"),
    "occupation": ("named another occupation", "职业不同"),
    "region": ("named another region", "地区不同"),
}

CHANGES: Final = Topic(
    stem="changes", source="declared", group="disagreement", nothing=EARLIER.nothing, changeable=True
)

FEATURES: Final[tuple[Feature, ...]] = (
    *(
        summed(
            EARLIER,
            SHARE,
            f"Share of earlier applications with us that {en}",
            f"历史申请中{zh}的占比",
            column=f"other_{what}",
            group="disagreement",
            null=f"{what} not known now or in any earlier application, or {EARLIER.nothing}",
        )
        for what, (en, zh) in STABLE_WORDS.items()
    ),
    derived(
        CHANGES,
        "income_to_earlier",
        ratio(INCOME, of(summed(EARLIER, MEAN, column="declared_income"))),
        "Stated income over the mean stated in earlier applications",
        "填报月收入与历史申请填报均值之比",
        null=f"income not stated now or earlier, or {EARLIER.nothing}",
        question="declared_income",
    ),
    derived(
        CHANGES,
        "tenure_gap",
        of(summed(EARLIER, MAX, where="same_employer", column="tenure_gap")),
        "Largest gap between the time with the employer as stated now and as an earlier statement has grown to",
        "填报在职月数与按历史申请推算月数的最大差异",
        unit="months",
        null=f"no earlier application names this employer with a time, or {EARLIER.nothing}",
        question="declared_job_months",
    ),
)
"""Features of changes between applications, in the order of the catalogue."""
