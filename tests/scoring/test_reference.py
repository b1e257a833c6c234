"""The just-approved, and how far an explanation is from those of development."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.distance import mahalanobis

from scoring.reference import distances, group_sums, length, reference_from, stretched

rng = np.random.default_rng(8)
PHI = rng.normal(size=(500, 4)) @ rng.normal(size=(4, 4))
PDS = rng.random(500)
GROUP_OF = [0, 1, 1, 2]


def reference(cutoff=0.5):
    return reference_from(PHI, PDS, cutoff, group_of=GROUP_OF, groups=3)


def test_the_just_approved_are_the_fifth_next_to_the_cutoff():
    approved = np.sort(PDS[PDS <= 0.5])
    near = (PDS <= 0.5) & (approved[-int(np.ceil(0.2 * len(approved)))] <= PDS)
    found = reference()
    assert found.cases == near.sum()
    np.testing.assert_allclose(found.contributions, PHI[near].mean(axis=0))
    assert found.development_cases == 500


def test_few_approved_are_all_just_approved():
    assert reference(np.sort(PDS)[29]).cases == 30
    assert reference(np.sort(PDS)[99]).cases == 50


def test_distances_are_mahalanobis_up_to_the_ridge():
    sums = np.column_stack([PHI[:, 0], PHI[:, 1] + PHI[:, 2], PHI[:, 3]])
    np.testing.assert_allclose(group_sums(PHI, GROUP_OF, 3), sums)
    precision = np.linalg.inv(np.cov(sums, rowvar=False))
    slow = [mahalanobis(row, sums.mean(axis=0), precision) for row in sums[:50]]
    np.testing.assert_allclose(distances(reference(), PHI[:50], GROUP_OF), slow, rtol=0.02)


def test_a_group_that_never_varies_keeps_the_distance_finite():
    flat = PHI.copy()
    flat[:, 3] = 0.0
    found = reference_from(flat, PDS, 0.5, group_of=GROUP_OF, groups=3)
    assert np.isfinite(found.group_precision).all()
    assert np.isfinite(distances(found, PHI, GROUP_OF)).all()


@given(st.integers(1, 16), st.integers(0, 12), st.floats(1e-3, 1e3), st.integers(0, 2**32 - 1))
def test_in_no_order_of_adding_is_a_stretched_square_less_than_the_length(size, digits, scale, seed):
    """The harder the sums cancel, the more their order tells: up to 12 digits are lost along one direction."""
    random = np.random.default_rng(seed)
    turned, _ = np.linalg.qr(random.normal(size=(size, size)))
    precision = turned * np.append(10.0**-digits, np.ones(size - 1)) @ turned.T * scale
    precision = (precision + precision.T) / 2
    apart = turned[:, 0] + random.normal(size=size) * 10.0 ** -random.integers(0, 16)
    squared = length(apart, precision) ** 2
    for _ in range(5):
        order = random.permutation(size)
        shuffled = apart[order]
        assert shuffled.dot(stretched(precision)[np.ix_(order, order)]).dot(shuffled) >= squared
    assert apart.dot(stretched(precision)).dot(apart) <= squared + 1e-11 * scale * apart.dot(apart)


def test_the_hash_follows_the_content():
    changed = PHI.copy()
    changed[0, 0] = np.nextafter(changed[0, 0], 9)
    other = reference_from(changed, PDS, 0.5, group_of=GROUP_OF, groups=3)
    assert reference().sha256 == reference().sha256 != other.sha256


@pytest.mark.parametrize(
    ("phi", "pds", "cutoff", "says"),
    [
        (PHI, PDS[:-1], 0.5, "they must be"),
        (PHI[:, :3], PDS, 0.5, "they must be"),
        (PHI, PDS, -1.0, "0 of 500 cases have a PD of at most -1.0"),
    ],
)
def test_what_gives_no_reference_is_refused(phi, pds, cutoff, says):
    with pytest.raises(ValueError, match=says):
        reference_from(phi, pds, cutoff, group_of=GROUP_OF, groups=3)
