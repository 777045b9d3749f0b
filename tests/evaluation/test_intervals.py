import numpy as np
import pytest
from scipy.stats import chi2_contingency, fisher_exact

from callnexus.evaluation.intervals import (
    holm,
    newcombe_difference,
    paired_difference,
    score_ratio,
    two_proportion_p,
)


def one(function, *counts):
    return [float(end[0]) for end in function(*(np.array([value]) for value in counts))]


@pytest.mark.parametrize(
    ("counts", "expected"),
    # Newcombe (1998), table II, method 10.
    [((9, 10, 3, 10), (0.1705, 0.8090)), ((5, 56, 0, 29), (-0.0381, 0.1926)), ((10, 10, 0, 10), (0.6075, 1.0))],
)
def test_differences_have_the_published_intervals(counts, expected):
    assert one(newcombe_difference, *counts) == pytest.approx(expected, abs=1e-4)


def test_no_hit_at_all_still_leaves_an_interval():
    low, high = one(newcombe_difference, 0, 30, 0, 300)

    assert low < 0 < high


def test_a_ratio_lies_in_its_interval_and_the_other_way_round_is_its_inverse():
    low, high = one(score_ratio, 12, 40, 30, 200)
    back = one(score_ratio, 30, 200, 12, 40)

    assert low < (12 / 40) / (30 / 200) < high
    assert back == pytest.approx([1 / high, 1 / low])


def test_a_ratio_to_nothing_has_no_bounds_and_one_of_nothing_starts_at_zero():
    assert np.isnan(one(score_ratio, 3, 40, 0, 200)).all()
    low, high = one(score_ratio, 0, 40, 20, 200)
    assert low == 0
    assert 0 < high < 1.5


def test_p_is_the_chi_squared_test_without_correction_where_cases_suffice():
    (p,) = two_proportion_p(*(np.array([value]) for value in (30, 100, 90, 500)))

    assert p == pytest.approx(chi2_contingency([[30, 70], [90, 410]], correction=False).pvalue)


@pytest.mark.parametrize(
    "counts", [(4, 25, 3, 200), (24, 25, 200, 200), (1, 400, 2, 30), (0, 20, 40, 4000), (20, 20, 90, 100)]
)
def test_p_is_fishers_exact_where_few_are_expected(counts):
    hits, cases, other_hits, other_cases = counts

    (p,) = two_proportion_p(*(np.array([value]) for value in counts))

    table = [[hits, cases - hits], [other_hits, other_cases - other_hits]]
    assert p == pytest.approx(fisher_exact(table).pvalue)


@pytest.mark.parametrize("hits", [(0, 0), (30, 300)])
def test_p_of_two_equal_extremes_is_one(hits):
    (p,) = two_proportion_p(*(np.array([value]) for value in (hits[0], 30, hits[1], 300)))

    assert p == 1


def test_holm_multiplies_from_the_smallest_and_never_falls_back():
    # By hand: .001 x 5; .012 x 4; .011 x 4 comes before it in order; .04 x 2; .5 x 1.
    adjusted = holm(np.array([0.5, 0.012, 0.001, 0.04, 0.011]))

    assert adjusted.tolist() == pytest.approx([0.5, 0.044, 0.005, 0.08, 0.044])


def test_holm_is_never_above_one_and_empty_of_nothing():
    assert holm(np.array([0.6, 0.7])).tolist() == [1.0, 1.0]
    assert holm(np.array([])).tolist() == []


def test_a_paired_change_has_the_published_interval():
    # Newcombe (1998, paired), method 10, for 36 cases hit both times, 12 only now, 2 only before, 0 neither.
    low, high = one(paired_difference, 2, 12, 36, 50)

    assert (low, high) == pytest.approx((0.0569, 0.3404), abs=1e-4)


def test_no_change_at_all_still_leaves_an_interval():
    low, high = one(paired_difference, 0, 0, 5, 60)

    assert low < 0 < high
