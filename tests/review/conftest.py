from __future__ import annotations

from dataclasses import replace

import pytest

from scoring.decision import Contribution, Decision, Trigger
from scoring.spec import (
    Calibration,
    Economics,
    FeatureSpec,
    ModelSpec,
    Policy,
    Provenance,
    Question,
    ReasonText,
    Tier,
)


def question(name, answer="money", unit="yuan a month"):
    return Question(
        id=name,
        answer=answer,
        unit=unit,
        en=f"What about {name}?",
        zh=f"请问{name}?",
        check_en=f"the register of {name}",
        check_zh=f"与{name}核对",
    )


def feature(name, *, source="bureau", group="income", asks=None):
    return FeatureSpec(
        name=name,
        kind="number",
        source=source,
        direction=0,
        reason_group=group,
        null_means="not known",
        en=f"{name} in words",
        zh=f"{name}说明",
        unit="yuan",
        question=asks,
    )


@pytest.fixture
def spec():
    return ModelSpec(
        name="m",
        version="1",
        features=(
            feature("income", source="declared", asks="declared_income"),
            feature("income_per_amount", source="declared", asks="declared_income"),
            feature("lenders", source="declared", group="multi_lender", asks="declared_other_lenders"),
            feature("loans_open", group="multi_lender"),
            feature("inquiries", group="multi_lender"),
            feature("logins", source="behaviour", group="application_conduct"),
        ),
        reasons=(ReasonText(id="income", en="Income", zh="收入"),),
        questions=(
            question("declared_income"),
            question("declared_other_lenders", "whole", "lenders"),
            question("declared_married", "flag", ""),
            question("declared_city", "text", ""),
        ),
        calibration=Calibration(slope=1.0, intercept=0.0),
        tiers=(Tier(name="A", upper_pd=1.0),),
        policy=Policy(approved_tiers=("A",), economics=Economics(amount_feature=None)),
        provenance=Provenance(created_at="2026-01-01T00:00:00Z", code_version="0", bad_definition="60 in 180"),
    )


def contribution(name, points, lost, value=1.0):
    return Contribution(feature=name, value=value, points=points, points_lost=lost)


@pytest.fixture
def decision():
    return Decision(
        case_id="A-1",
        bundle="ab" * 32,
        margin=-2.0,
        pd=0.1,
        points=571.25,
        tier="A",
        provisional="approve",
        outcome="phone_review",
        routed_by="call_value",
        start_points=560.0,
        contributions=(
            contribution("income", 8.0, -6.0, 12_000.0),
            contribution("income_per_amount", 4.0, -2.5, 2.4),
            contribution("lenders", 1.0, 3.0, 0),
            contribution("loans_open", -1.0, 4.0, 3),
            contribution("inquiries", -5.0, 7.0, None),
            contribution("logins", 4.25, 0.0, 7),
        ),
        reasons=(),
        triggers=(
            Trigger(
                id="hinges_on_unverified",
                kind="trigger",
                evidence={"points": 571.25, "without": 560.0},
                en="The decision rests on unverified facts.",
                zh="决定依据未核实信息。",
            ),
        ),
        questions=("declared_income", "declared_other_lenders"),
        call_value=42.0,
        control=False,
        thin_file=False,
        unseen=(),
    )


@pytest.fixture
def random_pick(decision):
    """The same case, had the control arm picked it."""
    return replace(decision, control=True, routed_by="control", call_value=-3.0)
