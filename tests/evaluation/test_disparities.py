import numpy as np
import pytest

from callnexus.evaluation.counts import GroupCounts, Grouping, Outcome, count, groupings, pairs_of
from callnexus.evaluation.disparities import RESAMPLES, disparities
from callnexus.evaluation.groups import CASES, HITS, MEASURES
from callnexus.evaluation.intervals import holm, newcombe_difference

RNG = np.random.default_rng(5)


def table(*cells, known=None, outcome="label", column="column", is_pair=False):
    """Return the counts of groups "0", "1" ..., each given as six cells."""
    n = len(cells)
    grouping = Grouping(
        column, tuple(map(str, range(n))), np.zeros(0, np.intp), np.array(known or [True] * n, bool), is_pair
    )
    return GroupCounts(grouping, outcome, np.array(cells).reshape(n, 2, 3), np.zeros(n, int))


def test_a_group_is_compared_with_the_others_whose_group_is_recorded():
    tables = [table([0, 0, 0, 10, 30, 0], [0, 0, 0, 5, 45, 0], [0, 0, 0, 50, 0, 0], known=[True, True, False])]

    found = {row.group: row for row in disparities(tables, measures=("miss_rate",))}

    assert found["0"].difference == pytest.approx(10 / 40 - 5 / 50)
    assert found["1"].ratio == pytest.approx((5 / 50) / (10 / 40))
    assert found["2"].difference == pytest.approx(1 - 15 / 90)


def test_no_disparity_without_enough_cases_on_both_sides():
    large, small, empty, positives = [50, 9, 0, 9, 50, 0], [5, 5, 0, 5, 5, 0], [0] * 6, [0, 0, 0, 9, 50, 0]

    assert disparities([table(large, small)]) != []
    assert {row.group for row in disparities([table(large, small, small)])} == {"0", "1", "2"}
    assert {row.measure for row in disparities([table(large, small)])} == {"selection_rate", "review_rate"}
    assert disparities([table(large, empty)]) == []
    assert disparities([table(large)]) == []
    assert {row.measure for row in disparities([table(positives, positives)])} == {
        "miss_rate", "precision", "selection_rate", "review_rate",
    }  # fmt: skip


def test_draws_have_the_spread_of_an_exact_multinomial_bootstrap():
    mine, rest = np.array([300, 60, 12, 8, 90, 15]), np.array([4000, 700, 120, 130, 900, 90])

    found = disparities([table(mine, rest)], resamples=20_000)

    ours, theirs = (RNG.multinomial(cells.sum(), cells / cells.sum(), 20_000) for cells in (mine, rest))
    for row in (row for row in found if row.group == "0"):
        measure = MEASURES.index(row.measure)
        rate, other = ((draws @ HITS)[:, measure] / (draws @ CASES)[:, measure] for draws in (ours, theirs))
        width = row.high - row.low
        assert row.interval == "bootstrap"
        assert np.allclose([row.low, row.high], np.percentile(rate - other, [2.5, 97.5]), atol=0.04 * width)
        width = row.ratio_high - row.ratio_low
        assert np.allclose([row.ratio_low, row.ratio_high], np.percentile(rate / other, [2.5, 97.5]), atol=0.04 * width)


def test_few_hits_have_score_intervals_and_never_an_empty_one():
    rows = disparities([table([0, 0, 0, 0, 40, 0], [0, 0, 0, 30, 400, 0])], measures=("miss_rate",))

    row = rows[0]
    assert row.interval == "score"
    expected = [float(end[0]) for end in newcombe_difference(*(np.array([x]) for x in (0, 40, 30, 430)))]
    assert [row.low, row.high] == pytest.approx(expected)
    assert (row.ratio, row.ratio_low) == (0, 0)
    assert rows[1].ratio is rows[1].ratio_high is None


def test_same_tables_give_the_same_intervals():
    tables = [table([50, 9, 0, 9, 50, 0], [500, 90, 10, 60, 700, 5])]

    assert disparities(tables, seed=3) == disparities(tables, seed=3)
    assert disparities(tables, seed=3) != disparities(tables, seed=4)


def test_holm_corrects_all_single_columns_together_and_pairs_apart():
    one = table([80, 20, 0, 20, 80, 0], [400, 50, 0, 60, 500, 0], column="one")
    two = table([90, 10, 0, 15, 80, 0], [300, 50, 0, 60, 300, 0], column="two")
    pair = table([70, 10, 0, 25, 60, 0], [300, 50, 0, 60, 300, 0], column="pair", is_pair=True)

    rows = disparities([one, two, pair], measures=("miss_rate", "false_alarm_rate"))

    for measure in ("miss_rate", "false_alarm_rate"):
        singles = [row for row in rows if row.measure == measure and row.column != "pair"]
        pairs = [row for row in rows if row.measure == measure and row.column == "pair"]
        assert len(singles) == 4
        for family in (singles, pairs):
            expected = holm(np.array([row.p for row in family]))
            assert [row.p_holm for row in family] == pytest.approx(expected.tolist())


def test_intervals_cover_the_true_difference_as_often_as_they_say():
    # One table holds 400 repetitions of one group; each is compared with the pooled rest, whose rate is known.
    share, rest_share, n, positive = 0.2, 0.1, 200, 0.5
    covered = []
    for seed in range(400):
        cells = [
            RNG.multinomial(size, [0.4, 0.1, 0, positive * miss, positive * (1 - miss), 0])
            for size, miss in ((n, share), (9 * n, rest_share))
        ]
        row = disparities([table(*cells)], measures=("miss_rate",), resamples=500, seed=seed)[0]
        covered.append((row.low <= share - rest_share <= row.high, row.ratio_low <= 2 <= row.ratio_high))

    coverage = np.mean(covered, axis=0)
    assert np.all((coverage > 0.92) & (coverage < 0.985))


def test_a_group_for_which_errors_are_planted_stands_out_and_no_other_does():
    n = 6000
    truth = (RNG.random(n) < 0.5).astype(float)
    group = RNG.choice(["a", "b", "c", "d"], n)
    wrong = RNG.random(n) < np.where(group == "a", 0.2, 0.1)
    outcome = Outcome("label", truth, np.where(wrong, truth == 0, truth == 1), np.zeros(n, bool))
    columns = groupings({"group": group.tolist(), "other": RNG.choice(["x", "y"], n).tolist()})

    rows = disparities([count(outcome, column) for column in (*columns, *pairs_of(columns))])

    found = {row.group for row in rows if row.p_holm < 0.01 and row.measure == "miss_rate" and row.difference > 0}
    assert found >= {"a"}
    assert all(name.startswith("a") for name in found)
    assert RESAMPLES == 2000
