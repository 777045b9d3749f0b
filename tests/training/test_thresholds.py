import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from callnexus.errors import ExamplesError
from callnexus.training.experiment import LabelThreshold, ThresholdsSection
from callnexus.training.thresholds import choose_thresholds

wanted = ThresholdsSection(
    mh_nexus=LabelThreshold(miss=0.05, false_alarm=0.1), safety_risk=LabelThreshold(miss=0.02, false_alarm=0.1)
)
probabilities = st.lists(st.floats(0, 1), min_size=1, max_size=200)


def both(values: np.ndarray) -> np.ndarray:
    return np.column_stack([values, values])


@given(positives=probabilities, negatives=probabilities)
def test_no_more_than_the_allowed_cases_stand_on_the_wrong_side(positives: list, negatives: list):
    truth = both(np.r_[np.ones(len(positives)), np.zeros(len(negatives)), np.nan])
    probability = both(np.r_[positives, negatives, 0.5])

    chosen = choose_thresholds(truth, probability, wanted)

    for found in chosen.values():
        assert (np.array(positives) < found.thresholds.no_below).sum() <= found.no.errors
        if found.thresholds.yes_from < 1:
            assert (np.array(negatives) >= found.thresholds.yes_from).sum() <= found.yes.errors


def test_between_the_two_promises_the_model_is_unsure():
    truth = both(np.r_[np.ones(200), np.zeros(200)])
    probability = both(np.r_[np.linspace(0.2, 1, 200), np.linspace(0, 0.8, 200)])

    found = choose_thresholds(truth, probability, wanted)["mh_nexus"]

    assert 0.2 < found.thresholds.no_below < found.thresholds.yes_from < 0.8
    assert found.no.kept
    assert found.yes.kept


def test_a_model_that_tells_calls_apart_is_never_unsure_and_misses_less_than_it_may():
    truth = both(np.r_[np.ones(200), np.zeros(200)])
    probability = both(np.r_[np.linspace(0.6, 1, 200), np.linspace(0, 0.4, 200)])

    found = choose_thresholds(truth, probability, wanted)["safety_risk"].thresholds

    assert found.no_below == found.yes_from < 0.6


def test_too_few_positives_are_promised_only_what_they_support():
    truth = both(np.r_[np.ones(60), np.zeros(300)])
    probability = both(np.r_[np.linspace(0.3, 1, 60), np.linspace(0, 0.6, 300)])

    chosen = choose_thresholds(truth, probability, wanted)

    assert chosen["mh_nexus"].no.kept
    assert not chosen["safety_risk"].no.kept
    assert chosen["safety_risk"].no.more_needed == 89
    assert chosen["safety_risk"].thresholds.no_below == pytest.approx(0.3)


@pytest.mark.parametrize("answer", [0.0, 1.0])
def test_a_label_without_both_answers_is_refused(answer: float):
    with pytest.raises(ExamplesError, match="mh_nexus: the calibration split"):
        choose_thresholds(both(np.full(9, answer)), both(np.full(9, 0.5)), wanted)
