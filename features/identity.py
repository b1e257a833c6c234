"""Features of the identity check: one-time password, identity card, face."""

from __future__ import annotations

from typing import Final

from features.aggregates import COUNT, DISTINCT, MAX, MEAN, MIN, SHARE
from features.expression import column, of, when
from features.feature import Feature
from features.history import History, View
from features.rowwise import derived, flag
from features.tables import IDENTITY_CHECKS
from features.windowed import summed, windows

FACTOR_WORDS: Final = {
    "otp": ("one-time password", "短信验证码"),
    "id_card": ("identity card", "身份证"),
    "face": ("face", "人脸"),
}
NO_CHECK: Final = "no identity check of the applicant is known"

_VIEW: Final = View(
    table=IDENTITY_CHECKS,
    columns={
        **{factor: column("factor") == factor for factor in FACTOR_WORDS},
        "failed": ~column("passed"),
        "factors": column("factor"),
        "factors_passed": when(column("passed")).then(column("factor")),
    },
)
NOW: Final = History(
    stem="identity",
    source="identity",
    group="identity",
    nothing=NO_CHECK,
    view=_VIEW,
    rows=column("application_id") == column("this_application_id"),
)
"""Checks made during the application that is scored."""
BEFORE: Final = History(
    stem="identity_before",
    source="identity",
    group="identity",
    nothing=NO_CHECK,
    view=_VIEW,
    rows=column("application_id") != column("this_application_id"),
)
"""Checks made during earlier applications."""

_TRIED: Final = summed(NOW, DISTINCT, column="factors")
_PASSED: Final = summed(NOW, DISTINCT, "Factors passed", "通过的核验方式数", column="factors_passed", direction=-1)

_FACE_NOW, _FACE_BEFORE = (summed(history, MEAN, where="face", column="match_score") for history in (NOW, BEFORE))

FEATURES: Final[tuple[Feature, ...]] = (
    flag(
        NOW,
        "failed",
        when(of(_TRIED) > 0).then(of(_PASSED) < of(_TRIED)),
        "A factor of the identity check was tried and never passed",
        "身份核验中有方式始终未通过",
        null=f"no factor was tried for this application, or {NO_CHECK}",
        direction=1,
    ),
    summed(NOW, COUNT, "Identity factors tried, all attempts", "身份核验总次数", direction=1),
    _PASSED,
    *(
        summed(NOW, COUNT, f"Failed attempts: {en}", f"{zh}核验失败次数", where=(factor, "failed"), direction=1)
        for factor, (en, zh) in FACTOR_WORDS.items()
    ),
    *(
        summed(
            NOW,
            aggregate,
            f"{word} likeness of the {FACTOR_WORDS[factor][0]}",
            f"{FACTOR_WORDS[factor][1]}{word_zh}比对分",
            where=factor,
            column="match_score",
            direction=-1,
            null=f"the checker gave no score for this application, or {NO_CHECK}",
        )
        for factor, aggregate, word, word_zh in (
            ("id_card", MIN, "Lowest", "最低"),
            ("face", MIN, "Lowest", "最低"),
            ("face", MAX, "Highest", "最高"),
        )
    ),
    summed(NOW, SHARE, "Share of attempts that failed", "身份核验失败占比", column="failed", direction=1),
    derived(
        NOW,
        "face_match_score_drop",
        of(_FACE_BEFORE) - of(_FACE_NOW),
        "Mean likeness of the face in earlier applications less that in this one",
        "历史申请与本次人脸平均比对分之差",
        null=f"the checker gave no score for this application or for any earlier one, or {NO_CHECK}",
        direction=1,
        lower=-1,
        upper=1,
    ),
    *windows(
        BEFORE,
        COUNT,
        "Failed attempts in earlier applications of the last {days} days",
        "近{days}天此前申请的核验失败次数",
        90,
        where="failed",
    ),
)
"""Identity features, in the order of the catalogue."""
