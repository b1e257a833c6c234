"""Development, calibration and out-of-time: which labelled case serves which purpose."""

from __future__ import annotations

from typing import Final, Literal

import numpy as np
import polars as pl

from modelling.errors import LabelError, SplitError
from modelling.periods import TIME_ZONE, starts

Split = Literal["development", "calibration", "out_of_time"]

SPLITS: Final[tuple[Split, ...]] = ("development", "calibration", "out_of_time")


def held_out_words(*, dated: bool) -> str:
    """Return what people call the last split: ``out of time``, or ``held out`` where the cases carry no time."""
    return "out of time" if dated else "held out"


def by_time(
    frame: pl.DataFrame,
    *,
    calibration_share: float = 0.15,
    out_of_time_share: float = 0.25,
    period: str = "1mo",
    time_zone: str = TIME_ZONE,
) -> pl.DataFrame:
    """Add the column ``split`` by time: development earliest, calibration next, out-of-time the latest mature periods.

    A period (a calendar month by default) is *mature* when none of its cases is pending, so that every loan of it was
    observed for the whole window, and when some case of it or of a later period proves that windows did end by then
    (good or indeterminate). In an immature period the bad cases are known before the good ones, so all of its cases
    are left out, the labelled ones too. Out-of-time is the fewest latest mature periods that
    hold ``out_of_time_share`` of the labelled cases, calibration the fewest before them that hold
    ``calibration_share``, development the rest. Whole periods are never divided.

    A person who applies in two splits stays in both: that is what the model will meet in use, and taking the later
    case out would leave newcomers alone, who are riskier. `modelling.split_summary` tells how many there are, and the
    evaluation measures out-of-time newcomers by themselves.

    Args:
        frame: Cases with ``time``, ``label_status`` and ``label``.
        calibration_share: Least share of the mature labelled cases for calibration.
        out_of_time_share: Least share for out-of-time.
        period: Length of a period as Polars writes it, such as ``1mo`` or ``1w``; whole days.
        time_zone: Where a day begins.

    Returns:
        The frame with ``split``: null for cases without label and for those of immature periods.

    Raises:
        SplitError: a share out of range, a case without time, or fewer than three mature periods.
        LabelError: a split lacks good or bad cases.
    """
    _check_shares(calibration_share, out_of_time_share)
    if frame["time"].null_count():
        raise SplitError(f"{frame['time'].null_count()} cases have no time; leave them out, or split without time")
    dated = frame.drop("split", strict=False).with_columns(starts(frame["time"], period, time_zone).alias("_period"))
    periods = _mature_periods(dated)
    if len(periods) < 3:
        raise SplitError(
            f"{len(periods)} mature period(s) of {period}, must be at least 3: one each for development, "
            "calibration and out-of-time. Wait for labels, choose a shorter period, or split without time"
        )
    names = _assign_periods(periods["cases"].to_list(), calibration_share, out_of_time_share)
    parts = periods.select("_period").with_columns(pl.Series("split", names, dtype=pl.String))
    split = (
        dated.join(parts, on="_period", how="left", maintain_order="left")
        .with_columns(pl.when(_labelled()).then(pl.col("split")).alias("split"))
        .drop("_period")
    )
    check_trainable(split)
    return split


def in_mature_periods(frame: pl.DataFrame, *, period: str = "1mo", time_zone: str = TIME_ZONE) -> pl.Series:
    """Return of every case whether its period is mature, see `by_time`: only there are bad rates what they say.

    Args:
        frame: Cases with ``time``, ``label_status`` and ``label``.
        period: Length of a period as Polars writes it; whole days.
        time_zone: Where a day begins.

    Returns:
        Boolean, one per case.
    """
    dated = frame.with_columns(starts(frame["time"], period, time_zone).alias("_period"))
    return dated["_period"].is_in(_mature_periods(dated)["_period"].to_list())


def stratified(
    frame: pl.DataFrame,
    seed: int,
    *,
    calibration_share: float = 0.2,
    out_of_time_share: float = 0.25,
) -> pl.DataFrame:
    """Add the column ``split`` at random, with equal bad rates: for tables without time.

    All cases of a person go to the same split; a person counts as bad with one bad case. The last part is called
    ``out_of_time`` like its counterpart, though it is held out by chance alone. The same frame and seed give the same
    split, and the order of the rows does not matter as long as ``case_id`` is there.

    Args:
        frame: Cases with ``label``, ``case_id`` and, where persons are known, ``applicant_id``.
        seed: Seed of the draw.
        calibration_share: Share of persons for calibration.
        out_of_time_share: Share of persons held out.

    Raises:
        SplitError: a share out of range.
        LabelError: a split lacks good or bad cases.
    """
    _check_shares(calibration_share, out_of_time_share)
    person = pl.coalesce(pl.format("p{}", "applicant_id"), pl.format("c{}", "case_id")).alias("_person")
    cases = frame.drop("split", strict=False).with_columns(person)
    persons = cases.filter(_labelled()).group_by("_person").agg(pl.col("label").max()).sort("_person")
    random = np.random.default_rng(seed)
    parts = [
        group.select("_person").with_columns(
            pl.Series("split", _draw(len(group), random, calibration_share, out_of_time_share), dtype=pl.String)
        )
        for _, group in persons.group_by("label", maintain_order=True)
    ]
    if not parts:
        raise LabelError("no case is labelled good or bad; a model needs both")
    split = (
        cases.join(pl.concat(parts), on="_person", how="left", maintain_order="left")
        .with_columns(pl.when(_labelled()).then(pl.col("split")).alias("split"))
        .drop("_person")
    )
    check_trainable(split)
    return split


def check_trainable(frame: pl.DataFrame) -> None:
    """Refuse labels that no model should be trained on.

    Raises:
        LabelError: in some split a label is missing, is neither 0 nor 1, or all labels are the same; the message names
            the split and its counts.
    """
    for name in SPLITS:
        labels = frame.filter(pl.col("split") == name)["label"].cast(pl.Float64)
        missing = labels.null_count() + int(labels.is_nan().sum() or 0)
        if missing:
            raise LabelError(f"{missing} of {len(labels)} labels in {name} are missing; keep only good and bad cases")
        bads, goods = int((labels == 1).sum()), int((labels == 0).sum())
        if bads + goods < len(labels):
            raise LabelError(f"{len(labels) - bads - goods} labels in {name} are neither 1 (bad) nor 0 (good)")
        if not bads or not goods:
            raise LabelError(
                f"{name} holds {bads} bad and {goods} good cases; a model needs both. "
                "Check the bad definition, the observation window and the shares of the split"
            )


def _check_shares(calibration: float, out_of_time: float) -> None:
    for name, share in (("calibration_share", calibration), ("out_of_time_share", out_of_time)):
        if not 0 < share < 1:
            raise SplitError(f"{name} == {share}, must be strictly between 0 and 1")
    if calibration + out_of_time >= 1:
        raise SplitError(f"calibration_share + out_of_time_share == {calibration + out_of_time}, must be below 1")


def _labelled() -> pl.Expr:
    return pl.col("label").is_not_null()


def _mature_periods(dated: pl.DataFrame) -> pl.DataFrame:
    status = pl.col("label_status")
    periods = dated.group_by("_period").agg(
        _labelled().sum().alias("cases"),
        (status == "pending").sum().alias("pending"),
        status.is_in(["good", "indeterminate"]).any().alias("observed"),
    )
    last = periods.filter("observed")["_period"].max()
    mature = periods.filter((pl.col("pending") == 0) & (pl.col("cases") > 0) & (pl.col("_period") <= pl.lit(last)))
    return mature.sort("_period")


def _assign_periods(cases: list[int], calibration: float, out_of_time: float) -> list[str]:
    """Name the split of every period, latest last; each split gets at least one."""
    total, late = sum(cases), 1
    while sum(cases[-late:]) < out_of_time * total and late < len(cases) - 2:
        late += 1
    middle = 1
    while sum(cases[-late - middle : -late]) < calibration * total and middle < len(cases) - late - 1:
        middle += 1
    return ["development"] * (len(cases) - late - middle) + ["calibration"] * middle + ["out_of_time"] * late


def _draw(n: int, random: np.random.Generator, calibration: float, out_of_time: float) -> list[str]:
    late, middle = round(n * out_of_time), round(n * calibration)
    names = np.array(["out_of_time"] * late + ["calibration"] * middle + ["development"] * (n - late - middle))
    return [str(name) for name in random.permutation(names)]
