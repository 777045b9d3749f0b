"""The fairness document: every number of the fairness report, as plain JSON types.

Its keys (schema 2). A *table* is made by `tables.compact` and read by `tables.records`; a *rate* is None or
{"value", "low", "high", "hits", "cases"} with a Wilson interval; floats have four significant digits, but for
`metrics` and `reliability`; nothing is NaN.

- `schema`, `model`, `data`, `examples`, `fewest`: version of this layout; what was examined, on what, how many; cases
  that a rate must rest on.
- `methods`: how intervals, p values and Holm's families are made, in words, with the resamples and the separator.
- `metrics`, `reliability`: quality of each label over all examples (`metrics.LabelMetrics`; None where there is no
  probability), and the bins of its reliability plot.
- `rows`: a list, one `groups.GroupRow` for the whole (column "all") and each group of each column, for each label and
  each response, with `enough`.
- `gaps`: a list, the largest gap (`groups.Gap`) of each column, outcome and measure, largest first.
- `pairs`: a table of `groups.GroupRow` (without `enough`) for pairs of columns, where a rate has enough cases.
- `few`: a table (n, unknown, positives, negatives) of the pairs' other groups: counted, and not checked.
- `disparities`: a table of `disparities.Disparity`, columns and pairs; routing harms have the measure "harm_rate".
- `harms`: a table of `routing.HarmRow`, the whole, columns and pairs.
- `sweep`: {"log_odds": thresholds; "operating": by label {"threshold", "log_odds"} or None; "parts": [{"label",
  "column", and those of `sweep.Sweep`}]}. Every curve has one point a threshold, and last, where there is an
  operating point, the point itself.
- `calibration`: a table (label, column, group, curve); a curve is [[mean probability, share true, count], ...].
- `quarters`: a list of rows as in `rows`, column "quarter", of both labels; empty without dates.
- `comparison`: None, or {"model": the other version, "examples": those in both, "changes": a table of `drift.Change`,
  "decisions": a table (column, group, outcome, examples, changed)}.
- `parity`: None, or {"parity_only": true, "rows": a table (column, group, outcome, n, selection_rate, review_rate),
  "disparities": a table}, of examples without a truth: how often groups are flagged, and nothing of errors.
- `provenance`: None, or what the caller passes: who labelled, and how far they agree.

`training.audit` joins, for a model or another system on examples:

- `status`: of the model (demonstration, candidate, approved, rejected), or "another system".
- `coverage`: a list of {"column", "part", "label", "coverage", "error"}: rates of clear answers, and of wrong ones
  among them; None where there is no case, and else with any number of cases.
- `gates`: a list of {"gate", "group", "figure", "limit", "passed", "waiver"} (`training.gates.Gate`): the figure is
  None where there were not enough cases, which is no pass; a waiver is None or {"by", "date", "reason"}.
- `swaps`: absent where no identities were swapped; else `identity_swaps.swaps_json` and "narratives", how many were
  read; a worst case's "narrative" is its place among the examples.
- `examples_shown`: a list of {"group", "label", "kind": "missed" or "false alarm", "text"}, redacted, and empty unless
  they were asked for.
"""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from callnexus.evaluation.calibration import reliability_curves
from callnexus.evaluation.comparison import Previous, comparison
from callnexus.evaluation.counts import (
    FEWEST,
    SEPARATOR,
    GroupCounts,
    Grouping,
    Outcome,
    count,
    groupings,
    pairs_of,
    whole,
)
from callnexus.evaluation.disparities import RESAMPLES, Disparity, disparities
from callnexus.evaluation.drift import quarter
from callnexus.evaluation.groups import MEASURES, GroupRow, largest_gaps, rows_of
from callnexus.evaluation.intervals import RARE
from callnexus.evaluation.judged import Judged
from callnexus.evaluation.metrics import LabelMetrics, Rate, label_metrics, reliability
from callnexus.evaluation.routing import HarmRow, harm_outcomes, harm_rows
from callnexus.evaluation.sweep import LOG_ODDS, sweep
from callnexus.evaluation.tables import compact, plain
from callnexus.labels import LABEL_NAMES

FAIRNESS_SCHEMA = 2
"""Version of fairness.json's layout; raise it when a key changes its meaning or goes."""

METHODS = {
    "rates": "95 % score intervals (Wilson, 1927)",
    "disparities": (
        f"group minus, and by, the rest of its column whose group is recorded; 95 % multinomial bootstrap of confusion "
        f"counts, {RESAMPLES} resamples; score intervals (Newcombe, 1998; Donner & Zou, 2012) below {RARE} hits or "
        f"non-hits on a side"
    ),
    "p": "two-sided z test of two proportions; Fisher's exact test where an expected count is below 5",
    "holm": (
        "Holm (1979) over all groups of all single columns for one outcome and measure; all groups of all pairs of "
        "columns for one outcome and measure are a family of their own"
    ),
    "changes": (
        f"95 % bootstrap over paired examples, {RESAMPLES} resamples; paired score intervals (Newcombe, 1998) below "
        f"{RARE} changed; McNemar's exact test, Holm over all groups for one label and measure"
    ),
    "resamples": RESAMPLES,
    "separator": SEPARATOR,
}


@dataclass(frozen=True, slots=True)
class _Few:
    column: str
    outcome: str
    group: str
    n: int
    unknown: int
    positives: int
    negatives: int


@dataclass(frozen=True, slots=True)
class _Curve:
    label: str
    column: str
    group: str
    curve: list[tuple[float, float, int]]


@dataclass(frozen=True, slots=True)
class _Parity:
    column: str
    outcome: str
    group: str
    n: int
    selection_rate: Rate | None
    review_rate: Rate | None


def fairness_document(
    judged: Judged,
    *,
    model: str,
    data: str,
    previous: Previous | None = None,
    provenance: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Return everything the fairness report shows, as plain JSON types; the module's docstring says key by key what.

    Args:
        judged: What was said of the examples.
        model: Which model or system, by name and release or version.
        data: In a few words, which examples.
        previous: Another version, for the comparison.
        provenance: Plain rows on who labelled the examples.
    """
    columns = groupings(judged.groups)
    pairs = pairs_of(columns)
    everything = whole(len(judged))
    outcomes = [*judged.label_outcomes(), *judged.response_outcomes()]
    rows = list(_rows(judged, outcomes, [everything, *columns]))
    paired = list(_rows(judged, outcomes, pairs))
    return {
        "schema": FAIRNESS_SCHEMA,
        "model": model,
        "data": data,
        "examples": len(judged),
        "fewest": FEWEST,
        "methods": METHODS,
        "metrics": {name: metrics.to_dict() for name, metrics in quality(judged).items()},
        "reliability": _reliability(judged),
        "rows": [_row(row) for row in rows],
        "gaps": [plain(gap) for gap in largest_gaps(rows)],
        "pairs": compact([row for row in paired if _has_rate(row)], GroupRow, ("column", "outcome")),
        "few": compact(map(_few, (row for row in paired if not _has_rate(row))), _Few, ("column", "outcome")),
        "disparities": _disparities(judged, outcomes, [*columns, *pairs]),
        "harms": compact(
            (row for grouping in (everything, *columns, *pairs) for row in harm_rows(judged.routing, grouping)),
            HarmRow,
            ("column", "harm"),
        ),
        "sweep": _sweep(judged, columns),
        "calibration": _calibration(judged, columns),
        "quarters": _quarters(judged),
        "comparison": None if previous is None else comparison(previous, judged),
        "parity": _parity(outcomes, [everything, *columns]),
        "provenance": None if provenance is None else dict(provenance),
    }


def quality(judged: Judged) -> dict[str, LabelMetrics]:
    """Return each label's quality over all examples; what needs a probability is None where there is none.

    Recall, precision and false alarm rate are those of the decisions where the threshold is not known.
    """
    found = {}
    for name, outcome in zip(LABEL_NAMES, judged.label_outcomes(), strict=True):
        scores, threshold = judged.scores(name), judged.thresholds.get(name)
        row = rows_of(count(outcome, whole(len(judged))))[0]
        if scores is None:
            nothing = dict.fromkeys(LabelMetrics.__dataclass_fields__)
            metrics = LabelMetrics(**nothing | {"n": row.n, "positives": row.positives})  # type: ignore[arg-type]
        else:
            metrics = label_metrics(scores.truth, scores.probability, threshold=0.5 if threshold is None else threshold)
        found[name] = metrics if scores is not None and threshold is not None else _decided(metrics, row)
    return found


def _decided(metrics: LabelMetrics, row: GroupRow) -> LabelMetrics:
    miss, precision, alarms = (
        None if rate is None else rate.value for rate in (row.miss_rate, row.precision, row.false_alarm_rate)
    )
    return replace(metrics, recall=None if miss is None else 1 - miss, precision=precision, false_alarm_rate=alarms)


def _reliability(judged: Judged) -> dict[str, list[dict[str, float]]]:
    curves = {}
    for name in LABEL_NAMES:
        scores = judged.scores(name)
        known = None if scores is None else ~np.isnan(scores.truth)
        curves[name] = (
            [] if scores is None or known is None else reliability(scores.truth[known] == 1, scores.probability[known])
        )
    return curves


def _rows(judged: Judged, outcomes: Sequence[Outcome], columns: Sequence[Grouping]) -> Iterator[GroupRow]:
    for outcome in outcomes:
        scores = judged.scores(outcome.name) if outcome.name in LABEL_NAMES else None
        for grouping in columns:
            yield from rows_of(count(outcome, grouping), scores)


def _row(row: GroupRow) -> dict[str, Any]:
    return {**plain(row), "enough": row.enough}


def _has_rate(row: GroupRow) -> bool:
    return any(getattr(row, measure) is not None for measure in MEASURES)


def _few(row: GroupRow) -> _Few:
    return _Few(row.column, row.outcome, row.group, row.n, row.unknown, row.positives, row.negatives)


def _disparities(judged: Judged, outcomes: Sequence[Outcome], columns: Sequence[Grouping]) -> dict[str, Any]:
    def counted(found: Iterable[Outcome]) -> Iterator[list[GroupCounts]]:
        # One outcome at a time: families never cross outcomes, and memory stays small.
        return ([count(outcome, grouping) for grouping in columns] for outcome in found)

    rates = (row for tables in counted(outcomes) for row in disparities(tables))
    harms = (
        replace(row, measure="harm_rate")
        for tables in counted(harm_outcomes(judged.routing))
        for row in disparities(tables, measures=("selection_rate",))
    )
    return compact((row for part in (rates, harms) for row in part), Disparity, ("column", "outcome", "measure"))


def _sweep(judged: Judged, columns: Sequence[Grouping]) -> dict[str, Any]:
    parts, operating = [], {}
    for name in LABEL_NAMES:
        scores, threshold = judged.scores(name), judged.thresholds.get(name)
        operating[name] = None if threshold is None else plain({"threshold": threshold, "log_odds": _logit(threshold)})
        for grouping in columns if scores is not None else ():
            found = sweep(scores, grouping, threshold=threshold) if scores is not None else None
            parts.append({"label": name, "column": grouping.column, **plain(found)})
    return {"log_odds": list(LOG_ODDS), "operating": operating, "parts": parts}


def _logit(probability: float) -> float | None:
    return math.log(probability / (1 - probability)) if 0 < probability < 1 else None


def _calibration(judged: Judged, columns: Sequence[Grouping]) -> dict[str, Any]:
    rows = [
        _Curve(name, grouping.column, group, curve)
        for name in LABEL_NAMES
        if (scores := judged.scores(name)) is not None
        for grouping in columns
        for group, curve in zip(grouping.groups, reliability_curves(scores, grouping), strict=True)
        if curve
    ]
    return compact(rows, _Curve, ("label", "column"))


def _quarters(judged: Judged) -> list[dict[str, Any]]:
    quarters = [quarter(date) for date in judged.dates]
    dated = np.array([found is not None for found in quarters], np.bool_)
    if not dated.any():
        return []
    (grouping,) = groupings({"quarter": [found for found in quarters if found is not None]})
    outcomes = (Outcome(o.name, o.truth[dated], o.decided[dated], o.review[dated]) for o in judged.label_outcomes())
    return [_row(row) for outcome in outcomes for row in rows_of(count(outcome, grouping))]


def _parity(outcomes: Sequence[Outcome], columns: Sequence[Grouping]) -> dict[str, Any] | None:
    unlabelled = [
        # Without a truth, every example counts in one class: only how often groups are flagged is read off.
        replace(outcome, truth=np.where(np.isnan(outcome.truth), 0.0, np.nan))
        for outcome in outcomes
        if np.isnan(outcome.truth).any()
    ]
    if not unlabelled:
        return None
    tables = [count(outcome, grouping) for outcome in unlabelled for grouping in columns]
    rows = [
        _Parity(row.column, row.outcome, row.group, row.n, row.selection_rate, row.review_rate)
        for table in tables
        for row in rows_of(table)
        if row.n
    ]
    compared = disparities(
        [table for table in tables if table.grouping.column != "all"], measures=("selection_rate", "review_rate")
    )
    return {
        "parity_only": True,
        "rows": compact(rows, _Parity, ("column", "outcome")),
        "disparities": compact(compared, Disparity, ("column", "outcome", "measure")),
    }
