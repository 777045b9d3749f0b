"""Change: error rates by quarter, and a version against another one on the same examples."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binomtest

from callnexus.evaluation.counts import FEWEST, Grouping, Outcome
from callnexus.evaluation.intervals import RARE, holm, paired_difference

RESAMPLES = 2000


@dataclass(frozen=True, slots=True)
class Change:
    """How one error rate of one group changed from another version to this one, on the same examples.

    Attributes:
        column: The group column.
        group: The group.
        outcome: The label.
        measure: "miss_rate" or "false_alarm_rate".
        cases: Positives of the group for a miss rate, negatives for a false alarm rate.
        before: Errors of the other version.
        after: Errors of this one.
        fixed: Errors of the other version that this one does not make.
        broken: Errors of this version that the other one did not make.
        difference: The rate now minus the rate before; None with fewer than FEWEST cases, as all that follows.
        low: Lower end of its 95 % interval.
        high: Upper end.
        p: McNemar's exact test (1947), two-sided.
        p_holm: The same after Holm's correction over all groups of all columns for one label and measure.
        interval: "bootstrap" over examples, or "score" (Newcombe, 1998) where few examples changed.
    """

    column: str
    group: str
    outcome: str
    measure: str
    cases: int
    before: int
    after: int
    fixed: int
    broken: int
    difference: float | None
    low: float | None
    high: float | None
    p: float | None
    p_holm: float | None
    interval: str | None


def quarter(date: str | None) -> str | None:
    """Return the quarter of an ISO date.

    >>> quarter("2019-05-31")
    '2019 Q2'
    """
    return None if date is None else f"{date[:4]} Q{(int(date[5:7]) + 2) // 3}"


def changes(old: Outcome, new: Outcome, columns: Sequence[Grouping], *, seed: int = 0) -> list[Change]:
    """Return the change of both error rates in every group, the examples paired.

    A bootstrap over the cases of a group is a multinomial draw of four counts: wrong both times, wrong only before,
    wrong only now, right both times. Where fewer than RARE examples changed it degenerates, and Newcombe's paired
    score interval stands in.

    Args:
        old: The other version's decisions.
        new: This version's, of the same examples in the same order.
        columns: The group columns, and the whole.
        seed: Of the bootstrap.
    """
    generator = np.random.default_rng(seed)
    found = []
    for measure, truth in (("miss_rate", 1), ("false_alarm_rate", 0)):
        member = new.truth == truth
        wrong_before, wrong_now = (member & (outcome.decided != bool(truth)) for outcome in (old, new))
        rows = [
            row
            for grouping in columns
            for row in _changes(new.name, measure, grouping, member, wrong_before, wrong_now, generator)
        ]
        found += _corrected(rows)
    return found


def _changes(
    outcome: str,
    measure: str,
    grouping: Grouping,
    member: NDArray[np.bool_],
    wrong_before: NDArray[np.bool_],
    wrong_now: NDArray[np.bool_],
    generator: np.random.Generator,
) -> Iterator[Change]:
    counted = (
        np.bincount(grouping.code[which], minlength=len(grouping.groups)).tolist()
        for which in (member, wrong_before & wrong_now, wrong_before & ~wrong_now, wrong_now & ~wrong_before)
    )
    for group, n, both, fixed, broken in zip(grouping.groups, *counted, strict=True):
        counts = (n, both + fixed, both + broken, fixed, broken)
        if n < FEWEST:
            yield Change(grouping.column, group, outcome, measure, *counts, None, None, None, None, None, None)
            continue
        scored = fixed + broken < RARE
        if scored:
            ends = paired_difference(*(np.array([value]) for value in (fixed, broken, both, n)))
            low, high = float(ends[0][0]), float(ends[1][0])
        else:
            drawn = generator.multinomial(n, np.array([fixed, broken, n - fixed - broken]) / n, RESAMPLES)
            low, high = np.percentile((drawn[:, 1] - drawn[:, 0]) / n, [2.5, 97.5]).tolist()
        p = 1.0 if fixed + broken == 0 else float(binomtest(fixed, fixed + broken, 0.5).pvalue)
        kind = "score" if scored else "bootstrap"
        yield Change(grouping.column, group, outcome, measure, *counts, (broken - fixed) / n, low, high, p, None, kind)


def _corrected(rows: Sequence[Change]) -> list[Change]:
    # The whole is no group: it answers another question, and is left out of the family.
    tested = [row.p for row in rows if row.p is not None and row.column != "all"]
    adjusted = iter(holm(np.array(tested)).tolist())
    return [
        row if row.p is None else replace(row, p_holm=row.p if row.column == "all" else next(adjusted)) for row in rows
    ]
