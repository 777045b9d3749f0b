"""The fairness page: one HTML file without scripts, and the JSON with the same numbers."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from callnexus.labels import LABELS
from callnexus.report.plots import LARGEST, axis_limit, rate_plot, reliability_plot
from callnexus.report.wording import (
    ERROR_RATES,
    LABEL_TITLES,
    MEASURES,
    NOT_ENOUGH,
    Row,
    column_title,
    first_gaps,
    joined,
    measured,
    number_text,
    outcome_title,
    plain,
    rate_text,
    unchecked_columns,
)

METRICS = {
    "n": ("examples", "with a known label"),
    "positives": ("true examples", "those whose label is yes"),
    "auc": ("AUC", "how well true and other examples are told apart: 0.5 is chance, 1 perfect"),
    "auc_low": ("AUC, lower end", "of its 95 % interval (Hanley and McNeil, 1982)"),
    "auc_high": ("AUC, upper end", "of the same interval"),
    "average_precision": ("average precision", "precision over all thresholds; chance is the share of true examples"),
    "recall_at_precision_66": ("recall at precision .66", "true examples found if two of three alarms are right"),
    "precision_at_recall_98": ("precision at recall .98", "alarms that are right if 98 of 100 true ones are found"),
    "calibration_error": ("calibration error", "mean distance of probability and truth: 0 is best"),
    "brier": ("Brier score", "mean squared error of the probabilities: 0 is best"),
    "log_loss": ("log loss", "how surprised the model is by the truth: 0 is best"),
    "recall": ("recall", "true examples found at the model's threshold"),
    "precision": ("precision", "alarms that are right at the model's threshold"),
    "false_alarm_rate": ("false alarm rate", "other examples flagged at the model's threshold"),
}
"""Title and plain meaning of each metric of a label."""


def to_json(document: Mapping[str, Any]) -> str:
    """Return the document as JSON, the same bytes for the same values; a line for each key and item of a list.

    Raises:
        ValueError: If a number is not finite, which JSON cannot say.
    """
    lines = (f"{_json(key)}: {_lines(document[key])}" for key in sorted(document))
    return "{\n" + ",\n".join(lines) + "\n}\n"


def _lines(value: object) -> str:
    if not isinstance(value, list) or not value:
        return _json(value)
    return "[\n" + ",\n".join(map(_json, value)) + "\n]"


def _json(value: object) -> str:
    return json.dumps(value, sort_keys=True, allow_nan=False, separators=(",", ":"))


def fairness_page(document: Mapping[str, Any]) -> str:
    """Return the fairness page of a document made by `evaluation.fairness.fairness_document`.

    The page needs nothing beside itself and forbids itself everything else: no script, no font, no request.
    It begins with what a reviewer must know, and what could not be checked comes before what could.
    """
    environment = Environment(
        loader=PackageLoader("callnexus.report"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_settled,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {"number": number_text, "rate": rate_text, "joined": joined}
    columns = unchecked_columns(document)
    return environment.get_template("page.html.jinja").render(
        document=document,
        gaps=first_gaps(document),
        columns=columns,
        missing=sum(column.missing for column in columns),
        rates=sum(column.rates for column in columns),
        labels=_label_qualities(document),
        metrics=METRICS,
        outcomes=_outcomes(document),
        measures=MEASURES,
        not_enough=NOT_ENOUGH,
        largest=LARGEST,
    )


def _settled(value: object) -> object:
    return value if isinstance(value, Markup) else plain(value)


@dataclass(frozen=True, slots=True)
class LabelQuality:
    """Overall quality of one label.

    Attributes:
        name: Of the label.
        title: In words.
        definition: What the label asks.
        metrics: By name, None where undefined.
        few: Whether there are too few true or other examples to rely on the metrics.
        plot: The reliability plot, or nothing.
    """

    name: str
    title: str
    definition: str
    metrics: Mapping[str, float | int | None]
    few: bool
    plot: Markup


@dataclass(frozen=True, slots=True)
class ColumnTable:
    """The rates of one outcome by one group column.

    Attributes:
        name: Of the column, fit for an id.
        title: In words.
        rows: One a group, after the row of all examples.
        plots: Title and drawing of the error rates, labels only.
        undrawn: Titles of the error rates that no group has enough cases for.
        more: How many groups stand in the table only.
    """

    name: str
    title: str
    rows: Sequence[Row]
    plots: Sequence[tuple[str, Markup]]
    undrawn: Sequence[str]
    more: int


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


def _label_qualities(document: Mapping[str, Any]) -> list[LabelQuality]:
    qualities = []
    for number, label in enumerate(LABELS):
        metrics = document["metrics"][label.name]
        fewest = min(metrics["positives"], metrics["n"] - metrics["positives"])
        bins, title = document["reliability"][label.name], f"Reliability of {label.title}"
        plot = reliability_plot(f"reliability-{number}", title, bins, fewest=document["fewest"])
        few = fewest < document["fewest"]
        qualities.append(LabelQuality(label.name, label.title, label.definition, metrics, few, Markup(plot)))
    return qualities


def _outcomes(document: Mapping[str, Any]) -> list[OutcomeSection]:
    names = dict.fromkeys(row["outcome"] for row in document["rows"])
    return [
        _outcome(number, name, [row for row in document["rows"] if row["outcome"] == name])
        for number, name in enumerate(names)
    ]


def _outcome(number: int, name: str, rows: Sequence[Row]) -> OutcomeSection:
    overall = [row for row in rows if row["column"] == "all"]
    columns = dict.fromkeys(row["column"] for row in rows if row["column"] != "all")
    # One axis for all plots of a label: a short bar must not look long because its column is calm.
    limit = axis_limit(rows, ERROR_RATES)
    tables = []
    for place, column in enumerate(columns):
        members = [row for row in rows if row["column"] == column]
        # Ids are numbers: a column's name may hold anything.
        tables.append(_table(f"outcome-{number}-{place}", name, column, overall, members, limit))
    alone = [] if tables else [ColumnTable(f"outcome-{number}-all", "all examples", overall, [], [], 0)]
    return OutcomeSection(f"outcome-{number}", outcome_title(name), name in LABEL_TITLES, tables or alone)


def _table(
    name: str, outcome: str, column: str, overall: Sequence[Row], rows: Sequence[Row], limit: float
) -> ColumnTable:
    plots, undrawn = [], []
    for measure in ERROR_RATES if outcome in LABEL_TITLES else ():
        title = f"{MEASURES[measure].capitalize()} of {outcome_title(outcome)} by {column_title(column)}"
        whole = overall[0] if overall else None
        if any(measured(row[measure]) for row in rows):
            plot = rate_plot(f"{name}-{measure}", title, rows, measure, overall=whole, limit=limit)
            plots.append((MEASURES[measure], Markup(plot)))
        else:
            undrawn.append(MEASURES[measure])
    more = max(0, len(rows) - LARGEST)
    return ColumnTable(name, column_title(column), [*overall, *rows], plots, undrawn, more)
