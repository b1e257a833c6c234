"""What a synthetic lender is made from: every parameter, with its meaning and its bounds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date
from typing import Annotated

from synthetic.reading import Amount, Bounds, Count, Effect, Positive, Share, read_record

CHANNELS = ("app_store", "search", "social", "partner", "referral", "agent")
TYPES = ("bank", "consumer_finance", "small_loan")


@dataclass(frozen=True, kw_only=True)
class Calendar:
    """When people apply.

    Attributes:
        start: First day of applications.
        months: Months of applications.
        extract_after_days: Days from the last application to the extract; at least a week, so that all are decided.
        growth_per_year: Growth of daily applications over a year; 0.4 is 40 %.
        weekend: Applications on a Saturday or Sunday, relative to a Wednesday.
        spring_festival_rise: Added share of applications in the three weeks before spring festival.
        spring_festival_dip: Missing share of applications in the festival week.
        june_sale: Added share of applications around 18 June.
        november_sale: Added share of applications around 11 November.
        shock_start: First day of the macro shock.
        shock_days: Its length in days.
        shock_demand: Added share of applications while it lasts.
        fraud_wave: How many times more often fraud rings start during the macro shock.
    """

    start: date
    months: Positive
    extract_after_days: Annotated[int, Bounds(7, 3650)]
    growth_per_year: Amount
    weekend: Amount
    spring_festival_rise: Amount
    spring_festival_dip: Share
    june_sale: Amount
    november_sale: Amount
    shock_start: date
    shock_days: Positive
    shock_demand: Amount
    fraud_wave: Amount


@dataclass(frozen=True, kw_only=True)
class People:
    """Who applies.

    Attributes:
        male: Share of men.
        ability_willingness: Correlation of the ability to repay with the willingness to.
        ability_need: Correlation of ability with the need for cash.
        willingness_need: Correlation of willingness with need.
        digital_need: Correlation of digital habit with need.
        employer_exponent: Exponent of Zipf's law of employers' sizes.
        employers: Number of different employers.
        household: Share of persons whose partner is an applicant, too.
    """

    male: Share
    ability_willingness: Effect
    ability_need: Effect
    willingness_need: Effect
    digital_need: Effect
    employer_exponent: Amount
    employers: Positive
    household: Share


@dataclass(frozen=True, kw_only=True)
class Channel:
    """Where applicants come from.

    Attributes:
        share: Weight at the start of the calendar.
        drift: Growth of the logarithm of the weight over a year.
        need: How strongly needy people are drawn to it.
        willingness: How strongly willing people are drawn to it.
        misreport: Effect on the log-odds of a misreport.
        hazard: Effect on the log-odds of default.
    """

    share: Amount
    drift: Effect
    need: Effect
    willingness: Effect
    misreport: Effect
    hazard: Effect


@dataclass(frozen=True, kw_only=True)
class Channels:
    """Every channel; the agent channel coaches its applicants."""

    app_store: Channel
    search: Channel
    social: Channel
    partner: Channel
    referral: Channel
    agent: Channel

    def column(self, name: str) -> tuple[float, ...]:
        """Return one parameter of all channels, in the order of ``CHANNELS``."""
        return tuple(getattr(getattr(self, channel), name) for channel in CHANNELS)


@dataclass(frozen=True, kw_only=True)
class LenderType:
    """One kind of other lender and how the bureau sees it.

    Attributes:
        share: Weight among borrowings of an average person.
        need: How strongly needy people are drawn to it.
        ability: How strongly able people are drawn to it.
        lenders: Number of lenders.
        coverage: Share of its lenders' loans that the bureau ever learns of.
        inquiry_coverage: Share of its inquiries that the bureau ever learns of.
        lag_days: Mean days until a loan, a due instalment or a payment is reported.
        inquiry_lag_days: Mean days until an inquiry is reported.
        grants: Share of inquiries that end in a loan.
        amount: Median amount lent, in yuan.
        yearly_rate: Mean yearly rate of interest.
    """

    share: Amount
    need: Effect
    ability: Effect
    lenders: Positive
    coverage: Share
    inquiry_coverage: Share
    lag_days: Amount
    inquiry_lag_days: Amount
    grants: Share
    amount: Amount
    yearly_rate: Share


@dataclass(frozen=True, kw_only=True)
class Lenders:
    """Every kind of other lender."""

    bank: LenderType
    consumer_finance: LenderType
    small_loan: LenderType

    def column(self, name: str) -> tuple[float, ...]:
        """Return one parameter of all kinds, in the order of ``TYPES``."""
        return tuple(getattr(getattr(self, kind), name) for kind in TYPES)


@dataclass(frozen=True, kw_only=True)
class Borrowing:
    """How people borrow elsewhere: a sum of three Poisson processes of inquiries.

    Attributes:
        history_days: Days of history before the first application.
        after_days: Days of history after the last application.
        thin_file: Share of persons with hardly any history.
        inquiries_per_month: Inquiries a month of an average person in quiet times.
        need: Effect of need on the logarithm of that number.
        shopping: Mean inquiries elsewhere in the days before an application here.
        spiral: Share of persons who run into a multi-lender spiral around an application.
        spiral_inquiries: Mean inquiries of a spiral.
        spiral_days: Mean length of a spiral.
    """

    history_days: Positive
    after_days: Count
    thin_file: Share
    inquiries_per_month: Amount
    need: Effect
    shopping: Amount
    spiral: Share
    spiral_inquiries: Amount
    spiral_days: Amount


@dataclass(frozen=True, kw_only=True)
class Repayment:
    """How instalments of other lenders' loans are paid: a Markov chain along the schedule.

    Attributes:
        late: Log-odds that an average person in quiet times pays a due instalment late.
        roll: Log-odds that lateness grows to 30 or more days.
        lost: Log-odds that 30 or more days late grow into never.
        willingness: Effect of willingness on the log-odds of late.
        ability: Effect of ability on the log-odds of late.
        spiral: Effect of a spiral under way on the log-odds of late.
        shock: Effect of the macro shock on the log-odds of late.
        persistence: Added log-odds of late after a late instalment.
        partial: Share of late payments that are partial.
        early_close: Share of loans repaid before their term.
    """

    late: Effect
    roll: Effect
    lost: Effect
    willingness: Effect
    ability: Effect
    spiral: Effect
    shock: Effect
    persistence: Effect
    partial: Share
    early_close: Share


@dataclass(frozen=True, kw_only=True)
class Applying:
    """What applicants ask for and declare.

    Attributes:
        repeat: Share of persons who would apply again.
        repeat_after_good: Share of those who do so when their loan here went well.
        repeat_after_decline: Share of those who do so after a decline.
        misreport: Share of applications with a misreported fact.
        misreport_need: Effect of need on the log-odds of a misreport.
        misreport_willingness: Effect of willingness on the log-odds of a misreport.
        inflation: Smallest and largest factor by which income is inflated.
    """

    repeat: Share
    repeat_after_good: Share
    repeat_after_decline: Share
    misreport: Share
    misreport_need: Effect
    misreport_willingness: Effect
    inflation: tuple[Amount, Amount]


@dataclass(frozen=True, kw_only=True)
class Conduct:
    """How people move through the application.

    Attributes:
        sessions_before: Mean abandoned sessions before the one that ends in an application.
        sessions_after: Mean sessions in the weeks after it.
        night: Log-odds of applying at night for an average person.
        edits: Mean edits of each declared field by an honest applicant.
        misreport_edits: Effect of a misreport on the logarithm of edits of that field.
        paste: Log-odds of pasting the identity number.
        other_device: Share of earlier sessions on another device.
    """

    sessions_before: Amount
    sessions_after: Amount
    night: Effect
    edits: Amount
    misreport_edits: Effect
    paste: Effect
    other_device: Share


@dataclass(frozen=True, kw_only=True)
class Rings:
    """Fraud rings.

    Attributes:
        share: Share of persons who belong to a ring.
        smallest: Members of the smallest ring.
        largest: Members of the largest ring.
        burst_days: Mean days between a ring's start and a member's application.
        stolen: Share of members who use another person's identity.
        noticed_days: Mean days from a ring's start until its keys are listed.
    """

    share: Share
    smallest: Positive
    largest: Positive
    burst_days: Amount
    stolen: Share
    noticed_days: Amount


@dataclass(frozen=True, kw_only=True)
class Identity:
    """Identity checks, with errors of both kinds.

    Attributes:
        otp_reject: Share of genuine tries of the one-time password that fail.
        card_reject: Share of genuine tries of the identity card that fail.
        face_reject: Share of genuine tries of the face that fail.
        card_accept: Share of tries with a stolen identity card that pass.
        face_accept: Share of tries with a stolen face that pass.
        retry: Share of failed tries that are tried again.
    """

    otp_reject: Share
    card_reject: Share
    face_reject: Share
    card_accept: Share
    face_accept: Share
    retry: Share


@dataclass(frozen=True, kw_only=True)
class Watchlist:
    """Listed keys.

    Attributes:
        defaulters: Share of persons with a loan lost elsewhere who are listed.
        late_days: Mean days from the deed to the entry.
        stale: Share of persons listed for a deed long past, most of whose entries have expired.
        wrong: Share of persons listed by mistake.
        strangers: Entries of persons who never applied, per applicant.
    """

    defaulters: Share
    late_days: Amount
    stale: Share
    wrong: Share
    strangers: Share


@dataclass(frozen=True, kw_only=True)
class Policy:
    """The lender's rules of the time.

    Attributes:
        cutoff: Points needed for approval; lower approves more.
        noise: Spread of what the points leave out.
        at_random: Share of applications approved at random, whatever the rules say.
        taken_up: Share of approved loans that are paid out.
        reduced: Share of loans paid out with less than was asked for.
    """

    cutoff: Effect
    noise: Amount
    at_random: Share
    taken_up: Share
    reduced: Share


@dataclass(frozen=True, kw_only=True)
class Desk:
    """The phone desk of the time.

    Attributes:
        by_rules: Share of applications called by rules of thumb.
        at_random: Share of applications called at random (the control arm).
        person_first: Share of calls that a person makes from the start; a bot makes the rest.
        person_truth: Probability that a person finds the truth of a fact asked about.
        bot_truth: Probability that a bot does.
        reached: Share of calls that reach an honest applicant.
        refuses: Share of applicants reached who refuse to answer, when they misreported.
    """

    by_rules: Share
    at_random: Share
    person_first: Share
    person_truth: Share
    bot_truth: Share
    reached: Share
    refuses: Share


@dataclass(frozen=True, kw_only=True)
class Hazard:
    """Log-odds of 60 or more days past due within 180 days, from the truth.

    Attributes:
        intercept: Log-odds of an average applicant.
        burden: Effect of repayments (with the new one) as a share of true income, per 10 percentage points.
        overstretch: Effect of the logarithm of the amount over true income.
        spiral: Effect of the logarithm of 1 + inquiries anywhere in the last 60 days.
        lenders: Effect of the logarithm of 1 + other lenders with an open loan.
        lateness: Effect of the logarithm of 1 + instalments late in the last 180 days.
        willingness: Effect of willingness.
        ability: Effect of ability.
        tenure: Effect of the logarithm of years with the employer.
        shock: Effect of the macro shock.
        ring: Effect of belonging to a fraud ring.
        frailty: Spread of what nobody can see.
        watch: Share of loans that turn 30 but not 60 days late, relative to their default probability.
    """

    intercept: Effect
    burden: Effect
    overstretch: Effect
    spiral: Effect
    lenders: Effect
    lateness: Effect
    willingness: Effect
    ability: Effect
    tenure: Effect
    shock: Effect
    ring: Effect
    frailty: Amount
    watch: Amount


@dataclass(frozen=True, kw_only=True)
class Dirt:
    """Bad rows planted into each table that can hold them; the whole lender has so many in each.

    Attributes:
        duplicate: Rows that repeat another row in full.
        conflict: Keys that stand in two rows of different content.
        future: Rows that happen after the extract.
        known_before_happened: Rows known before they happened.
        broken_reference: Rows that refer to something that does not exist.
        impossible: Rows with a value outside the contract.
    """

    duplicate: Count
    conflict: Count
    future: Count
    known_before_happened: Count
    broken_reference: Count
    impossible: Count


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """Everything a synthetic lender is made from.

    Attributes:
        name: Name of the recipe.
        seed: Seed of all random streams, unless another is asked for.
        applicants: Number of persons who apply.
        block_applicants: Persons made together; part of the recipe, because it shapes the random streams.
    """

    name: str
    seed: Count
    applicants: Positive
    block_applicants: Positive
    calendar: Calendar
    people: People
    channels: Channels
    lenders: Lenders
    borrowing: Borrowing
    repayment: Repayment
    applying: Applying
    conduct: Conduct
    rings: Rings
    identity: Identity
    watchlist: Watchlist
    policy: Policy
    desk: Desk
    hazard: Hazard
    dirt: Dirt

    @classmethod
    def from_mapping(cls, mapping: Mapping[str, object]) -> Recipe:
        """Read a recipe from a plain mapping, such as a YAML file holds.

        Raises:
            RecipeError: a key is unknown, missing, of the wrong type or out of bounds; the message names it, and for
                an unknown key the nearest known one.
        """
        return read_record(cls, mapping)


def to_mapping(record: object) -> dict[str, object]:
    """Return a recipe, or a part of one, as plain values ready for JSON: dates as ISO text, pairs as lists."""
    out: dict[str, object] = {}
    for field in fields(record):  # type: ignore[arg-type]
        value = getattr(record, field.name)
        if hasattr(value, "__dataclass_fields__"):
            out[field.name] = to_mapping(value)
        elif isinstance(value, date):
            out[field.name] = value.isoformat()
        else:
            out[field.name] = list(value) if isinstance(value, tuple) else value
    return out
