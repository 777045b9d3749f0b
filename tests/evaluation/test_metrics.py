import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from callnexus.evaluation.metrics import calibration_error, label_metrics, reliability, wilson


def test_wilson_gives_the_published_interval():
    # Newcombe (1998), Statistics in Medicine 17:857, table I, method 3: 81 of 263.
    rate = wilson(81, 263)

    assert (rate.low, rate.high) == pytest.approx((0.2553, 0.3662), abs=1e-4)


@given(st.integers(1, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_a_wilson_interval_stays_inside_zero_and_one_and_holds_its_share(counts: tuple[int, int]):
    rate = wilson(*counts)

    assert 0 <= rate.low <= rate.value <= rate.high <= 1 or rate.value in (0, 1)
    assert rate.low < rate.high


def test_no_case_has_no_rate():
    assert wilson(0, 0).value is None


def test_metrics_leave_unknown_labels_out():
    truth = np.array([1, 0, np.nan, 1, 0])
    probability = np.array([0.9, 0.1, 0.99, 0.4, 0.6])

    metrics = label_metrics(truth, probability, threshold=0.5)

    assert (metrics.n, metrics.positives) == (4, 2)
    assert metrics.auc == pytest.approx(0.75)
    assert (metrics.recall, metrics.precision, metrics.false_alarm_rate) == (0.5, 0.5, 0.5)


def test_a_single_class_has_no_auc_but_keeps_its_counts():
    metrics = label_metrics(np.ones(3), np.array([0.2, 0.4, 0.9]), threshold=0.5)

    assert metrics.auc is None
    assert metrics.false_alarm_rate is None
    assert metrics.recall == pytest.approx(1 / 3)


def test_recall_and_precision_are_read_off_the_curve_at_their_floors():
    truth = np.array([1.0] * 50 + [0.0] * 50)
    probability = np.concatenate([np.linspace(0.5, 1, 50), np.linspace(0, 0.6, 50)])

    metrics = label_metrics(truth, probability, threshold=0.5)

    said = probability >= 0.5
    assert metrics.precision_at_recall_98 >= truth[said].mean() - 0.02
    assert metrics.recall_at_precision_66 == 1.0


def test_a_calibrated_score_has_no_calibration_error_and_a_wrong_one_does():
    rng = np.random.default_rng(0)
    probability = rng.uniform(size=20_000)
    truth = rng.uniform(size=20_000) < probability

    assert calibration_error(truth, probability) < 0.02
    assert calibration_error(truth, probability**3) > 0.1
    assert sum(bin_["n"] for bin_ in reliability(truth, probability)) == 20_000
