"""Appends rows to one Parquet file per bucket, as many buckets as there are at once."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self

import polars as pl

from features.tables import Table
from pipelines.store import damaged

if TYPE_CHECKING:
    from pyarrow.parquet import ParquetWriter

BATCH: Final = 1_000_000
"""Rows read at once; fixed, because it shapes the bytes that are written."""


class BucketFiles:
    """One open Parquet file for each bucket that has been given a row.

    Use it in a ``with`` statement: leaving it ends the files and brings them to disk.

    Args:
        paths: Path of each bucket's file.
    """

    def __init__(self, paths: Sequence[Path]) -> None:
        self._paths = paths
        self._writers: dict[int, ParquetWriter] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, writer in self._writers.items():
            writer.close()
            with self._paths[number].open("rb+") as file:
                os.fsync(file.fileno())

    def append(self, frame: pl.DataFrame, bucket: pl.Series) -> None:
        """Append each row to the file of its bucket, in the order of the rows."""
        name = "_bucket"
        parts = frame.with_columns(bucket.alias(name)).partition_by(name, maintain_order=True, as_dict=True)
        for (number,), part in parts.items():
            rows = part.drop(name).to_arrow(compat_level=pl.CompatLevel.oldest())
            self._writer(number, rows.schema).write_table(rows)

    def append_empty(self, frame: pl.DataFrame) -> None:
        """Let there be a file, with the columns of the frame, when no row came: a table without rows is still there."""
        if not self._writers:
            self._writer(0, frame.clear().to_arrow(compat_level=pl.CompatLevel.oldest()).schema)

    def _writer(self, number: int, schema: object) -> ParquetWriter:
        import pyarrow.parquet as pq

        if number not in self._writers:
            self._paths[number].parent.mkdir(parents=True, exist_ok=True)
            self._writers[number] = pq.ParquetWriter(self._paths[number], schema, compression="zstd")
        return self._writers[number]


def batches(path: Path, table: Table, columns: Sequence[str]) -> Iterator[pl.DataFrame]:
    """Yield the rows of a file in order, at most `BATCH` at once.

    Args:
        path: The file.
        table: Its contract.
        columns: Columns of the contract to yield; one that the file lacks is null.

    Raises:
        DamagedFileError: the file cannot be read.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path) as file:
            there = [name for name in columns if name in file.schema_arrow.names]
            null = [pl.lit(None, table.schema[name]).alias(name) for name in columns if name not in there]
            for batch in file.iter_batches(BATCH, columns=there):
                yield pl.DataFrame(pl.from_arrow(batch)).with_columns(null).select(columns)
    except (pa.ArrowException, OSError) as error:
        raise damaged(path, error) from error
