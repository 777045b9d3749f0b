import numpy as np
import pytest
from scipy.stats import binom, norm

from callnexus.evaluation.floors import Promise, fewest_cases, floor_of, lower_bound, promise, upper_bound

DRAWS = 2_000


@pytest.mark.parametrize(("cases", "rate"), [(149, 0.02), (330, 0.02), (330, 0.05), (1000, 0.01)])
def test_allowed_errors_are_the_most_that_a_worse_model_would_rarely_make(cases: int, rate: float) -> None:
    found = promise(cases=cases, rate=rate, confidence=0.95)

    assert found.kept
    assert binom.cdf(found.errors, cases, rate) <= 0.05 < binom.cdf(found.errors + 1, cases, rate)


def test_too_few_cases_are_refused_with_what_they_do_support() -> None:
    found = promise(cases=100, rate=0.02, confidence=0.95)

    assert not found.kept
    assert found.more_needed == 49
    assert fewest_cases(rate=found.supported + 1e-9, confidence=0.95) == 100
    assert promise(cases=100 + found.more_needed, rate=0.02, confidence=0.95).kept


def test_without_a_case_nothing_is_promised() -> None:
    assert promise(cases=0, rate=0.02, confidence=0.95) == Promise(0.02, 0.95, 0, 0, 1.0, 149)


@pytest.mark.parametrize(("rate", "confidence"), [(0, 0.95), (1, 0.95), (0.02, 0), (0.02, 1)])
def test_a_bound_outside_its_range_is_refused(rate: float, confidence: float) -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        promise(cases=100, rate=rate, confidence=confidence)


def test_no_more_than_the_allowed_scores_lie_below_the_floor_even_with_ties() -> None:
    scores = np.array([0.1, 0.4, 0.4, 0.4, 0.9])

    floor = floor_of(scores, Promise(0.02, 0.95, 5, 2, 0.02, 0))

    assert floor == 0.4
    assert (scores < floor).sum() == 1


def test_a_floor_without_a_score_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one case"):
        floor_of(np.zeros(0), promise(cases=0, rate=0.02, confidence=0.95))


def _true_miss_rates(cases: int, rank: int) -> np.ndarray:
    """Return the miss rate that a threshold at the given rank really has, for many draws of the held-out scores."""
    scores = np.sort(np.random.default_rng(5).normal(size=(DRAWS, cases)), axis=1)
    return norm.cdf(scores[:, rank])


@pytest.mark.parametrize("cases", [200, 300, 480])
def test_the_floor_holds_in_95_of_100_draws_and_the_empirical_threshold_does_not(cases: int) -> None:
    allowed = promise(cases=cases, rate=0.02, confidence=0.95)

    promised = _true_miss_rates(cases, allowed.errors)
    empirical = _true_miss_rates(cases, int(0.02 * cases))

    assert (promised <= 0.02).mean() >= 0.95
    assert (empirical <= 0.02).mean() < 0.75


def test_a_refused_promise_keeps_the_larger_rate_it_names() -> None:
    allowed = promise(cases=80, rate=0.02, confidence=0.95)

    rates = _true_miss_rates(80, allowed.errors)

    assert (rates <= allowed.supported).mean() >= 0.94  # exactly 0.95; less two standard errors of 2,000 draws
    assert (rates <= 0.02).mean() < 0.9


def test_bounds_of_a_rate_hold_its_count_between_them() -> None:
    low, high = lower_bound(3, 100, confidence=0.95), upper_bound(3, 100, confidence=0.95)

    assert low < 0.03 < high
    assert binom.cdf(3, 100, high) == pytest.approx(0.05)
    assert binom.sf(2, 100, low) == pytest.approx(0.05)
    assert upper_bound(0, 0, confidence=0.95) == 1.0
    assert lower_bound(0, 9, confidence=0.95) == 0.0
