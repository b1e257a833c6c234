"""What can go wrong while models are trained, measured, compared and promoted.

ModellingError
├── ContractError      a flat table that does not fit its contract, or a contract that contradicts itself
├── LabelError         labels that no model can be trained on, or outcomes from which none can be made
├── SplitError         a table that cannot be split as asked
├── MetricError        arguments that a metric is not defined for
├── CalibrationError   margins that no calibration line fits
├── TierFitError       a score that no two tiers can be made of
├── RecordError        a stored record that does not fit its class
├── ExportError        a model that cannot become a bundle
└── TrackingError      a run, an artifact or a registered version that is missing or was altered
"""

from __future__ import annotations


class ModellingError(Exception):
    """Something is wrong with data, labels, models or runs."""


class ContractError(ModellingError):
    """A flat table that does not fit its contract, or a contract that contradicts itself."""


class LabelError(ModellingError):
    """Labels that no model can be trained on (too few of a kind, or missing), or outcomes that give none."""


class SplitError(ModellingError):
    """A table that cannot be split as asked."""


class MetricError(ModellingError, ValueError):
    """Arguments that a metric is not defined for."""


class CalibrationError(ModellingError):
    """Margins that no calibration line fits."""


class TierFitError(ModellingError):
    """A score that no two tiers can be made of."""


class RecordError(ModellingError):
    """A stored record that does not fit its class."""


class ExportError(ModellingError):
    """A model that cannot become a bundle."""


class SqlExportError(ModellingError):
    """A name that no database takes."""


class TrackingError(ModellingError):
    """A run, an artifact or a registered version that is missing or was altered."""
