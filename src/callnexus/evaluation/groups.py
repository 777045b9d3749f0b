"""Error rates by group, for each label and each recommended response: plain tables in, plain tables out."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from callnexus.evaluation.metrics import Rate, wilson

FEWEST = 20
"""Positives, and negatives, that a group must have before a rate of it is shown."""

UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class GroupRow:
    """One group's counts and rates for one outcome.

    A rate is None where the group has not enough cases for it: never a zero, never a pass.

    Attributes:
        column: The group column, such as "subject_sex"; "all" for the whole.
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

    @property
    def enough(self) -> bool:
        """Whether both positives and negatives suffice."""
        return self.positives >= FEWEST and self.negatives >= FEWEST

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON types, with `enough` stated."""
        return asdict(self) | {"enough": self.enough}


@dataclass(frozen=True, slots=True)
class Outcome:
    """One thing that was decided about each example.

    Attributes:
        name: A label's name or a response.
        truth: 1, 0 or NaN where unknown, shape (n,).
        decided: Whether it was decided yes, bool, shape (n,).
        review: Whether it was left to a person, bool, shape (n,).
    """

    name: str
    truth: NDArray[np.float64]
    decided: NDArray[np.bool_]
    review: NDArray[np.bool_]


def group_rows(outcomes: Sequence[Outcome], groups: Mapping[str, Sequence[str | None]]) -> list[GroupRow]:
    """Return a row for the whole and for each group of each column, for each outcome.

    Args:
        outcomes: What was decided.
        groups: The values of each group column, one an example; a missing value is the group "unknown".
    """
    rows = []
    for outcome in outcomes:
        everything = np.ones(len(outcome.truth), np.bool_)
        rows.append(_row("all", "all", outcome, everything))
        for column, values in groups.items():
            named = pd.Series(list(values), dtype=object).fillna(UNKNOWN).astype(str).to_numpy()
            rows += [_row(column, group, outcome, named == group) for group in sorted(set(named))]
    return rows


def _row(column: str, group: str, outcome: Outcome, member: NDArray[np.bool_]) -> GroupRow:
    known = member & ~np.isnan(outcome.truth)
    positive, negative = known & (outcome.truth == 1), known & (outcome.truth == 0)
    positives, negatives, n = int(positive.sum()), int(negative.sum()), int(known.sum())
    said = outcome.decided & known
    # Each rate needs enough of its own denominator; counts are always shown.
    return GroupRow(
        column=column,
        group=group,
        outcome=outcome.name,
        n=n,
        unknown=int((member & np.isnan(outcome.truth)).sum()),
        positives=positives,
        negatives=negatives,
        miss_rate=_rate(int((positive & ~outcome.decided).sum()), positives),
        false_alarm_rate=_rate(int((negative & outcome.decided).sum()), negatives),
        precision=_rate(int((said & positive).sum()), int(said.sum())),
        selection_rate=_rate(int(said.sum()), n),
        review_rate=_rate(int((outcome.review & known).sum()), n),
    )


def _rate(hits: int, cases: int) -> Rate | None:
    return wilson(hits, cases) if cases >= FEWEST else None


@dataclass(frozen=True, slots=True)
class Gap:
    """The largest difference of one rate between two groups of a column that both have enough cases."""

    column: str
    outcome: str
    measure: str
    difference: float
    highest: str
    lowest: str


MEASURES = ("miss_rate", "false_alarm_rate", "precision", "selection_rate", "review_rate")


def largest_gaps(rows: Sequence[GroupRow]) -> list[Gap]:
    """Return the largest gap of each column, outcome and measure, largest first; fewer than two groups give none."""
    gaps = []
    for column, outcome in dict.fromkeys((row.column, row.outcome) for row in rows if row.column != "all"):
        members = [row for row in rows if (row.column, row.outcome) == (column, outcome)]
        for measure in MEASURES:
            values = {row.group: rate.value for row in members if (rate := getattr(row, measure)) is not None}
            known = {group: value for group, value in values.items() if value is not None}
            if len(known) >= 2:
                highest, lowest = max(known, key=known.__getitem__), min(known, key=known.__getitem__)
                gaps.append(Gap(column, outcome, measure, known[highest] - known[lowest], highest, lowest))
    return sorted(gaps, key=lambda gap: -gap.difference)
