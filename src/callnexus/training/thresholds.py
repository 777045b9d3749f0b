"""Choosing thresholds on held-out examples, each with a promise: how often a no, and a yes, may be wrong."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from callnexus.errors import ExamplesError
from callnexus.evaluation.floors import Promise, floor_of, promise
from callnexus.labels import LABEL_NAMES
from callnexus.model import Thresholds
from callnexus.training.experiment import LabelThreshold, ThresholdsSection


@dataclass(frozen=True, slots=True)
class Promised:
    """One label's thresholds and what is promised of them.

    Attributes:
        thresholds: Where the decision turns.
        no: Bound on the share of true calls that get a no.
        yes: Bound on the share of other calls that get a yes.
    """

    thresholds: Thresholds
    no: Promise
    yes: Promise


def choose_thresholds(
    truth: NDArray[np.float64], probability: NDArray[np.float64], settings: ThresholdsSection
) -> Mapping[str, Promised]:
    """Return each label's thresholds so that the error rates asked for hold with the confidence asked for.

    What the examples cannot support is not promised; see `callnexus.evaluation.floors`.

    Args:
        truth: 1, 0 or NaN on the calibration split, shape (examples, 2).
        probability: What the packaged model says, shape (examples, 2).
        settings: The largest error rates, and the confidence.

    Raises:
        ExamplesError: If a label has no true, or no other, example.
    """
    return {
        name: _choose_one(name, truth[:, place], probability[:, place], getattr(settings, name))
        for place, name in enumerate(LABEL_NAMES)
    }


def _choose_one(
    name: str, truth: NDArray[np.float64], probability: NDArray[np.float64], wanted: LabelThreshold
) -> Promised:
    positives, negatives = probability[truth == 1], probability[truth == 0]
    if not (len(positives) and len(negatives)):
        raise ExamplesError([f"{name}: the calibration split needs examples of yes and of no to choose thresholds"])
    no = promise(cases=len(positives), rate=wanted.miss, confidence=wanted.confidence)
    yes = promise(cases=len(negatives), rate=wanted.false_alarm, confidence=wanted.confidence)
    no_below = floor_of(positives, no)
    # A floor under positives, seen from the other side: the threshold lies just above the negatives it excludes.
    yes_from = min(float(np.nextafter(-floor_of(-negatives, yes), 1)), 1.0)
    # Where both promises hold with room between them nothing is unsure, and the lower threshold misses less.
    return Promised(Thresholds(yes_from=yes_from, no_below=min(no_below, yes_from)), no, yes)
