"""Does a promise made elsewhere hold here? A model's promised error rate tested on new local labels, with a verdict."""

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from callnexus.evaluation.floors import fewest_cases, floor_of, lower_bound, promise, upper_bound
from callnexus.evaluation.metrics import label_metrics


class Verdict(StrEnum):
    """What to do about one promise."""

    KEEP = "keep"
    LABEL_MORE = "label more"
    RETHRESHOLD = "re-threshold"
    RETRAIN = "retrain"


LOST_COVERAGE = 0.5
"""If moving the threshold would leave fewer clear answers than this share of today's, it is no remedy."""


@dataclass(frozen=True, slots=True)
class Recheck:
    """One promise tested on local labels.

    Attributes:
        label: Name of the label.
        side: "no": true calls that got a no; "yes": other calls that got a yes.
        promised: The error rate that the model promises, or supported at the least.
        confidence: Of the promise, and of both bounds here.
        cases: Local calls that could show the error.
        errors: How many did.
        low: Lower one-sided bound of the local error rate.
        high: Upper one-sided bound.
        verdict: What to do.
        threshold: Where the threshold would have to lie here, when re-thresholding is the verdict; else None.
        more_needed: How many more such calls to label before the promise can be confirmed at all; else 0.
    """

    label: str
    side: str
    promised: float
    confidence: float
    cases: int
    errors: int
    low: float
    high: float
    verdict: Verdict
    threshold: float | None
    more_needed: int

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON types."""
        return asdict(self) | {"verdict": str(self.verdict)}


def recheck(
    label: str,
    truth: NDArray[np.float64],
    probability: NDArray[np.float64],
    *,
    no_below: float,
    yes_from: float,
    promises: dict[str, dict[str, float]],
    auc_low: float | None,
) -> list[Recheck]:
    """Return the test of both promises of one label.

    - keep: even the upper bound of the local error rate is within the promise;
    - label more: neither bound settles it;
    - re-threshold: the promise is broken, and a threshold chosen on the local labels would keep it with at least
      LOST_COVERAGE of the clear answers left;
    - retrain: broken, and no such threshold exists, or calls are told apart clearly worse than in the model's own test.

    Args:
        label: Name of the label.
        truth: 1, 0 or NaN, shape (n,).
        probability: What the model says, shape (n,).
        no_below: The model's threshold for a no.
        yes_from: The model's threshold for a yes.
        promises: By side ("no", "yes"), with "supported" and "confidence", as the manifest holds them.
        auc_low: Lower end of the interval of the model's AUC on its own test split, if known.
    """
    worse = _clearly_worse(truth, probability, auc_low)

    def clear(low: float, high: float) -> float:
        return float(((probability < low) | (probability >= high)).mean()) if len(probability) else 0.0

    positive, negative = probability[truth == 1], probability[truth == 0]
    counts = {"no": (len(positive), positive < no_below), "yes": (len(negative), negative >= yes_from)}
    found = []
    for side, (cases, wrong) in counts.items():
        bound = promises[side]
        rate, confidence, errors = bound["supported"], bound["confidence"], int(wrong.sum())
        low, high = (f(errors, cases, confidence=confidence) for f in (lower_bound, upper_bound))
        verdict, threshold, more = Verdict.LABEL_MORE, None, 0
        if high <= rate:
            verdict = Verdict.KEEP
        elif low > rate:
            # A floor under negatives, seen from the other side, is the lowest threshold for a yes.
            allowed = promise(cases=cases, rate=rate, confidence=confidence)
            if side == "no":
                threshold = min(floor_of(positive, allowed), yes_from)
                left = clear(threshold, yes_from)
            else:
                threshold = max(min(float(np.nextafter(-floor_of(-negative, allowed), 1)), 1.0), no_below)
                left = clear(no_below, threshold)
            helps = allowed.kept and not worse and left >= LOST_COVERAGE * clear(no_below, yes_from)
            verdict = Verdict.RETHRESHOLD if helps else Verdict.RETRAIN
            threshold = threshold if helps else None
        elif rate < 1:
            more = max(0, fewest_cases(rate=rate, confidence=confidence) - cases)
        found.append(Recheck(label, side, rate, confidence, cases, errors, low, high, verdict, threshold, more))
    return found


def _clearly_worse(truth: NDArray[np.float64], probability: NDArray[np.float64], auc_low: float | None) -> bool:
    high = label_metrics(truth, probability, threshold=0.5).auc_high
    return auc_low is not None and high is not None and high < auc_low
