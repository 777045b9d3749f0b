"""Coverage, labelling, change over time and parity: tables by group column of what was measured beside the errors."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from callnexus.evaluation.tables import records
from callnexus.report.plots import axis_limit, rate_plot
from callnexus.report.wording import (
    ERROR_RATES,
    LABEL_TITLES,
    MEASURES,
    Row,
    beyond_chance,
    column_title,
    measured,
    outcome_title,
)


@dataclass(frozen=True, slots=True)
class PlainTable:
    """A table of one group column.

    Attributes:
        title: Of the column, in words; "all examples" for the whole.
        rows: As they stand in the document.
    """

    title: str
    rows: Sequence[Row]


@dataclass(frozen=True, slots=True)
class Changes:
    """What changed since another version.

    Attributes:
        whole: Rows of all examples.
        clear: Rows of groups that remain after the correction for many comparisons.
        tables: All rows by column.
        decisions: How many decisions changed, by column.
    """

    whole: Sequence[Row]
    clear: Sequence[Row]
    tables: Sequence[PlainTable]
    decisions: Sequence[PlainTable]


def coverage_tables(document: Mapping[str, Any]) -> list[PlainTable]:
    """Return, by column, how many examples get a clear answer and how often it is wrong: one row a part.

    A row's `answers` hold coverage and error for each label and for both; a rate below the document's fewest cases
    is None.
    """
    fewest = document["fewest"]
    found: dict[str, dict[str, list[Row]]] = {}
    for row in document.get("coverage") or []:
        # Without any clear answer there is no error rate at all.
        rates = {key: row[key] for key in ("coverage", "error")}
        answer = {key: rate if rate and rate["cases"] >= fewest else None for key, rate in rates.items()}
        found.setdefault(row["column"], {}).setdefault(row["part"], []).append({"label": row["label"], **answer})
    return [
        PlainTable(_title(column), [{"part": part, "answers": answers} for part, answers in parts.items()])
        for column, parts in found.items()
    ]


def agreement_tables(document: Mapping[str, Any]) -> list[PlainTable]:
    """Return how far annotators agree, the whole first, then by column; none where it is not recorded."""
    provenance = document["provenance"]
    return [] if not provenance else _tables(records(provenance["agreement"]))


def quarter_plots(document: Mapping[str, Any]) -> list[tuple[str, Markup]]:
    """Return title and plot of each label's error rates by quarter, where there are enough cases."""
    rows = document["quarters"]
    limit = axis_limit(rows, ERROR_RATES)
    plots: list[tuple[str, Markup]] = []
    for name, label in LABEL_TITLES.items():
        members = [row for row in rows if row["outcome"] == name]
        for measure in ERROR_RATES:
            if any(measured(row[measure]) for row in members):
                title = f"{MEASURES[measure].capitalize()} of {label} by quarter"
                place = f"quarters-{len(plots)}"
                drawn = rate_plot(place, title, members, measure, overall=None, limit=limit)
                plots.append((title, Markup(drawn)))
    return plots


def change_tables(document: Mapping[str, Any]) -> Changes | None:
    """Return what changed since the other version, or None where there is none."""
    comparison = document["comparison"]
    if not comparison:
        return None
    tables = _tables(records(comparison["changes"]))
    whole = [row for table in tables for row in table.rows if row["column"] == "all"]
    groups = [row for table in tables for row in table.rows if row["column"] != "all"]
    clear = sorted((row for row in groups if beyond_chance(row)), key=lambda row: -row["difference"])
    return Changes(
        whole,
        clear,
        [table for table in tables if table.rows[0]["column"] != "all"],
        _tables(records(comparison["decisions"])),
    )


def parity_tables(document: Mapping[str, Any]) -> list[tuple[str, Sequence[PlainTable]]]:
    """Return, for each outcome, how often each group is flagged among examples without a truth, by column.

    A row's `against` holds its disparities by measure.
    """
    parity = document["parity"]
    if not parity:
        return []
    against: dict[tuple[str, str, str], dict[str, Row]] = {}
    for row in records(parity["disparities"]):
        against.setdefault((row["outcome"], row["column"], row["group"]), {})[row["measure"]] = row
    outcomes: dict[str, list[Row]] = {}
    for row in records(parity["rows"]):
        found = against.get((row["outcome"], row["column"], row["group"]), {})
        outcomes.setdefault(row["outcome"], []).append({**row, "against": found})
    return [(outcome_title(name), _tables(rows)) for name, rows in outcomes.items()]


def _tables(rows: Any) -> list[PlainTable]:
    columns: dict[str, list[Row]] = {}
    for row in rows:
        columns.setdefault(row["column"], []).append(row)
    return [PlainTable(_title(column), members) for column, members in columns.items()]


def _title(column: str) -> str:
    return "all examples" if column == "all" else column_title(column)
