"""Quality of probabilities and decisions against the truth, for one label."""

import math
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm
from sklearn.metrics import average_precision_score, brier_score_loss, log_loss, precision_recall_curve, roc_auc_score

BINS = 10


@dataclass(frozen=True, slots=True)
class Rate:
    """A share of cases with its Wilson interval; None where there is no case at all.

    Attributes:
        value: hits / cases.
        low: Lower end of the 95 % interval.
        high: Upper end.
        hits: Numerator.
        cases: Denominator.
    """

    value: float | None
    low: float | None
    high: float | None
    hits: int
    cases: int


def wilson(hits: int, cases: int, *, confidence: float = 0.95) -> Rate:
    """Return the share with its score interval (Wilson, 1927), which stays inside [0, 1] for any count.

    >>> rate = wilson(0, 20)
    >>> rate.value, round(rate.high, 3)
    (0.0, 0.161)
    """
    if cases == 0:
        return Rate(None, None, None, hits, cases)
    low, high = wilson_bounds(np.array(hits), np.array(cases), confidence=confidence)
    return Rate(hits / cases, float(low), float(high), hits, cases)


def wilson_bounds(
    hits: NDArray[np.int64], cases: NDArray[np.int64], *, confidence: float = 0.95
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return both ends of the score intervals (Wilson, 1927) of many shares at once; NaN where there is no case."""
    z = float(norm.ppf(0.5 + confidence / 2))
    n = np.where(cases > 0, cases, np.nan)
    share, denominator = hits / n, 1 + z * z / n
    centre = (share + z * z / (2 * n)) / denominator
    half = z / denominator * np.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    # Exactly 0 and 1 at the ends, where rounding would leave a trace of a case that there was not.
    low = np.where(hits == 0, 0.0 * n, np.maximum(0.0, centre - half))
    high = np.where(hits == cases, 0.0 * n + 1, np.minimum(1.0, centre + half))
    return low, high


@dataclass(frozen=True, slots=True)
class LabelMetrics:
    """How well one label's probabilities and decisions agree with the truth; None where it is undefined.

    Attributes:
        n: Examples with a known label.
        positives: Of these, the true ones.
        auc: Area under the ROC curve.
        auc_low: Lower end of its 95 % interval (Hanley and McNeil, 1982).
        auc_high: Upper end.
        average_precision: Area under the precision-recall curve, as a sum over steps.
        recall_at_precision_66: Best recall at precision .66 or more.
        precision_at_recall_98: Best precision at recall .98 or more.
        calibration_error: Expected calibration error over ten equal-count bins.
        brier: Mean squared error of the probabilities.
        log_loss: Mean negative log-likelihood.
        recall: At the model's threshold.
        precision: At the model's threshold.
        false_alarm_rate: At the model's threshold.
    """

    n: int
    positives: int
    auc: float | None
    auc_low: float | None
    auc_high: float | None
    average_precision: float | None
    recall_at_precision_66: float | None
    precision_at_recall_98: float | None
    calibration_error: float | None
    brier: float | None
    log_loss: float | None
    recall: float | None
    precision: float | None
    false_alarm_rate: float | None

    def to_dict(self) -> dict[str, float | int | None]:
        """Return the metrics by name."""
        return asdict(self)


def label_metrics(truth: NDArray[np.float64], probability: NDArray[np.float64], *, threshold: float) -> LabelMetrics:
    """Return the metrics of one label.

    Args:
        truth: 1, 0 or NaN where unknown, shape (n,).
        probability: Shape (n,).
        threshold: A probability at or above it is a yes.
    """
    known = ~np.isnan(truth)
    true, scored = truth[known] == 1, probability[known]
    said = scored >= threshold
    hits, positives, negatives = int((said & true).sum()), int(true.sum()), int((~true).sum())
    both = positives > 0 and negatives > 0
    auc = float(roc_auc_score(true, scored)) if both else None
    auc_low, auc_high = _auc_interval(auc, positives, negatives)
    precision, recall = (curve[:-1] for curve in precision_recall_curve(true, scored)[:2]) if both else ([], [])
    return LabelMetrics(
        n=len(true),
        positives=positives,
        auc=auc,
        auc_low=auc_low,
        auc_high=auc_high,
        average_precision=float(average_precision_score(true, scored)) if both else None,
        recall_at_precision_66=_best(recall, precision, at_least=0.66),
        precision_at_recall_98=_best(precision, recall, at_least=0.98),
        calibration_error=calibration_error(true, scored) if len(true) else None,
        brier=float(brier_score_loss(true, scored)) if both else None,
        log_loss=float(log_loss(true, scored)) if both else None,
        recall=wilson(hits, positives).value,
        precision=wilson(hits, int(said.sum())).value,
        false_alarm_rate=wilson(int((said & ~true).sum()), negatives).value,
    )


def _auc_interval(auc: float | None, positives: int, negatives: int) -> tuple[float | None, float | None]:
    """Return the 95 % interval by the standard error of Hanley and McNeil (1982), kept inside [0, 1]."""
    if auc is None:
        return None, None
    same_positive, same_negative = auc / (2 - auc), 2 * auc * auc / (1 + auc)
    spread = (positives - 1) * (same_positive - auc * auc) + (negatives - 1) * (same_negative - auc * auc)
    error = math.sqrt((auc * (1 - auc) + spread) / (positives * negatives))
    half = float(norm.ppf(0.975)) * error
    return max(0.0, auc - half), min(1.0, auc + half)


def _best(wanted: NDArray[np.float64], given: NDArray[np.float64], *, at_least: float) -> float | None:
    allowed = np.asarray(wanted)[np.asarray(given) >= at_least]
    return float(allowed.max()) if len(allowed) else None


def calibration_error(truth: NDArray[np.bool_], probability: NDArray[np.float64]) -> float:
    """Return the expected calibration error over ten bins of equal count (Nguyen & O'Connor, 2015)."""
    return float(sum(len(p) * abs(p.mean() - t.mean()) for t, p in _bins(truth, probability)) / len(truth))


def reliability(truth: NDArray[np.bool_], probability: NDArray[np.float64]) -> list[dict[str, float]]:
    """Return mean probability, share of true calls and count of each equal-count bin."""
    return [
        {"probability": float(p.mean()), "share": float(t.mean()), "n": len(p)} for t, p in _bins(truth, probability)
    ]


def _bins(
    truth: NDArray[np.bool_], probability: NDArray[np.float64]
) -> list[tuple[NDArray[np.bool_], NDArray[np.float64]]]:
    order = np.argsort(probability, kind="stable")
    parts = [part for part in np.array_split(order, BINS) if len(part)]
    return [(truth[part], probability[part]) for part in parts]
