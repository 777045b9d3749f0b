"""Routing harm: whom the recommendation would wrongly send, or fail to send, by group."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from callnexus.evaluation.counts import FEWEST, Grouping, Outcome
from callnexus.evaluation.metrics import wilson_bounds

HARMS = ("over_policing", "under_protection", "clinician_missed", "clinician_without_nexus")
"""Police recommended though none needed; none though needed; no clinician though needed; one without a nexus."""

Flags = NDArray[np.float64]
"""1 yes, 0 no, NaN where not known, shape (n,)."""


@dataclass(frozen=True, slots=True)
class Routing:
    """Who is needed and who is recommended for each example.

    Attributes:
        police_needed: Whether the true labels need police.
        police_recommended: Whether the recommendation sends police; not read where it is left to the dispatcher.
        clinician_needed: Whether the true labels need a clinician.
        clinician_recommended: Whether the recommendation sends one; not read where it is left to the dispatcher.
        nexus: Whether there is a mental health nexus, by the true label.
        review: Whether the recommendation is left to the dispatcher, bool, shape (n,).
    """

    police_needed: Flags
    police_recommended: Flags
    clinician_needed: Flags
    clinician_recommended: Flags
    nexus: Flags
    review: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class HarmRow:
    """How often one routing harm would happen in one group.

    Attributes:
        column: The group column.
        group: The group.
        harm: One of HARMS.
        unknown: Examples of which it is not known whether the harm was possible, or whether it would happen.
        caught_by_review: Cases left to the dispatcher: no harm is counted, and the review must prevent it.
        cases: Examples in which the harm was possible, those left to the dispatcher among them.
        hits: Examples in which it would happen.
        rate: Their share; None with fewer than FEWEST cases.
        low: Lower end of its 95 % score interval.
        high: Upper end.
    """

    column: str
    group: str
    harm: str
    unknown: int
    caught_by_review: int
    cases: int
    hits: int
    rate: float | None
    low: float | None
    high: float | None


def harm_outcomes(routing: Routing) -> Iterator[Outcome]:
    """Yield each harm as an outcome: true where the harm is possible, decided yes where it would happen.

    Examples in which it is impossible, or in which too little is known, have no truth.
    """
    possible = _possible(routing)
    sent = {"police": routing.police_recommended, "clinician": routing.clinician_recommended}
    for harm, who, wrong in zip(HARMS, ("police", "police", "clinician", "clinician"), (1, 0, 0, 1), strict=True):
        settled = routing.review | ~np.isnan(sent[who])
        case = (possible[harm] == 1) & settled
        truth = np.where(case, 1.0, np.nan)
        yield Outcome(harm, truth, case & ~routing.review & (sent[who] == wrong), routing.review)


def harm_rows(routing: Routing, grouping: Grouping) -> list[HarmRow]:
    """Return a row for each harm and group of a column."""
    groups = len(grouping.groups)
    rows = []
    possible = _possible(routing)
    for outcome in harm_outcomes(routing):
        case = ~np.isnan(outcome.truth)
        open_question = ~case & (possible[outcome.name] != 0)
        unknown, caught, cases, hits = (
            np.bincount(grouping.code[which], minlength=groups)
            for which in (open_question, case & outcome.review, case, outcome.decided)
        )
        low, high = wilson_bounds(hits, cases)
        for group, u, c, n, h, a, b in zip(
            grouping.groups, *(part.tolist() for part in (unknown, caught, cases, hits, low, high)), strict=True
        ):
            rate = (h / n, a, b) if n >= FEWEST else (None, None, None)
            rows.append(HarmRow(grouping.column, group, outcome.name, u, c, n, h, *rate))
    return rows


def _possible(routing: Routing) -> dict[str, Flags]:
    """Return whether each harm was possible: 1, 0 or NaN."""
    return {
        "over_policing": 1 - routing.police_needed,
        "under_protection": routing.police_needed,
        "clinician_missed": routing.clinician_needed,
        "clinician_without_nexus": 1 - routing.nexus,
    }
