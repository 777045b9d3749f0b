"""Error rates of each group over the whole range of thresholds, so that no operating point hides a gap."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from callnexus.evaluation.calibration import Scores
from callnexus.evaluation.counts import FEWEST, Grouping

LOG_ODDS = tuple(np.linspace(-6.0, 6.0, 49).tolist())
"""The thresholds: log-odds a quarter apart, from a probability of .0025 to one of .9975."""

_Curve = list[float]


@dataclass(frozen=True, slots=True)
class Sweep:
    """One label's error rates by group of one column, at each threshold of LOG_ODDS and then at the model's own.

    Attributes:
        groups: The groups' names.
        miss_rate: One curve a group; None without FEWEST positives.
        false_alarm_rate: One curve a group; None without FEWEST negatives.
        miss_gap: Largest minus smallest miss rate at each threshold; None with fewer than two curves.
        false_alarm_gap: The same of false alarm rates.
    """

    groups: tuple[str, ...]
    miss_rate: list[_Curve | None]
    false_alarm_rate: list[_Curve | None]
    miss_gap: _Curve | None
    false_alarm_gap: _Curve | None


def sweep(scores: Scores, grouping: Grouping, *, threshold: float | None) -> Sweep:
    """Return the error rates by group over all thresholds; a probability at a threshold is a yes.

    Args:
        scores: The label's probabilities and truth.
        grouping: The column.
        threshold: The probability at which the model says yes, put last in every curve; None if there is none.
    """
    at = 1 / (1 + np.exp(-np.array(LOG_ODDS)))
    own = np.array([] if threshold is None else [threshold])
    points = np.concatenate([at, own])
    order = np.argsort(points, kind="stable")
    groups, bins = len(grouping.groups), len(points) + 1
    known = ~np.isnan(scores.truth)
    # The number of thresholds that each probability reaches.
    reached = np.searchsorted(points[order], scores.probability[known], side="right")
    truth = (scores.truth[known] == 1).astype(np.intp)
    place = (grouping.code[known] * 2 + truth) * bins + reached
    table = np.bincount(place, minlength=groups * 2 * bins).reshape(groups, 2, bins)
    totals = table.sum(axis=2)
    # Decided yes at the k-th threshold: those that reach more than k of them.
    below = np.cumsum(table, axis=2)[:, :, :-1]
    curves = np.empty(below.shape)
    with np.errstate(invalid="ignore"):
        curves[:, :, order] = below / totals[:, :, None]
    enough = totals >= FEWEST
    misses, quiet = curves[:, 1], 1 - curves[:, 0]
    return Sweep(
        grouping.groups,
        _shown(misses, enough[:, 1]),
        _shown(quiet, enough[:, 0]),
        _gap(misses, enough[:, 1]),
        _gap(quiet, enough[:, 0]),
    )


def _shown(curves: NDArray[np.float64], enough: NDArray[np.bool_]) -> list[_Curve | None]:
    return [curve.tolist() if shown else None for curve, shown in zip(curves, enough, strict=True)]


def _gap(curves: NDArray[np.float64], enough: NDArray[np.bool_]) -> _Curve | None:
    return None if enough.sum() < 2 else np.ptp(curves[enough], axis=0).tolist()
