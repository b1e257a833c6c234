"""What can go wrong while a case is scored or a bundle is read.

ScoringError
├── RequestError               what the caller gave cannot be scored
│   ├── MissingFeatureError    the model needs a feature that was not given
│   ├── ExtraFeatureError      a feature was given that the model does not know
│   ├── FeatureKindError       a value of another kind than the feature's
│   ├── FeatureRangeError      a number that is infinite or outside the feature's bounds
│   ├── FeatureTextError       a text that is too long or holds characters no category has
│   ├── ShapeError             columns, ids or a matrix of the wrong length or shape
│   ├── CaseIdError            an id that is not a short, plain string
│   └── PortfolioError         a portfolio's state that does not fit the policy
├── AcceleratorError           the accelerator was asked for and is not there
├── SpecError                  a model description that contradicts itself
├── TreesError                 arrays that are not an ensemble of trees
└── BundleError                a folder that is not a bundle to be trusted
    ├── AlteredBundleError     a file is missing, added, or differs from its hash
    ├── SignatureError         the manifest is not signed by the key that is trusted, or its signature is none
    ├── BundleFormatError      a file's content is not what the format says
    └── GoldenError            the bundle does not give the scores it was made with
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from difflib import get_close_matches
from itertools import islice
from typing import Final

SHOWN_CHARACTERS: Final = 60
"""Longest piece of a value that a message repeats."""


MOST_COMPARED: Final = 1000
"""Names that are looked through for one that is near: who asks may have sent a million of them."""


def shown(value: object) -> str:
    """Return a value as a message may repeat it: short, ASCII, one line, and never by the value's own code."""
    if isinstance(value, str):
        text = ascii(str.__str__(value[:SHOWN_CHARACTERS]))
        return f"{text}… ({len(value)} characters)" if len(value) > SHOWN_CHARACTERS else text
    if type(value) is int and value.bit_length() > 200:
        return f"an integer of {value.bit_length()} bits"
    if value is None or type(value) in {bool, int, float}:
        return repr(value)
    return f"<{type(value).__name__}>"


def listed(names: Collection[str], most: int = 8) -> str:
    """Return names joined by commas, cut to the first ``most`` and counted beyond them."""
    first = ", ".join(shown(name) for name in list(names)[:most])
    return f"{first} and {len(names) - most} more" if len(names) > most else first


def nearest(name: str, known: Iterable[str]) -> str:
    """Return `` Did you mean '…'?`` for the known name nearest to ``name``, or nothing when none is near."""
    near = near_name(name, known)
    return "" if near is None else f" Did you mean {shown(near)}?"


def near_name(name: str, known: Iterable[str]) -> str | None:
    """Return the known name nearest to ``name``, among the first `MOST_COMPARED`; None when none is near."""
    near = get_close_matches(name[:200], list(islice(known, MOST_COMPARED)), n=1)
    return near[0] if near else None


class ScoringError(Exception):
    """Scoring was refused."""


class RequestError(ScoringError):
    """What the caller gave cannot be scored."""


class MissingFeatureError(RequestError):
    """The request lacks features that the model was trained on."""

    WAY_OUT: Final = "Pass None for a value that is unknown."

    def __init__(self, missing: Collection[str], extra: Collection[str]) -> None:
        self.missing = tuple(missing)
        near = near_name(self.missing[0], extra)
        hint = "" if near is None else f" {shown(near)} was given instead?"
        found = f"The model needs {len(self.missing)} feature(s) that were not given: {listed(self.missing)}.{hint}"
        super().__init__(f"{found} {self.WAY_OUT}")


class ExtraFeatureError(RequestError):
    """The request names features that the model does not know."""

    def __init__(self, extra: Collection[object], known: Collection[str]) -> None:
        self.extra = tuple(extra)
        first = self.extra[0]
        hint = nearest(first, known) if isinstance(first, str) else " Feature names are strings."
        names = ", ".join(shown(name) for name in self.extra[:8])
        super().__init__(f"The model does not know {len(self.extra)} feature(s) that were given: {names}.{hint}")


class FeatureError(RequestError):
    """One value of one feature cannot be scored.

    Attributes:
        feature: The feature's name.
        value: What was given.
        must: What it must be, in words.
        row: Which row of a batch, counted from 0; None for a single case.
    """

    def __init__(self, feature: str, value: object, must: str, row: int | None = None) -> None:
        self.feature = feature
        self.value = value
        self.must = must
        self.row = row
        where = "" if row is None else f" in row {row}"
        super().__init__(f"{feature} == {shown(value)}{where}, must be {must}.")


class FeatureKindError(FeatureError):
    """A value of another kind than the feature's."""


class FeatureRangeError(FeatureError):
    """A number that is infinite or outside the feature's bounds."""


class FeatureTextError(FeatureError):
    """A text that is too long or holds characters no category has."""


class ShapeError(RequestError):
    """Columns, ids or a matrix have the wrong length or shape."""


class CaseIdError(RequestError):
    """The id of a case is not a short, plain string."""

    def __init__(self, value: object, must: str, row: int | None = None) -> None:
        where = "case_id" if row is None else f"case_ids[{row}]"
        super().__init__(f"{where} == {shown(value)}, must be {must}.")


class PortfolioError(RequestError):
    """The portfolio's state does not fit the policy."""


class AcceleratorError(ScoringError):
    """The accelerator was asked for and is not there."""

    def __init__(self, found: str) -> None:
        super().__init__(
            f"accelerate is True, and numba cannot be imported: {found}. Install it with "
            "pip install 'bamboo-credit[fast]', or load with accelerate=False: the scores are the same, bit for bit."
        )


class SpecError(ScoringError):
    """A model description contradicts itself; ``problems`` lists every contradiction found."""

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = tuple(problems)
        super().__init__(f"The model description contradicts itself: {'; '.join(self.problems)}.")


class TreesError(ScoringError):
    """Arrays that are not an ensemble of trees."""


class BundleError(ScoringError):
    """A folder is not a bundle that can be trusted."""


class AlteredBundleError(BundleError):
    """A file of the bundle is missing, added, or differs from its hash."""


class SignatureError(BundleError):
    """The manifest is not signed by the key that is trusted, or the file of its signature holds none."""


class BundleFormatError(BundleError):
    """A file's content is not what the format says."""


class GoldenError(BundleError):
    """The bundle does not give the scores it was made with."""
