"""What may be promised of a threshold: at most this share of errors, at this confidence, from this many cases.

A threshold is put at an order statistic of held-out scores, so that the promise holds for any distribution of
scores and any sample size (Tong, Feng and Li, "Neyman-Pearson classification algorithms and NP receiver operating
characteristics", Science Advances 4, 2018). The one assumption is that the held-out cases and those to come are
exchangeable: drawn from the same calls, in no telling order. A city whose calls differ must test it again (`recheck`).

With fewer cases than `fewest_cases` no threshold can keep the promise. Then it is refused, and what the cases do
support is promised instead.
"""

import math
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import beta, binom


@dataclass(frozen=True, slots=True)
class Promise:
    """An upper bound on an error rate, as asked for and as the cases support it.

    Attributes:
        rate: The largest error rate asked for.
        confidence: With what probability, over draws of the held-out cases, the bound must hold.
        cases: Held-out cases it rests on.
        errors: How many of them may stand on the wrong side of the threshold.
        supported: The rate that is promised: `rate`, or the larger one that so few cases support; 1 if there is none.
        more_needed: How many more cases the rate asked for would take; 0 when it is kept.
    """

    rate: float
    confidence: float
    cases: int
    errors: int
    supported: float
    more_needed: int

    @property
    def kept(self) -> bool:
        """Whether the rate asked for is the one that is promised."""
        return self.more_needed == 0

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON types, with `kept` stated."""
        return asdict(self) | {"kept": self.kept}


def promise(*, cases: int, rate: float, confidence: float) -> Promise:
    """Return what so many held-out cases let one promise of an error rate.

    >>> promise(cases=330, rate=0.02, confidence=0.95).errors
    2
    >>> refused = promise(cases=59, rate=0.02, confidence=0.95)
    >>> refused.kept, round(refused.supported, 3), refused.more_needed
    (False, 0.05, 90)

    Args:
        cases: Held-out positives, for a bound on misses; negatives, for one on false alarms.
        rate: The largest error rate wanted, in (0, 1).
        confidence: In (0, 1).

    Raises:
        ValueError: If rate or confidence is out of range.
    """
    more = fewest_cases(rate=rate, confidence=confidence) - cases
    if more > 0:
        supported = 1 - (1 - confidence) ** (1 / cases) if cases else 1.0
        return Promise(rate, confidence, cases, 0, float(supported), more)
    # The largest number of errors that would still be rare if the true rate were above the bound.
    errors = int(binom.ppf(1 - confidence, cases, rate))
    if binom.cdf(errors, cases, rate) > 1 - confidence:
        errors -= 1
    return Promise(rate, confidence, cases, errors, rate, 0)


def fewest_cases(*, rate: float, confidence: float) -> int:
    """Return how many held-out cases a bound needs at the least: all of them on the right side then prove it.

    >>> [fewest_cases(rate=rate, confidence=0.95) for rate in (0.05, 0.02, 0.01)]
    [59, 149, 299]

    Raises:
        ValueError: If rate or confidence is not between 0 and 1.
    """
    if not (0 < rate < 1 and 0 < confidence < 1):
        raise ValueError("rate and confidence must lie between 0 and 1")
    return math.ceil(math.log(1 - confidence) / math.log(1 - rate) - 1e-9)


def floor_of(scores: NDArray[np.float64], allowed: Promise) -> float:
    """Return the highest threshold with no more than the allowed number of scores below it.

    Read as a floor under positives: a score below it is an error. Equal scores stand on the same side.

    Args:
        scores: Of the held-out cases the promise was made for, shape (cases,).
        allowed: The promise.

    Raises:
        ValueError: If there is no case.
    """
    if not len(scores):
        raise ValueError("a threshold needs at least one case")
    return float(np.sort(scores)[allowed.errors])


def upper_bound(errors: int, cases: int, *, confidence: float) -> float:
    """Return the one-sided upper end of an error rate (Clopper and Pearson, 1934); 1 without a case.

    >>> round(upper_bound(0, 149, confidence=0.95), 3)
    0.02
    """
    return 1.0 if errors >= cases else float(beta.ppf(confidence, errors + 1, cases - errors))


def lower_bound(errors: int, cases: int, *, confidence: float) -> float:
    """Return the one-sided lower end of an error rate (Clopper and Pearson, 1934); 0 without an error.

    >>> round(lower_bound(149, 149, confidence=0.95), 3)
    0.98
    """
    return 0.0 if errors == 0 else float(beta.ppf(1 - confidence, errors, cases - errors + 1))
