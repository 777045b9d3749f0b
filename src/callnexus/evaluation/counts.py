"""Who belongs to which group, and what was decided of them: examples as integer codes, counted in one pass.

Everything the fairness report says of a group follows from six counts (truth yes or no, by decided no, decided yes or
left to a person), so the examples are read once for each column and outcome, and never again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

FEWEST = 20
"""Cases that a rate must rest on before it is shown: positives for a miss rate, negatives for a false alarm rate."""

UNKNOWN = "unknown"
"""The group of examples whose group is not recorded."""

SEPARATOR = " \N{MULTIPLICATION SIGN} "
"""A multiplication sign between the names of a pair: of two columns, and of a group of each."""

DECIDED_NO, DECIDED_YES, LEFT_TO_A_PERSON = range(3)
"""The places of the last axis of `GroupCounts.cells`."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """One thing that was decided about each example.

    Attributes:
        name: A label's name or a response.
        truth: 1, 0 or NaN where unknown, shape (n,).
        decided: Whether it was decided yes, bool, shape (n,).
        review: Whether it was left to a person, bool, shape (n,); never together with a yes.
    """

    name: str
    truth: NDArray[np.float64]
    decided: NDArray[np.bool_]
    review: NDArray[np.bool_]

    def __post_init__(self) -> None:
        if np.any(self.decided & self.review):
            raise ValueError(f"{self.name}: an example cannot be decided yes and left to a person at once")


@dataclass(frozen=True, slots=True)
class Grouping:
    """One column's groups as integer codes.

    Attributes:
        column: The group column, or two joined by SEPARATOR; "all" for the whole.
        groups: The groups' names.
        code: The place in `groups` of each example, shape (n,).
        known: Whether each group is recorded, shape (groups,); a pair is if both its parts are.
        is_pair: Whether the column is a pair of columns.
    """

    column: str
    groups: tuple[str, ...]
    code: NDArray[np.intp]
    known: NDArray[np.bool_]
    is_pair: bool = False


@dataclass(frozen=True, slots=True)
class GroupCounts:
    """What was decided in each group of a column, for one outcome.

    Attributes:
        grouping: The column.
        outcome: The outcome's name.
        cells: Shape (groups, 2, 3): by truth (no, yes) and answer (no, yes, left to a person).
        unknown: Examples whose truth is not known, shape (groups,).
    """

    grouping: Grouping
    outcome: str
    cells: NDArray[np.int64]
    unknown: NDArray[np.int64]


def groupings(groups: Mapping[str, Sequence[str | None]]) -> list[Grouping]:
    """Return each column's groups in alphabetical order; a missing value is the group "unknown"."""
    found = []
    for column, values in groups.items():
        named = pd.Series(list(values), dtype=object).fillna(UNKNOWN).astype(str)
        code, names = pd.factorize(named, sort=True)
        known = np.array([name != UNKNOWN for name in names], np.bool_)
        found.append(Grouping(column, tuple(map(str, names)), code.astype(np.intp), known))
    return found


def pairs_of(columns: Sequence[Grouping]) -> list[Grouping]:
    """Return every pair of columns as one, with those combinations of groups that occur."""
    return [_pair(one, other) for one, other in combinations(columns, 2)]


def whole(examples: int) -> Grouping:
    """Return all examples as the one group "all" of the column "all"."""
    return Grouping("all", ("all",), np.zeros(examples, np.intp), np.ones(1, np.bool_))


def _pair(one: Grouping, other: Grouping) -> Grouping:
    width = len(other.groups)
    code = one.code * width + other.code
    occurs = np.flatnonzero(np.bincount(code, minlength=len(one.groups) * width))
    place = np.zeros(len(one.groups) * width, np.intp)
    place[occurs] = np.arange(len(occurs))
    first, second = np.divmod(occurs, max(width, 1))
    names = [f"{one.groups[i]}{SEPARATOR}{other.groups[j]}" for i, j in zip(first, second, strict=True)]
    known = one.known[first] & other.known[second]
    return Grouping(f"{one.column}{SEPARATOR}{other.column}", tuple(names), place[code], known, is_pair=True)


def count(outcome: Outcome, grouping: Grouping) -> GroupCounts:
    """Return what was decided in each group."""
    unknown = np.isnan(outcome.truth)
    said = np.where(outcome.decided, DECIDED_YES, np.where(outcome.review, LEFT_TO_A_PERSON, DECIDED_NO))
    # Seven kinds of example: six cells, and those whose truth is unknown.
    kind = np.where(unknown, 6, 3 * (outcome.truth == 1) + said)
    table = np.bincount(grouping.code * 7 + kind, minlength=7 * len(grouping.groups)).reshape(-1, 7)
    return GroupCounts(grouping, outcome.name, table[:, :6].reshape(-1, 2, 3), table[:, 6])
