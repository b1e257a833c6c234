"""Features of the identity check: one-time password, identity card, face."""

from __future__ import annotations

from typing import Final

import polars as pl

from features.aggregates import COUNT, DISTINCT, MAX, MIN, Aggregate
from features.declaration import REASON_GROUPS, Direction, Meaning
from features.feature import Feature
from features.history import History, View
from features.rowwise import Rowwise, of
from features.tables import IDENTITY_CHECKS
from features.windowed import Windowed, over

FACTOR_WORDS: Final = {
    "otp": ("one-time password", "短信验证码"),
    "id_card": ("identity card", "身份证"),
    "face": ("face", "人脸"),
}
NO_CHECK: Final = "no identity check of the applicant is known"

_VIEW: Final = View(
    table=IDENTITY_CHECKS,
    columns={
        **{factor: pl.col("factor") == factor for factor in FACTOR_WORDS},
        "failed": ~pl.col("passed"),
        "factors": pl.col("factor"),
        "factors_passed": pl.when(pl.col("passed")).then(pl.col("factor")),
    },
)
NOW: Final = History(stem="identity", view=_VIEW, rows=pl.col("application_id") == pl.col("this_application_id"))
"""Checks made during the application that is scored."""
BEFORE: Final = History(
    stem="identity_before", view=_VIEW, rows=pl.col("application_id") != pl.col("this_application_id")
)
"""Checks made during earlier applications."""


def _meaning(en: str, zh: str, *, null: str = NO_CHECK, direction: Direction = 0) -> Meaning:
    return Meaning(
        source="identity",
        direction=direction,
        group=REASON_GROUPS["identity"],
        null_means=null,
        en=en,
        zh=zh,
    )


def _checks(
    aggregate: Aggregate, meaning: Meaning, *, where: tuple[str, ...] = (), column: str = "", history: History = NOW
) -> Windowed:
    return Windowed(history=history, aggregate=aggregate, meaning=meaning, where=where, column=column)


_FACTORS: Final = _checks(DISTINCT, _meaning("Factors tried", "尝试的核验方式数"), column="factors")
_PASSED: Final = _checks(
    DISTINCT, _meaning("Factors passed", "通过的核验方式数", direction=-1), column="factors_passed"
)

FAILED: Final = Rowwise(
    stem=NOW.stem,
    column="failed",
    kind="flag",
    inputs=(_FACTORS, _PASSED),
    expression=pl.when(of(_FACTORS) > 0).then(of(_PASSED) < of(_FACTORS)),
    meaning=_meaning(
        "A factor of the identity check was tried and never passed",
        "身份核验中有方式始终未通过",
        null=f"no factor was tried for this application, or {NO_CHECK}",
        direction=1,
    ),
)

FEATURES: Final[tuple[Feature, ...]] = (
    FAILED,
    _checks(COUNT, _meaning("Identity factors tried, all attempts", "身份核验总次数", direction=1)),
    _PASSED,
    *(
        _checks(
            COUNT,
            _meaning(f"Failed attempts: {en}", f"{zh}核验失败次数", direction=1),
            where=(factor, "failed"),
        )
        for factor, (en, zh) in FACTOR_WORDS.items()
    ),
    *(
        _checks(
            aggregate,
            _meaning(
                f"{word} likeness of the {en}",
                f"{zh}{word_zh}比对分",
                null=f"the checker gave no score for this application, or {NO_CHECK}",
                direction=-1,
            ),
            where=(factor,),
            column="match_score",
        )
        for factor, aggregate, word, word_zh in (
            ("id_card", MIN, "Lowest", "最低"),
            ("face", MIN, "Lowest", "最低"),
            ("face", MAX, "Highest", "最高"),
        )
        for en, zh in (FACTOR_WORDS[factor],)
    ),
    *over(
        _checks(
            COUNT,
            _meaning(
                "Failed attempts in earlier applications of the last {days} days", "近{days}天此前申请的核验失败次数"
            ),
            where=("failed",),
            history=BEFORE,
        ),
        90,
    ),
)
"""Identity features, in the order of the catalogue."""
