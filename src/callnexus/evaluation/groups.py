"""Error rates by group, for each label and each recommended response: plain tables in, plain tables out.

Point values are fairlearn's (tests compare every one of them with `MetricFrame`, by columns and by pairs), but they are
counted here: for 100,000 examples, 12 columns and 6 of their pairs a `MetricFrame` took 46 s of processor for one
outcome, and counting integer codes .2 s, 231 times less (`experiments/fairness_scale.py`). The report has 78 columns
and pairs for each of five outcomes, and a minute for all of them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from callnexus.evaluation.calibration import Scores, mean_scores
from callnexus.evaluation.counts import FEWEST, GroupCounts, Outcome, count, groupings, whole
from callnexus.evaluation.metrics import Rate, wilson_bounds

MEASURES = ("miss_rate", "false_alarm_rate", "precision", "selection_rate", "review_rate")
"""The rates, in the order of every table."""

# Rows are the six cells of GroupCounts (truth no: no, yes, person; truth yes: no, yes, person), columns the measures.
HITS = np.array([[0, 0, 0, 0, 0], [0, 1, 0, 1, 0], [0, 0, 0, 0, 1], [1, 0, 0, 0, 0], [0, 0, 1, 1, 0], [1, 0, 0, 0, 1]])
"""Which cells each measure counts, shape (6, 5): a positive left to a person is missed by the model."""

CASES = np.array([[0, 1, 0, 1, 1], [0, 1, 1, 1, 1], [0, 1, 0, 1, 1], [1, 0, 0, 1, 1], [1, 0, 1, 1, 1], [1, 0, 0, 1, 1]])
"""Which cells each measure is a share of, shape (6, 5)."""


@dataclass(frozen=True, slots=True)
class GroupRow:
    """One group's counts and rates for one outcome.

    A rate is None where the group has not enough cases for it: never a zero, never a pass.

    Attributes:
        column: The group column, such as "subject_sex"; "all" for the whole; a pair's two joined by SEPARATOR.
        group: The group's value.
        outcome: What is decided: a label's name or a response.
        n: Examples of the group whose truth is known.
        unknown: Examples of the group whose truth is not known.
        positives: Examples whose truth is yes.
        negatives: Examples whose truth is no.
        miss_rate: Positives not decided yes, of the positives.
        false_alarm_rate: Negatives decided yes, of the negatives.
        precision: Positives among those decided yes.
        selection_rate: Decided yes, of all.
        review_rate: Without a clear decision, of all.
        mean_score: Mean probability of those whose truth is known; None for responses, which have none.
        calibration_error: Expected calibration error over equal-count bins; None with too few cases for two bins.
    """

    column: str
    group: str
    outcome: str
    n: int
    unknown: int
    positives: int
    negatives: int
    miss_rate: Rate | None
    false_alarm_rate: Rate | None
    precision: Rate | None
    selection_rate: Rate | None
    review_rate: Rate | None
    mean_score: float | None
    calibration_error: float | None

    @property
    def enough(self) -> bool:
        """Whether both positives and negatives suffice."""
        return self.positives >= FEWEST and self.negatives >= FEWEST

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON types, with `enough` stated."""
        return asdict(self) | {"enough": self.enough}


def group_rows(outcomes: Sequence[Outcome], groups: Mapping[str, Sequence[str | None]]) -> list[GroupRow]:
    """Return a row for the whole and for each group of each column, for each outcome.

    Args:
        outcomes: What was decided.
        groups: The values of each group column, one an example; a missing value is the group "unknown".
    """
    columns = groupings(groups)
    return [
        row
        for outcome in outcomes
        for grouping in (whole(len(outcome.truth)), *columns)
        for row in rows_of(count(outcome, grouping))
    ]


def rows_of(counts: GroupCounts, scores: Scores | None = None) -> list[GroupRow]:
    """Return a row for each group.

    Args:
        counts: What was decided in each group.
        scores: The outcome's probabilities, where it has any.
    """
    cells = counts.cells.reshape(-1, 6)
    rates = rates_of(cells @ HITS, cells @ CASES)
    negatives, positives = counts.cells.sum(axis=2).T.tolist()
    numbers = zip(counts.grouping.groups, negatives, positives, counts.unknown.tolist(), rates, strict=True)
    rows = []
    for group, no, yes, unknown, (miss, alarm, precision, selection, review) in numbers:
        rows.append(
            GroupRow(
                column=counts.grouping.column,
                group=group,
                outcome=counts.outcome,
                n=no + yes,
                unknown=unknown,
                positives=yes,
                negatives=no,
                miss_rate=miss,
                false_alarm_rate=alarm,
                precision=precision,
                selection_rate=selection,
                review_rate=review,
                mean_score=None,
                calibration_error=None,
            )
        )
    if scores is None:
        return rows
    scored = mean_scores(scores, counts.grouping)
    return [
        replace(row, mean_score=mean, calibration_error=error) for row, (mean, error) in zip(rows, scored, strict=True)
    ]


def rates_of(hits: NDArray[np.int64], cases: NDArray[np.int64]) -> list[list[Rate | None]]:
    """Return the rates with their Wilson intervals, shape as given (groups, measures); None below FEWEST cases."""
    low, high = wilson_bounds(hits, cases)
    return [
        [Rate(h / n, a, b, h, n) if n >= FEWEST else None for h, n, a, b in zip(*row, strict=True)]
        for row in zip(hits.tolist(), cases.tolist(), low.tolist(), high.tolist(), strict=True)
    ]


@dataclass(frozen=True, slots=True)
class Gap:
    """The largest difference of one rate between two groups of a column that both have enough cases."""

    column: str
    outcome: str
    measure: str
    difference: float
    highest: str
    lowest: str


def largest_gaps(rows: Sequence[GroupRow]) -> list[Gap]:
    """Return the largest gap of each column, outcome and measure, largest first; fewer than two groups give none."""
    members: dict[tuple[str, str], list[GroupRow]] = {}
    for row in rows:
        if row.column != "all":
            members.setdefault((row.column, row.outcome), []).append(row)
    gaps = []
    for (column, outcome), found in members.items():
        for measure in MEASURES:
            values = {row.group: rate.value for row in found if (rate := getattr(row, measure)) is not None}
            known = {group: value for group, value in values.items() if value is not None}
            if len(known) >= 2:
                highest, lowest = max(known, key=known.__getitem__), min(known, key=known.__getitem__)
                gaps.append(Gap(column, outcome, measure, known[highest] - known[lowest], highest, lowest))
    return sorted(gaps, key=lambda gap: -gap.difference)
