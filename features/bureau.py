"""How features of borrowing elsewhere are declared: source, texts and null law in one place."""

from __future__ import annotations

from typing import Final

from features.aggregates import DISTINCT, Aggregate
from features.declaration import QUESTIONS, REASON_GROUPS, Direction, Meaning
from features.history import History
from features.loan_views import INQUIRIES, INSTALMENTS_ELSEWHERE, LOANS_ELSEWHERE
from features.windowed import Windowed, over

NO_ROW: Final = {
    INQUIRIES.stem: "no inquiry about the applicant is known",
    LOANS_ELSEWHERE.stem: "no loan of the applicant is known",
    INSTALMENTS_ELSEWHERE.stem: "no instalment of the applicant is known",
}
LENDER_WORDS: Final = {
    "bank": ("banks", "银行"),
    "consumer_finance": ("consumer finance companies", "消费金融公司"),
    "small_loan": ("small-loan companies", "小贷公司"),
}


def bureau_meaning(
    group: str, en: str, zh: str, *, null: str, direction: Direction = 0, unit: str = "", question: str | None = None
) -> Meaning:
    """Return a meaning with the bureau as its source."""
    return Meaning(
        source="bureau",
        direction=direction,
        group=REASON_GROUPS[group],
        null_means=null,
        en=en,
        zh=zh,
        unit=unit,
        question=QUESTIONS[question] if question else None,
    )


def bureau_summed(
    history: History,
    aggregate: Aggregate,
    group: str,
    en: str,
    zh: str,
    *days: int,
    where: tuple[str, ...] = (),
    column: str = "",
    direction: Direction = 0,
    unit: str = "",
) -> tuple[Windowed, ...]:
    """Declare an aggregate, once for each window in days; its null law follows from the aggregate."""
    none = NO_ROW[history.stem]
    null = none if aggregate.counts else f"no such row in the window, or {none}"
    meaning = bureau_meaning(group, en, zh, null=null, direction=direction, unit=unit)
    feature = Windowed(history=history, aggregate=aggregate, meaning=meaning, where=where, column=column)
    return over(feature, *days) if days else (feature,)


def bureau_by_lender_type(history: History, en: str, zh: str, *days: int, column: str) -> tuple[Windowed, ...]:
    """Count lenders of each type; ``{lenders}`` in the texts becomes their name."""
    declared: list[Windowed] = []
    for kind, (words_en, words_zh) in LENDER_WORDS.items():
        texts = en.replace("{lenders}", words_en), zh.replace("{lenders}", words_zh)
        direction: Direction = 0 if kind == "bank" else 1
        declared += bureau_summed(
            history, DISTINCT, "multi_lender", *texts, *days, where=(kind,), column=column, direction=direction
        )
    return tuple(declared)
