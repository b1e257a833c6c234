"""A dataset from the lender's own tables."""

from __future__ import annotations

from modelling.from_features import _left_out


def test_features_without_value_are_told_in_one_line_per_family():
    assert _left_out(["identity_failed", *(f"behaviour_{n}" for n in range(6))]) == (
        "1 identity feature(s) left out, since no case in development has a value: identity_failed",
        (
            "6 behaviour feature(s) left out, since no case in development has a value: "
            "behaviour_0, behaviour_1, behaviour_2, behaviour_3 and 2 more"
        ),
    )
