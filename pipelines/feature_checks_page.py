"""The page on which people read what the checks of a feature table found."""

from __future__ import annotations

from pipelines.feature_checks_result import DriftFound, FeatureChecks
from pipelines.validation_page import expectations_table
from reports.formats import count, number
from reports.page import Bullets, Callout, Code, Facts, Mark, Page, Section, Table


def feature_checks_page(found: FeatureChecks) -> Page:
    """Make the page: the answer in one sentence, drift, what is odd, and every expectation."""
    return Page(
        title="Checks of the feature table",
        lead=found.summary,
        facts=Facts(
            (
                ("Applications", count(found.rows)),
                ("Features", count(found.features)),
                ("Expectations", count(len(found.expectations)), "all held"),
                ("Moved", count(len(found.moved)), f"PSI from {number(found.warning, 1)}"),
            ),
            tiles=True,
        ),
        sections=(_drift(found), _odd(found), _expectations(found)),
        footer=(
            f"Feature table {found.table_sha256}",
            f"Content {found.content}",
            f"Definitions {found.definitions}",
        ),
    )


def _drift(found: FeatureChecks) -> Section:
    if not found.drift:
        words = "The table holds one month alone and no development sample was given, so drift was not measured."
        return Section("Drift", (Callout("note", words),), id="drift")
    lead = (
        f"The population stability index (PSI) of {count(found.later_rows)} applications against "
        f"{count(found.development_rows)} of {found.development}, on ten bins of the latter; 0 means that nothing "
        f"moved. From {number(found.warning, 1)}, and beyond chance, a feature is told to have moved. From "
        f"{number(found.failure, 1)} the column cannot be taken for the same feature, and the table fails."
    )
    rows = tuple(
        (
            Code(one.feature),
            number(one.psi, 4),
            number(one.chance, 4),
            _verdict(one),
        )
        for one in found.drift
    )
    table = Table(("Feature", "PSI", "By chance up to", "Verdict"), rows, align="lrrl")
    return Section("Drift", (table,), lead=lead, id="drift")


def _verdict(one: DriftFound) -> Mark:
    if one.verdict != "as before":
        return Mark(one.verdict, "warn" if one.verdict == "moved" else "muted")
    return Mark("more than chance, but small", "plain") if one.psi > one.chance else Mark("as before", "good")


def _odd(found: FeatureChecks) -> Section:
    block = Bullets(found.notices) if found.notices else Callout("good", "Nothing is odd.")
    return Section("Odd, but not wrong", (block,), id="odd")


def _expectations(found: FeatureChecks) -> Section:
    lead = "Derived from the declarations of the features: types, bounds, categories, null laws, counts, order, drift."
    return Section("Every expectation", (expectations_table(found.expectations),), lead=lead, id="expectations")
