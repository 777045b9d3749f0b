"""The fairness page: one HTML file without scripts, and the JSON with the same numbers."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from callnexus.evaluation.tables import records
from callnexus.labels import LABELS
from callnexus.report.comparisons import against_rest, harm_tables, outcome_sections, overall_harm
from callnexus.report.curves import PANELS, calibration_plot, gap_curves, gap_plot
from callnexus.report.findings import error_disparities, first_findings, single_columns
from callnexus.report.history import agreement_tables, change_tables, coverage_tables, parity_tables, quarter_plots
from callnexus.report.plots import LARGEST, quarter_above, reliability_plot
from callnexus.report.summary import STATUSES, verdict, worries
from callnexus.report.swapped import swap_title, swapped_kinds
from callnexus.report.unchecked import missing_parts, pair_counts, unchecked_columns
from callnexus.report.wording import (
    BEYOND_CHANCE,
    DASH,
    HARMS,
    LABEL_TITLES,
    MEASURES,
    NOT_ENOUGH,
    beyond_chance,
    column_title,
    difference_text,
    group_title,
    joined,
    measured,
    number_text,
    outcome_title,
    p_text,
    plain,
    points_text,
    rate_text,
    ratio_text,
    sentence,
    signed_text,
)

PAIR_FINDINGS = 12
"""Disparities between combinations of two groups that the page names; fairness.json has them all."""

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

    Args:
        document: With the keys that `evaluation.fairness` describes. Each of these may be there too, and is said to
            be missing where it is not: `gates` (rows of `training.gates.Gate`), `status` (what the model was packaged
            as), `swaps` (`identity_swaps.swaps_json`), `coverage` (rows of `coverage.CoverageRow`) and
            `examples_shown` ({"group", "label", "kind", "text"}, redacted).
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
    environment.filters |= {
        "number": number_text,
        "rate": rate_text,
        "joined": joined,
        "points": points_text,
        "difference": difference_text,
        "ratio": ratio_text,
        "p": p_text,
        "beyond": beyond_chance,
        "sentence": sentence,
        "column": column_title,
        "group": group_title,
        "signed": signed_text,
        "swapped": swap_title,
        "outcome": outcome_title,
    }
    environment.tests["measured"] = measured
    return environment.get_template("page.html.jinja").render(
        document=document,
        examples_shown=document.get("examples_shown") or [],
        harms=HARMS,
        labels=_label_qualities(document),
        label_titles=LABEL_TITLES,
        largest=LARGEST,
        measures=MEASURES,
        metrics=METRICS,
        dash=DASH,
        not_enough=NOT_ENOUGH,
        panels=PANELS,
        threshold=BEYOND_CHANCE,
        **_summary(document),
        **_compared(document),
        **_measured_once(document),
    )


def _settled(value: object) -> object:
    return value if isinstance(value, Markup) else plain(value)


def _summary(document: Mapping[str, Any]) -> dict[str, Any]:
    columns = unchecked_columns(document)
    disparities = error_disparities(document)
    gates = document.get("gates") or []
    return {
        "verdict": verdict(document),
        "status": STATUSES.get(document.get("status") or "", document.get("status")),
        "worries": worries(document),
        "findings": first_findings(document),
        "compared": len(disparities),
        "beyond_chance": sum(beyond_chance(row) and row["difference"] > 0 for row in disparities),
        "favoured": [row for row in disparities if beyond_chance(row) and row["difference"] < 0],
        "columns": columns,
        "missing": sum(column.missing for column in columns),
        "rates": sum(column.rates for column in columns),
        "absent": missing_parts(document),
        "failing": [gate for gate in gates if not gate["passed"]],
        "kept": [gate for gate in gates if gate["passed"]],
    }


def _compared(document: Mapping[str, Any]) -> dict[str, Any]:
    against = against_rest(document)
    pairs = error_disparities(document, pairs=True)
    return {
        "harmed": harm_tables(document, against),
        "overall_harm": overall_harm(document),
        "outcomes": outcome_sections(document, against),
        "pairs": pair_counts(document),
        "pair_findings": first_findings(document, PAIR_FINDINGS, pairs=True),
        "pairs_compared": len(pairs),
        "pairs_beyond": sum(beyond_chance(row) for row in pairs),
        "group_columns": [column_title(column) for column in single_columns(document)],
    }


def _measured_once(document: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "sweeps": _sweeps(document),
        "calibrations": _calibrations(document),
        "swaps": swapped_kinds(document),
        "coverage": coverage_tables(document),
        "agreement": agreement_tables(document),
        "quarter_plots": quarter_plots(document),
        "changes": change_tables(document),
        "parity": parity_tables(document),
    }


@dataclass(frozen=True, slots=True)
class Drawn:
    """A plot of one label by one group column.

    Attributes:
        label: Title of the label.
        column: Title of the column.
        plot: The drawing, or nothing.
        more: How many groups are not drawn.
    """

    label: str
    column: str
    plot: Markup
    more: int


def _sweeps(document: Mapping[str, Any]) -> list[Drawn]:
    swept = document["sweep"]
    gaps: dict[str, list[float]] = {}
    for part in swept["parts"]:
        gaps.setdefault(part["label"], []).extend(gap for curve in gap_curves(part).values() for gap in curve or ())
    limits = {label: quarter_above(shares) for label, shares in gaps.items()}
    drawn = []
    for number, part in enumerate(swept["parts"]):
        label, column = LABEL_TITLES[part["label"]], column_title(part["column"])
        title = f"Largest gap of {label} between groups of {column}, at every threshold"
        operating = swept["operating"][part["label"]]
        plot = gap_plot(
            f"sweep-{number}", title, part, swept["log_odds"], operating=operating, limit=limits[part["label"]]
        )
        drawn.append(Drawn(label, column, Markup(plot), 0))
    return drawn


def _calibrations(document: Mapping[str, Any]) -> list[Drawn]:
    curves: dict[tuple[str, str], list[tuple[str, Any]]] = {}
    for row in records(document["calibration"]):
        curves.setdefault((row["label"], row["column"]), []).append((row["group"], row["curve"]))
    drawn = []
    for number, ((name, column), groups) in enumerate(curves.items()):
        title = f"Calibration of {LABEL_TITLES[name]} by {column_title(column)}"
        plot = calibration_plot(f"calibration-{number}", title, groups)
        drawn.append(Drawn(LABEL_TITLES[name], column_title(column), Markup(plot), max(0, len(groups) - PANELS)))
    return drawn


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
