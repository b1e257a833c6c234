"""What a call found about one case, and what the score made of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from reports import formats
from reports.page import Block, Callout, Code, Inline, Mark, Section, Table, Text
from review.answers import Answer
from scoring.after_call import final_outcome
from scoring.decision import Decision
from scoring.spec import ModelSpec, Outcome

OUTCOMES: Final = {
    "approve": Mark("approve", "good"),
    "decline": Mark("decline", "bad"),
    "phone_review": Mark("phone review", "warn"),
}
"""How outcomes are shown."""


@dataclass(frozen=True, kw_only=True)
class Review:
    """What a call found, and the decision that was made from it.

    Attributes:
        answers: Answers of the call to this case.
        after: The decision after the answers were scored by the same bundle.
        caller: Who called; empty when not recorded.
        called_at: When; None when not recorded.
    """

    answers: tuple[Answer, ...]
    after: Decision
    caller: str = ""
    called_at: datetime | None = None

    @property
    def reached(self) -> bool:
        """Whether the applicant was reached."""
        return any(answer.status != "not_reached" for answer in self.answers)

    @property
    def outcome(self) -> Outcome:
        """What follows now that the call is made: nobody is called a second time."""
        return final_outcome(self.after)


def call(decision: Decision, review: Review, spec: ModelSpec) -> Section:
    """Show the answers of a call, and the decision before and after them."""
    after = review.after
    if not review.reached:
        lead = f"Nobody was reached, so the score stands.{_who(review)} {_final(review)}"
        return Section("The call", (), lead=lead, id="call")
    lead = (
        f"The call was answered as below, and the same bundle scored the case again: {formats.points(decision.points)} "
        f"points before, {formats.points(after.points)} after.{_who(review)} {_final(review)}"
    )
    before_after = Table(
        ("", "Before the call", "After the call"),
        (
            ("Score (points)", formats.points(decision.points), formats.points(after.points)),
            ("Default probability", formats.percent(decision.pd, 2), formats.percent(after.pd, 2)),
            ("Tier", decision.tier, after.tier),
            ("On the tier alone", OUTCOMES[decision.provisional], OUTCOMES[after.provisional]),
            ("Outcome", OUTCOMES[decision.outcome], OUTCOMES[review.outcome]),
            ("Bundle", Code(formats.fingerprint(decision.bundle)), Code(formats.fingerprint(after.bundle))),
        ),
        "Before and after",
        align="lll",
    )
    warning = (
        []
        if decision.bundle == after.bundle
        else [Callout("problem", "The two decisions come from different bundles.")]
    )
    blocks: tuple[Block, ...] = (
        *warning,
        _answers(review, spec),
        before_after,
        *reasons_table(after, "Reasons after the call"),
    )
    return Section("The call", (*blocks, _moved(decision, after)), lead=lead, id="call")


def _who(review: Review) -> str:
    by = f" by {review.caller}" if review.caller else ""
    at = f"on {formats.moment(review.called_at)}" if review.called_at else ""
    return f" Called {at}{by}.".replace("  ", " ") if by or at else ""


def _final(review: Review) -> str:
    words = {"approve": "it is approved", "decline": "it is declined", "phone_review": "a person decides"}
    return f"Nobody is called twice, so what follows is settled: {words[review.outcome]}."


def reasons_table(decision: Decision, caption: str = "") -> tuple[Table, ...]:
    """Reasons of a decision in both languages, worst first; nothing when it gives none."""
    if not decision.reasons:
        return ()
    rows = tuple(
        (reason.en, reason.zh, formats.points(reason.points_lost), codes(reason.features, most=4))
        for reason in decision.reasons
    )
    return (Table(("Reason", "In Chinese", "Points lost", "Features"), rows, caption, align="llrl"),)


def codes(names: Sequence[str], most: int = 8) -> Text:
    """Names one after the other, the first few of them when there are many."""
    pieces: list[Inline] = []
    for name in names[:most]:
        pieces += [", ", Code(name)] if pieces else [Code(name)]
    return (*pieces, f" and {len(names) - most} more") if len(names) > most else tuple(pieces)


def _answers(review: Review, spec: ModelSpec) -> Table:
    questions = {question.id: question for question in spec.questions}
    rows: list[tuple[Text, ...]] = []
    for answer in review.answers:
        question = questions.get(answer.question or "")
        unit = question.unit if question else ""
        value = formats.fact(answer.value, unit) if answer.status == "answered" else formats.NOTHING
        rows.append(
            (
                question.en if question else "the whole case",
                question.zh if question else "",
                Mark(answer.status.replace("_", " ")),
                value,
            )
        )
    return Table(("Question", "In Chinese", "Status", "Answer"), tuple(rows), "Answers", align="llll")


def _moved(decision: Decision, after: Decision) -> Table:
    earlier = {c.feature: c for c in decision.contributions}
    moved = [(earlier[c.feature], c) for c in after.contributions if c.feature in earlier]
    moved = [(old, new) for old, new in moved if old.value != new.value or abs(new.points - old.points) >= 0.05]
    moved.sort(key=lambda pair: (-abs(pair[1].points - pair[0].points), pair[0].feature))
    rows = tuple(
        (
            Code(old.feature),
            formats.fact(old.value),
            formats.fact(new.value),
            formats.points(old.points, signed=True),
            formats.points(new.points, signed=True),
            formats.points(new.points - old.points, signed=True),
        )
        for old, new in moved
    )
    return Table(
        ("Feature", "Value before", "Value after", "Points before", "Points after", "Moved by"),
        rows,
        "What the answers changed",
        align="lrrrrr",
        note="Features whose value changed, or whose points moved by at least 0.05 because they act together with one "
        "that changed.",
    )
