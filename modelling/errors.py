"""What can go wrong while models are trained, compared and promoted.

ModellingError
├── ContractError      a flat table that does not fit its contract, or a contract that contradicts itself
├── LabelError         labels that no model can be trained on
├── ExportError        a model that cannot become a bundle
└── TrackingError      a run, an artifact or a registered version that is missing or was altered
"""

from __future__ import annotations


class ModellingError(Exception):
    """Something is wrong with data, labels, models or runs."""


class ContractError(ModellingError):
    """A flat table that does not fit its contract, or a contract that contradicts itself."""


class LabelError(ModellingError):
    """Labels that no model can be trained on: too few of a kind, or missing ones."""


class ExportError(ModellingError):
    """A model that cannot become a bundle."""


class TrackingError(ModellingError):
    """A run, an artifact or a registered version that is missing or was altered."""
