"""A description that contradicts itself is refused, and every contradiction is named."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from scoring.errors import SpecError
from scoring.spec import Calibration, ConcentrationLimit, Economics, HardRule, Scale, Tier
from scoring.spec_check import check_spec


def rule(**changed):
    facts = {"id": "r", "feature": "age", "operator": "<", "bound": 18.0, "outcome": "decline", "en": "", "zh": ""}
    return HardRule(**{**facts, **changed})


def tiers(*uppers):
    return tuple(Tier(name=name, upper_pd=upper) for name, upper in zip("ABCDE", uppers, strict=False))


POLICIES = [
    ({"approved_tiers": ("B",)}, "approved tiers must be the safest ones"),
    ({"approved_tiers": ("A", "Z")}, "approved tiers must be the safest ones"),
    ({"hard_rules": (rule(feature="agee"),)}, "reads feature 'agee', which there is not. Did you mean 'age'"),
    ({"hard_rules": (rule(feature="region"),)}, "hard rule 'r' reads a category"),
    ({"hard_rules": (rule(bound=math.nan),)}, "bound of a hard rule is not finite"),
    ({"thin_file_features": ("loans",)}, "thin_file_features names feature 'loans'"),
    ({"concentration_limits": (ConcentrationLimit(feature="age", limit=0.1),)}, "'age', which is no category"),
    ({"concentration_limits": (ConcentrationLimit(feature="region", limit=1.1),)}, "from 0 to 1"),
    ({"control_share": -0.1}, "from 0 to 1"),
    ({"control_share": math.nan}, "from 0 to 1"),
    ({"control_key": ""}, "control_key"),
    ({"control_key": "abc"}, "control_key"),
    ({"control_key": "00" * 65}, "control_key"),
    ({"economics": Economics(amount_feature="region")}, "amount_feature == 'region'"),
    ({"economics": Economics(amount_feature=None, amount=0.0)}, "economics.amount == 0.0"),
    ({"economics": Economics(amount_feature=None, call_cost=math.inf)}, "economics.call_cost == inf"),
    ({"conflict_points": 0.0}, "conflict_points == 0.0"),
    ({"unfamiliar_distance": -1.0}, "unfamiliar_distance == -1.0"),
    ({"call_value_threshold": math.inf}, "call_value_threshold"),
]
SPECS = [
    ({"features": ()}, "there are no features"),
    ({"tiers": ()}, "must end at a PD of 1"),
    ({"tiers": tiers(0.1, 0.9)}, "must end at a PD of 1"),
    ({"tiers": tiers(0.2, 0.1, 1.0)}, "must rise strictly"),
    ({"tiers": tiers(0.2, 0.2, 1.0)}, "must rise strictly"),
    ({"calibration": Calibration(slope=0.0, intercept=0.0)}, "calibration has slope 0.0"),
    ({"calibration": Calibration(slope=1.0, intercept=math.nan)}, "intercept nan"),
    ({"scale": Scale(pdo=-20.0)}, "doubles every -20.0"),
    ({"reasons": ()}, "has reason group 'income', which there is not"),
    ({"questions": ()}, "has question 'declared_income', which there is not"),
]
FEATURES = [
    ({"name": ""}, "must have a name"),
    ({"name": "a\u202eb"}, r"'a\\u202eb' must have a name"),
    ({"name": "lenders"}, "feature 'lenders' stands twice"),
    ({"vocabulary": ("a",)}, "has a vocabulary and is no category"),
    ({"kind": "flag"}, "has bounds and is no number"),
    ({"lower": 2.0, "upper": 1.0}, "has bounds from 2.0 to 1.0"),
    ({"lower": -math.inf}, "has bounds from -inf"),
    (
        {"kind": "category", "lower": None, "upper": None, "vocabulary": ("a", "a")},
        "category of 'income' 'a' stands twice",
    ),
    (
        {"kind": "category", "lower": None, "upper": None, "vocabulary": ("a\0",)},
        "a category of 'income' is not free of",
    ),
]


def test_the_spec_of_the_tests_is_sound(spec):
    check_spec(spec)


@pytest.mark.parametrize(("changed", "says"), POLICIES)
def test_policies(spec, changed, says):
    with pytest.raises(SpecError, match=says):
        check_spec(replace(spec, policy=replace(spec.policy, **changed)))


@pytest.mark.parametrize(("changed", "says"), SPECS)
def test_specs(spec, changed, says):
    with pytest.raises(SpecError, match=says):
        check_spec(replace(spec, **changed))


@pytest.mark.parametrize(("changed", "says"), FEATURES)
def test_features(spec, changed, says):
    first, *rest = spec.features
    with pytest.raises(SpecError, match=says):
        check_spec(replace(spec, features=(replace(first, **changed), *rest)))


def test_every_contradiction_is_listed(spec):
    changed = replace(spec, tiers=tiers(0.5), calibration=Calibration(slope=-1.0, intercept=0.0))
    with pytest.raises(SpecError, match="calibration has slope") as found:
        check_spec(changed)
    assert len(found.value.problems) == 3
