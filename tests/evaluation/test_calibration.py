import numpy as np
import pytest

from callnexus.evaluation.calibration import Scores, mean_scores, reliability_curves
from callnexus.evaluation.counts import groupings, whole
from callnexus.evaluation.metrics import calibration_error, reliability

RNG = np.random.default_rng(4)
PROBABILITY = RNG.random(1003)
TRUTH = (RNG.random(1003) < PROBABILITY**2).astype(float)


def test_each_group_has_the_error_and_curve_that_it_has_alone():
    group = np.where(RNG.random(1003) < 0.4, "a", "b")
    (grouping,) = groupings({"group": group.tolist()})

    scores, curves = (
        mean_scores(Scores(TRUTH, PROBABILITY), grouping),
        reliability_curves(Scores(TRUTH, PROBABILITY), grouping),
    )

    for name, (mean, error), curve in zip("ab", scores, curves, strict=True):
        truth, probability = TRUTH[group == name] == 1, PROBABILITY[group == name]
        assert mean == pytest.approx(probability.mean())
        assert error == pytest.approx(calibration_error(truth, probability))
        theirs = [(b["probability"], b["share"], b["n"]) for b in reliability(truth, probability)]
        assert np.allclose(curve, theirs)


def test_few_examples_have_fewer_bins_and_then_none():
    def found(n):
        scores = Scores(TRUTH[:n], PROBABILITY[:n])
        return mean_scores(scores, whole(n))[0], reliability_curves(scores, whole(n))[0]

    (mean, error), curve = found(45)
    assert mean is not None
    assert error is not None
    assert [n for *_, n in curve] == [23, 22]
    (mean, error), curve = found(39)
    assert mean is not None
    assert (error, curve) == (None, [])
    assert found(19) == ((None, None), [])


def test_unknown_truth_and_its_probability_count_for_nothing():
    truth = np.r_[TRUTH, np.full(50, np.nan)]
    probability = np.r_[PROBABILITY, np.full(50, np.nan)]

    assert mean_scores(Scores(truth, probability), whole(1053)) == mean_scores(Scores(TRUTH, PROBABILITY), whole(1003))


def test_a_group_without_a_known_label_has_no_score():
    (grouping,) = groupings({"group": ["a"] * 50 + ["b"] * 50})
    truth = np.r_[np.full(50, np.nan), np.ones(50)]

    assert mean_scores(Scores(truth, np.full(100, 0.5)), grouping) == [(None, None), (0.5, 0.5)]
