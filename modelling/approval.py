"""Which tiers pay."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from scoring.spec import Economics, Tier


def profitable_tiers(
    tiers: Sequence[Tier], economics: Economics, bad_rates: Mapping[str, float] | None = None
) -> tuple[str, ...]:
    """Return the tiers whose loans are expected to earn more than they lose, from the safest on.

    The safest tier is always among them: a lender without any approved tier needs another product, not another policy.

    Args:
        tiers: All tiers, safest first.
        economics: What a good loan earns and a bad one loses.
        bad_rates: Tier to its observed bad rate on cases the model did not see. A tier that is not in it is judged by
            its rate in development, and without one by its upper PD.
    """
    measured = dict(bad_rates or {})
    approved = [tiers[0].name]
    for tier in tiers[1:]:
        development = tier.upper_pd if tier.development_pd is None else tier.development_pd
        bad_rate = measured.get(tier.name, development)
        if (1 - bad_rate) * economics.margin_rate <= bad_rate * economics.loss_rate:
            break
        approved.append(tier.name)
    return tuple(approved)
