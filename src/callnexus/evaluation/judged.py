"""What a system said of examples, beside their truth and groups: all that the fairness report is made from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from callnexus.evaluation.calibration import Scores
from callnexus.evaluation.counts import Outcome
from callnexus.evaluation.routing import Routing
from callnexus.labels import LABEL_NAMES, Decision


@dataclass(frozen=True, slots=True)
class Judged:
    """A system's answers on examples: a model's, or those of another system that came as a table.

    Attributes:
        ids: One an example, by which two versions are compared.
        truth: 1, 0 or NaN where unknown, shape (n, 2), in the labels' order.
        probability: Shape (n, 2), NaN where there is none; None if the system gives none at all.
        decisions: For each label, one `Decision` an example, shape (n,).
        responses: The response recommended for each example, shape (n,).
        needed: The response that the true labels ask for; None where they leave it open.
        reported: The responses whose rates are reported.
        routing: Who is needed and who is recommended.
        groups: The values of each group column; None where not recorded.
        thresholds: For each label, the probability from which the system says yes; None if it is not known.
        dates: ISO dates, None where not known.
    """

    ids: Sequence[str]
    truth: NDArray[np.float64]
    probability: NDArray[np.float64] | None
    decisions: Mapping[str, NDArray[np.object_]]
    responses: NDArray[np.object_]
    needed: Sequence[str | None]
    reported: Sequence[str]
    routing: Routing
    groups: Mapping[str, Sequence[str | None]]
    thresholds: Mapping[str, float | None]
    dates: Sequence[str | None]

    def __len__(self) -> int:
        """Return how many examples there are."""
        return len(self.truth)

    def label_outcomes(self) -> list[Outcome]:
        """Return the outcome of each label; neither yes nor no is left to a person."""
        outcomes = []
        for place, name in enumerate(LABEL_NAMES):
            said = self.decisions[name]
            yes = said == Decision.YES
            outcomes.append(Outcome(name, self.truth[:, place], yes, ~yes & (said != Decision.NO)))
        return outcomes

    def response_outcomes(self) -> list[Outcome]:
        """Return the outcome of each reported response."""
        needed = np.array(self.needed, dtype=object)
        undecided = np.array([need is None for need in self.needed], np.bool_)
        return [
            Outcome(
                str(response),
                np.where(undecided, np.nan, (needed == response).astype(np.float64)),
                (self.responses == response) & ~self.routing.review,
                self.routing.review,
            )
            for response in self.reported
        ]

    def scores(self, label: str) -> Scores | None:
        """Return a label's probabilities beside its truth, or None where there is no probability.

        Examples without a probability count as without a truth: they say nothing of calibration.
        """
        if self.probability is None:
            return None
        place = LABEL_NAMES.index(label)
        probability = self.probability[:, place]
        if np.isnan(probability).all():
            return None
        return Scores(np.where(np.isnan(probability), np.nan, self.truth[:, place]), probability)
