"""What a model says of labelled examples, measured: the one place where a model meets the evaluation."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from callnexus.corpus.examples import GROUP_COLUMNS, Example, to_frame, truth_of
from callnexus.errors import ModelFolderError
from callnexus.evaluation.coverage import CoverageRow, coverage_rows
from callnexus.evaluation.groups import FEWEST, GroupRow, Outcome, group_rows, largest_gaps
from callnexus.evaluation.metrics import LabelMetrics, label_metrics, reliability
from callnexus.evaluation.rechecking import Recheck, recheck
from callnexus.labels import LABEL_NAMES, Decision
from callnexus.model import Model
from callnexus.policy import Policy
from callnexus.response import CLEAR_PAIRS, Response
from callnexus.training.fit import probability_of

PREFIXES = (10, 20, 40, 80)
"""Words after which a growing narrative is assessed."""

FAIRNESS_SCHEMA = 1
"""Version of fairness.json's layout; raise it when a key changes its meaning or goes."""


@dataclass(frozen=True, slots=True)
class Assessment:
    """A model's probabilities, decisions and error rates on labelled examples.

    Attributes:
        truth: 1, 0 or NaN, shape (examples, 2).
        probability: Shape (examples, 2).
        decisions: One column a label, and "response"; one row an example.
        metrics: By label name.
        rows: Error rates by group, for both labels and each response.
        reliability: By label name, for the calibration plot.
    """

    truth: NDArray[np.float64]
    probability: NDArray[np.float64]
    decisions: pd.DataFrame
    metrics: Mapping[str, LabelMetrics]
    rows: Sequence[GroupRow]
    reliability: Mapping[str, list[dict[str, float]]]

    def to_dict(self) -> dict[str, Any]:
        """Return the metrics as plain values."""
        return {name: metrics.to_dict() for name, metrics in self.metrics.items()}


def assess(model: Model, examples: Sequence[Example]) -> Assessment:
    """Return how well a model does on labelled examples."""
    predictions = model.predict_many(_texts(examples))
    decisions = pd.DataFrame(
        {
            **{name: [str(getattr(p, name).decision) for p in predictions] for name in LABEL_NAMES},
            "response": [str(p.response) for p in predictions],
        }
    )
    probability = np.array([[getattr(p, name).probability for name in LABEL_NAMES] for p in predictions])
    truth = truth_of(examples)
    frame = to_frame(examples)
    groups = {column: frame[column].tolist() for column in GROUP_COLUMNS}
    metrics = _metrics(model, truth, probability)
    known = ~np.isnan(truth)
    curves = {
        name: reliability(truth[known[:, place], place] == 1, probability[known[:, place], place])
        for place, name in enumerate(LABEL_NAMES)
    }
    rows = group_rows(_outcomes(model.policy, truth, decisions), groups)
    return Assessment(truth, probability, decisions, metrics, rows, curves)


def coverage_of(assessment: Assessment, examples: Sequence[Example]) -> list[CoverageRow]:
    """Return how many of the assessed examples get a clear answer, and its errors, by register and group column."""
    frame = to_frame(examples)
    decisions = assessment.decisions[list(LABEL_NAMES)].to_numpy()
    columns = {column: frame[column].tolist() for column in ("register", *GROUP_COLUMNS)}
    return coverage_rows(assessment.truth, decisions == Decision.YES, decisions == Decision.NO, LABEL_NAMES, columns)


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
            **asdict(model.thresholds[name]),
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


def _outcomes(policy: Policy, truth: NDArray[np.float64], decisions: pd.DataFrame) -> list[Outcome]:
    outcomes = []
    for place, name in enumerate(LABEL_NAMES):
        said = decisions[name].to_numpy()
        unclear = (said != Decision.YES) & (said != Decision.NO)
        outcomes.append(Outcome(name, truth[:, place], said == Decision.YES, unclear))
    needed = _needed_responses(policy, truth)
    said = decisions["response"].to_numpy()
    review = said == Response.DISPATCHER_REVIEW
    for response in Response:
        if response is not Response.DISPATCHER_REVIEW and response in policy.responses.values():
            wanted = np.array([np.nan if need is None else float(need is response) for need in needed])
            outcomes.append(Outcome(str(response), wanted, said == response, review))
    return outcomes


def _needed_responses(policy: Policy, truth: NDArray[np.float64]) -> list[Response | None]:
    """Return what the policy would recommend if it knew the labels; None where one decides and is not known."""
    answer = {1.0: Decision.YES, 0.0: Decision.NO}
    needed: list[Response | None] = []
    for row in truth.tolist():
        given = [answer.get(value) for value in row]
        possible = {
            policy.recommend(*pair).response
            for pair in CLEAR_PAIRS
            if all(wanted is None or wanted is said for wanted, said in zip(given, pair, strict=True))
        }
        needed.append(possible.pop() if len(possible) == 1 else None)
    return needed


def fairness_document(assessment: Assessment, *, model: str, data: str) -> dict[str, Any]:
    """Return everything the fairness report shows, as plain JSON types.

    Args:
        assessment: What was measured.
        model: Which model, by name and release or version.
        data: In a few words, which examples.
    """
    return {
        "schema": FAIRNESS_SCHEMA,
        "model": model,
        "data": data,
        "examples": len(assessment.truth),
        "fewest": FEWEST,
        "metrics": assessment.to_dict(),
        "reliability": {name: list(bins) for name, bins in assessment.reliability.items()},
        "rows": [row.to_dict() for row in assessment.rows],
        "gaps": [asdict(gap) for gap in largest_gaps(assessment.rows)],
    }
