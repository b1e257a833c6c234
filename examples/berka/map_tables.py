"""Maps the tables of the PKDD'99 Czech bank ("Berka") to Bamboo's raw tables.

    python examples/berka/map_tables.py BERKA_FOLDER OUT_FOLDER

What the bank's tables hold, and what becomes of it:

- A loan is an application; all were granted, so there are no rejects.
- The bank asked nobody for an income. What the account took in per month over the last 180 days stands in its place,
  and what left it for household bills and insurance stands in place of the stated monthly debt.
- A time below zero on the account is an overdraft: a loan of ours that fell due at once and was paid when the account
  was back above zero.
- The bank marks a loan good (status A, C) or bad (B, D) as of the end of 1998, without saying since when. The mark is
  put one year after the loan was paid out, or on the last day of the extract where that comes first, and contract.yaml
  sets the window of the label to one year: a loan of 1998 has had less than a year to go bad, so it is pending, not
  good.
- Standing orders (order.asc) carry no date, and one of them repays the very loan that is to be scored: they would leak
  the future and are left out. So are cards and account types, which none of Bamboo's raw tables holds.
"""

from __future__ import annotations

import sys
from pathlib import Path

import polars as pl

from features.tables import APPLICATIONS, INSTALMENTS, LOANS, OUTCOMES, Table
from pipelines.store import write_frame

PRAGUE = "Europe/Prague"
END = pl.datetime(1998, 12, 31, time_zone=PRAGUE)
INCOME_DAYS = 180
WINDOW = pl.duration(days=365)


def read(folder: Path, name: str) -> pl.DataFrame:
    """Read one of the bank's semicolon-separated files, all columns as text."""
    return pl.read_csv(folder / name, separator=";", infer_schema=False)


def day(column: str) -> pl.Expr:
    """Midnight in Prague of a ``yymmdd`` date."""
    return (
        pl.format("19{}", column).str.to_datetime("%Y%m%d", time_unit="us").dt.replace_time_zone(PRAGUE).alias(column)
    )


def evening(column: str) -> pl.Expr:
    """The last minute of the day, when the bank has booked it."""
    return pl.col(column).dt.offset_by("23h59m")


def fitted(frame: pl.DataFrame, table: Table) -> pl.DataFrame:
    """Give a frame the columns, types and UTC times of a raw table; columns that the bank lacks become null."""
    columns = [
        (
            pl.col(name).dt.convert_time_zone("UTC").cast(dtype)
            if name in frame.columns and isinstance(dtype, pl.Datetime)
            else pl.col(name).cast(dtype)
            if name in frame.columns
            else pl.lit(None, dtype).alias(name)
        )
        for name, dtype in table.schema.items()
    ]
    return frame.select(columns)


def loans_with_owner(folder: Path) -> pl.DataFrame:
    """The bank's loans of which every earlier transaction is at hand, with the account's owner."""
    owners = read(folder, "disp.asc").filter(pl.col("type") == "OWNER").select("account_id", "client_id")
    birth = pl.col("birth_number")
    month = birth.str.slice(2, 2).cast(pl.Int64)
    clients = (
        read(folder, "client.asc")
        .with_columns(female=month > 50)
        .with_columns(
            birth_date=pl.date(
                1900 + birth.str.slice(0, 2).cast(pl.Int64),
                pl.when("female").then(month - 50).otherwise(month),
                birth.str.slice(4, 2).cast(pl.Int64),
            ),
            gender=pl.when("female").then(pl.lit("female")).otherwise(pl.lit("male")),
        )
    )
    districts = read(folder, "district.asc").select(district_id="A1", region="A3")
    return (
        read(folder, "loan.asc")
        .join(read(folder, "trans_354_loans.csv").select("account_id").unique(), on="account_id")
        .join(owners, on="account_id")
        .join(clients, on="client_id")
        .join(districts, on="district_id")
        .with_columns(applied_at=day("date"), amount=pl.col("amount").cast(pl.Float64))
        .sort("applied_at", "loan_id")
    )


def transactions(folder: Path) -> pl.DataFrame:
    """The accounts' transactions in the order in which they were booked."""
    return (
        read(folder, "trans_354_loans.csv")
        .with_columns(
            day("date"), pl.col("amount", "balance").cast(pl.Float64), number=pl.col("trans_id").cast(pl.Int64)
        )
        .sort("account_id", "date", "number")
    )


def monthly_flows(loans: pl.DataFrame, moves: pl.DataFrame) -> pl.DataFrame:
    """Money in, and bills out, a month, of the 180 days before each loan."""
    bills = pl.col("k_symbol").is_in(["household", "insurrance payment"])
    months = INCOME_DAYS / 30.0
    return (
        loans.select("account_id", "applied_at")
        .join(moves, on="account_id")
        .filter(
            pl.col("date") < pl.col("applied_at"),
            pl.col("date") >= pl.col("applied_at") - pl.duration(days=INCOME_DAYS),
        )
        .group_by("account_id")
        .agg(
            declared_income=pl.col("amount").filter(pl.col("type") == "credit").sum() / months,
            declared_monthly_debt=pl.col("amount").filter(bills).sum() / months,
        )
    )


def overdrafts(loans: pl.DataFrame, moves: pl.DataFrame) -> pl.DataFrame:
    """Times below zero, one row each: when it began, how deep it was then, and when it ended (null: not yet)."""
    return (
        moves.with_columns(below=pl.col("balance") < 0)
        .with_columns(spell=pl.col("below").rle_id().over("account_id"))
        .group_by("account_id", "spell", maintain_order=True)
        .agg(pl.col("below").first(), began=pl.col("date").first(), depth=-pl.col("balance").first())
        .with_columns(ended=pl.col("began").shift(-1).over("account_id"))
        .filter("below")
        .join(loans.select("account_id", "client_id"), on="account_id")
        .with_columns(
            loan_id=pl.format("overdraft-{}-{}", "account_id", "spell"),
            depth=pl.max_horizontal("depth", pl.lit(1.0)),
        )
    )


def applications(loans: pl.DataFrame, moves: pl.DataFrame) -> pl.DataFrame:
    """The raw table of applications."""
    return loans.join(monthly_flows(loans, moves), on="account_id", how="left").select(
        application_id="loan_id",
        applicant_id="client_id",
        applied_at="applied_at",
        product=pl.lit("loan"),
        amount="amount",
        term_months=pl.col("duration"),
        channel=pl.lit("branch"),
        birth_date="birth_date",
        region="region",
        declared_income="declared_income",
        declared_monthly_debt="declared_monthly_debt",
        gender="gender",
    )


def overdraft_loans(spells: pl.DataFrame) -> pl.DataFrame:
    """Overdrafts as loans of ours with a single instalment."""
    return spells.select(
        loan_id="loan_id",
        applicant_id="client_id",
        happened_at="began",
        known_at=evening("began"),
        lender_id=pl.lit("this bank"),
        lender_type=pl.lit("own"),
        amount="depth",
        term_months=pl.lit(1),
        amount_repayable="depth",
        status_known_at=evening("ended"),
        closed_at="ended",
        status=pl.when(pl.col("ended").is_not_null()).then(pl.lit("repaid")),
    )


def overdraft_instalments(spells: pl.DataFrame) -> pl.DataFrame:
    """The single instalment of each overdraft: due when it began, paid when it ended."""
    return spells.select(
        instalment_id=pl.format("{}-1", "loan_id"),
        applicant_id="client_id",
        happened_at="began",
        known_at=evening("began"),
        loan_id="loan_id",
        number=pl.lit(1),
        amount_due="depth",
        payment_known_at=evening("ended"),
        paid_at="ended",
        amount_paid=pl.when(pl.col("ended").is_not_null()).then("depth"),
    )


def outcomes(loans: pl.DataFrame) -> pl.DataFrame:
    """What became of each loan, by the bank's mark."""
    bad = pl.col("status").is_in(["B", "D"])
    marked = pl.min_horizontal(pl.col("applied_at") + WINDOW, END)
    return loans.select(
        application_id="loan_id",
        decided_at="applied_at",
        decision=pl.lit("approved"),
        decided_by=pl.lit("person"),
        disbursed_at="applied_at",
        amount_disbursed="amount",
        first_30dpd_at=pl.when(bad).then(marked),
        first_60dpd_at=pl.when(bad).then(marked),
        observed_until=END,
    )


def main(source: Path, target: Path) -> None:
    """Read the bank's files, write Bamboo's raw tables, and say how many rows each holds."""
    loans, moves = loans_with_owner(source), transactions(source)
    spells = overdrafts(loans, moves)
    tables = (
        (APPLICATIONS, applications(loans, moves)),
        (LOANS, overdraft_loans(spells)),
        (INSTALMENTS, overdraft_instalments(spells)),
        (OUTCOMES, outcomes(loans)),
    )
    for table, frame in tables:
        write_frame(target / f"{table.name}.parquet", fitted(frame, table))
        print(f"{table.name}: {frame.height} rows")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("usage: python examples/berka/map_tables.py BERKA_FOLDER OUT_FOLDER")
    main(Path(sys.argv[1]), Path(sys.argv[2]))
