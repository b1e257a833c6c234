"""A champion as SQL: one SELECT that scores a table of features in a database, with the scorer's bits.

The statement is ANSI SQL and was tried on DuckDB and PostgreSQL. It reads one row per case, missing values as NULL, and
gives the case's id, margin, PD, points, tier and provisional decision. Trees are added in the order of the ensemble, as
the scorer adds them, so margins and points are equal to the last bit; the PD may differ in the last bit, because
databases have their own exponential.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np

from modelling.errors import SqlExportError
from scoring.conditions import ZERO, unpacked, words_of
from scoring.points import PointsMap
from scoring.spec import FeatureSpec, ModelSpec
from scoring.trees import MISSING_NAN, MISSING_NONE, MISSING_ZERO, Trees, node_starts

AT_ONCE: Final = 40
"""Trees added in one expression: databases limit how deep an expression may nest."""

FENCE: Final = "OFFSET 0 ROWS"
"""Ends a step. Without it PostgreSQL writes each step's expressions into every place of the next that names them, and
a statement of some hundred trees grows beyond any memory."""

MOST_LOG_ODDS: Final = 700.0
"""Beyond this the exponential leaves the range of a double, which PostgreSQL reports as an error."""


def sql_of(spec: ModelSpec, trees: Trees, *, table: str, case_id: str = "application_id") -> str:
    """Return the SELECT that scores a table.

    Args:
        spec: The champion's description.
        trees: Its trees.
        table: Table or view with one row per case and one column per feature, under the features' names: numbers as
            DOUBLE PRECISION, flags as BOOLEAN, categories as text; NULL where unknown, never NaN. A name with a point
            is taken as schema and table.
        case_id: Column that identifies the case.

    Raises:
        SqlExportError: a name is empty or holds NUL, which no database takes.
    """
    used = sorted(set(trees.feature.tolist()))
    source = ".".join(_quoted(part) for part in table.split("."))
    steps = [f"inputs AS (\n{_inputs(spec, used, source, case_id)}\n)", *_sums(trees)]
    last = len(steps) - 1
    return "WITH " + ",\n".join(steps) + f",\n{_scored(spec, last)}\n{_decided(spec)}\n"


def _quoted(name: str) -> str:
    if not name or "\x00" in name:
        raise SqlExportError(f"name == {name!r}, must be at least one character long and hold no NUL")
    return '"' + name.replace('"', '""') + '"'


def _text(word: str) -> str:
    return "'" + word.replace("'", "''") + "'"


def _number(value: float) -> str:
    """Return a literal that reads back to the same double everywhere: 17 digits, cast from the exact decimal."""
    return f"CAST({value:.16e} AS DOUBLE PRECISION)"


def _inputs(spec: ModelSpec, used: list[int], source: str, case_id: str) -> str:
    columns = [f"{_quoted(case_id)} AS case_id"]
    columns += [f"{_encoded(spec.features[place])} AS f{place}" for place in used]
    return "  SELECT\n    " + ",\n    ".join(columns) + f"\n  FROM {source}\n  {FENCE}"


def _encoded(feature: FeatureSpec) -> str:
    """Return the column as the trees compare it: values next to 0 as 0, flags as 1 and 0, categories as codes."""
    column = _quoted(feature.name)
    if feature.kind == "flag":
        return f"CASE WHEN {column} THEN {_number(1)} WHEN NOT {column} THEN {_number(0)} END"
    if feature.kind == "number":
        double = f"CAST({column} AS DOUBLE PRECISION)"
        return f"CASE WHEN ABS({double}) <= {_number(ZERO)} THEN {_number(0)} ELSE {double} END"
    known = "".join(f" WHEN {column} = {_text(word)} THEN {code}" for code, word in enumerate(feature.vocabulary))
    return f"CASE{known} WHEN {column} IS NOT NULL THEN {len(feature.vocabulary)} END"


def _sums(trees: Trees) -> Iterator[str]:
    """Give steps that each add some trees to the margin of the step before, in the order of the ensemble."""
    for step, start in enumerate(range(0, max(trees.count, 1), AT_ONCE), start=1):
        some = range(start, min(start + AT_ONCE, trees.count))
        begin = _number(0) if step == 1 else f"margin_{step - 1}"
        terms = "".join(f"\n    + {_tree(trees, tree)}" for tree in some)
        before = "inputs" if step == 1 else f"sum_{step - 1}"
        added = f"{begin}{terms} AS margin_{step}"
        yield f"sum_{step} AS (\n  SELECT {before}.*,\n    {added}\n  FROM {before}\n  {FENCE}\n)"  # noqa: S608 - numbers alone


def _tree(trees: Trees, tree: int) -> str:
    first = int(node_starts(trees)[tree])
    first_leaf = first + tree
    if not trees.tree_nodes[tree]:
        return _number(float(trees.leaf_value[first_leaf]))

    # Written out from the last node to the root: every child stands after its parent.
    written: dict[int, str] = {}
    for node in reversed(range(int(trees.tree_nodes[tree]))):
        left, right = (
            _number(float(trees.leaf_value[first_leaf + ~child])) if child < 0 else written.pop(child)
            for child in (int(trees.left[first + node]), int(trees.right[first + node]))
        )
        written[node] = f"CASE WHEN {_goes_left(trees, first + node)} THEN {left} ELSE {right} END"
    return written[0]


def _goes_left(trees: Trees, node: int) -> str:
    column = f"f{int(trees.feature[node])}"
    if trees.categorical[node]:
        codes = np.flatnonzero(unpacked(words_of(node, trees))).tolist()
        return f"{column} IN ({', '.join(map(str, codes))})" if codes else "1 = 0"
    return _compared(column, float(trees.threshold[node]), int(trees.missing[node]), bool(trees.default_left[node]))


def _compared(column: str, threshold: float, missing: int, default_left: bool) -> str:  # noqa: FBT001 - as stored
    """Return LightGBM's comparison; a NULL in it is no answer, and no answer goes right."""
    below = f"{column} <= {_number(threshold)}" if np.isfinite(threshold) else _infinite(column, threshold)
    if missing == MISSING_NAN:
        return f"({below} OR {column} IS NULL)" if default_left else below
    if missing == MISSING_ZERO:
        return f"({below} OR {column} = 0 OR {column} IS NULL)" if default_left else f"({below} AND {column} <> 0)"
    if missing == MISSING_NONE and threshold >= 0:
        return f"({below} OR {column} IS NULL)"
    return below


def _infinite(column: str, threshold: float) -> str:
    return f"{column} IS NOT NULL" if threshold > 0 else "1 = 0"


def _scored(spec: ModelSpec, last: int) -> str:
    line = PointsMap.of(spec.calibration, spec.scale)
    return (
        f"scored AS (\n  SELECT case_id, margin_{last} AS margin,\n"  # noqa: S608 - tiers are quoted by `_text`
        f"    {_number(line.intercept)} + {_number(line.slope)} * margin_{last} AS log_odds,\n"
        f"    {_number(line.at_zero)} + {_number(line.per_margin)} * margin_{last} AS points\n"
        f"  FROM sum_{last}\n  {FENCE}\n),\n"
        "calibrated AS (\n  SELECT case_id, margin, points,\n    CASE\n"
        f"      WHEN log_odds > {_number(MOST_LOG_ODDS)} THEN {_number(1)}\n"
        f"      WHEN log_odds >= 0 THEN 1 / (1 + EXP(-log_odds))\n"
        f"      WHEN log_odds < {_number(-MOST_LOG_ODDS)} THEN {_number(0)}\n"
        "      ELSE EXP(log_odds) / (1 + EXP(log_odds))\n    END AS pd\n"
        f"  FROM scored\n  {FENCE}\n),\n"
        f"tiered AS (\n  SELECT case_id, margin, pd, points,\n    {_tier(spec)} AS tier\n"
        f"  FROM calibrated\n  {FENCE}\n)"
    )


def _tier(spec: ModelSpec) -> str:
    *bounded, riskiest = spec.tiers
    if not bounded:
        return _text(riskiest.name)
    steps = "".join(f" WHEN pd <= {_number(tier.upper_pd)} THEN {_text(tier.name)}" for tier in bounded)
    return f"CASE{steps} ELSE {_text(riskiest.name)} END"


def _decided(spec: ModelSpec) -> str:
    approved = ", ".join(_text(name) for name in spec.policy.approved_tiers)
    provisional = f"CASE WHEN tier IN ({approved}) THEN 'approve' ELSE 'decline' END" if approved else "'decline'"
    return f"SELECT case_id, margin, pd, points, tier, {provisional} AS provisional\nFROM tiered"
