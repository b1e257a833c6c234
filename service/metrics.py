"""What a service counts, in the form that Prometheus reads; every service has a registry of its own."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from scoring.decision import Decision
from service.serving import Serving

BUCKETS: Final = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 5.0)
"""Upper ends of the classes of latency, in seconds."""


class Metrics:
    """Counts requests, decisions and reloads. Labels are names of the API and of the model, never values of a case."""

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        self.in_flight = Gauge("bamboo_requests_in_flight", "Requests being answered.", registry=registry)
        self._requests = Counter(
            "bamboo_requests", "Requests by route and status.", ("route", "status"), registry=registry
        )
        self._seconds = Histogram(
            "bamboo_request_seconds",
            "Seconds from the request's headers to the end of its answer.",
            ("route",),
            registry=registry,
            buckets=BUCKETS,
        )
        labels = ("outcome", "tier", "routed_by")
        self._decisions = Counter("bamboo_decisions", "Decisions by what they say.", labels, registry=registry)
        self._unseen = Counter(
            "bamboo_unseen_categories", "Categories never seen in development.", ("feature",), registry=registry
        )
        self._bundle = Gauge(
            "bamboo_bundle_info", "The bundle in use.", ("sha256", "model", "version"), registry=registry
        )
        self._reloads = Counter("bamboo_reloads", "Reloads of the bundle, by result.", ("result",), registry=registry)
        for result in ("ok", "failed"):
            self._reloads.labels(result)

    def answered(self, route: str, status: int, seconds: float) -> None:
        """Count a request that was answered."""
        self._requests.labels(route, status).inc()
        self._seconds.labels(route).observe(seconds)

    def decided(self, decisions: Iterable[Decision]) -> None:
        """Count decisions that were given."""
        for decision in decisions:
            self._decisions.labels(decision.outcome, decision.tier, decision.routed_by).inc()
            for feature in decision.unseen:
                self._unseen.labels(feature).inc()

    def serves(self, serving: Serving) -> None:
        """Tell of the bundle in use, in the place of the one before."""
        self._bundle.clear()
        self._bundle.labels(serving.scorer.sha256, serving.spec.name, serving.spec.version).set(1)

    def reloaded(self, *, ok: bool) -> None:
        """Count a reload."""
        self._reloads.labels("ok" if ok else "failed").inc()

    def text(self) -> bytes:
        """Return everything that was counted, in Prometheus' text format."""
        return generate_latest(self.registry)
