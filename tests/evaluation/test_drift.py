import numpy as np
import pytest
from scipy.stats import binomtest

from callnexus.evaluation.counts import Outcome, groupings, whole
from callnexus.evaluation.drift import changes, quarter
from callnexus.evaluation.intervals import holm

N = 400
RNG = np.random.default_rng(7)
TRUTH = (np.arange(N) % 2).astype(float)
NO_REVIEW = np.zeros(N, bool)


def outcome(wrong, truth=TRUTH):
    return Outcome("label", truth, (truth == 1) != wrong, NO_REVIEW)


def test_quarters_begin_in_january():
    assert [quarter(f"2020-{month:02}-01") for month in (1, 3, 4, 12)] == ["2020 Q1", "2020 Q1", "2020 Q2", "2020 Q4"]
    assert quarter(None) is None


def test_a_change_counts_what_was_fixed_and_what_broke_on_the_same_examples():
    before, after = np.arange(N) < 60, (np.arange(N) >= 40) & (np.arange(N) < 70)

    miss, alarm = changes(outcome(before), outcome(after), [whole(N)])

    assert (miss.measure, alarm.measure) == ("miss_rate", "false_alarm_rate")
    assert (miss.cases, miss.before, miss.after, miss.fixed, miss.broken) == (200, 30, 15, 20, 5)
    assert miss.difference == pytest.approx(-15 / 200)
    assert miss.low < miss.difference < miss.high < 0
    assert miss.p == pytest.approx(binomtest(20, 25, 0.5).pvalue)
    assert miss.interval == "bootstrap"


def test_the_same_version_has_not_changed_and_still_an_interval():
    row = changes(outcome(NO_REVIEW), outcome(NO_REVIEW), [whole(N)])[0]

    assert (row.fixed, row.broken, row.difference, row.p) == (0, 0, 0, 1)
    assert row.low < 0 < row.high
    assert row.interval == "score"


def test_a_small_group_has_counts_and_no_change():
    (grouping,) = groupings({"group": ["small"] * 10 + ["large"] * (N - 10)})

    rows = {row.group: row for row in changes(outcome(NO_REVIEW), outcome(~NO_REVIEW), [grouping])}

    assert (rows["small"].cases, rows["small"].broken) == (5, 5)
    assert rows["small"].difference is rows["small"].p is rows["small"].p_holm is None
    assert rows["large"].difference == 1


def test_holm_is_over_all_groups_and_leaves_the_whole_out():
    wrong = RNG.random(N) < 0.2
    columns = groupings({"one": RNG.choice(["a", "b"], N).tolist(), "two": RNG.choice(["x", "y"], N).tolist()})

    rows = [r for r in changes(outcome(NO_REVIEW), outcome(wrong), [whole(N), *columns]) if r.measure == "miss_rate"]

    assert rows[0].p_holm == rows[0].p
    assert [row.p_holm for row in rows[1:]] == pytest.approx(holm(np.array([row.p for row in rows[1:]])).tolist())
    assert len(rows) == 5


def test_intervals_of_a_change_cover_the_truth_as_often_as_they_say():
    fixed, broken, covered = 0.1, 0.04, []
    for seed in range(400):
        kind = RNG.choice(4, 150, p=[0.1, fixed, broken, 1 - 0.1 - fixed - broken])
        before, after = (kind == 0) | (kind == 1), (kind == 0) | (kind == 2)
        old, new = (Outcome("label", np.ones(150), ~wrong, np.zeros(150, bool)) for wrong in (before, after))
        row = changes(old, new, [whole(150)], seed=seed)[0]
        covered.append(row.low <= broken - fixed <= row.high)

    assert 0.915 < np.mean(covered) < 0.985


def test_unknown_truth_counts_for_nothing():
    nothing = np.full(N, np.nan)

    rows = changes(
        Outcome("l", nothing, NO_REVIEW, NO_REVIEW), Outcome("l", nothing, ~NO_REVIEW, NO_REVIEW), [whole(N)]
    )

    assert [(row.cases, row.difference) for row in rows] == [(0, None), (0, None)]
