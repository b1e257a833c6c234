"""The words of the catalogue of features, in English and Chinese, and how it writes values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from modelling.feature_profile import BinProfile
from reports.formats import number

GROUP_WORDS: Final[Mapping[str, str]] = {
    "application": "Application 申请信息",
    "behaviour": "Behaviour in the app 操作行为",
    "borrowing": "Borrowing elsewhere 多头借贷",
    "repayment": "Repayment with us 本机构还款",
    "network": "Network 关联网络",
    "identity": "Identity check 身份核验",
    "disagreement": "Stated against reported 信息不一致",
}
"""Title of each group of features; a lender's own groups stand under their names."""

SOURCE_WORDS: Final[Mapping[str, str]] = {
    "declared": "stated by the applicant 申请人填报",
    "bureau": "credit bureau 征信",
    "own_loans": "our own loans 本机构贷款",
    "behaviour": "use of the app 操作行为",
    "network": "shared keys 关联网络",
    "identity": "identity check 身份核验",
}

DIRECTION_WORDS: Final[Mapping[int, str]] = {
    1: "a higher value raises risk 值越大风险越高",
    -1: "a higher value lowers risk 值越大风险越低",
    0: "either way 不限方向",
}

SEEN_WORDS: Final[Mapping[int, str]] = {
    1: "bad rate rises with the value",
    -1: "bad rate falls with the value",
    0: "no clear trend by itself",
}

KIND_WORDS: Final[Mapping[str, str]] = {"number": "number 数值", "category": "category 类别", "flag": "yes or no 是否"}

STATE_WORDS: Final[Mapping[str, str]] = {
    "leak": "leak suspected",
    "against": "against its direction",
    "moved": "has moved",
    "empty": "no value at all",
    "constant": "one value throughout",
}
"""What can stand out about a feature, gravest first."""


def short(value: float) -> str:
    """Write a number for an axis.

    >>> short(1234567), short(45300), short(12.0), short(0.12345), short(-0.5)
    ('1.23M', '45.3k', '12', '0.123', '−0.5')
    """
    for unit, letter, above in ((1e6, "M", 1e6), (1e3, "k", 1e4)):
        if abs(value) >= above:
            return f"{value / unit:.3g}{letter}".replace("-", "−")
    return exact(value) if abs(value) >= 1000 else f"{value:.3g}".replace("-", "−")


def exact(value: float) -> str:
    """Write a number so that neighbouring bins can be told apart.

    >>> exact(12345.6), exact(0.123456), exact(3.0)
    ('12,346', '0.1235', '3')
    """
    if abs(value) >= 1000 or float(value).is_integer():
        return number(value, 0)
    return f"{value:.4g}".replace("-", "−")


def bin_name(one: BinProfile, kind: str) -> str:
    """Name a bin by what lies in it."""
    match one.kind:
        case "null":
            return "null 空值"
        case "other":
            return "other 其他"
        case "category":
            return one.category
    low, high = one.low or 0.0, one.high or 0.0
    if kind == "flag":
        return "yes 是" if low else "no 否"
    return exact(low) if low == high else f"{exact(low)} to {exact(high)}"
