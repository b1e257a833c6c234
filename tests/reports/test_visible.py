"""Hostile characters become visible, and nothing else changes."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.visible import LONGEST, visible


@pytest.mark.parametrize(
    ("hostile", "shown"),
    [
        ("pay\u202eroll", "pay⟨U+202E⟩roll"),
        ("\u2066x\u2069", "⟨U+2066⟩x⟨U+2069⟩"),
        ("\ud800", "⟨U+D800⟩"),
        ("a\x00b", "a⟨U+0000⟩b"),
        ("\u200b", "⟨U+200B⟩"),
        ("\u2028", "⟨U+2028⟩"),
    ],
)
def test_characters_that_hide_or_reorder_are_written_out(hostile, shown):
    assert visible(hostile) == shown


@given(st.text(max_size=300))
def test_the_result_always_encodes_and_holds_no_control(text):
    found = visible(text)

    found.encode()
    assert not {c for c in found if unicodedata.category(c) in {"Cc", "Cf", "Cs"}} - {"\n", "\t"}


@given(st.text(st.characters(categories=["L", "N", "P", "Zs"]), max_size=200))
def test_ordinary_text_stays_as_it_is(text):
    assert visible(text) == text


def test_a_very_long_text_is_cut_and_says_so():
    found = visible("x" * (LONGEST + 1_000_000))

    assert found == "x" * LONGEST + "… (1,000,000 more characters)"


def test_stacked_marks_cannot_climb_over_their_neighbours():
    assert visible("e" + "\u0301" * 50) == "e" + "\u0301" * 4
