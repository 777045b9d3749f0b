import numpy as np
from fairlearn.metrics import MetricFrame, false_negative_rate, false_positive_rate, selection_rate
from sklearn.metrics import precision_score

from callnexus.evaluation.calibration import Scores
from callnexus.evaluation.counts import FEWEST, SEPARATOR, Outcome, count, groupings, pairs_of
from callnexus.evaluation.groups import group_rows, largest_gaps, rows_of

RNG = np.random.default_rng(3)
N = 900
TRUTH = (RNG.uniform(size=N) < 0.5).astype(float)
DECIDED = np.where(RNG.uniform(size=N) < 0.2, TRUTH == 0, TRUTH == 1)
GROUP = RNG.choice(["a", "b", "c"], N).tolist()
NO_REVIEW = np.zeros(N, bool)


def mean_of(_truth, _said, given):
    return float(np.mean(given))


def test_point_values_agree_with_fairlearn():
    rows = group_rows([Outcome("label", TRUTH, DECIDED, NO_REVIEW)], {"group": GROUP})

    frame = MetricFrame(
        metrics={"miss": false_negative_rate, "alarm": false_positive_rate, "precision": precision_score,
                 "selected": selection_rate},
        y_true=TRUTH, y_pred=DECIDED, sensitive_features=GROUP,
    )  # fmt: skip
    for row in rows[1:]:
        theirs = frame.by_group.loc[row.group]
        ours = [row.miss_rate, row.false_alarm_rate, row.precision, row.selection_rate]
        assert np.allclose([rate.value for rate in ours], theirs.tolist())
    assert rows[0].n == N


def test_a_group_with_too_few_cases_has_counts_and_no_rate():
    groups = ["small"] * (FEWEST - 1) + ["large"] * (N - FEWEST + 1)

    rows = group_rows([Outcome("label", TRUTH, DECIDED, NO_REVIEW)], {"group": groups})

    small = next(row for row in rows if row.group == "small")
    assert small.n == FEWEST - 1
    assert small.miss_rate is None
    assert small.selection_rate is None
    assert not small.enough


def test_a_group_of_one_class_has_the_rate_it_can_have():
    truth = np.ones(40)

    row = group_rows([Outcome("label", truth, truth == 1, np.zeros(40, bool))], {})[0]

    assert row.miss_rate.value == 0
    assert row.false_alarm_rate is None
    assert not row.enough


def test_missing_groups_and_unknown_truth_are_counted_and_named():
    truth = np.array([1.0, np.nan, 0.0])
    yes = np.ones(3, bool)

    rows = group_rows([Outcome("label", truth, yes, ~yes)], {"group": ["x", None, float("nan")]})

    unknown = next(row for row in rows if row.group == "unknown")
    assert (unknown.n, unknown.unknown) == (1, 1)


def test_gaps_name_both_groups_and_leave_out_columns_with_one_comparable_group():
    worse = np.where(np.array(GROUP) == "a", ~(TRUTH == 1), TRUTH == 1)
    outcome = Outcome("label", TRUTH, worse, NO_REVIEW)

    gaps = largest_gaps(group_rows([outcome], {"group": GROUP, "all_same": ["one"] * N}))

    assert {gap.column for gap in gaps} == {"group"}
    miss = next(gap for gap in gaps if gap.measure == "miss_rate")
    assert (miss.highest, miss.difference) == ("a", 1.0)


def test_pairs_and_mean_scores_agree_with_fairlearn_by_two_columns():
    other, probability = RNG.choice(["x", "y"], N).tolist(), RNG.random(N)
    review = ~DECIDED & (RNG.random(N) < 0.3)
    (pair,) = pairs_of(groupings({"group": GROUP, "other": other}))

    rows = rows_of(count(Outcome("label", TRUTH, DECIDED, review), pair), Scores(TRUTH, probability))

    frame = MetricFrame(
        metrics={"miss": false_negative_rate, "alarm": false_positive_rate, "precision": precision_score,
                 "selected": selection_rate, "review": mean_of, "score": mean_of, "n": lambda truth, _: len(truth)},
        y_true=TRUTH, y_pred=DECIDED, sensitive_features={"group": GROUP, "other": other},
        sample_params={"review": {"given": review}, "score": {"given": probability}},
    )  # fmt: skip
    assert len(rows) == len(frame.by_group) == 6
    for row in rows:
        ours = [row.miss_rate, row.false_alarm_rate, row.precision, row.selection_rate, row.review_rate]
        theirs = frame.by_group.loc[tuple(row.group.split(SEPARATOR))]
        assert np.allclose([*(rate.value for rate in ours), row.mean_score, row.n], theirs.tolist())
