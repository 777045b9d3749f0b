"""How many narratives get a clear answer, and how often it is wrong: the two sides of saying "I don't know"."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from callnexus.evaluation.metrics import Rate, wilson

BOTH = "both"
"""The answer to both labels at once, on which a recommendation rests."""


@dataclass(frozen=True, slots=True)
class CoverageRow:
    """Coverage of one part of the examples for one label, or for both at once.

    Abstaining can serve groups unevenly, so coverage and error are read side by side (Jones et al., "Selective
    classification can magnify disparities across groups", ICLR 2021).

    Attributes:
        column: What the examples are divided by, such as "register"; "all" for the whole.
        part: The value of that column.
        label: Name of the label, or BOTH.
        coverage: Examples with a clear answer (yes or no), of all with a known truth.
        error: Wrong answers, of the clear ones.
    """

    column: str
    part: str
    label: str
    coverage: Rate
    error: Rate

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON types."""
        return asdict(self)


def coverage_rows(
    truth: NDArray[np.float64],
    yes: NDArray[np.bool_],
    no: NDArray[np.bool_],
    labels: Sequence[str],
    columns: Mapping[str, Sequence[str | None]],
) -> list[CoverageRow]:
    """Return coverage and error of the whole and of each part of each column, for each label and for both.

    Args:
        truth: 1, 0 or NaN where unknown, shape (n, labels).
        yes: Whether the decision is yes, same shape.
        no: Whether it is no; neither means unsure or insufficient.
        labels: Names, in the order of the last axis.
        columns: One value an example; a missing value is the part "unknown".
    """
    known, clear = ~np.isnan(truth), yes | no
    wrong = clear & known & (yes != (truth == 1))
    views: dict[str, tuple[NDArray[np.bool_], ...]] = {
        name: (known[:, k], clear[:, k], wrong[:, k]) for k, name in enumerate(labels)
    }
    views[BOTH] = tuple(np.asarray(part, np.bool_) for part in (known.all(1), clear.all(1), wrong.any(1)))
    everything = np.ones(len(truth), np.bool_)
    found = [_row("all", "all", label, everything, *view) for label, view in views.items()]
    for column, values in columns.items():
        named = ["unknown" if value is None else str(value) for value in values]
        for part in sorted(set(named)):
            member = np.array([name == part for name in named], np.bool_)
            found += [_row(column, part, label, member, *view) for label, view in views.items()]
    return found


def _row(
    column: str,
    part: str,
    label: str,
    member: NDArray[np.bool_],
    known: NDArray[np.bool_],
    clear: NDArray[np.bool_],
    wrong: NDArray[np.bool_],
) -> CoverageRow:
    counted = member & known
    answered = int((counted & clear).sum())
    mistaken = int((counted & clear & wrong).sum())
    return CoverageRow(column, part, label, wilson(answered, int(counted.sum())), wilson(mistaken, answered))
