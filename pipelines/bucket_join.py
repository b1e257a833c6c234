"""Finds the bucket of rows that name an application and no applicant, in memory of one bucket.

The application's bucket is not kept for every application: both sides are laid out on disk by their application's
hash, and then joined piece by piece.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

import polars as pl

from features.tables import APPLICATIONS, Table
from pipelines.bucket_files import BucketFiles
from pipelines.partition_layout import buckets

_KEY: Final = APPLICATIONS.key
_PLACE: Final = "place"


class ApplicationPlaces:
    """Where the applications went.

    Args:
        folder: Folder for what is laid out meanwhile.
        partitions: Number of partitions.
    """

    def __init__(self, folder: Path, partitions: int) -> None:
        self._folder = folder
        self._partitions = partitions

    def remember(self, placed: Iterable[tuple[pl.DataFrame, pl.Series]]) -> Iterator[tuple[pl.DataFrame, pl.Series]]:
        """Yield applications with their buckets as they come, and keep on disk which went where."""
        with BucketFiles(self._pieces(APPLICATIONS)) as files:
            for frame, bucket in placed:
                kept = frame.select(_KEY).with_columns(bucket.alias(_PLACE))
                files.append(kept, buckets(frame[_KEY], self._partitions))
                yield frame, bucket

    def of(self, table: Table, frames: Iterable[pl.DataFrame]) -> Iterator[tuple[pl.DataFrame, pl.Series]]:
        """Yield all rows of a table with the bucket of their application; a row of no application keeps its piece's."""
        with BucketFiles(self._pieces(table)) as files:
            for frame in frames:
                files.append(frame, buckets(frame[_KEY], self._partitions))
        for number, (piece, known) in enumerate(zip(self._pieces(table), self._pieces(APPLICATIONS), strict=True)):
            if not piece.exists():
                continue
            rows = pl.read_parquet(piece)
            places = self._places(known)
            joined = rows.select(_KEY).join(places, on=_KEY, how="left", maintain_order="left")
            yield rows, joined[_PLACE].fill_null(number)
            piece.unlink()

    def close(self) -> None:
        """Remove what was laid out."""
        shutil.rmtree(self._folder)

    def _places(self, path: Path) -> pl.DataFrame:
        places = pl.read_parquet(path) if path.exists() else pl.DataFrame(schema={_KEY: pl.String, _PLACE: pl.UInt32})
        return places.unique(_KEY, keep="first", maintain_order=True)

    def _pieces(self, table: Table) -> list[Path]:
        return [self._folder / table.name / f"{number}.parquet" for number in range(self._partitions)]
