"""The metrics under one name, for notebooks and for rooms that need several."""

from modelling.bootstrap import bootstrap_auc, bootstrap_difference
from modelling.calibration_metrics import (
    CalibrationBin,
    CalibrationReport,
    Chi2,
    brier,
    calibration_bins,
    calibration_report,
    log_loss,
)
from modelling.discrimination import Auc, AucDifference, Curve, Ks, auc, curve, delong, ks
from modelling.estimate import Estimate
from modelling.rate_tests import Jeffreys, higher_rate_p, jeffreys
from modelling.stability import Psi, PsiBin, psi, psi_categories
from modelling.woe import InformationValue, WoeBin, information_value, information_value_categories

__all__ = [
    "Auc",
    "AucDifference",
    "CalibrationBin",
    "CalibrationReport",
    "Chi2",
    "Curve",
    "Estimate",
    "InformationValue",
    "Jeffreys",
    "Ks",
    "Psi",
    "PsiBin",
    "WoeBin",
    "auc",
    "bootstrap_auc",
    "bootstrap_difference",
    "brier",
    "calibration_bins",
    "calibration_report",
    "curve",
    "delong",
    "higher_rate_p",
    "information_value",
    "information_value_categories",
    "jeffreys",
    "ks",
    "log_loss",
    "psi",
    "psi_categories",
]
