import numpy as np

from callnexus.evaluation.rechecking import Recheck, Verdict, recheck

PROMISES = {"no": {"supported": 0.02, "confidence": 0.95}, "yes": {"supported": 0.1, "confidence": 0.95}}


def checked(positive, negative, *, auc_low: float | None = 0.9, promises=PROMISES) -> dict[str, Recheck]:
    truth = np.r_[np.ones(len(positive)), np.zeros(len(negative)), np.nan]
    probability = np.r_[positive, negative, 0.5]
    rows = recheck("safety_risk", truth, probability, no_below=0.3, yes_from=0.7, promises=promises, auc_low=auc_low)
    return {row.side: row for row in rows}


def test_a_promise_that_even_the_upper_bound_keeps_is_kept():
    rows = checked(np.full(149, 0.9), np.full(100, 0.1))

    assert [rows[side].verdict for side in ("no", "yes")] == [Verdict.KEEP, Verdict.KEEP]
    assert rows["no"].high <= 0.02


def test_too_few_local_calls_settle_nothing_and_the_number_to_label_is_said():
    rows = checked(np.full(100, 0.9), np.full(100, 0.1))

    assert rows["no"].verdict is Verdict.LABEL_MORE
    assert rows["no"].more_needed == 49


def test_a_broken_promise_that_a_local_threshold_would_keep_asks_for_that_threshold():
    positive, negative = np.r_[np.full(40, 0.25), np.full(260, 0.9)], np.full(300, 0.1)

    found = checked(positive, negative)["no"]

    assert found.verdict is Verdict.RETHRESHOLD
    assert found.threshold is not None
    assert (positive < found.threshold).sum() <= 2
    assert found.low > 0.02


def test_broken_false_alarms_ask_for_a_higher_threshold():
    positive, negative = np.full(300, 0.95), np.r_[np.full(60, 0.8), np.full(240, 0.1)]

    found = checked(positive, negative)["yes"]

    assert found.verdict is Verdict.RETHRESHOLD
    assert found.threshold is not None
    assert 0.8 < found.threshold <= 0.95


def test_a_model_that_tells_local_calls_apart_clearly_worse_is_trained_again():
    rng = np.random.default_rng(1)

    rows = checked(rng.uniform(0, 1, 400), rng.uniform(0, 1, 400))

    assert rows["no"].verdict is Verdict.RETRAIN
    assert rows["no"].threshold is None


def test_a_threshold_that_would_leave_hardly_a_clear_answer_is_no_remedy():
    positive, negative = np.r_[np.full(40, 0.01), np.full(260, 0.9)], np.linspace(0.0, 0.29, 900)

    assert checked(positive, negative, auc_low=None)["no"].verdict is Verdict.RETRAIN


def test_without_any_local_positive_nothing_is_confirmed():
    rows = checked(np.zeros(0), np.full(100, 0.1))

    assert (rows["no"].cases, rows["no"].verdict) == (0, Verdict.LABEL_MORE)
    assert rows["no"].to_dict()["verdict"] == "label more"
