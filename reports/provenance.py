"""Where a page's figures come from: versions, hashes and seeds, so that they can be made again."""

from __future__ import annotations

from datetime import datetime

from reports import formats
from reports.page import Code, Facts, Section, Table, Text
from scoring.spec import ModelSpec


def provenance(spec: ModelSpec, bundle: str = "") -> Section:
    """Show what made the model: bundle, code, data, packages, seeds, run."""
    origin = spec.provenance
    items: list[tuple[str, Text]] = [("Model", f"{spec.name} {spec.version}")]
    if bundle:
        items.append(("Bundle (SHA-256 of its manifest)", Code(bundle)))
    items += [
        ("Made", origin.created_at),
        ("Code", Code(origin.code_version)),
        ("Default means", origin.bad_definition),
        ("Developed on", origin.development or formats.NOTHING),
        ("MLflow run", Code(origin.mlflow_run) if origin.mlflow_run else "none"),
        ("Seeds", ", ".join(f"{name} {seed}" for name, seed in sorted(origin.seeds.items())) or "none"),
        ("Packages", ", ".join(f"{name} {version}" for name, version in sorted(origin.packages.items())) or "none"),
    ]
    data = Table(
        ("Source", "SHA-256 of its content"),
        tuple((name, Code(digest)) for name, digest in sorted(origin.data.items())),
        "Data",
    )
    return Section(
        "Where it comes from",
        (Facts(tuple(items)), data),
        lead="With these, the same numbers can be made again.",
        id="provenance",
    )


def footer(spec: ModelSpec, bundle: str, made_at: datetime | None) -> tuple[Text, ...]:
    """Lines under a page: model, bundle, and when the page was made."""
    made = f" Page made {formats.moment(made_at)}." if made_at else ""
    return (("Bamboo. Model ", f"{spec.name} {spec.version}, bundle ", Code(formats.fingerprint(bundle)), f".{made}"),)
