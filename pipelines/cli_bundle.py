"""Commands that look at a bundle, check it, sign it and compare it with another."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from pipelines.cli_options import Json, Out, PublicKey
from pipelines.console import print_facts, print_json, print_table

if TYPE_CHECKING:
    from modelling.bundle_diff import Change, Moved
    from scoring.spec import ModelSpec

MOST_ALONE: Final = 10
"""So many things of one part that only one bundle holds are printed: models of other data share no feature at all."""

Folder = Annotated[Path, typer.Argument(metavar="BUNDLE", help="Folder of the bundle.")]


def register(app: typer.Typer) -> None:
    """Add the group of commands to the app."""
    bundles = typer.Typer(help="Look at a model bundle, check it, sign it, compare it.", no_args_is_help=True)
    for command in (show, verify, key, sign, diff):
        bundles.command()(command)
    app.add_typer(bundles, name="bundle")


def show(bundle: Folder, json: Json = False) -> None:
    """Show what a bundle holds: features, tiers, policy, and where the model came from."""
    from pipelines.bundle import show_bundle

    shown = show_bundle(bundle)
    if json:
        print_json(shown)
        return
    spec = shown.spec
    print_facts(
        [
            ("model", f"{spec.name} {spec.version}"),
            ("sha256", shown.sha256),
            ("signed", "yes; check by whom with bamboo bundle verify --public-key" if shown.signed else "no"),
            ("size", f"{shown.bytes / 1024:,.0f} KiB, format {shown.format}"),
            ("ensemble", shown.trees),
            ("features", len(spec.features)),
            ("PD is of", spec.provenance.bad_definition),
            ("calibration", f"log-odds = {spec.calibration.intercept:.4f} + {spec.calibration.slope:.4f} · margin"),
            ("points", f"{spec.scale.base_points:g} at {spec.scale.base_odds:g}:1, {spec.scale.pdo:g} double the odds"),
            ("value of calls", shown.call_value or "none: triggers alone decide"),
            ("golden cases", shown.golden),
            ("made", f"{spec.provenance.created_at} by {spec.provenance.code_version}"),
            ("MLflow run", spec.provenance.mlflow_run or "none"),
        ]
    )
    _show_spec(spec)


def _show_spec(spec: ModelSpec) -> None:
    tiers = [
        (tier.name, f"{tier.upper_pd:.2%}", "approve" if tier.name in spec.policy.approved_tiers else "decline")
        for tier in spec.tiers
    ]
    print_table("Tiers", ("tier", "PD up to", "provisionally"), tiers, right=(1,))
    rules = [
        (rule.id, f"{rule.feature} {rule.operator} {rule.bound:g}", rule.outcome) for rule in spec.policy.hard_rules
    ]
    if rules:
        print_table("Hard rules", ("rule", "when", "outcome"), rules)
    limits = [
        (limit.feature, f"{limit.limit:.0%} of the portfolio or more", limit.outcome)
        for limit in spec.policy.concentration_limits
    ]
    if limits:
        print_table("Limits of concentration", ("category of", "holds", "outcome"), limits)
    accepted = spec.provenance.accepted_gates
    gates = [
        (
            gate.name,
            "passed" if gate.passed else f"failed, accepted: {accepted.get(gate.name, 'by nobody')}",
            gate.found,
        )
        for gate in spec.provenance.gates
    ]
    if gates:
        print_table("Gates of promotion", ("gate", "result", "found"), gates)
    sources = [(name, digest) for name, digest in spec.provenance.data.items()]
    if sources:
        print_table("Data", ("source", "sha256"), sources, whole=(1,))


def verify(bundle: Folder, public_key: PublicKey = None, json: Json = False) -> None:
    """Check a bundle as a scorer does: hashes, signature (with a key), golden cases, explanations that add up."""
    from pipelines.bundle import verify_bundle
    from pipelines.keys import read_key

    checked = verify_bundle(bundle, public_key=None if public_key is None else read_key(public_key))
    if json:
        print_json(checked)
        return
    unchecked = "a signature is there and was NOT checked" if checked.signed else "not signed"
    by_key = "yes, by the key given" if checked.signed_by_key else f"{unchecked}; no --public-key was given"
    print_facts(
        [
            ("bundle", checked.folder),
            ("sha256", checked.sha256),
            ("files", f"{checked.files} as the manifest has them"),
            ("signed", by_key),
            ("golden cases", f"{checked.golden} got their scores again"),
        ]
    )


def key(out: Out, json: Json = False) -> None:
    """Make a key that signs bundles: two PEM files, the private one readable by its owner alone."""
    from pipelines.bundle import make_key

    private, public = make_key(out)
    if json:
        print_json({"private": private, "public": public})
        return
    print_facts([("private key, keep it secret", private), ("public key, give it to services", public)])


def sign(
    bundle: Folder,
    private_key: Annotated[Path, typer.Option(help="Ed25519 private key: PEM, or 32 raw bytes.")],
    json: Json = False,
) -> None:
    """Sign a bundle, after checking it; services that know the public key then take no other."""
    from pipelines.bundle import sign_bundle
    from pipelines.keys import read_key

    sha256 = sign_bundle(bundle, private_key=read_key(private_key, "private"))
    if json:
        print_json({"bundle": bundle, "sha256": sha256})
        return
    print_facts([("signed", bundle), ("sha256", sha256)])


def diff(
    before: Annotated[Path, typer.Argument(metavar="A", help="Folder of the first bundle.")],
    after: Annotated[Path, typer.Argument(metavar="B", help="Folder of the second bundle.")],
    cases: Annotated[
        Path | None, typer.Option(help="Feature table, to see how many points its cases move from A to B.")
    ] = None,
    case_id: Annotated[str | None, typer.Option(help="Its column that identifies a case.")] = None,
    sample: Annotated[int, typer.Option(min=1, help="Most cases to decide, spread evenly over the table.")] = 2000,
    json: Json = False,
) -> None:
    """Compare two bundles: features, trees, points, tiers, policy, and how many points cases move."""
    from pipelines.bundle import diff_bundles

    found = diff_bundles(before, after, cases=cases, case_id=case_id, sample=sample)
    if json:
        print_json(found)
        return
    if found.before == found.after:
        print_facts([("same bundle", found.before)])
        return
    print_facts([("A", f"{before}, {found.before}"), ("B", f"{after}, {found.after}")])
    print_table("Changes", ("part", "what", "A", "B"), _change_rows(found.changes))
    if found.moved is not None:
        _show_moved(found.moved, found.cases)


def _change_rows(changes: Sequence[Change]) -> list[tuple[str, str, str, str]]:
    """Return a line for each change; of what one bundle holds alone, the first few of each part."""
    alike: dict[tuple[str, bool, bool], list[Change]] = {}
    for change in changes:
        alike.setdefault((change.part, change.before is None, change.after is None), []).append(change)
    rows = []
    for (part, added, removed), found in alike.items():
        told = found[:MOST_ALONE] if added or removed else found
        rows += [(part, change.what, _cut(change.before), _cut(change.after)) for change in told]
        if len(told) < len(found):
            more = f"and {len(found) - len(told)} more in {'B' if added else 'A'} alone: see them with --json"
            rows.append((part, more, "", ""))
    return rows


def _cut(text: str | None) -> str:
    shown = "" if text is None else text
    return shown if len(shown) <= 60 else f"{shown[:57]}..."


def _show_moved(moved: Moved, given: int) -> None:
    most = moved.absolute
    sampled = f" of {given:,}; decide more with --sample" if moved.cases < given else ""
    print_facts(
        [
            ("cases decided by both", f"{moved.cases:,}{sampled}"),
            ("points unchanged", f"{moved.unmoved:.1%}"),
            ("points, mean change", f"{moved.mean:+.2f}"),
            ("half of them move by up to", f"{most['0.5']:.2f} points"),
            ("nine in ten, by up to", f"{most['0.9']:.2f} points"),
            ("largest move", f"{most['1']:.2f} points"),
            ("outcomes that change", f"{sum(n for a, b, n in moved.outcomes if a != b):,}"),
            ("of them by chance", f"{moved.by_chance:,}, picked at random by one control arm and not by the other"),
        ]
    )
    for title, counted in (("Tiers", moved.tiers), ("Outcomes", moved.outcomes)):
        changed = [(one, other, f"{count:,}") for one, other, count in counted if one != other]
        if changed:
            print_table(f"{title} that change", ("by A", "by B", "cases"), changed, right=(2,))
