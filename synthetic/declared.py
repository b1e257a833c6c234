"""What an applicant declares: the truth as people remember it, or a misreport."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from synthetic.asking import human_money
from synthetic.draws import Flags, Floats, Ints, share_logit
from synthetic.facts import Facts
from synthetic.people import People
from synthetic.recipe import Applying
from synthetic.scene import Scene

FORGETS = 0.15
"""Share of honest applicants with three or more lenders who forget one: a slip, not a misreport."""


@dataclass(frozen=True, kw_only=True)
class Declared:
    """One declaration per person; NaN and −1 mean not stated.

    Attributes:
        income: Monthly income in yuan; NaN when not stated.
        job_months: Months with the employer; −1 when not stated.
        other_lenders: Other lenders with an open loan; −1 when not stated.
        monthly_debt: Instalments elsewhere in yuan a month; NaN when not stated.
        income_bent: Whether the income is a misreport; so for each fact below.
        job_months_bent: Whether the tenure is.
        other_lenders_bent: Whether lenders were left out.
        monthly_debt_bent: Whether the debt is.
    """

    income: Floats
    job_months: Ints
    other_lenders: Ints
    monthly_debt: Floats
    income_bent: Flags
    job_months_bent: Flags
    other_lenders_bent: Flags
    monthly_debt_bent: Flags

    @property
    def bent(self) -> Flags:
        """Whether any fact is a misreport."""
        return self.income_bent | self.job_months_bent | self.other_lenders_bent | self.monthly_debt_bent


def misreporters(scene: Scene, rng: np.random.Generator, people: People, channel: Ints, present: Flags) -> Flags:
    """Draw who misreports; ring members nearly always do, and they count towards the share."""
    applying = scene.recipe.applying
    coached = np.asarray(scene.recipe.channels.column("misreport"))[channel]
    score = applying.misreport_need * people.need + applying.misreport_willingness * people.willingness + coached
    score = np.where(scene.ring >= 0, score + 3.0, score)
    bent = np.zeros(len(people), dtype=bool)
    bent[present] = share_logit(rng, score[present], applying.misreport)
    return bent


def declare(applying: Applying, rng: np.random.Generator, truth: tuple[Floats, Ints, Facts], bent: Flags) -> Declared:
    """Draw what each person declares; every misreporter bends income unless another fact is bent.

    Args:
        applying: How people declare.
        rng: Stream of the draws.
        truth: True income, true months with the employer, and the true state elsewhere.
        bent: Who misreports.
    """
    income, months, facts = truth
    size = len(income)
    lenders_bent = bent & (facts.lenders > 0) & (rng.random(size) < 0.55)
    debt_bent = bent & (facts.debt > 0) & (rng.random(size) < np.where(lenders_bent, 0.80, 0.20))
    tenure_bent = bent & (rng.random(size) < 0.30)
    income_bent = bent & ((rng.random(size) < 0.75) | ~(lenders_bent | debt_bent | tenure_bent))
    return Declared(
        income=_income(applying, rng, income, income_bent),
        job_months=_job_months(rng, months, tenure_bent),
        other_lenders=_other_lenders(rng, facts.lenders, lenders_bent),
        monthly_debt=_monthly_debt(rng, facts.debt, debt_bent),
        income_bent=income_bent,
        job_months_bent=tenure_bent,
        other_lenders_bent=lenders_bent,
        monthly_debt_bent=debt_bent,
    )


def _income(applying: Applying, rng: np.random.Generator, income: Floats, bent: Flags) -> Floats:
    honest = income * np.exp(0.04 * rng.normal(size=len(income)))
    inflated = income * rng.uniform(*applying.inflation, len(income))
    declared = human_money(rng, np.where(bent, inflated, honest))
    return np.where(~bent & (rng.random(len(income)) < 0.015), np.nan, declared)


def _job_months(rng: np.random.Generator, months: Ints, bent: Flags) -> Ints:
    longer = np.round(months * rng.uniform(1.3, 2.5, len(months)) + rng.integers(6, 25, len(months)))
    years = np.round(months / 12.0) * 12.0
    honest = np.where((months > 12) & (rng.random(len(months)) < 0.35), years, months)
    declared = np.where(bent, longer, honest).astype(np.int64)
    return np.where(~bent & (rng.random(len(months)) < 0.04), -1, np.clip(declared, 0, 600))


def _other_lenders(rng: np.random.Generator, lenders: Ints, bent: Flags) -> Ints:
    left = np.floor(lenders * rng.uniform(0.0, 0.6, len(lenders))).astype(np.int64)
    forgets = (lenders >= 3) & (rng.random(len(lenders)) < FORGETS)
    declared = np.where(bent, left, lenders - forgets)
    return np.where(~bent & (rng.random(len(lenders)) < 0.05), -1, np.minimum(declared, 100))


def _monthly_debt(rng: np.random.Generator, debt: Floats, bent: Flags) -> Floats:
    less = debt * rng.uniform(0.0, 0.6, len(debt))
    honest = debt * np.exp(0.08 * rng.normal(size=len(debt)))
    value = np.where(bent, less, honest)
    step = np.where(rng.random(len(debt)) < 0.8, 100.0, 10.0)
    declared = np.round(value / step) * step
    return np.where(~bent & (rng.random(len(debt)) < 0.07), np.nan, declared)
