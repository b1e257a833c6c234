"""Counts of other lenders by their type, for inquiries and loans alike."""

from __future__ import annotations

from typing import Final

from features.aggregates import DISTINCT
from features.history import History
from features.windowed import Windowed, windows

LENDER_WORDS: Final = {
    "bank": ("banks", "银行"),
    "consumer_finance": ("consumer finance companies", "消费金融公司"),
    "small_loan": ("small-loan companies", "小贷公司"),
}


def by_lender_type(history: History, en: str, zh: str, *days: int) -> tuple[Windowed, ...]:
    """Count lenders of each type; ``{lenders}`` in the texts becomes their name."""
    return tuple(
        feature
        for kind, (words_en, words_zh) in LENDER_WORDS.items()
        for feature in windows(
            history,
            DISTINCT,
            en.replace("{lenders}", words_en),
            zh.replace("{lenders}", words_zh),
            *days,
            where=kind,
            column="lenders",
            direction=0 if kind == "bank" else 1,
        )
    )
