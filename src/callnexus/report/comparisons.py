"""The tables and plots of each section: every group beside the rest of its column."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from callnexus.evaluation.tables import records
from callnexus.report.plots import LARGEST, axis_limit, rate_plot
from callnexus.report.wording import (
    ERROR_RATES,
    HARM,
    HARMS,
    LABEL_TITLES,
    MEASURES,
    Row,
    column_title,
    group_title,
    measured,
    outcome_title,
)

Against = Mapping[tuple[str, str, str, str], Row]
"""Each disparity by column, group, outcome and measure."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One group of a table.

    Attributes:
        group: Its name in words.
        whole: Whether it is the row of all examples.
        row: Its counts and rates; of harms, by harm.
        against: Its disparities by measure or harm, None where either side has not enough cases.
    """

    group: str
    whole: bool
    row: Row
    against: Mapping[str, Row | None]


@dataclass(frozen=True, slots=True)
class ColumnTable:
    """The rates of one outcome, or the routing harms, by one group column.

    Attributes:
        name: Fit for an id.
        title: Of the column, in words.
        entries: One a group, after the one of all examples.
        plots: Title and drawing of each rate that is drawn.
        undrawn: Titles of the rates that no group has enough cases for.
        more: How many groups stand in the table only.
        gaps: The largest gap between two groups of each error rate.
    """

    name: str
    title: str
    entries: Sequence[Entry]
    plots: Sequence[tuple[str, Markup]]
    undrawn: Sequence[str]
    more: int
    gaps: Sequence[Row]


@dataclass(frozen=True, slots=True)
class OutcomeSection:
    """Everything about one label or response.

    Attributes:
        name: Fit for an id.
        title: In words.
        is_label: Whether it is a label; else it is a response.
        tables: One a group column; without any column, one of all examples.
    """

    name: str
    title: str
    is_label: bool
    tables: Sequence[ColumnTable]


def against_rest(document: Mapping[str, Any]) -> Against:
    """Return every disparity by column, group, outcome and measure."""
    return {
        (row["column"], row["group"], row["outcome"], row["measure"]): row for row in records(document["disparities"])
    }


def outcome_sections(document: Mapping[str, Any], against: Against) -> list[OutcomeSection]:
    """Return a section for each label and response, in the document's order."""
    names = dict.fromkeys(row["outcome"] for row in document["rows"])
    sections = []
    for number, name in enumerate(names):
        rows = [row for row in document["rows"] if row["outcome"] == name]
        gaps = [gap for gap in document["gaps"] if gap["outcome"] == name and gap["measure"] in ERROR_RATES]
        sections.append(_section(f"outcome-{number}", name, rows, gaps, against))
    return sections


def _section(place: str, name: str, rows: Sequence[Row], gaps: Sequence[Row], against: Against) -> OutcomeSection:
    overall = [row for row in rows if row["column"] == "all"]
    drawn = ERROR_RATES if name in LABEL_TITLES else ()
    # One axis for all plots of a label: a short bar must not look long because its column is calm.
    limit = axis_limit(rows, ERROR_RATES)
    tables = []
    # Ids are numbers: a column's name may hold anything.
    for number, column in enumerate(dict.fromkeys(row["column"] for row in rows if row["column"] != "all")):
        members = [row for row in rows if row["column"] == column]
        entries = [_entry(row, MEASURES, against) for row in [*overall, *members]]
        titles = {m: f"{MEASURES[m].capitalize()} of {outcome_title(name)} by {column_title(column)}" for m in drawn}
        whole = overall[0] if overall else None
        plots, undrawn = _plots(f"{place}-{number}", titles, members, whole, limit)
        found = [gap for gap in gaps if gap["column"] == column]
        more = max(0, len(members) - LARGEST)
        tables.append(ColumnTable(f"{place}-{number}", column_title(column), entries, plots, undrawn, more, found))
    alone = [_entry(row, MEASURES, against) for row in overall]
    nothing = [] if tables else [ColumnTable(f"{place}-all", "all examples", alone, [], [], 0, [])]
    return OutcomeSection(place, outcome_title(name), name in LABEL_TITLES, tables or nothing)


def _entry(row: Row, measures: Mapping[str, str], against: Against) -> Entry:
    whole = row["column"] == "all"
    found = {m: against.get((row["column"], row["group"], row["outcome"], m)) for m in measures}
    return Entry("all examples" if whole else group_title(row["group"]), whole, row, found)


def _plots(
    place: str, titles: Mapping[str, str], rows: Sequence[Row], overall: Row | None, limit: float
) -> tuple[list[tuple[str, Markup]], list[str]]:
    plots, undrawn = [], []
    for measure, title in titles.items():
        named = MEASURES.get(measure, outcome_title(measure))
        if any(measured(row[measure]) for row in rows):
            drawn = rate_plot(f"{place}-{measure}", title, rows, measure, overall=overall, limit=limit)
            plots.append((named, Markup(drawn)))
        else:
            undrawn.append(named)
    return plots, undrawn


def harm_tables(document: Mapping[str, Any], against: Against) -> list[ColumnTable]:
    """Return the routing harms of the whole, then by each group column; an entry's row holds a rate for each harm."""
    wanted = dict.fromkeys(row["column"] for row in document["rows"])
    found: dict[str, dict[str, dict[str, Row]]] = {column: {} for column in wanted}
    for row in records(document["harms"]):
        if row["column"] in found:
            found[row["column"]].setdefault(row["group"], {})[row["harm"]] = _harm_rate(row)
    whole = found.pop("all")
    drawable = [cells for groups in (whole, *found.values()) for cells in groups.values()]
    limit = axis_limit(drawable, tuple(HARMS))
    return [
        _harm_table(f"harms-{number}", column, groups, whole, against, limit)
        for number, (column, groups) in enumerate((found or {"all": {}}).items())
    ]


def overall_harm(document: Mapping[str, Any]) -> dict[str, Row]:
    """Return the rate of each routing harm over all examples."""
    return {row["harm"]: _harm_rate(row) for row in records(document["harms"]) if row["column"] == "all"}


def _harm_rate(row: Row) -> Row:
    return {**row, "value": row["rate"]}


def _harm_table(
    place: str,
    column: str,
    groups: Mapping[str, Mapping[str, Row]],
    whole: Mapping[str, Mapping[str, Row]],
    against: Against,
    limit: float,
) -> ColumnTable:
    entries = [Entry("all examples", True, cells, dict.fromkeys(HARMS)) for cells in whole.values()]
    entries += [
        Entry(group_title(group), False, cells, {harm: against.get((column, group, harm, HARM)) for harm in HARMS})
        for group, cells in groups.items()
    ]
    # The largest groups are drawn, by the calls in which any harm was possible.
    rows = [
        {"group": group, "n": max(cell["cases"] for cell in cells.values()), **cells} for group, cells in groups.items()
    ]
    overall = next(iter(whole.values()), None)
    by = "all examples" if column == "all" else column_title(column)
    titles = {harm: f"{title.capitalize()} by {by}" for harm, (title, _) in HARMS.items()} if rows else {}
    plots, undrawn = _plots(place, titles, rows, overall, limit)
    return ColumnTable(place, by, entries, plots, undrawn, max(0, len(rows) - LARGEST), [])
