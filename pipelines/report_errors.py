"""What can go wrong when a report is made.

ReportError
├── NoRunError          neither a run nor a bundle that names one
├── OtherBundleError    a bundle that did not make what it is shown with
├── NotReplayedError    a decision that the bundle does not make again
└── OtherFeaturesError  checks of another feature table than the model's
"""

from __future__ import annotations

from pipelines.errors import PipelineError


class ReportError(PipelineError):
    """A report cannot be made."""


class NoRunError(ReportError):
    """Neither a run nor a bundle that names one."""

    def __init__(self, bundle: str | None) -> None:
        said = f"bundle {bundle!r} names no MLflow run" if bundle else "neither a run nor a bundle is given"
        super().__init__(f"{said}; give the id of the run that trained the model")


class OtherBundleError(ReportError):
    """A bundle that did not make what it is shown with."""

    def __init__(self, bundle: str, found: str, wanted: str) -> None:
        super().__init__(
            f"bundle {bundle!r} is of {found!r}, but what it is shown with is of {wanted!r}; "
            "give the bundle that made it"
        )


class NotReplayedError(ReportError):
    """A decision on file that is not the one its bundle makes of what it holds."""

    def __init__(self, path: str, case_id: str | None, found: str) -> None:
        super().__init__(
            f"{path!r} holds a decision of case {case_id!r} that does not come out again: {found}. Ask who wrote it "
            "for what the scorer gave; `bamboo replay` looks at all its cases"
        )


class OtherFeaturesError(ReportError):
    """Checks of another feature table than the one that the model was trained on."""

    def __init__(self, folder: str, found: str, wanted: str) -> None:
        super().__init__(
            f"checks == {folder!r} are of the feature table {found[:12]}, but the model was trained on "
            f"{wanted[:12] or 'none'}; run `bamboo validate-features` on the table that the model was trained on"
        )
