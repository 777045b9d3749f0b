"""What could not be checked: rates that rest on too few cases, combinations too small, and parts that are missing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from callnexus.evaluation.tables import records
from callnexus.report.wording import (
    LABEL_TITLES,
    MEASURES,
    Row,
    column_title,
    group_title,
    joined,
    measured,
    outcome_title,
)


@dataclass(frozen=True, slots=True)
class Unchecked:
    """Rates of one group that had not enough cases.

    Attributes:
        group: The group's name.
        outcomes: Title of each outcome concerned, with the titles of its missing rates, or "every rate".
        count: How many rates are missing.
    """

    group: str
    outcomes: Sequence[tuple[str, str]]
    count: int


@dataclass(frozen=True, slots=True)
class UncheckedColumn:
    """What one group column leaves open.

    Attributes:
        column: Title of the column.
        groups: The groups with missing rates.
        missing: Rates that had not enough cases.
        rates: Rates there would be.
    """

    column: str
    groups: Sequence[Unchecked]
    missing: int
    rates: int


def unchecked_columns(document: Mapping[str, Any]) -> list[UncheckedColumn]:
    """Return, for each group column, every rate of every group and outcome that had not enough cases."""
    columns: dict[str, dict[str, list[Row]]] = {}
    for row in document["rows"]:
        if row["column"] != "all":
            columns.setdefault(row["column"], {}).setdefault(row["group"], []).append(row)
    return [_unchecked_column(column, groups) for column, groups in columns.items()]


def _unchecked_column(column: str, groups: Mapping[str, Sequence[Row]]) -> UncheckedColumn:
    found = [entry for group, rows in groups.items() if (entry := _unchecked(group, rows)).count]
    rates = len(MEASURES) * sum(map(len, groups.values()))
    return UncheckedColumn(column_title(column), found, sum(entry.count for entry in found), rates)


def _unchecked(group: str, rows: Sequence[Row]) -> Unchecked:
    missing = {row["outcome"]: [m for m in MEASURES if not measured(row[m])] for row in rows}
    # Outcomes that miss the same rates share a line, or one tiny group fills a page.
    together: dict[tuple[str, ...], list[str]] = {}
    for outcome, measures in missing.items():
        if measures:
            together.setdefault(tuple(measures), []).append(outcome_title(outcome))
    outcomes = [
        (
            "every outcome" if len(titles) == len(rows) else joined(titles),
            "every rate" if len(measures) == len(MEASURES) else joined([MEASURES[m] for m in measures]),
        )
        for measures, titles in together.items()
    ]
    return Unchecked(group_title(group), outcomes, sum(map(len, missing.values())))


@dataclass(frozen=True, slots=True)
class PairCount:
    """How many combinations of two columns' groups have enough cases.

    Attributes:
        columns: Title of both columns.
        groups: Combinations that occur.
        labels: For each label its title, combinations whose miss rate was checked, and whose false alarm rate was.
    """

    columns: str
    groups: int
    labels: Sequence[tuple[str, int, int]]


def pair_counts(document: Mapping[str, Any]) -> list[PairCount]:
    """Return, for each pair of columns, how many combinations could be checked for each label."""
    groups: dict[str, set[str]] = {}
    checked: dict[tuple[str, str, str], int] = {}
    for row in records(document["few"]):
        groups.setdefault(row["column"], set()).add(row["group"])
    for row in records(document["pairs"]):
        groups.setdefault(row["column"], set()).add(row["group"])
        for measure in ("miss_rate", "false_alarm_rate"):
            key = (row["column"], row["outcome"], measure)
            checked[key] = checked.get(key, 0) + measured(row[measure])
    return [
        PairCount(
            column_title(column),
            len(found),
            [
                (title, checked.get((column, name, "miss_rate"), 0), checked.get((column, name, "false_alarm_rate"), 0))
                for name, title in LABEL_TITLES.items()
            ],
        )
        for column, found in groups.items()
    ]


_PARTS = {
    "gates": ("Limits", "no limits were set before the results were seen, so none could be broken"),
    "status": ("Status", "the model's status is not recorded in this report"),
    "swaps": ("Identity swaps", "no narrative was tried with another race, sex, age, name or dialect"),
    "coverage": ("Coverage", "how many calls get a clear answer was not measured"),
    "quarters": ("Change over time", "the examples have no dates"),
    "comparison": ("Comparison with another version", "no other version was given"),
    "provenance": ("Who labelled", "it is not recorded who labelled the examples, and how far they agree"),
}


def missing_parts(document: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return title and reason of each part of the report that the document says nothing of."""
    missing = [(title, reason) for key, (title, reason) in _PARTS.items() if not document.get(key)]
    if not document["calibration"]["parts"]:
        missing.append(("Calibration by group", "there are no probabilities, or too few cases"))
    if not document["sweep"]["parts"]:
        missing.append(("Other thresholds", "there are no probabilities"))
    return missing
