"""Choosing thresholds on held-out examples: what must be found first, then what that costs."""

import numpy as np
from numpy.typing import NDArray

from callnexus.labels import LABEL_NAMES
from callnexus.model import Thresholds
from callnexus.training.experiment import LabelThreshold, ThresholdsSection


def choose_thresholds(
    truth: NDArray[np.float64], probability: NDArray[np.float64], settings: ThresholdsSection
) -> dict[str, Thresholds]:
    """Return each label's thresholds for the recalls that the experiment asks for.

    Args:
        truth: 1, 0 or NaN on the calibration split, shape (examples, 2).
        probability: Calibrated, shape (examples, 2).
        settings: The share of true calls to find.
    """
    chosen = {}
    for place, name in enumerate(LABEL_NAMES):
        wanted: LabelThreshold = getattr(settings, name)
        known = ~np.isnan(truth[:, place])
        true, found = truth[known, place] == 1, probability[known, place]
        yes_from = threshold_at_recall(true, found, recall=wanted.recall)
        no_below = yes_from
        if wanted.unsure_recall is not None:
            no_below = min(yes_from, threshold_at_recall(true, found, recall=wanted.unsure_recall))
        chosen[name] = Thresholds(yes_from=yes_from, no_below=no_below)
    return chosen


def threshold_at_recall(truth: NDArray[np.bool_], probability: NDArray[np.float64], *, recall: float) -> float:
    """Return the highest threshold that still finds `recall` of the true calls.

    A missed call costs more than a needless review: recall is fixed first, and precision is whatever is
    left. A probability at the threshold is a yes.

    >>> truth = np.array([True, True, False, True])
    >>> threshold_at_recall(truth, np.array([0.9, 0.8, 0.5, 0.2]), recall=0.6)
    0.8

    Args:
        truth: One bool per call, shape (n,).
        probability: One value in [0, 1] per call, in the same order, shape (n,).
        recall: The share of true calls to find, in (0, 1].

    Raises:
        ValueError: If no call is true.
    """
    positive = np.sort(probability[truth])[::-1]
    if not len(positive):
        raise ValueError("a threshold for a recall needs at least one true call")
    needed = int(np.ceil(recall * len(positive) - 1e-9))
    return float(positive[max(needed, 1) - 1])
