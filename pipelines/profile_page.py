"""The page about a synthetic lender: what it looks like, and whether what was planted is in the data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from reports.charts import Axis, Band, Bar, bars, lines
from reports.formats import count, moment, number, percent
from reports.page import Callout, Chart, Facts, Page, Section, Table
from synthetic.lender import Planted
from synthetic.profile import ColumnAuc, Profile, Rates
from synthetic.strength import Strength
from synthetic.writer import Written


def profile_page(name: str, written: Written, profile: Profile, share: float) -> Page:
    """Make the page.

    Args:
        name: Name of the recipe.
        written: What was written.
        profile: The profile of it, or of a sample.
        share: Share of the persons that the profile looked at.
    """
    labelled = sum(rates.labelled for rates in profile.months)
    bad = sum(rates.bad * rates.labelled for rates in profile.months if rates.labelled) / labelled if labelled else None
    approved = sum(rates.approved * rates.applications for rates in profile.months) / profile.applications
    return Page(
        title=f"Synthetic lender: {name}",
        lead=(
            f"{written.applicants:,} made-up applicants and their {written.rows['truth']:,} applications from "
            f"{moment(profile.first)} to {moment(profile.last)}. Everything here is invented, and the truth behind "
            "every application is known, so models and policies can be judged against it."
        ),
        facts=Facts(
            (
                ("applications", f"{written.rows['truth']:,}"),
                ("approved", percent(approved)),
                ("bad among approved loans with a label", percent(bad)),
                ("rows in all tables", f"{sum(written.rows.values()):,}"),
            ),
            tiles=True,
        ),
        sections=(
            *_sampled(profile, share),
            *_left_out(profile, written, share),
            _mechanisms(profile.mechanisms),
            _months(profile.months),
            _groups(profile),
            _columns(profile.columns),
            _dirt(written.planted),
            _files(written),
        ),
        footer=(f"Recipe {name}, seed {written.seed}.", f"The extract ends {moment(written.extract_at)}."),
    )


def _sampled(profile: Profile, share: float) -> tuple[Section, ...]:
    if share >= 1:
        return ()
    text = (
        f"The lender is large, so the figures below come from a sample of {percent(share)} of its persons with all "
        f"their rows: {profile.applications:,} applications. Counts of rows and of planted bad rows are of the whole."
    )
    return (Section("A sample", (Callout("note", text),)),)


def _left_out(profile: Profile, written: Written, share: float) -> tuple[Section, ...]:
    missing = written.rows["truth"] - profile.applications
    if share < 1 or not missing:
        return ()
    text = (
        f"The figures below are those of {profile.applications:,} applications: {missing:,} are left out, because "
        "planted bad rows leave no sound row of theirs. A label needs the whole window to be observed."
    )
    return (Section("What the figures rest on", (Callout("note", text),)),)


def _mechanisms(found: Sequence[Strength]) -> Section:
    rows = tuple(
        (s.name, s.measure, _value(s.planted), _value(s.found), f"{_value(s.lower)} to {_value(s.upper)}", f"{s.n:,}")
        for s in found
    )
    table = Table(
        ("mechanism", "measure", "planted", "found", "95 % interval", "cases"),
        rows,
        caption="What was planted, and how strong it is in the data.",
        align="llrrrr",
        note="Where the recipe does not say the number itself, the column planted is empty.",
    )
    return Section("Planted mechanisms", (table,), lead="Each mechanism of the recipe, looked for in the tables.")


def _value(value: float | None) -> str:
    return number(value, 3)


def _months(months: Sequence[Rates]) -> Section:
    names = [rates.group for rates in months]
    volume = lines(names, [Band(name="applications", values=[float(rates.applications) for rates in months])],
                   x="month", y=Axis(label="applications", form=count, lower=0.0))  # fmt: skip
    shares = lines(
        names,
        [
            Band(name="would go bad", values=[rates.would_be_bad for rates in months]),
            Band(name="bad, of approved", values=[rates.bad if rates.labelled else None for rates in months]),
        ],
        x="month",
        y=Axis(label="share", form=percent, lower=0.0),
    )
    return Section(
        "By month",
        (
            Chart(volume, "Applications grow, with festivals, sales and the macro shock."),
            Chart(shares, "What would go bad had everybody been paid, and what went bad among approved loans."),
            _rates_table("month", months),
        ),
    )


def _groups(profile: Profile) -> Section:
    return Section(
        "By channel and by truth",
        (_rates_table("channel", profile.channels), _rates_table("tier of truth", profile.tiers)),
        lead="Tiers of truth are bands of the true default probability, A the safest.",
    )


def _rates_table(group: str, rates: Sequence[Rates]) -> Table:
    return Table(
        (group, "applications", "approved", "with a label", "bad", "would go bad", "mean true probability"),
        tuple(
            (
                r.group,
                f"{r.applications:,}",
                percent(r.approved),
                f"{r.labelled:,}",
                percent(r.bad),
                percent(r.would_be_bad),
                percent(r.default_probability),
            )
            for r in rates
        ),
        align="lrrrrrr",
    )


def _columns(columns: Sequence[ColumnAuc]) -> Section:
    drawn = bars([Bar(name=c.column, value=c.auc - 0.5) for c in columns], x=Axis(label="AUC less 0.5"))
    rows = tuple((c.column, number(c.auc, 3), f"{c.n:,}", f"{c.bad:,}") for c in columns)
    return Section(
        "What single columns tell",
        (
            Chart(drawn, "Right of the line: higher values are worse. Left: higher values are better."),
            Table(("column", "AUC", "applications", "would go bad"), rows, align="lrrr"),
        ),
        lead="How well one column alone ranks all applications by whether they would go bad.",
    )


def _dirt(planted: Planted) -> Section:
    kinds = sorted({kind for counts in planted.dirt.values() for kind in counts})
    rows = tuple(
        (table, *(f"{counts[kind]:,}" if kind in counts else "" for kind in kinds))
        for table, counts in planted.dirt.items()
    )
    table = Table(
        ("table", *(kind.replace("_", " ") for kind in kinds)),
        rows,
        align="l" + "r" * len(kinds),
        note="A conflict is one key in two rows of different content, counted once here; validation sets both aside. "
        "Empty: the table cannot hold such a row.",
    )
    return Section("Planted bad rows", (table,), lead="What a validation of these tables must find, no more, no less.")


def _files(written: Written) -> Section:
    rows = tuple(
        (name, f"{written.rows[name.removesuffix('.parquet')]:,}", sha) for name, sha in _sorted(written.files)
    )
    return Section("Files", (Table(("file", "rows", "SHA-256"), rows, align="lrl"),))


def _sorted(files: Mapping[str, str]) -> list[tuple[str, str]]:
    return sorted(files.items())
