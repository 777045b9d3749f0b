"""The whole fairness document of a model, or of another system's predictions, on labelled examples.

`evaluation.fairness` counts; here is joined what needs the model, the narratives or the manifest: identity swaps,
coverage, gates, and, where they are asked for, redacted examples of errors.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from callnexus.corpus.examples import GROUP_COLUMNS, Example
from callnexus.corpus.predictions import read_predictions
from callnexus.evaluation.comparison import Previous
from callnexus.evaluation.counts import SEPARATOR, UNKNOWN
from callnexus.evaluation.fairness import fairness_document
from callnexus.evaluation.identity_swaps import swap_rows, swaps_json, swaps_of
from callnexus.evaluation.judged import Judged
from callnexus.evaluation.tables import plain, records
from callnexus.labels import LABEL_NAMES, Decision
from callnexus.model import Model
from callnexus.policy import Policy
from callnexus.report.redaction import redact
from callnexus.training.assessment import Assessment, assess, assess_answers, coverage_of

ANOTHER_SYSTEM = "another system"
"""The status in the report of a system that is no model folder."""

SWAPPED = 5000
"""Narratives whose identities are swapped at most; of more, so many are taken at even distances."""

SHOWN = 5
"""Errors shown of a label."""


@dataclass(frozen=True, slots=True)
class Audited:
    """What a report is about.

    Attributes:
        name: Of the model with its version, or of the file of predictions.
        status: Of the model, or ANOTHER_SYSTEM.
        assessment: What it said of the examples.
        model: None for another system.
        gates: Those that were recorded when the model was packaged, as plain JSON types.
    """

    name: str
    status: str
    assessment: Assessment
    model: Model | None
    gates: Sequence[Mapping[str, Any]]


def audited_model(model: Model, examples: Sequence[Example], *, columns: Sequence[str] = GROUP_COLUMNS) -> Audited:
    """Return a model with what it says of the examples."""
    gates = model.manifest.get("notes", {}).get("gates", [])
    return Audited(model.version, model.status, assess(model, examples, columns=columns), model, gates)


def audited_predictions(
    path: Path, examples: Sequence[Example], policy: Policy, *, columns: Sequence[str] = GROUP_COLUMNS
) -> Audited:
    """Return another system with what it said of the examples, read from a CSV file.

    Raises:
        PredictionsError: If the file cannot be joined to the examples; see `corpus.predictions.read_predictions`.
    """
    assessment = assess_answers(read_predictions(path, examples), examples, policy, columns=columns)
    return Audited(path.name, ANOTHER_SYSTEM, assessment, None, [])


def full_document(
    audited: Audited,
    examples: Sequence[Example],
    *,
    data: str,
    previous: Previous | None = None,
    swaps: Mapping[str, Any] | None = None,
    with_examples: bool = False,
) -> dict[str, Any]:
    """Return the fairness document with all that `evaluation.fairness` says is joined to it.

    The gates are those recorded; a caller who holds the document to limits puts the new ones in their place.

    Args:
        audited: What it is about.
        examples: What it was measured on.
        data: In a few words, which examples.
        previous: Another version, for the comparison.
        swaps: From `swaps_on`.
        with_examples: Whether redacted narratives are shown.
    """
    found = audited.assessment
    document = fairness_document(
        found.judged, model=audited.name, data=data, previous=previous, provenance=found.provenance
    )
    document["status"] = audited.status
    document["gates"] = [dict(gate) for gate in audited.gates]
    document["coverage"] = [_coverage(row.to_dict()) for row in coverage_of(found, examples)]
    document["examples_shown"] = errors_shown(document, found.judged, examples) if with_examples else []
    return document if swaps is None else document | {"swaps": dict(swaps)}


def _coverage(row: Mapping[str, Any]) -> dict[str, Any]:
    rates = {name: plain(row[name]) if row[name]["cases"] else None for name in ("coverage", "error")}
    return {**row, **rates}


def can_swap() -> bool:
    """Return whether spaCy, which finds the identity terms, is installed."""
    return find_spec("spacy") is not None


def swaps_on(model: Model, examples: Sequence[Example], *, most: int = SWAPPED) -> dict[str, Any]:
    """Return the document's `swaps`: what the model says when somebody is said to be somebody else.

    Args:
        model: The model.
        examples: Whose narratives are swapped.
        most: How many at most; of more, so many are taken at even distances.
    """
    narratives = [example.narrative for example in examples]
    chosen = np.unique(np.linspace(0, len(narratives) - 1, min(most, len(narratives))).astype(int)).tolist()
    swaps = [
        replace(swap, narrative=chosen[swap.narrative]) for swap in swaps_of([narratives[place] for place in chosen])
    ]
    found: dict[str, Any] = plain(swaps_json(swap_rows(narratives, swaps, model.predict_many)))
    return found | {"narratives": len(chosen)}


def errors_shown(document: Mapping[str, Any], judged: Judged, examples: Sequence[Example]) -> list[dict[str, str]]:
    """Return redacted errors of each label, from the group that fares worst beside the rest of its column.

    Names may remain in the texts, see `callnexus.report.redaction`. At most SHOWN for a label, those that the system
    was surest of first; none where no group has enough cases to be compared.
    """
    shown = []
    for label in LABEL_NAMES:
        if (row := _worst_off(document, label)) is None:
            continue
        for place in _errors(judged, label, row):
            kind = "missed" if row["measure"] == "miss_rate" else "false alarm"
            text = redact(examples[place].narrative)
            shown.append({"group": f"{row['column']}: {row['group']}", "label": label, "kind": kind, "text": text})
    return shown


def _worst_off(document: Mapping[str, Any], label: str) -> dict[str, Any] | None:
    rows = (
        row
        for row in records(document["disparities"])
        if row["outcome"] == label and row["measure"] in ("miss_rate", "false_alarm_rate") and row["difference"] > 0
    )
    single = (row for row in rows if SEPARATOR not in row["column"] and row["group"] != UNKNOWN)
    return max(single, key=lambda row: row["difference"], default=None)


def _errors(judged: Judged, label: str, row: Mapping[str, Any]) -> list[int]:
    number, missed = LABEL_NAMES.index(label), row["measure"] == "miss_rate"
    yes = judged.decisions[label] == Decision.YES
    member = np.array([value == row["group"] for value in judged.groups[row["column"]]], np.bool_)
    wrong = np.flatnonzero(member & (judged.truth[:, number] == missed) & (yes != missed))
    if judged.probability is not None:
        surest = np.nan_to_num(judged.probability[wrong, number], nan=0.5)
        wrong = wrong[np.argsort(surest if missed else -surest, kind="stable")]
    return [int(place) for place in wrong[:SHOWN]]
