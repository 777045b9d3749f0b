"""The disparities to read first, in plain words: who may be harmed or overlooked more often than the rest."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from callnexus.evaluation.tables import records
from callnexus.report.wording import (
    ERROR_RATES,
    HARM,
    LABEL_TITLES,
    MEASURES,
    Row,
    beyond_chance,
    column_title,
    group_title,
    outcome_title,
    sentence,
)

_ERRORS = {
    "miss_rate": ("a {0} may be missed more often", "calls with a {0}: not found by the model"),
    "false_alarm_rate": ("a false alarm of a {0} may be more likely", "calls without a {0}: flagged by the model"),
}
_HARMS = {
    "over_policing": (
        "police may be recommended without need more often",
        "calls that need no police: police recommended",
    ),
    "under_protection": (
        "police may be missing where they are needed more often",
        "calls that need police: none recommended",
    ),
    "clinician_missed": (
        "a clinician who is needed may be missing more often",
        "calls that need a clinician: none recommended",
    ),
    "clinician_without_nexus": (
        "a clinician may be sent without a mental health nexus more often",
        "calls without a mental health nexus: a clinician recommended",
    ),
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One group that may fare worse than the rest of its column.

    Attributes:
        headline: What may happen more often, without the group.
        column: Title of the group column.
        group: The group's name.
        counted: What the rate is a share of, and what it counts.
        outcome: Title of the label or routing harm.
        measure: Title of the rate; empty for a routing harm, whose title says it.
        rate: The group's rate.
        rest: The rate of the rest.
        disparity: Difference, ratio, their intervals and p values.
        beyond: Whether it remains after the correction for many comparisons.
    """

    headline: str
    column: str
    group: str
    counted: str
    outcome: str
    measure: str
    rate: Mapping[str, Any]
    rest: float
    disparity: Row
    beyond: bool


def single_columns(document: Mapping[str, Any]) -> list[str]:
    """Return the group columns, without their pairs."""
    return [column for column in dict.fromkeys(row["column"] for row in document["rows"]) if column != "all"]


def error_disparities(document: Mapping[str, Any], *, pairs: bool = False) -> list[Row]:
    """Return the disparities in misses, false alarms and routing harm, the worst for a group first.

    First come those beyond chance. Then the lower end of the interval decides: what the data support at least, so
    that one unlucky call in a small group does not stand before a disparity that many calls show.

    Args:
        document: The fairness document.
        pairs: Those of the pairs of columns instead of the columns'.
    """
    singles = set(single_columns(document))
    found = [
        row for row in records(document["disparities"]) if _is_error(row) and (row["column"] in singles) is not pairs
    ]
    return sorted(found, key=lambda row: (not (beyond_chance(row) and row["difference"] > 0), -row["low"]))


def first_findings(document: Mapping[str, Any], count: int = 3, *, pairs: bool = False) -> list[Finding]:
    """Return the groups that may fare worse than the rest, the most important first, each group once.

    Args:
        document: The fairness document.
        count: How many at most.
        pairs: Look at pairs of columns instead.
    """
    rates = _rates(document, pairs=pairs)
    chosen: dict[tuple[str, str], Row] = {}
    for row in error_disparities(document, pairs=pairs):
        if row["difference"] > 0 and len(chosen) < count:
            chosen.setdefault((row["column"], row["group"]), row)
    return [_finding(row, rates) for row in chosen.values()]


def _is_error(row: Row) -> bool:
    return row["measure"] == HARM or (row["outcome"] in LABEL_TITLES and row["measure"] in ERROR_RATES)


def _rates(document: Mapping[str, Any], *, pairs: bool) -> dict[tuple[str, ...], Mapping[str, Any]]:
    rows: Sequence[Row] = list(records(document["pairs"])) if pairs else document["rows"]
    rates: dict[tuple[str, ...], Mapping[str, Any]] = {
        (row["column"], row["group"], row["outcome"], measure): row[measure]
        for row in rows
        for measure in ERROR_RATES
        if row["outcome"] in LABEL_TITLES
    }
    harms: dict[tuple[str, ...], Mapping[str, Any]] = {
        (row["column"], row["group"], row["harm"], HARM): {**row, "value": row["rate"]}
        for row in records(document["harms"])
    }
    return rates | harms


def _finding(row: Row, rates: Mapping[tuple[str, ...], Mapping[str, Any]]) -> Finding:
    outcome, measure = row["outcome"], row["measure"]
    title = outcome_title(outcome)
    headline, counted = _HARMS[outcome] if measure == HARM else _ERRORS[measure]
    rate = rates[row["column"], row["group"], outcome, measure]
    return Finding(
        headline=sentence(headline.format(title)),
        column=column_title(row["column"]),
        group=group_title(row["group"]),
        counted=sentence(counted.format(title)),
        outcome=title,
        measure=MEASURES.get(measure, ""),
        rate=rate,
        rest=rate["value"] - row["difference"],
        disparity=row,
        beyond=beyond_chance(row),
    )
