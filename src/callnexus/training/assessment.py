"""What a system says of labelled examples, measured: the one place where a model meets the evaluation."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from callnexus.corpus.examples import GROUP_COLUMNS, Example, to_frame, truth_of
from callnexus.corpus.predictions import Answers
from callnexus.corpus.provenance import provenance
from callnexus.errors import ModelFolderError
from callnexus.evaluation.coverage import CoverageRow, coverage_rows
from callnexus.evaluation.fairness import quality
from callnexus.evaluation.groups import GroupRow, group_rows
from callnexus.evaluation.judged import Judged
from callnexus.evaluation.metrics import LabelMetrics, label_metrics
from callnexus.evaluation.rechecking import Recheck, recheck
from callnexus.labels import LABEL_NAMES, Decision
from callnexus.model import Model
from callnexus.policy import Policy
from callnexus.training.fit import probability_of
from callnexus.training.judging import judge

PREFIXES = (10, 20, 40, 80)
"""Words after which a growing narrative is assessed."""


@dataclass(frozen=True, slots=True)
class Assessment:
    """A system's answers and error rates on labelled examples.

    Attributes:
        judged: What was said of each example, beside its truth.
        metrics: By label name.
        rows: Error rates by group, for both labels and each response.
        provenance: Plain rows on who labelled the examples, for the fairness document.
    """

    judged: Judged
    metrics: Mapping[str, LabelMetrics]
    rows: Sequence[GroupRow]
    provenance: Mapping[str, Any]

    def to_dict(self) -> dict[str, Any]:
        """Return the metrics as plain values."""
        return {name: metrics.to_dict() for name, metrics in self.metrics.items()}


def assess(model: Model, examples: Sequence[Example], *, columns: Sequence[str] = GROUP_COLUMNS) -> Assessment:
    """Return how well a model does on labelled examples, with error rates by each of the columns."""
    return _assessment(judged_of(model, examples, columns=columns), examples)


def judged_of(model: Model, examples: Sequence[Example], *, columns: Sequence[str] = GROUP_COLUMNS) -> Judged:
    """Return what a model says of each example, labelled or not, beside its truth and groups."""
    predictions = model.predict_many(_texts(examples))
    answers = Answers(
        {name: [getattr(p, name).decision for p in predictions] for name in LABEL_NAMES},
        np.array([[getattr(p, name).probability for name in LABEL_NAMES] for p in predictions]).reshape(-1, 2),
        [p.response for p in predictions],
    )
    thresholds = {name: model.thresholds[name].yes_from for name in LABEL_NAMES}
    return judge(answers, examples, model.policy, thresholds, columns=columns)


def assess_answers(
    answers: Answers,
    examples: Sequence[Example],
    policy: Policy,
    *,
    thresholds: Mapping[str, float | None] | None = None,
    columns: Sequence[str] = GROUP_COLUMNS,
) -> Assessment:
    """Return how well any system does on labelled examples.

    Args:
        answers: What it said, in the examples' order; the policy gives the responses that it does not.
        examples: With labels, null where not known.
        policy: Says which response the true labels ask for.
        thresholds: The probability from which the system says yes, for each label where it is known.
        columns: Of GROUPABLE, the columns that error rates are compared by.
    """
    thresholds = thresholds or dict.fromkeys(LABEL_NAMES)
    return _assessment(judge(answers, examples, policy, thresholds, columns=columns), examples)


def _assessment(judged: Judged, examples: Sequence[Example]) -> Assessment:
    rows = group_rows([*judged.label_outcomes(), *judged.response_outcomes()], judged.groups)
    return Assessment(judged, quality(judged), rows, provenance(examples))


def seen_in_training(model: Model, examples: Sequence[Example]) -> int:
    """Return how many of the examples are of batches that trained the model, as its manifest names them.

    Figures on such examples flatter the model. A model whose manifest names no batches has seen none, as far as can be
    known.
    """
    trained = model.manifest.get("notes", {}).get("data", {}).get("training", {}).get("batches", ())
    return sum(example.batch in trained for example in examples)


def coverage_of(assessment: Assessment, examples: Sequence[Example]) -> list[CoverageRow]:
    """Return how many of the assessed examples get a clear answer, and its errors, by register and group column."""
    judged = assessment.judged
    decisions = np.column_stack([judged.decisions[name] for name in LABEL_NAMES])
    columns = {"register": to_frame(examples)["register"].tolist(), **judged.groups}
    return coverage_rows(judged.truth, decisions == Decision.YES, decisions == Decision.NO, LABEL_NAMES, columns)


def recheck_promises(model: Model, examples: Sequence[Example]) -> list[Recheck]:
    """Return the test of each promise in a model's manifest on other labelled examples.

    Raises:
        ModelFolderError: If the model's manifest holds no promises.
    """
    notes = model.manifest.get("notes", {})
    if "promises" not in notes:
        raise ModelFolderError("the model promises no error rate: nothing to test; train it with this version")
    truth = truth_of(examples)
    probability = probability_of(model.scores(_texts(examples)))
    return [
        found
        for place, name in enumerate(LABEL_NAMES)
        for found in recheck(
            name,
            truth[:, place],
            probability[:, place],
            no_below=model.thresholds[name].no_below,
            yes_from=model.thresholds[name].yes_from,
            promises=notes["promises"][name],
            auc_low=notes["metrics"]["test"][name]["auc_low"],
        )
    ]


def assess_parts(model: Model, parts: Mapping[str, Sequence[Example]]) -> dict[str, dict[str, LabelMetrics]]:
    """Return the metrics of both labels for each part of the examples, such as a source or a year.

    This is where transfer shows: a model is as good as it is on text that its writers never saw.
    """
    return {
        name: _metrics(model, truth_of(members), model.predict_proba(_texts(members)).astype(np.float64))
        for name, members in parts.items()
    }


def assess_prefixes(model: Model, examples: Sequence[Example]) -> dict[str, dict[str, LabelMetrics]]:
    """Return the metrics after the first 10, 20, 40 and 80 words and at the end: narratives grow during a call."""
    truth = truth_of(examples)
    found = {}
    for words in (*PREFIXES, None):
        cut = [" ".join(text.split()[:words]) for text in _texts(examples)]
        name = "whole narrative" if words is None else f"first {words} words"
        found[name] = _metrics(model, truth, model.predict_proba(cut).astype(np.float64))
    return found


def by_year(examples: Sequence[Example]) -> dict[str, list[Example]]:
    """Return the dated examples by year, earliest first."""
    years: dict[str, list[Example]] = {}
    for example in sorted((e for e in examples if e.date is not None), key=lambda e: str(e.date)):
        years.setdefault(str(example.date)[:4], []).append(example)
    return years


def _texts(examples: Sequence[Example]) -> list[str]:
    return [example.narrative for example in examples]


def _metrics(model: Model, truth: NDArray[np.float64], probability: NDArray[np.float64]) -> dict[str, LabelMetrics]:
    return {
        name: label_metrics(truth[:, place], probability[:, place], threshold=model.thresholds[name].yes_from)
        for place, name in enumerate(LABEL_NAMES)
    }
