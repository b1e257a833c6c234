"""Where the out-of-time period begins: the line that nothing learned may cross."""

from __future__ import annotations

from datetime import datetime

import polars as pl

from modelling.errors import SplitError


def out_of_time_start(frame: pl.DataFrame) -> datetime:
    """Return the time of the earliest out-of-time case of a dataset's frame.

    Raises:
        SplitError: no case is out of time, or the cases have no time (a stratified split).
    """
    earliest = frame.filter(pl.col("split") == "out_of_time")["time"].min()
    if not isinstance(earliest, datetime):
        raise SplitError("no case is out of time: split by time, or learn no value of calls")
    return earliest
