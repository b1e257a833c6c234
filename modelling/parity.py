"""Whether all ways to score give the same bits: what each answered, held against the first that answered the same."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from modelling.errors import ModellingError
from scoring.spec import Gate

SCORE: Final = ("case_id", "margin", "pd", "points", "tier")
"""Fields of a decision that the model alone settles, so that the model before its export answers them, too."""

_NAMED_BY: Final = ("feature", "group", "id")
"""Fields by which a message tells the entries of a list apart."""

_MOST_SHOWN: Final = 120


class ParityError(ModellingError):
    """A way to score that gave no answer to compare; the message names the way and the case."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Answers:
    """What one way answered.

    Attributes:
        way: Its name.
        ids: The cases that it was asked about, in the order that all ways share.
        columns: Field of a decision to one value per case, plain as `Decision.to_dict` has it.
        seconds: What the way took; None when nobody measured.
    """

    way: str
    ids: tuple[str, ...]
    columns: Mapping[str, Sequence[object]]
    seconds: float | None = None


@dataclass(frozen=True, kw_only=True)
class Difference:
    """The first case, and in it the first field, that two ways give other bits.

    Attributes:
        case_id: The case.
        field: The field, as a path, such as ``contributions[income].points``.
        found: What the way gave, as Python writes it: equal texts are equal bits.
        expected: What the other gave.
        against: The other way.
    """

    case_id: str
    field: str
    found: str
    expected: str
    against: str

    def __str__(self) -> str:
        """Say it in words."""
        return f"case {self.case_id!r} gets {self.field} {self.found}, where {self.against} gives {self.expected}"


@dataclass(frozen=True, kw_only=True)
class WayParity:
    """One way held against those before it.

    Attributes:
        way: Its name.
        cases: Cases that it answered.
        equal: Those of them in which every field has the bits that the first way gave that answered it.
        worst: Largest absolute difference of points; 0 where points are equal.
        seconds: What the way took; None when nobody measured.
        against: Field to the way that it was held against; empty for the first way.
        first: The first difference; None when there is none.
    """

    way: str
    cases: int
    equal: int
    worst: float
    seconds: float | None
    against: Mapping[str, str]
    first: Difference | None

    @property
    def holds(self) -> bool:
        """Whether every case is equal."""
        return self.equal == self.cases


def answers_of(way: str, ids: Sequence[str], plain: Sequence[Mapping[str, object]]) -> Answers:
    """Return what a way decided as columns.

    Args:
        way: Its name.
        ids: The cases that it was asked about.
        plain: One decision for each, in the same order, as `Decision.to_dict` gives it or JSON holds it.

    Raises:
        ParityError: There are more or fewer decisions than cases, or one lacks a field of the first.
    """
    if len(plain) != len(ids):
        raise ParityError(f"{way} gave {len(plain)} decisions for {len(ids)} cases; it must give one for each")
    names = tuple(plain[0]) if plain else ()
    for case_id, one in zip(ids, plain, strict=True):
        if tuple(one) != names:
            raise ParityError(f"{way} gave case {case_id!r} the fields {', '.join(one)}, and others {', '.join(names)}")
    return Answers(way=way, ids=tuple(ids), columns={name: [one[name] for one in plain] for name in names})


def held_together(answers: Sequence[Answers]) -> tuple[WayParity, ...]:
    """Hold each way, field by field, against the first way that answered the field.

    The order of the answers says who stands for what is right: the model as it was trained first.

    Raises:
        ParityError: Two ways were asked about other cases.
    """
    first: dict[str, Answers] = {}
    found = []
    for each in answers:
        if each.ids != answers[0].ids:
            raise ParityError(f"{each.way} was asked about other cases than {answers[0].way}; ask all about the same")
        found.append(_held(each, {field: first[field] for field in each.columns if field in first}))
        first = dict.fromkeys(each.columns, each) | first
    return tuple(found)


def scorer_agrees(ways: Sequence[WayParity]) -> Gate:
    """Ask whether a model scores the same in every way in which it is going to be used."""
    broken = [way for way in ways if not way.holds]
    return Gate(
        name="scorer_agrees",
        passed=not broken,
        found="; ".join(map(_broken_words, broken)) or _held_words(ways),
        needed="every case gets the same bits in every way",
        why="the model that decides must be the one that was measured, wherever it runs",
    )


def _held_words(ways: Sequence[WayParity]) -> str:
    told = {way.way: max(other.cases for other in ways if other.way == way.way) for way in ways}
    return "the same bits for real cases and for those at the model's edges from " + ", ".join(
        f"{way} ({cases:,} cases)" for way, cases in told.items()
    )


def _broken_words(way: WayParity) -> str:
    return f"{way.way} gives {way.cases - way.equal:,} of {way.cases:,} cases other bits: {way.first}"


def _held(each: Answers, others: Mapping[str, Answers]) -> WayParity:
    differing = {
        place: told for place in range(len(each.ids)) if (told := _difference_in(each, others, place)) is not None
    }
    return WayParity(
        way=each.way,
        cases=len(each.ids),
        equal=len(each.ids) - len(differing),
        worst=_worst(each, others.get("points")),
        seconds=each.seconds,
        against={field: other.way for field, other in others.items()},
        first=next(iter(differing.values()), None),
    )


def _difference_in(each: Answers, others: Mapping[str, Answers], place: int) -> Difference | None:
    for field, other in others.items():
        told = first_difference(other.columns[field][place], each.columns[field][place], field)
        if told is not None:
            path, expected, found = told
            return Difference(
                case_id=each.ids[place],
                field=path,
                found=shown_value(found),
                expected=shown_value(expected),
                against=other.way,
            )
    return None


def first_difference(expected: object, found: object, path: str) -> tuple[str, object, object] | None:
    """Return where two plain values part and what stands there in each; None when all bits are equal.

    Types count: 1, 1.0 and True are three values; 0.0 and -0.0 are two. So does the order of keys, which JSON keeps.
    """
    if isinstance(expected, dict) and isinstance(found, dict) and list(expected) == list(found):
        pairs = [(f"{path}.{name}", value, found[name]) for name, value in expected.items()]
    elif isinstance(expected, list) and isinstance(found, list) and len(expected) == len(found):
        pairs = [
            (f"{path}[{_name(one, place)}]", one, other)
            for place, (one, other) in enumerate(zip(expected, found, strict=True))
        ]
    else:
        return None if _same(expected, found) else (path, expected, found)
    return next((told for inner, one, other in pairs if (told := first_difference(one, other, inner))), None)


def _same(expected: object, found: object) -> bool:
    if isinstance(expected, float) and isinstance(found, float):
        return expected.hex() == found.hex()
    return type(expected) is type(found) and not isinstance(expected, dict) and expected == found


def _name(item: object, place: int) -> object:
    named = [item[key] for key in _NAMED_BY if key in item] if isinstance(item, dict) else []
    return named[0] if named else place


def shown_value(value: object) -> str:
    """Return a value as a message may hold it: a number whole, what is longer cut."""
    text = repr(value)
    return text if len(text) <= _MOST_SHOWN else f"{text[:_MOST_SHOWN]}… ({len(text)} characters)"


def _worst(each: Answers, other: Answers | None) -> float:
    if other is None:
        return 0.0
    pairs = zip(other.columns["points"], each.columns["points"], strict=True)
    return max((abs(a - b) for a, b in pairs if isinstance(a, float) and isinstance(b, float)), default=0.0)
