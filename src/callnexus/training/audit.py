"""The whole fairness document of a model, or of another system's predictions, on labelled examples.

`evaluation.fairness` counts; here is joined what needs the model, the narratives or the manifest: identity swaps,
coverage, gates, and, where they are asked for, redacted examples of errors.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

import callnexus
from callnexus.corpus.examples import GROUP_COLUMNS, Example
from callnexus.corpus.predictions import read_predictions
from callnexus.errors import PredictionsError
from callnexus.evaluation.comparison import Previous
from callnexus.evaluation.counts import SEPARATOR, UNKNOWN
from callnexus.evaluation.fairness import fairness_document
from callnexus.evaluation.identity_swaps import swap_rows, swaps_json, swaps_of
from callnexus.evaluation.judged import Judged
from callnexus.evaluation.tables import plain, records
from callnexus.labels import LABEL_NAMES, Decision
from callnexus.model import Model
from callnexus.policy import Policy, read, shipped
from callnexus.report.redaction import redact
from callnexus.training.assessment import Assessment, assess, assess_answers, coverage_of, judged_of

ANOTHER_SYSTEM = "another system"
"""The status in the report of a system that is no model folder."""

SWAPPED = 5000
"""Narratives whose identities are swapped at most; of more, so many are taken at even distances."""

SHOWN = 5
"""Errors shown of a label."""


STEPS = (
    "reading examples and models",
    "asking the system",
    "asking the other model",
    "swapping identities",
    "counting by group",
    "writing the page",
)
"""What a report takes at most, for its progress."""


def steps_of(*, predictions: bool, compared: bool) -> tuple[str, ...]:
    """Return those of STEPS that a report will take.

    Args:
        predictions: Whether it is about another system's predictions.
        compared: Whether a second model is compared.
    """
    left_out = set() if compared else {"asking the other model"}
    if predictions or not find_spec("spacy"):
        left_out.add("swapping identities")
    return tuple(step for step in STEPS if step not in left_out)


@dataclass(frozen=True, slots=True)
class Subject:
    """What a report is about: a model, or another system's predictions.

    Attributes:
        name: Of the model with its version, or of the file of predictions.
        status: Of the model, or ANOTHER_SYSTEM.
        policy: Says which response the true labels ask for.
        model: None for another system.
        predictions: None for a model.
        gates: Those that were recorded when the model was packaged, as plain JSON types.
    """

    name: str
    status: str
    policy: Policy
    model: Model | None = None
    predictions: Path | None = None
    gates: Sequence[Mapping[str, Any]] = ()

    @property
    def unswappable(self) -> str | None:
        """Why no identities can be swapped, or None if they can."""
        if self.model is None:
            return "another system is known by its predictions only"
        # It finds the identity terms.
        return None if find_spec("spacy") else "spaCy is not installed: pip install 'callnexus[train]'"


def subject_of(model: Path | None, predictions: Path | None, policy: Path | None) -> Subject:
    """Return what a report is about.

    Args:
        model: A model folder; without it, and without predictions, the one that is shipped.
        predictions: A CSV of another system's answers; see `corpus.predictions.read_predictions`.
        policy: A city's policy as TOML; without it, the model's, or for predictions the shipped one.

    Raises:
        PredictionsError: If both a model and predictions are given.
        ModelFolderError: If the model cannot be loaded.
        PolicyError: If the policy cannot be used.
    """
    if predictions is None:
        loaded = callnexus.load(model, policy=policy)
        gates = loaded.manifest.get("notes", {}).get("gates", [])
        return Subject(loaded.version, loaded.status, loaded.policy, loaded, gates=gates)
    if model is not None:
        raise PredictionsError(["a model is given too: leave one of them out"])
    return Subject(
        predictions.name, ANOTHER_SYSTEM, shipped() if policy is None else read(policy), predictions=predictions
    )


def report_document(
    subject: Subject,
    examples: Sequence[Example],
    *,
    data: str,
    columns: Sequence[str] = GROUP_COLUMNS,
    other: Model | None = None,
    with_examples: bool = False,
    progress: Callable[[str], None] = lambda step: None,
) -> dict[str, Any]:
    """Return the whole fairness document of a model or another system on examples.

    Args:
        subject: What it is about.
        examples: With labels, null where not known.
        data: In a few words, which examples.
        columns: Of GROUPABLE, the columns to compare by.
        other: Another version, for the comparison.
        with_examples: Whether redacted errors are shown.
        progress: Told the middle ones of STEPS as each begins.

    Raises:
        PredictionsError: If the predictions cannot be joined to the examples.
    """
    progress("asking the system")
    assessment = _assessed(subject, examples, columns)
    previous = swaps = None
    if other is not None:
        progress("asking the other model")
        previous = Previous(other.version, judged_of(other, examples, columns=columns))
    if subject.model is not None and subject.unswappable is None:
        progress("swapping identities")
        swaps = swaps_on(subject.model, examples)
    progress("counting by group")
    document = full_document(
        assessment, examples, model=subject.name, status=subject.status, data=data, previous=previous, swaps=swaps
    )
    document["gates"] = [dict(gate) for gate in subject.gates]
    if with_examples:
        document["examples_shown"] = errors_shown(document, assessment.judged, examples)
    return document


def _assessed(subject: Subject, examples: Sequence[Example], columns: Sequence[str]) -> Assessment:
    if subject.model is not None:
        return assess(subject.model, examples, columns=columns)
    answers = read_predictions(subject.predictions or Path(), examples)
    return assess_answers(answers, examples, subject.policy, columns=columns)


def full_document(
    assessment: Assessment,
    examples: Sequence[Example],
    *,
    model: str,
    status: str,
    data: str,
    previous: Previous | None = None,
    swaps: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Return the fairness document with what is joined to it; no gates yet, and no examples.

    Args:
        assessment: What was said of the examples.
        examples: What it was said of.
        model: Which model or system.
        status: Its status.
        data: In a few words, which examples.
        previous: Another version, for the comparison.
        swaps: From `swaps_on`.
    """
    document = fairness_document(
        assessment.judged, model=model, data=data, previous=previous, provenance=assessment.provenance
    )
    document |= {"status": status, "gates": [], "examples_shown": []}
    document["coverage"] = [_coverage(row.to_dict()) for row in coverage_of(assessment, examples)]
    return document if swaps is None else document | {"swaps": dict(swaps)}


def _coverage(row: Mapping[str, Any]) -> dict[str, Any]:
    rates = {name: plain(row[name]) if row[name]["cases"] else None for name in ("coverage", "error")}
    return {**row, **rates}


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
