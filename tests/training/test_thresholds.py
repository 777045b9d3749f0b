import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from callnexus.training.experiment import LabelThreshold, ThresholdsSection
from callnexus.training.thresholds import choose_thresholds, threshold_at_recall

scored = st.lists(st.tuples(st.booleans(), st.floats(0, 1)), min_size=1, max_size=60).filter(
    lambda pairs: any(true for true, _ in pairs)
)


@given(pairs=scored, recall=st.floats(0.05, 1))
def test_the_threshold_finds_the_recall_and_any_higher_one_does_not(pairs: list, recall: float):
    truth, probability = (np.array(column) for column in zip(*pairs, strict=True))

    threshold = threshold_at_recall(truth.astype(bool), probability.astype(float), recall=recall)

    def found(limit: float) -> float:
        return float((probability[truth] >= limit).mean())

    assert found(threshold) >= recall - 1e-9
    higher = probability[truth][probability[truth] > threshold]
    assert not len(higher) or found(float(higher.min())) < recall


def test_no_true_call_is_an_error():
    with pytest.raises(ValueError, match="at least one true call"):
        threshold_at_recall(np.zeros(3, bool), np.zeros(3), recall=0.9)


def test_between_two_recalls_the_model_is_unsure():
    truth = np.column_stack([np.r_[np.ones(100), np.zeros(100), np.nan]] * 2)
    probability = np.column_stack([np.r_[np.linspace(0.3, 1, 100), np.linspace(0, 0.5, 100), 0.4]] * 2)
    settings = ThresholdsSection(
        mh_nexus=LabelThreshold(recall=0.8, unsure_recall=0.95), safety_risk=LabelThreshold(recall=0.9)
    )

    chosen = choose_thresholds(truth, probability, settings)

    assert chosen["mh_nexus"].no_below < chosen["mh_nexus"].yes_from
    assert chosen["safety_risk"].no_below == chosen["safety_risk"].yes_from
