"""What the checks of a feature table found, for the report of a model that was trained on it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final
from urllib.parse import quote

from modelling.records import from_plain
from pipelines.feature_checks_result import PAGE, RESULT, FeatureChecks
from pipelines.report_errors import OtherFeaturesError
from pipelines.store import read_json
from reports.model_checks import Checks

_WAY_OUT: Final = "Name the folder that `bamboo validate-features` wrote."


def checks_of(folder: Path, page: Path, sources: Mapping[str, str]) -> Checks:
    """Return the result in a sentence, and the way from a page to the page of the checks.

    Args:
        folder: What ``bamboo validate-features`` wrote.
        page: The page that links to it.
        sources: Hashes of what the model was trained on.

    Raises:
        MissingFileError: there are no checks in the folder.
        RecordError: they are of another version.
        OtherFeaturesError: they are of another feature table.
    """
    found = from_plain(FeatureChecks, read_json(folder / RESULT, way_out=_WAY_OUT))
    trained_on = sources.get("features", "")
    if found.table_sha256 != trained_on:
        raise OtherFeaturesError(str(folder), found.table_sha256, trained_on)
    way = Path(os.path.relpath(folder / PAGE, page.parent)).as_posix()
    return Checks(summary=found.summary, moved=tuple(one.feature for one in found.moved), page=quote(way))
