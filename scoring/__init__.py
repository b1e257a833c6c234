"""A model bundle, and the scorer that turns one case into a decision. Needs numpy alone."""

from scoring.bundle import Bundle, Golden, GoldenCase, golden_of, read_bundle, write_bundle
from scoring.call_value import CallValue
from scoring.decision import Contribution, Decision, Reason, Trigger, Value
from scoring.decision_schema import decision_schema
from scoring.errors import AcceleratorError, BundleError, RequestError, ScoringError
from scoring.reference import Reference, reference_from
from scoring.scorer import Scorer
from scoring.spec import ModelSpec
from scoring.trees import Trees

__all__ = [
    "AcceleratorError",
    "Bundle",
    "BundleError",
    "CallValue",
    "Contribution",
    "Decision",
    "Golden",
    "GoldenCase",
    "ModelSpec",
    "Reason",
    "Reference",
    "RequestError",
    "Scorer",
    "ScoringError",
    "Trees",
    "Trigger",
    "Value",
    "decision_schema",
    "golden_of",
    "read_bundle",
    "reference_from",
    "write_bundle",
]
