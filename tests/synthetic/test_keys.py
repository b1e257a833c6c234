import numpy as np
import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from synthetic.keys import hashes, mix, running
from synthetic.streams import Streams


def test_a_key_of_one_part_never_meets_another():
    keys = mix(3, "phone", np.arange(300_000))

    assert len(np.unique(keys)) == 300_000


def test_keys_differ_by_purpose_and_by_seed():
    person = np.arange(1000)

    assert not np.isin(mix(3, "phone", person), mix(3, "device", person)).any()
    assert not np.isin(mix(3, "phone", person), mix(4, "phone", person)).any()


@given(st.lists(st.integers(0, 2**64 - 1), min_size=1, max_size=20))
def test_hashes_are_the_number_in_sixteen_hexadecimal_digits(numbers):
    assert hashes(np.asarray(numbers, dtype=np.uint64)).to_list() == [f"{number:016x}" for number in numbers]


def test_an_absent_key_is_null():
    assert hashes(np.zeros(2, dtype=np.uint64), np.asarray([True, False])).to_list() == ["0" * 16, None]


def test_running_numbers_never_meet_between_blocks():
    ids = pl.concat([running("L", block, 1000) for block in (1, 2, 300)])

    assert ids.n_unique() == 3000
    assert ids[0] == "L000100000000"


def test_a_stream_is_the_same_again_and_its_own_for_each_purpose_and_block():
    first = Streams(7, 1)("people").random(5)

    assert (Streams(7, 1)("people").random(5) == first).all()
    assert not np.isin(first, Streams(7, 1)("loans").random(5)).any()
    assert not np.isin(first, Streams(7, 2)("people").random(5)).any()
    assert not np.isin(first, Streams(8, 1)("people").random(5)).any()
