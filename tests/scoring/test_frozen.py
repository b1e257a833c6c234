"""A record that was made the quick way is the record that its constructor makes, and as frozen."""

from __future__ import annotations

import pickle
from dataclasses import FrozenInstanceError, dataclass, fields, replace

import pytest

from scoring import Reason, Trigger
from scoring.frozen import maker


@dataclass(frozen=True, kw_only=True, slots=True)
class Pair:
    """Two fields by name only."""

    first: int
    second: str


VALUES = {
    Pair: (1, "a"),
    Reason: ("group", 3.5, ("one", "two"), "words", "字"),
    Trigger: ("conflict", "trigger", {"lost": 2.0}, "words", "字"),
}


@pytest.mark.parametrize("kind", VALUES, ids=lambda kind: kind.__name__)
def test_it_is_the_record_that_the_constructor_makes(kind):
    names = [each.name for each in fields(kind)]
    made, usual = maker(kind)(*VALUES[kind]), kind(**dict(zip(names, VALUES[kind], strict=True)))
    assert type(made) is kind
    assert made == usual
    assert repr(made) == repr(usual)
    assert pickle.loads(pickle.dumps(made)) == usual  # noqa: S301 - made here
    assert replace(made, **{names[0]: VALUES[kind][0]}) == usual


@pytest.mark.parametrize("kind", VALUES, ids=lambda kind: kind.__name__)
def test_it_is_as_frozen(kind):
    made = maker(kind)(*VALUES[kind])
    for each in fields(kind):
        with pytest.raises(FrozenInstanceError, match=each.name):
            setattr(made, each.name, None)
        with pytest.raises(FrozenInstanceError, match=each.name):
            delattr(made, each.name)


def test_a_value_too_few_or_too_many_is_refused():
    with pytest.raises(TypeError, match="missing 1 required positional argument: 'second'"):
        maker(Pair)(1)
    with pytest.raises(TypeError, match="takes 3 positional arguments but 4 were given"):
        maker(Pair)(1, "a", 2)


def test_fields_may_be_left_empty():
    made = maker(Pair, without=("first",))("a")
    assert made.second == "a"
    with pytest.raises(AttributeError, match="first"):
        _ = made.first
