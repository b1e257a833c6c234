import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthetic.loans import instalment_of
from synthetic.repayment import CHARGED_OFF_DAYS, assemble

NEVER = float("nan")
DELAY = st.one_of(st.just(NEVER), st.floats(-20, 110))


def one_loan(delays, *, closing=np.inf, until=1e4):
    due = np.asarray([[30.0 * (k + 1) for k in range(len(delays))]])
    delay = np.asarray([delays])
    return assemble(due, delay, np.ones_like(due), np.asarray([closing]), np.asarray([until]))


def test_a_loan_paid_in_full_ends_with_its_latest_payment():
    schedule = one_loan([0.5, 40.0, 1.0])

    assert schedule.number.tolist() == [1, 2, 3]
    assert schedule.ended.tolist() == [100.0]
    assert schedule.status.tolist() == [0]


def test_a_loan_repaid_early_has_no_instalment_after_it():
    schedule = one_loan([0.5, 0.5, 0.5, 0.5], closing=2)

    assert schedule.number.tolist() == [1, 2]
    assert schedule.status.tolist() == [1]


def test_a_loan_not_paid_is_charged_off_and_nothing_falls_due_after_it():
    schedule = one_loan([0.5, *[NEVER] * 9])

    assert schedule.status.tolist() == [2]
    assert schedule.ended.tolist() == [60.0 + CHARGED_OFF_DAYS]
    assert schedule.due.max() == 180.0


def test_a_loan_of_a_short_term_beside_a_long_one_ends_like_any_other():
    due = np.asarray([[30.0, 60.0, np.nan], [30.0, 60.0, 90.0]])
    delay = np.asarray([[NEVER, NEVER, 0.0], [1.0, 1.0, 1.0]])
    schedule = assemble(due, delay, np.ones_like(due), np.full(2, np.inf), np.full(2, 1e4))

    assert schedule.ended.tolist() == [30.0 + CHARGED_OFF_DAYS, 91.0]
    assert schedule.status.tolist() == [2, 0]
    assert schedule.loan.tolist() == [0, 0, 1, 1, 1]


def test_an_instalment_exists_only_once_it_is_due():
    assert one_loan([0.5] * 6, until=95.0).number.tolist() == [1, 2, 3]


@given(st.lists(DELAY, min_size=1, max_size=12), st.integers(1, 14), st.floats(0, 500))
def test_the_laws_of_a_schedule(delays, closing, until):
    schedule = one_loan(delays, closing=float(closing), until=until)

    assert (np.diff(schedule.number) == 1).all()
    assert (schedule.due <= until).all()
    assert (schedule.number <= closing).all()
    assert (schedule.due <= schedule.ended[0] + 20.0).all()
    assert (schedule.status[0] == 2) == any(np.isnan(delays[:closing]))


@pytest.mark.parametrize(("amount", "rate", "term"), [(1000.0, 0.24, 3), (50_000.0, 0.075, 36)])
def test_instalments_discounted_at_the_rate_are_worth_the_amount(amount, rate, term):
    instalment = instalment_of(np.asarray([amount]), np.asarray([rate]), np.asarray([term]))[0]
    worth = sum(instalment / (1 + rate / 12) ** k for k in range(1, term + 1))

    assert worth == pytest.approx(amount, abs=0.005 * term)
