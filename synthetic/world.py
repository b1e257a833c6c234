"""Facts of the world that no recipe changes: provinces, occupations, names of employers."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

PROVINCES: tuple[tuple[str, float, float], ...] = (
    ("Guangdong", 12.6, 1.12), ("Shandong", 6.6, 0.97), ("Henan", 7.4, 0.86), ("Jiangsu", 6.4, 1.14),
    ("Sichuan", 6.3, 0.90), ("Hebei", 5.1, 0.86), ("Hunan", 5.0, 0.91), ("Zhejiang", 5.6, 1.18),
    ("Anhui", 4.4, 0.91), ("Hubei", 4.3, 0.94), ("Guangxi", 3.8, 0.82), ("Yunnan", 3.0, 0.83),
    ("Jiangxi", 3.4, 0.88), ("Liaoning", 2.7, 0.88), ("Fujian", 3.5, 1.06), ("Shaanxi", 2.9, 0.90),
    ("Guizhou", 2.8, 0.81), ("Shanxi", 2.2, 0.85), ("Chongqing", 2.6, 0.95), ("Heilongjiang", 1.7, 0.79),
    ("Xinjiang", 1.3, 0.86), ("Gansu", 1.4, 0.77), ("Shanghai", 1.5, 1.52), ("Jilin", 1.2, 0.79),
    ("Inner Mongolia", 1.3, 0.92), ("Beijing", 1.3, 1.55), ("Tianjin", 0.8, 1.12), ("Hainan", 0.8, 0.90),
    ("Ningxia", 0.5, 0.85), ("Qinghai", 0.3, 0.84), ("Tibet", 0.1, 0.95),
)  # fmt: skip
"""Province in pinyin, weight among applicants of an online lender, pay relative to the country."""

OCCUPATIONS: tuple[tuple[str, float, float, float, float, str], ...] = (
    ("factory_worker", 15.0, 5200, 0.20, -0.9, "Electronics"), ("courier", 8.0, 6300, 0.25, -0.8, "Logistics"),
    ("sales", 12.0, 5600, 0.38, -0.1, "Trading"), ("shop_assistant", 8.0, 4100, 0.18, -0.5, "Supermarket"),
    ("catering_staff", 8.0, 4200, 0.20, -0.8, "Catering"),
    ("construction_worker", 7.0, 6400, 0.28, -1.1, "Construction"),
    ("driver", 7.0, 6000, 0.24, -0.7, "Transport"), ("office_clerk", 10.0, 5300, 0.22, 0.5, "Consulting"),
    ("security_guard", 4.0, 3900, 0.14, -0.9, "Property Services"), ("self_employed", 8.0, 6700, 0.50, -0.3, "Trading"),
    ("technician", 6.0, 6900, 0.24, 0.3, "Machinery"), ("teacher", 2.5, 6200, 0.20, 1.6, "School"),
    ("nurse", 2.0, 5900, 0.20, 1.0, "Hospital"), ("programmer", 2.5, 11800, 0.32, 1.7, "Software"),
    ("civil_servant", 1.5, 6800, 0.18, 1.6, "District Office"), ("manager", 3.0, 9800, 0.38, 1.0, "Holdings"),
    ("beautician", 3.0, 5000, 0.30, -0.5, "Beauty Salon"), ("freelancer", 3.5, 5200, 0.50, 0.0, "Studio"),
)  # fmt: skip
"""Occupation, weight, median monthly pay, spread of its logarithm, pull of education, trade of the employer."""

EDUCATION = ("middle_school", "high_school", "college", "bachelor", "master")
EDUCATION_BOUNDS = (-0.85, 0.10, 0.85, 1.95)
HOUSING = ("own", "mortgage", "rent", "family", "dormitory")
PURPOSES = ("shopping", "medical", "education", "renovation", "travel", "business", "turnover", "other")
PURPOSE_WEIGHTS = (0.27, 0.06, 0.06, 0.10, 0.07, 0.09, 0.25, 0.10)

_FIRST = ("Hua", "Xin", "De", "Jin", "Tian", "Hong", "Rui", "Long", "Sheng", "Yuan", "Bo", "Zhong", "Guo", "Heng", "Fu",
          "An", "Ming", "Da", "Jia", "Tai", "Yi", "Xiang", "Wan", "Qing", "Lan", "Dong", "Nan", "Li")  # fmt: skip
_SECOND = ("xin", "tong", "da", "feng", "yuan", "sheng", "long", "he", "mei", "run", "cheng", "li", "wei", "kang", "an",
           "ya", "hui", "tai", "bang", "jie", "chuang", "ze", "lian", "ying", "ke")  # fmt: skip


@lru_cache(maxsize=4)
def employer_names(count: int) -> tuple[str, ...]:
    """Return ``count`` different made-up employers, largest first; the trade of each is that of an occupation.

    Employer ``k`` works in the trade of occupation ``k mod len(OCCUPATIONS)``, so that people find one of their trade.
    """
    rng = np.random.default_rng(20240101)
    first = rng.integers(0, len(_FIRST), count)
    second = rng.integers(0, len(_SECOND), count)
    home = rng.choice(len(PROVINCES), count, p=_weights())
    names = []
    for k in range(count):
        trade = OCCUPATIONS[k % len(OCCUPATIONS)][5]
        branch = f" No. {k // 900 + 1}" if k >= 900 else ""
        names.append(f"{PROVINCES[home[k]][0]} {_FIRST[first[k]]}{_SECOND[second[k]]} {trade}{branch}")
    return tuple(names)


def _weights() -> np.ndarray:
    weights = np.asarray([weight for _, weight, _ in PROVINCES])
    return np.asarray(weights / weights.sum())
