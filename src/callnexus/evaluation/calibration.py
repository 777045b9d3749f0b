"""Mean score, calibration error and reliability curve of each group."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from callnexus.evaluation.counts import FEWEST, Grouping
from callnexus.evaluation.metrics import BINS


@dataclass(frozen=True, slots=True)
class Scores:
    """One label's probabilities beside its truth.

    Attributes:
        truth: 1, 0 or NaN where unknown, shape (n,).
        probability: In [0, 1], shape (n,).
    """

    truth: NDArray[np.float64]
    probability: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class _Bins:
    # Sums over the members of each bin, shape (groups, BINS); bins of each group in `used`.
    members: NDArray[np.int64]
    probability: NDArray[np.float64]
    positives: NDArray[np.float64]
    used: NDArray[np.int64]


def mean_scores(scores: Scores, grouping: Grouping) -> list[tuple[float | None, float | None]]:
    """Return each group's mean probability and expected calibration error (Nguyen & O'Connor, 2015).

    Bins are of equal count and hold FEWEST examples at least, ten bins at most. The mean is None below FEWEST
    examples with a known label, the error below two bins: one bin can only compare two means.
    """
    bins = _binned(scores, grouping)
    n = bins.members.sum(axis=1)
    with np.errstate(invalid="ignore"):
        mean = bins.probability.sum(axis=1) / n
        error = np.abs(bins.probability - bins.positives).sum(axis=1) / n
    return [
        (value if cases >= FEWEST else None, distance if used >= 2 else None)
        for value, distance, cases, used in zip(
            mean.tolist(), error.tolist(), n.tolist(), bins.used.tolist(), strict=True
        )
    ]


def reliability_curves(scores: Scores, grouping: Grouping) -> list[list[tuple[float, float, int]]]:
    """Return each group's reliability curve: mean probability, share of true examples, and count of each bin.

    A group with too few examples for two bins has an empty curve.
    """
    bins = _binned(scores, grouping)
    curves = []
    for members, probability, positives, used in zip(
        bins.members, bins.probability, bins.positives, bins.used, strict=True
    ):
        shown = range(used) if used >= 2 else ()
        curves.append([(float(probability[b] / members[b]), float(positives[b] / members[b]), int(members[b]))
                       for b in shown])  # fmt: skip
    return curves


def _binned(scores: Scores, grouping: Grouping) -> _Bins:
    known = ~np.isnan(scores.truth)
    code, probability, truth = grouping.code[known], scores.probability[known], scores.truth[known]
    groups = len(grouping.groups)
    n = np.bincount(code, minlength=groups)
    # Sorted by probability first and by group second, stably: ranks within each group.
    order = np.argsort(probability, kind="stable")
    order = order[np.argsort(code[order].astype(np.int32), kind="stable")]
    code, probability, truth = code[order], probability[order], truth[order]
    rank = np.arange(len(code)) - (np.cumsum(n) - n)[code]
    used = np.clip(n // FEWEST, 1, BINS)
    # As np.array_split: the first n % bins bins hold one example more.
    size, longer = n // used, n % used
    edge = longer * (size + 1)
    size_of, longer_of, edge_of = size[code], longer[code], edge[code]
    late = longer_of + (rank - edge_of) // np.maximum(size_of, 1)
    place = code * BINS + np.where(rank < edge_of, rank // (size_of + 1), late)

    def total(weights: NDArray[np.float64] | None) -> NDArray[np.float64]:
        return np.bincount(place, weights, groups * BINS).reshape(groups, BINS).astype(np.float64)

    return _Bins(total(None).astype(np.int64), total(probability), total(truth), used)
