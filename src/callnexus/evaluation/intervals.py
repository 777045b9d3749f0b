"""Intervals and tests for the difference and the ratio of two shares, many at a time."""

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln
from scipy.stats import norm

from callnexus.evaluation.metrics import wilson_bounds

Numbers = NDArray[np.float64]
Counts = NDArray[np.int64]

RARE = 5
"""Below so many hits, or so many cases that are no hit, on either side, score intervals replace the bootstrap."""

_Z = float(norm.ppf(0.975))


def newcombe_difference(
    hits: Counts, cases: Counts, other_hits: Counts, other_cases: Counts
) -> tuple[Numbers, Numbers]:
    """Return the 95 % hybrid score interval of each difference (Newcombe, 1998, method 10).

    It joins the Wilson intervals of both sides, so that no hit at all still leaves an interval of some width.

    >>> low, high = newcombe_difference(np.array([56]), np.array([70]), np.array([48]), np.array([80]))
    >>> round(float(low[0]), 4), round(float(high[0]), 4)
    (0.0524, 0.3339)
    """
    share, other = hits / cases, other_hits / other_cases
    (low, high), (other_low, other_high) = wilson_bounds(hits, cases), wilson_bounds(other_hits, other_cases)
    below = np.sqrt((share - low) ** 2 + (other_high - other) ** 2)
    above = np.sqrt((high - share) ** 2 + (other - other_low) ** 2)
    return share - other - below, share - other + above


def score_ratio(hits: Counts, cases: Counts, other_hits: Counts, other_cases: Counts) -> tuple[Numbers, Numbers]:
    """Return the 95 % interval of each ratio from both Wilson intervals (MOVER-R; Donner & Zou, 2012).

    NaN where an end has no bound: a ratio to a share that may be zero has no upper one.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        p, q = hits / cases, other_hits / other_cases
        (p_low, p_high), (q_low, q_high) = wilson_bounds(hits, cases), wilson_bounds(other_hits, other_cases)
        far, near = q_high * (2 * q - q_high), q_low * (2 * q - q_low)
        low = (p * q - np.sqrt((p * q) ** 2 - p_low * (2 * p - p_low) * far)) / far
        high = (p * q + np.sqrt((p * q) ** 2 - p_high * (2 * p - p_high) * near)) / near
    # With no hit on the other side only "more than nothing" can be said.
    low, high = np.where(q > 0, low, np.nan), np.where(q_low > 0, high, np.nan)
    return np.where(np.isfinite(low), np.maximum(low, 0.0), np.nan), np.where(np.isfinite(high), high, np.nan)


def two_proportion_p(hits: Counts, cases: Counts, other_hits: Counts, other_cases: Counts) -> Numbers:
    """Return the two-sided p of each pair of shares being one: pooled z test, or Fisher's exact test if few.

    Fisher's where an expected count of the two-by-two table is below 5 (Cochran, 1954).
    """
    total = cases + other_cases
    pooled = (hits + other_hits) / total
    spread = np.sqrt(pooled * (1 - pooled) * (1 / cases + 1 / other_cases))
    with np.errstate(divide="ignore", invalid="ignore"):
        z = np.abs(hits / cases - other_hits / other_cases) / spread
    p = np.where(spread > 0, 2 * norm.sf(z), 1.0)
    expected = np.minimum(cases, other_cases) * np.minimum(pooled, 1 - pooled)
    few = (expected < 5) & (spread > 0)
    if few.any():
        p[few] = _fisher(hits[few], cases[few], other_hits[few], other_cases[few])
    return np.asarray(p, np.float64)


def _fisher(hits: Counts, cases: Counts, other_hits: Counts, other_cases: Counts) -> Numbers:
    """Return the two-sided p of Fisher's exact test, as `scipy.stats.fisher_exact` does one at a time."""
    # Of the table's rows and columns the rarer ones: what is expected there is below 5, so the sum is short.
    common = hits + other_hits > (cases + other_cases) / 2
    a, b = np.where(common, cases - hits, hits), np.where(common, other_cases - other_hits, other_hits)
    swapped = cases > other_cases
    observed, drawn = np.where(swapped, b, a), np.where(swapped, other_cases, cases)
    total, marked = cases + other_cases, a + b
    # Beyond a hundred, with fewer than five expected, no probability is left that a float could hold.
    support = np.arange(max(100, int(observed.max())) + 1)
    chance = _hypergeometric(support, total[:, None], marked[:, None], drawn[:, None])
    own = chance[np.arange(len(observed)), observed]
    # Probabilities that are equal but for rounding belong to the tail.
    return np.asarray(np.minimum(1.0, np.where(chance <= own[:, None] * (1 + 1e-7), chance, 0).sum(axis=1)))


def _hypergeometric(x: Counts, total: Counts, marked: Counts, drawn: Counts) -> Numbers:
    # scipy.stats.hypergeom.pmf is exact to more digits, and takes a hundred microseconds for each.
    rest = total - marked
    possible = (x <= marked) & (x <= drawn) & (drawn - x <= rest)
    x = np.where(possible, x, np.maximum(0, drawn - rest))
    logarithm = _log_choose(marked, x) + _log_choose(rest, drawn - x) - _log_choose(total, drawn)
    return np.asarray(np.where(possible, np.exp(logarithm), 0.0), np.float64)


def _log_choose(n: Counts, k: Counts) -> Numbers:
    return np.asarray(gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1), np.float64)


def holm(p: Numbers) -> Numbers:
    """Return the p values adjusted over their family (Holm, 1979), in the order given.

    >>> holm(np.array([0.01, 0.04, 0.03])).round(3).tolist()
    [0.03, 0.06, 0.06]
    """
    order = np.argsort(p, kind="stable")
    adjusted = np.empty(len(p))
    adjusted[order] = np.minimum(1.0, np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1)))
    return adjusted


def paired_difference(only_old: Counts, only_new: Counts, both: Counts, cases: Counts) -> tuple[Numbers, Numbers]:
    """Return the 95 % score interval of each change of a share on the same cases (Newcombe, 1998, paired method 10).

    Args:
        only_old: Cases that were hits before and are no more.
        only_new: Cases that are hits now and were none.
        both: Cases that are hits both times.
        cases: All cases.
    """
    neither = cases - only_old - only_new - both
    old, new = both + only_old, both + only_new
    p, q = new / cases, old / cases
    (p_low, p_high), (q_low, q_high) = wilson_bounds(new, cases), wilson_bounds(old, cases)
    product = np.sqrt(1.0 * old * (cases - old) * new * (cases - new))
    cross = 1.0 * both * neither - 1.0 * only_old * only_new
    # The continuity correction of method 10, for a positive association only.
    cross = np.where(cross > 0, np.maximum(cross - cases / 2, 0), cross)
    phi = np.divide(cross, product, out=np.zeros(len(cases)), where=product > 0)

    def half(mine: Numbers, others: Numbers) -> Numbers:
        return np.asarray(np.sqrt(np.maximum(mine**2 - 2 * phi * mine * others + others**2, 0)), np.float64)

    return p - q - half(p - p_low, q_high - q), p - q + half(p_high - p, q - q_low)
