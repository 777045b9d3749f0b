"""How systems are compared: the same batch folds, the same Platt step, the same measures, paired differences."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit
from scipy.stats import t
from sklearn.metrics import roc_auc_score
from systems import Scores, System

from callnexus.corpus.examples import Example, truth_of
from callnexus.corpus.splits import batch_folds, leaks
from callnexus.errors import ExamplesError
from callnexus.evaluation.metrics import label_metrics
from callnexus.labels import LABEL_NAMES
from callnexus.training.fit import calibrate

RESAMPLES = 1000
HIGHER_IS_BETTER = {
    "auc": True,
    "average_precision": True,
    "recall_at_precision_66": True,
    "precision_at_recall_98": True,
    "calibration_error": False,
    "contrast_accuracy": True,
    "invariance_flips": False,
}
"""The measures taken on every fold, in the table's order."""

Measured = dict[str, dict[str, list[float | None]]]
"""Values by measure and label, one a fold; None where a fold has no case."""


@dataclass(frozen=True, slots=True)
class Fold:
    """Indices of the examples of one round.

    Attributes:
        training: All but the tested batches.
        kept: Four fifths of the training batches, for the fit that is calibrated.
        calibration: The other fifth, on which its sigmoid is fitted.
        test: The tested batches.
    """

    training: NDArray[np.int64]
    kept: NDArray[np.int64]
    calibration: NDArray[np.int64]
    test: NDArray[np.int64]


def make_folds(examples: Sequence[Example], *, folds: int, seed: int) -> list[Fold]:
    """Return one round a fold; a batch stands whole in one part of each round.

    Raises:
        ExamplesError: If there are too few batches, or a group or near-identical pair crosses folds.
    """
    tests = batch_folds(examples, folds=folds, seed=seed)
    if problems := leaks(examples, {f"fold {number}": test for number, test in enumerate(tests, start=1)}):
        raise ExamplesError(problems)
    rounds = []
    for test in tests:
        training = np.setdiff1d(np.arange(len(examples)), test)
        fifth = batch_folds([examples[i] for i in training], folds=5, seed=seed)[0]
        calibration = training[np.sort(fifth)]
        rounds.append(Fold(training, np.setdiff1d(training, calibration), calibration, np.sort(test)))
    return rounds


def measure_folds(
    system: System,
    represented: Any,
    examples: Sequence[Example],
    folds: Sequence[Fold],
    weight: NDArray[np.float64],
    tell: Callable[[str], None],
) -> Measured:
    """Return every measure of every fold; the weights are those of `System.fit`.

    Ranking is measured on a fit to all the other folds. Probabilities, and the decisions at .5, come from a second
    fit to four fifths of them, with Platt's sigmoid fitted on the last fifth: no score is calibrated by examples
    that its model has seen.
    """
    truth = truth_of(examples)
    found: Measured = {name: {label: [] for label in LABEL_NAMES} for name in HIGHER_IS_BETTER}
    for number, fold in enumerate(folds, start=1):
        tell(f"fold {number} of {len(folds)}")
        system.fit(represented[fold.training], truth[fold.training], weight[fold.training])
        scores = system.score(represented[fold.test])
        system.fit(represented[fold.kept], truth[fold.kept], weight[fold.kept])
        platt = calibrate(system.score(represented[fold.calibration]), truth[fold.calibration])
        raw = system.score(represented[fold.test])
        probability = expit(np.stack([raw[:, i] * step.slope + step.intercept for i, step in enumerate(platt)], axis=1))
        tested = [examples[i] for i in fold.test]
        for place, label in enumerate(LABEL_NAMES):
            column = truth[fold.test, place]
            values = _one_label(tested, column, scores[:, place], probability[:, place])
            for name, value in values.items():
                found[name][label].append(value)
    return found


def _one_label(
    examples: Sequence[Example], truth: NDArray[np.float64], scores: NDArray[np.float64], p: NDArray[np.float64]
) -> dict[str, float | None]:
    # Ranks instead of scores: the same order and ties, inside [0, 1] whatever the system's scale is.
    rank = np.unique(scores, return_inverse=True)[1]
    ranking = label_metrics(truth, rank / max(rank.max(), 1), threshold=0.5)
    recall = ranking.recall_at_precision_66
    return {
        "auc": ranking.auc,
        "average_precision": ranking.average_precision,
        # Where no threshold reaches the precision, nothing can be found at it.
        "recall_at_precision_66": 0.0 if recall is None and ranking.positives else recall,
        "precision_at_recall_98": ranking.precision_at_recall_98,
        "calibration_error": label_metrics(truth, p, threshold=0.5).calibration_error,
        "contrast_accuracy": contrast_accuracy(examples, truth, scores),
        "invariance_flips": invariance_flips(examples, p >= 0.5),
    }


def contrast_accuracy(
    examples: Sequence[Example], truth: NDArray[np.float64], scores: NDArray[np.float64]
) -> float | None:
    """Return the share of pairs of a contrast group, of different truth, whose yes has the higher score.

    Equal scores are a miss. None if there is no pair.
    """
    hits = []
    for members in _groups(examples, "contrast"):
        for one, other in combinations(members, 2):
            if {truth[one], truth[other]} == {0.0, 1.0}:
                yes, no = (one, other) if truth[one] else (other, one)
                hits.append(bool(scores[yes] > scores[no]))
    return float(np.mean(hits)) if hits else None


def invariance_flips(examples: Sequence[Example], decisions: NDArray[np.bool_]) -> float | None:
    """Return the share of invariance groups that do not get one decision throughout; None without any group."""
    flips = [len(set(decisions[members].tolist())) > 1 for members in _groups(examples, "invariance")]
    return float(np.mean(flips)) if flips else None


def _groups(examples: Sequence[Example], kind: str) -> Iterator[list[int]]:
    groups: dict[str, list[int]] = defaultdict(list)
    for index, example in enumerate(examples):
        if example.group_kind == kind and example.group_id is not None:
            groups[example.group_id].append(index)
    return (members for members in groups.values() if len(members) > 1)


def interval(values: Sequence[float | None]) -> dict[str, Any]:
    """Return mean, half the width of its 95 % t interval, and the folds behind them.

    >>> interval([1.0, 2.0, 3.0, None])["mean"]
    2.0
    """
    known = np.array([value for value in values if value is not None])
    n = len(known)
    half = float(t.ppf(0.975, n - 1) * known.std(ddof=1) / np.sqrt(n)) if n > 1 else None
    return {"mean": float(known.mean()) if n else None, "half_width": half, "n": n, "folds": list(values)}


def against(values: Sequence[float | None], reference: Sequence[float | None]) -> dict[str, Any]:
    """Return the interval of the differences to the reference, fold by fold."""
    pairs = zip(values, reference, strict=True)
    return interval([None if one is None or other is None else one - other for one, other in pairs])


def summarise(measured: Measured, reference: Measured) -> dict[str, dict[str, dict[str, Any]]]:
    """Return the interval of each measure and label, and that of the differences to the reference."""
    return {
        name: {
            label: interval(values) | {"minus_callnexus": against(values, reference[name][label])}
            for label, values in labels.items()
        }
        for name, labels in measured.items()
    }


def transfer(scores: Mapping[str, Scores], truth: NDArray[np.float64], *, seed: int) -> dict[str, dict[str, Any]]:
    """Return each system's AUC by label on rows of another source, with bootstrap intervals.

    The resamples are shared, so that differences to callnexus are paired.

    Args:
        scores: By system, shape (rows, 2).
        truth: 1, 0 or NaN, shape (rows, 2).
        seed: Of the resamples.
    """
    found: dict[str, dict[str, Any]] = {key: {} for key in scores}
    for place, label in enumerate(LABEL_NAMES):
        known = np.flatnonzero(~np.isnan(truth[:, place]))
        answers = truth[known, place]
        rng = np.random.default_rng(seed)
        draws = [rng.integers(len(known), size=len(known)) for _ in range(RESAMPLES)]
        draws = [draw for draw in draws if 0 < answers[draw].sum() < len(draw)]
        resampled = {
            key: np.array([roc_auc_score(answers[draw], part[known[draw], place]) for draw in draws])
            for key, part in scores.items()
        }
        auc = {key: float(roc_auc_score(answers, part[known, place])) for key, part in scores.items()}
        for key in scores:
            difference = resampled[key] - resampled["callnexus"]
            found[key][label] = {
                "mean": auc[key],
                "half_width": float(1.96 * resampled[key].std()),
                "rows": len(known),
                "positives": int(answers.sum()),
                "minus_callnexus": {
                    "mean": auc[key] - auc["callnexus"],
                    "half_width": float(1.96 * difference.std()),
                },
            }
    return found
