"""The first screen of the page: whether the limits hold, and what a reviewer should worry about most."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from callnexus.evaluation.tables import records
from callnexus.labels import LABELS
from callnexus.report.findings import error_disparities, single_columns
from callnexus.report.swapped import KINDS, swap_title
from callnexus.report.wording import (
    beyond_chance,
    column_title,
    group_title,
    measured,
    outcome_title,
    rate_text,
)

WORRIES = 5
"""What a reviewer can keep in mind."""

POORLY_CALIBRATED = 0.1
"""A group whose probabilities are further from the truth than this, on average, is worth a word."""

STATUSES = {
    "demonstration": "a demonstration, which may never be approved for real calls",
    "candidate": "a candidate, which a reviewer has to decide on",
    "approved": "approved by a reviewer",
    "rejected": "rejected by a reviewer",
}


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether the limits hold that were set before the results were seen.

    Attributes:
        tone: "broken", "waived", "held" or "none", for the page's style.
        headline: In one sentence.
        meaning: What that means for who signs.
    """

    tone: str
    headline: str
    meaning: str


def verdict(document: Mapping[str, Any]) -> Verdict:
    """Return the verdict on the document's limits; it never says that a model is free of disparities."""
    gates = document.get("gates") or []
    failing = [gate for gate in gates if not gate["passed"]]
    broken = sum(gate["waiver"] is None for gate in failing)
    if not broken and not any(str(gate["gate"]).startswith("fairness.") for gate in gates):
        return Verdict(
            "none",
            "No limits on disparities were set.",
            "Nobody said beforehand what would be too much: this report only describes.",
        )
    if broken:
        return Verdict(
            "broken",
            f"Limits not kept: {broken} of {len(gates)}.",
            "Nobody waived them. The model must not be approved as it is.",
        )
    if failing:
        return Verdict(
            "waived",
            f"Limits not kept, but waived: {len(failing)} of {len(gates)}.",
            "Each waiver says who took it on, when and why. Read them before you sign.",
        )
    return Verdict(
        "held",
        f"All {len(gates)} limits are kept.",
        "That is no proof that there is no disparity: read what could not be checked.",
    )


@dataclass(frozen=True, slots=True)
class Worry:
    """One thing to worry about.

    Attributes:
        text: In a sentence or two.
        section: The id of the section that tells more.
    """

    text: str
    section: str


def worries(document: Mapping[str, Any]) -> list[Worry]:
    """Return what to worry about most, the gravest first, WORRIES at most."""
    found = [worry for check in _CHECKS for worry in check(document)]
    return found[:WORRIES]


def _limits(document: Mapping[str, Any]) -> Iterator[Worry]:
    failing = [gate for gate in document.get("gates") or [] if not gate["passed"]]
    broken = sum(gate["waiver"] is None for gate in failing)
    if broken:
        yield Worry(f"{broken} limits are not kept, and nobody waived them.", "gates")
    if len(failing) > broken:
        yield Worry(
            f"{len(failing) - broken} limits are not kept, and were waived. Read whether the reasons hold.",
            "gates",
        )


def _beyond(document: Mapping[str, Any]) -> Iterator[Worry]:
    found = [row for row in error_disparities(document) if beyond_chance(row) and row["difference"] > 0]
    if found:
        groups = {(row["column"], row["group"]) for row in found}
        yield Worry(
            f"{_counted(len(found), 'disparity', 'disparities')} to the disadvantage of "
            f"{_counted(len(groups), 'group', 'groups')} cannot be put down to chance.",
            "harms",
        )


def _unknown(document: Mapping[str, Any]) -> Iterator[Worry]:
    for label in reversed(LABELS):
        rows = [row for row in document["rows"] if row["outcome"] == label.name and row["column"] != "all"]
        open_ = [row for row in rows if not measured(row["miss_rate"])]
        if open_:
            yield Worry(
                f"For {len(open_)} of {len(rows)} groups nobody knows how often a {label.title} is missed: each has "
                f"fewer than {document['fewest']} true cases here.",
                "unchecked",
            )


def _left(document: Mapping[str, Any]) -> Iterator[Worry]:
    rows = [row for row in records(document["harms"]) if row["column"] == "all"]
    worst = max(rows, key=lambda row: row["caught_by_review"] / max(row["cases"], 1), default=None)
    if worst is not None and worst["caught_by_review"] * 2 > worst["cases"]:
        yield Worry(
            f"{worst['caught_by_review']} of {worst['cases']} calls that {_POSSIBLE[worst['harm']]} are left to the "
            f"dispatcher. Routing harm looks small because of that; what the dispatcher does with them is not known.",
            "harms",
        )


def _swapped(document: Mapping[str, Any]) -> Iterator[Worry]:
    rows = [
        row
        for row in (document.get("swaps") or {}).get("rows", [])
        if row["flips"]["cases"] >= document["fewest"] and row["flips"]["hits"]
    ]
    if rows:
        worst = max(rows, key=lambda row: row["flips"]["low"])
        yield Worry(
            f"The same call in other words may be answered differently. Most of all, {swap_title(worst)} "
            f"({KINDS.get(worst['kind'], worst['kind'])}) changed the answer on a {outcome_title(worst['label'])} in "
            f"{rate_text(worst['flips'])} of narratives.",
            "swaps",
        )


def _worse(document: Mapping[str, Any]) -> Iterator[Worry]:
    comparison = document["comparison"]
    rows = records(comparison["changes"]) if comparison else ()
    worse = [row for row in rows if row["difference"] is not None and row["difference"] > 0 and beyond_chance(row)]
    if worse:
        yield Worry(
            f"{_counted(len(worse), 'error rate has', 'error rates have')} risen since {comparison['model']}, by more "
            f"than chance explains.",
            "history",
        )


def _calibrated(document: Mapping[str, Any]) -> Iterator[Worry]:
    rows = [row for row in document["rows"] if row["column"] != "all" and row["calibration_error"] is not None]
    worst = max(rows, key=lambda row: row["calibration_error"], default=None)
    if worst is not None and worst["calibration_error"] > POORLY_CALIBRATED:
        yield Worry(
            f"The probability of a {outcome_title(worst['outcome'])} is off by {100 * worst['calibration_error']:.0f} "
            f"points on average where {column_title(worst['column'])} is {group_title(worst['group'])}.",
            "calibration",
        )


def _labelled(document: Mapping[str, Any]) -> Iterator[Worry]:
    readings = (document["provenance"] or {}).get("readings", [])
    once, examples = sum(count for number, count in readings if number < 2), sum(count for _, count in readings)
    if once * 2 > examples:
        yield Worry(
            f"{once} of {examples} examples were labelled by one person or none: where that person erred, so does "
            f"every rate here.",
            "history",
        )


def _untried(document: Mapping[str, Any]) -> Iterator[Worry]:
    if not single_columns(document):
        yield Worry("No group was compared with any other: there is no group column.", "unchecked")
    if not document.get("swaps"):
        yield Worry("Nobody tried whether swapped names, races or dialects change an answer.", "unchecked")


_POSSIBLE = {
    "over_policing": "need no police",
    "under_protection": "need police",
    "clinician_missed": "need a clinician",
    "clinician_without_nexus": "have no mental health nexus",
}
_CHECKS: tuple[Callable[[Mapping[str, Any]], Iterator[Worry]], ...] = (
    _limits,
    _beyond,
    _unknown,
    _left,
    _swapped,
    _worse,
    _calibrated,
    _untried,
    _labelled,
)


def _counted(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"
