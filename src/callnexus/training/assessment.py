"""What a model says of labelled examples, measured: the one place where a model meets the evaluation."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from callnexus.corpus.examples import GROUP_COLUMNS, Example, to_frame, truth_of
from callnexus.evaluation.groups import FEWEST, GroupRow, Outcome, group_rows, largest_gaps
from callnexus.evaluation.metrics import LabelMetrics, label_metrics, reliability
from callnexus.labels import LABEL_NAMES, Decision
from callnexus.model import Model
from callnexus.response import CLEAR_PAIRS, Policy, Response

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
    narratives = [example.narrative for example in examples]
    predictions = model.predict_many(narratives)
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
    metrics, curves = {}, {}
    for place, name in enumerate(LABEL_NAMES):
        threshold = model.thresholds[name].yes_from
        metrics[name] = label_metrics(truth[:, place], probability[:, place], threshold=threshold)
        known = ~np.isnan(truth[:, place])
        curves[name] = reliability(truth[known, place] == 1, probability[known, place])
    rows = group_rows(_outcomes(model.policy, truth, decisions), groups)
    return Assessment(truth, probability, decisions, metrics, rows, curves)


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
            policy.recommend(*pair)
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
