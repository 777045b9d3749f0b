import numpy as np
import pytest

from callnexus.evaluation.calibration import Scores
from callnexus.evaluation.counts import groupings
from callnexus.evaluation.sweep import LOG_ODDS, sweep

RNG = np.random.default_rng(6)
N = 400
TRUTH = (np.arange(N) % 2).astype(float)
PROBABILITY = np.clip(RNG.beta(2, 2, N) + 0.1 * TRUTH, 0, 1)
GROUP = np.where(np.arange(N) % 5 < 2, "a", "b")
(GROUPING,) = groupings({"group": GROUP.tolist()})


def test_every_point_is_the_rate_at_its_threshold_and_the_last_is_the_operating_point():
    found = sweep(Scores(TRUTH, PROBABILITY), GROUPING, threshold=0.42)

    thresholds = [*(1 / (1 + np.exp(-x)) for x in LOG_ODDS), 0.42]
    for name, misses, alarms in zip(found.groups, found.miss_rate, found.false_alarm_rate, strict=True):
        member = name == GROUP
        for threshold, miss, alarm in zip(thresholds, misses, alarms, strict=True):
            yes = threshold <= PROBABILITY
            assert miss == pytest.approx((~yes[member & (TRUTH == 1)]).mean())
            assert alarm == pytest.approx(yes[member & (TRUTH == 0)].mean())


def test_a_gap_is_the_largest_minus_the_smallest_rate():
    found = sweep(Scores(TRUTH, PROBABILITY), GROUPING, threshold=None)

    one, other = map(np.array, found.miss_rate)
    assert len(found.miss_gap) == len(LOG_ODDS)
    assert found.miss_gap == pytest.approx(np.abs(one - other))


def test_a_probability_at_the_threshold_is_a_yes():
    found = sweep(Scores(TRUTH, np.full(N, 0.5)), GROUPING, threshold=0.5)

    assert found.miss_rate[0][-1] == 0
    assert found.false_alarm_rate[0][-1] == 1


def test_a_group_of_one_class_has_one_curve_and_no_gap():
    truth = np.where(GROUP == "a", 1.0, TRUTH)

    found = sweep(Scores(truth, PROBABILITY), GROUPING, threshold=None)

    assert found.false_alarm_rate[0] is None
    assert found.miss_rate[0] is not None
    assert found.false_alarm_gap is None


def test_nothing_known_has_no_curve():
    found = sweep(Scores(np.full(N, np.nan), PROBABILITY), GROUPING, threshold=0.5)

    assert found.miss_rate == found.false_alarm_rate == [None, None]
    assert found.miss_gap is None
