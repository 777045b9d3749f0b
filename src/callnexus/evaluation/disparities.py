"""Each group against the rest of its column: difference and ratio of every rate, with intervals and p values.

The rest of a group is every other example of the column whose group is recorded. Both sides are resampled
independently, 2,000 times, from the multinomial distribution of their six counts (truth by answer), and every rate is
computed anew from each draw; so a precision's denominator varies as it does in the world. Where a side has fewer than
RARE hits, or fewer than RARE cases that are none, a bootstrap of so few counts degenerates (no hit is drawn from no
hit), and score intervals stand in: Newcombe's for the difference, MOVER-R for the ratio.

Speed: 100,000 examples in 12 columns have some 8,000 groups and pairs of groups for each outcome. Drawing multinomials
of 2,000 resamples for each takes over a minute; drawing each count from its Poisson distribution (a multinomial
whose total varies too, which cancels in a rate) with the same normal numbers for all groups takes seconds. Counts of
less than `_EXACT_BELOW` are drawn exactly; larger ones by the Cornish-Fisher expansion, whose error in a quantile is
below a hundredth of a standard deviation. Sharing the numbers ties groups to each other, and no interval to anything.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from callnexus.evaluation.counts import FEWEST, GroupCounts
from callnexus.evaluation.groups import CASES, HITS, MEASURES
from callnexus.evaluation.intervals import (
    RARE,
    Numbers,
    holm,
    newcombe_difference,
    score_ratio,
    two_proportion_p,
)

RESAMPLES = 2000

_EXACT_BELOW = 10
_CHUNK = 64
"""Groups resampled at once: 64 groups of 2,000 draws of 6 counts stay near the processor's cache."""


@dataclass(frozen=True, slots=True)
class Disparity:
    """How one rate of a group differs from that of the rest of its column.

    Attributes:
        column: The group column, or a pair of columns.
        group: The group.
        outcome: A label, a response or a routing harm.
        measure: Which rate.
        difference: The group's rate minus the rest's.
        low: Lower end of the difference's 95 % interval.
        high: Upper end.
        ratio: The group's rate by the rest's; None where the rest's is zero.
        ratio_low: Lower end of the ratio's 95 % interval; None where it has none.
        ratio_high: Upper end; None where it has none.
        p: Two-sided, of no difference.
        p_holm: The same after Holm's correction over its family.
        interval: "bootstrap" or "score".
    """

    column: str
    group: str
    outcome: str
    measure: str
    difference: float
    low: float
    high: float
    ratio: float | None
    ratio_low: float | None
    ratio_high: float | None
    p: float
    p_holm: float
    interval: str


@dataclass(frozen=True, slots=True)
class _Found:
    # One entry for each (group, measure) that both sides have enough cases for.
    group: NDArray[np.intp]
    measure: NDArray[np.intp]
    difference: Numbers
    low: Numbers
    high: Numbers
    ratio: Numbers
    ratio_low: Numbers
    ratio_high: Numbers
    p: Numbers
    scored: NDArray[np.bool_]


def disparities(
    tables: Sequence[GroupCounts], *, measures: Sequence[str] = MEASURES, resamples: int = RESAMPLES, seed: int = 0
) -> list[Disparity]:
    """Return every disparity that both sides have FEWEST cases for, in the order of tables, measures and groups.

    Holm's correction is over families: all groups of all single columns for one outcome and measure; and, apart from
    them, all groups of all pairs of columns for one outcome and measure.

    Args:
        tables: What was decided, by column and outcome.
        measures: Which rates to compare.
        resamples: Draws of the bootstrap.
        seed: Of the draws: the same tables give the same intervals.
    """
    generator = np.random.default_rng(seed)
    normal = generator.standard_normal((2, 6, resamples), dtype=np.float32)
    places = [MEASURES.index(measure) for measure in measures]
    found = [_compared(table, places, normal, generator) for table in tables]
    adjusted = _adjusted(tables, found)
    return [row for table, part, p in zip(tables, found, adjusted, strict=True) for row in _rows(table, part, p)]


def _compared(
    table: GroupCounts, places: Sequence[int], normal: NDArray[np.float32], generator: np.random.Generator
) -> _Found:
    mine = table.cells.reshape(-1, 6)
    recorded = table.grouping.known
    rest = mine[recorded].sum(axis=0) - np.where(recorded[:, None], mine, 0)
    hits, cases, rest_hits, rest_cases = (side @ table_ for side in (mine, rest) for table_ in (HITS, CASES))
    wanted = np.zeros(len(MEASURES), np.bool_)
    wanted[list(places)] = True
    measure, group = np.nonzero(((cases >= FEWEST) & (rest_cases >= FEWEST) & wanted).T)
    counts = tuple(values[group, measure] for values in (hits, cases, rest_hits, rest_cases))
    h, n, k, m = counts
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(k > 0, (h / n) / (k / m), np.nan)
    low, high = newcombe_difference(*counts)
    ratio_low, ratio_high = score_ratio(*counts)
    scored = np.minimum.reduce([h, n - h, k, m - k]) < RARE
    drawn = _bootstrap(mine, rest, group[~scored], measure[~scored], normal, generator)
    low[~scored], high[~scored], ratio_low[~scored], ratio_high[~scored] = drawn
    p = two_proportion_p(*counts)
    return _Found(group, measure, h / n - k / m, low, high, ratio, ratio_low, ratio_high, p, scored)


def _bootstrap(
    mine: NDArray[np.int64],
    rest: NDArray[np.int64],
    group: NDArray[np.intp],
    measure: NDArray[np.intp],
    normal: NDArray[np.float32],
    generator: np.random.Generator,
) -> NDArray[np.float64]:
    """Return the ends of each difference's and each ratio's percentile interval, shape (4, entries)."""
    ends = np.empty((4, len(group)))
    wanted = np.unique(group)
    for start in range(0, len(wanted), _CHUNK):
        chunk = wanted[start : start + _CHUNK]
        entries = np.flatnonzero((group >= chunk[0]) & (group <= chunk[-1]))
        place, which = np.searchsorted(chunk, group[entries]), measure[entries]
        ours, theirs = (
            _rates(_draws(side[chunk], numbers, generator), place, which)
            for side, numbers in zip((mine, rest), normal, strict=True)
        )
        ends[:2, entries] = _percentiles(ours - theirs)
        ends[2:, entries] = _percentiles(ours / np.maximum(theirs, np.float32(1e-9)))
    return ends


def _draws(
    cells: NDArray[np.int64], normal: NDArray[np.float32], generator: np.random.Generator
) -> NDArray[np.float32]:
    """Return resampled counts, shape (groups, 6, resamples)."""
    mean = cells[:, :, None].astype(np.float32)
    # Cornish and Fisher (1938) for a Poisson count: mean, spread, and the skewness that the normal lacks.
    drawn = np.sqrt(mean) * normal
    drawn += (normal * normal - 1) / 6
    drawn += mean
    for i, j in zip(*np.nonzero(cells < _EXACT_BELOW), strict=True):
        drawn[i, j] = generator.poisson(cells[i, j], normal.shape[1])
    return np.asarray(np.maximum(drawn, 0, out=drawn), np.float32)


def _rates(drawn: NDArray[np.float32], place: NDArray[np.intp], which: NDArray[np.intp]) -> NDArray[np.float32]:
    """Return each entry's rate in each draw, shape (entries, resamples)."""
    hits, cases = ((table.T.astype(np.float32) @ drawn)[place, which] for table in (HITS, CASES))
    return np.asarray(hits / np.maximum(cases, 1), np.float32)


def _percentiles(values: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    ordered = np.sort(values, axis=1)
    last = values.shape[1] - 1
    return np.stack([ordered[:, round(0.025 * last)], ordered[:, round(0.975 * last)]]).astype(np.float64)


def _adjusted(tables: Sequence[GroupCounts], found: Sequence[_Found]) -> list[Numbers]:
    """Return the p values after Holm's correction, one array a table."""
    families: dict[tuple[str, bool, int], list[tuple[int, NDArray[np.intp]]]] = {}
    for number, (table, part) in enumerate(zip(tables, found, strict=True)):
        for measure in np.unique(part.measure).tolist():
            members = np.flatnonzero(part.measure == measure)
            families.setdefault((table.outcome, table.grouping.is_pair, measure), []).append((number, members))
    adjusted = [np.empty(len(part.p)) for part in found]
    for family in families.values():
        values = holm(np.concatenate([found[number].p[members] for number, members in family]))
        start = 0
        for number, members in family:
            adjusted[number][members] = values[start : start + len(members)]
            start += len(members)
    return adjusted


def _rows(table: GroupCounts, found: _Found, adjusted: Numbers) -> Iterator[Disparity]:
    grouping = table.grouping
    ratios = (found.ratio, found.ratio_low, found.ratio_high)
    for i, (group, measure, scored) in enumerate(
        zip(found.group.tolist(), found.measure.tolist(), found.scored.tolist(), strict=True)
    ):
        ratio, ratio_low, ratio_high = (None if math.isnan(part[i]) else float(part[i]) for part in ratios)
        yield Disparity(
            column=grouping.column,
            group=grouping.groups[group],
            outcome=table.outcome,
            measure=MEASURES[measure],
            difference=float(found.difference[i]),
            low=float(found.low[i]),
            high=float(found.high[i]),
            ratio=ratio,
            ratio_low=ratio_low,
            ratio_high=ratio_high,
            p=float(found.p[i]),
            p_holm=float(adjusted[i]),
            interval="score" if scored else "bootstrap",
        )
