"""Where a page's figures come from: versions, hashes and seeds, so that they can be made again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from reports import formats
from reports.page import Callout, Code, Facts, Section, Table, Text
from scoring.spec import FeatureSpec, ModelSpec, Provenance


@dataclass(frozen=True, kw_only=True)
class Origin:
    """The model that a page speaks of, bundled or not yet.

    Attributes:
        name: Name of the model.
        version: Its version; empty before it is bundled.
        features: Its features, in the model's order.
        provenance: Where it comes from.
        bundle: SHA-256 of the bundle's manifest; empty before it is bundled.
    """

    name: str
    version: str
    features: tuple[FeatureSpec, ...]
    provenance: Provenance
    bundle: str = ""

    @classmethod
    def of_bundle(cls, spec: ModelSpec, bundle: str) -> Origin:
        """Return the origin of a bundled model."""
        return cls(
            name=spec.name, version=spec.version, features=spec.features, provenance=spec.provenance, bundle=bundle
        )

    @property
    def title(self) -> str:
        """Name and version."""
        return f"{self.name} {self.version}".strip()


def provenance(origin: Origin) -> Section:
    """Show what made the model: bundle, code, data, packages, seeds, run; and gates that a person answers for."""
    made = origin.provenance
    items: list[tuple[str, Text]] = [("Model", origin.title)]
    if origin.bundle:
        items.append(("Bundle (SHA-256 of its manifest)", Code(origin.bundle)))
    items += [
        ("Made", _when(made.created_at)),
        ("Code", Code(made.code_version)),
        ("Bad means", made.bad_definition),
        ("Developed on", made.development or formats.NOTHING),
        ("MLflow run", Code(made.mlflow_run) if made.mlflow_run else "none"),
        ("Seeds", _listed(made.seeds)),
        ("Packages", _listed(made.packages)),
    ]
    data = Table(
        ("Source", "SHA-256 of its content"),
        tuple((name, Code(digest)) for name, digest in sorted(made.data.items())),
        "Data",
    )
    lead = "With these, the same numbers can be made again."
    accepted = tuple(
        Callout("warning", f"{name.replace('_', ' ')}: {why}", "A gate failed and a person accepted that.")
        for name, why in sorted(made.accepted_gates.items())
    )
    return Section("Where it comes from", (*accepted, Facts(tuple(items)), data), lead=lead, id="provenance")


def footer(origin: Origin, made_at: datetime | None) -> tuple[Text, ...]:
    """Lines under a page: model, bundle, and when the page was made."""
    made = f" Page made {formats.moment(made_at)}." if made_at else ""
    if not origin.bundle:
        return (f"Bamboo. Model {origin.title}.{made}",)
    return ((f"Bamboo. Model {origin.title}, bundle ", Code(formats.fingerprint(origin.bundle)), f".{made}"),)


def _when(told: str) -> str:
    try:
        return formats.moment(datetime.fromisoformat(told))
    except ValueError:
        return told


def _listed(named: Mapping[str, object]) -> str:
    return ", ".join(f"{name} {named[name]}" for name in sorted(named)) or "none"
