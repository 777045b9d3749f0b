"""Fitting: features into a sparse matrix, one logistic regression a label, and their scores calibrated."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import joblib
import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, diags, hstack
from scipy.special import expit
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from threadpoolctl import threadpool_limits

from callnexus.features import Extractor, FeatureSpec
from callnexus.labels import LABEL_NAMES
from callnexus.lexicon import Lexicon
from callnexus.model import Model
from callnexus.training.experiment import FitSection

CHUNK = 256

BASE_SCALE = 3.0
"""Scale of a base model's score beside the other features: large enough to be nearly free of regularisation."""


class NarrativeFeatures(TransformerMixin, BaseEstimator):  # type: ignore[misc] # sklearn ships no types
    """The shared feature function as a scikit-learn transformer.

    Args:
        spec: What is extracted.
        lexicon: The cues and markers.
    """

    def __init__(self, spec: FeatureSpec, lexicon: Lexicon) -> None:
        self.spec = spec
        self.lexicon = lexicon

    def fit(self, narratives: Sequence[str], y: object = None) -> "NarrativeFeatures":
        """Return self: nothing is learnt from narratives alone."""
        return self

    def __sklearn_is_fitted__(self) -> bool:
        """Return True: there is nothing to fit."""
        return True

    def transform(self, narratives: Sequence[str]) -> csr_matrix:
        """Return the feature matrix, float32 CSR, shape (narratives, columns)."""
        extractor = Extractor(self.spec, self.lexicon)
        texts = list(narratives)
        rows, columns, values = [], [], []
        for start in range(0, len(texts), CHUNK):
            features = extractor.extract(texts[start : start + CHUNK])
            rows.append(features.narrative + start)
            columns.append(features.column)
            values.append(features.value)
        if not rows:
            return csr_matrix((0, extractor.columns), dtype=np.float32)
        triplets = (np.concatenate(values), (np.concatenate(rows), np.concatenate(columns)))
        return csr_matrix(triplets, shape=(len(texts), extractor.columns)).astype(np.float32)


@dataclass(frozen=True, slots=True)
class Fit:
    """Fitted, not yet calibrated.

    Attributes:
        pipelines: One scikit-learn pipeline per label, from narratives to probabilities.
        weights: float64, shape (columns, 2).
        intercepts: float64, shape (2,).
    """

    pipelines: dict[str, Pipeline]
    weights: NDArray[np.float64]
    intercepts: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Calibration:
    """Platt's sigmoid for one label: calibrated log-odds = slope x score + intercept (Platt, 1999)."""

    slope: float
    intercept: float


@dataclass(frozen=True, slots=True)
class Fitting:
    """What a fit is given beside the examples.

    Attributes:
        settings: Regularisation and class weight.
        seed: Of the solver.
        base: A model to adapt, or None to start from nothing.
    """

    settings: FitSection
    seed: int = 0
    base: Model | None = None


def fit_labels(
    features: NarrativeFeatures,
    matrix: csr_matrix,
    truth: NDArray[np.float64],
    fitting: Fitting,
    *,
    weight: NDArray[np.float64] | None = None,
    jobs: int = 1,
) -> Fit:
    """Return one logistic regression per label; an example whose label is unknown does not count for it.

    With a base model, its score enters as one more feature of a large scale: regularisation leaves it nearly free and
    holds the others small. With few examples the result is the base model with another slope and intercept; with many
    it departs where they say so. A base score is itself a sum of weights, so the result folds into one weight vector
    (the PRIOR baseline of Daume, "Frustratingly easy domain adaptation", 2007).

    Args:
        features: The transformer that made the matrix, kept in the pipelines.
        matrix: The feature matrix, shape (examples, columns).
        truth: 1, 0 or NaN, shape (examples, 2).
        fitting: Settings, seed, base.
        weight: What each example counts, shape (examples,); without it all count 1.
        jobs: Labels fitted at once.
    """
    fitted = joblib.Parallel(n_jobs=jobs)(
        joblib.delayed(_fit_one)(matrix, truth, fitting, weight, place) for place in range(len(LABEL_NAMES))
    )
    return Fit(
        pipelines={
            name: make_pipeline(features, regression) for name, regression in zip(LABEL_NAMES, fitted, strict=True)
        },
        weights=np.stack([regression.coef_[0] for regression in fitted], axis=1).astype(np.float64),
        intercepts=np.array([regression.intercept_[0] for regression in fitted], np.float64),
    )


def _fit_one(
    matrix: csr_matrix, truth: NDArray[np.float64], fitting: Fitting, weight: NDArray[np.float64] | None, place: int
) -> Any:
    known = ~np.isnan(truth[:, place])
    label = truth[known, place].astype(int)
    counts = None if weight is None else weight[known]
    matrix = matrix[known]
    settings, base = fitting.settings, fitting.base
    regression = LogisticRegression(
        C=settings.inverse_regularisation,
        class_weight=settings.class_weight,
        solver="liblinear",
        random_state=fitting.seed,
        max_iter=1000,
    )
    # One thread: sums split over threads differ in their last bits, and with them the model's hash.
    with threadpool_limits(1):
        if base is None:
            scale = _informativeness(matrix, label, counts, power=settings.naive_bayes)
            regression.fit(matrix @ diags(scale), label, sample_weight=counts)
            regression.coef_ = regression.coef_ * scale
            return regression
        prior = base.weights[:, place].astype(np.float64)
        score = csr_matrix(BASE_SCALE * (matrix @ prior + base.intercepts[place])[:, None])
        regression.fit(hstack([score, matrix]).tocsr(), label, sample_weight=counts)
    share = BASE_SCALE * regression.coef_[0, 0]
    regression.intercept_ = regression.intercept_ + share * base.intercepts[place]
    regression.coef_ = regression.coef_[:, 1:] + share * prior
    regression.n_features_in_ = matrix.shape[1]
    return regression


def scores_of(fit: Fit, matrix: csr_matrix) -> NDArray[np.float64]:
    """Return uncalibrated log-odds, shape (examples, 2)."""
    scores: NDArray[np.float64] = matrix @ fit.weights + fit.intercepts
    return scores


def probability_of(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the probabilities of log-odds, same shape."""
    return np.asarray(expit(scores), np.float64)


def _informativeness(
    matrix: csr_matrix, label: NDArray[np.int64], counts: NDArray[np.float64] | None, *, power: float
) -> NDArray[np.float64]:
    """Return what each feature is multiplied by before a fit: its log-count ratio to a power, shape (columns,).

    Features that naive Bayes finds telling are regularised less (Wang and Manning, "Baselines and Bigrams", 2012).
    Only the ratio's size matters, as a weight may take either sign. The mean length of a row stays as it was.
    """
    if power == 0:
        return np.ones(matrix.shape[1])
    weight = np.ones(len(label)) if counts is None else counts
    present = matrix.sign()
    yes, no = (1 + present.T @ (weight * side) for side in (label, 1 - label))
    ratio = np.abs(np.log(yes / yes.sum()) - np.log(no / no.sum())) ** power
    evened = np.sqrt(matrix.power(2).sum() / (matrix @ diags(ratio)).power(2).sum())
    return np.asarray(ratio * evened, np.float64)


def out_of_fold_scores(
    features: NarrativeFeatures,
    matrix: csr_matrix,
    truth: NDArray[np.float64],
    folds: Sequence[NDArray[np.int64]],
    fitting: Fitting,
    *,
    weight: NDArray[np.float64] | None = None,
    jobs: int = 1,
) -> NDArray[np.float64]:
    """Return for every example the log-odds given by a model that saw none of its fold, shape (examples, 2)."""
    everything = np.arange(matrix.shape[0])

    def score(fold: NDArray[np.int64]) -> NDArray[np.float64]:
        rest = np.setdiff1d(everything, fold)
        counts = None if weight is None else weight[rest]
        return scores_of(fit_labels(features, matrix[rest], truth[rest], fitting, weight=counts), matrix[fold])

    found = np.full((matrix.shape[0], len(LABEL_NAMES)), np.nan)
    results: Iterator[NDArray[np.float64]] = joblib.Parallel(n_jobs=jobs)(joblib.delayed(score)(f) for f in folds)
    for fold, part in zip(folds, results, strict=True):
        found[fold] = part
    return found


def calibrate(scores: NDArray[np.float64], truth: NDArray[np.float64]) -> tuple[Calibration, ...]:
    """Return the sigmoid of each label fitted on held-out scores, shape (examples, 2) both.

    The targets are smoothed as Platt (1999) did, so that a clean split does not give a step.
    """
    return tuple(_calibrate_one(scores[:, place], truth[:, place]) for place in range(len(LABEL_NAMES)))


def _calibrate_one(scores: NDArray[np.float64], truth: NDArray[np.float64]) -> Calibration:
    known = ~np.isnan(truth)
    label = truth[known].astype(int)
    positives, negatives = int(label.sum()), int((1 - label).sum())
    high, low = (positives + 1) / (positives + 2), 1 / (negatives + 2)
    target = np.where(label == 1, high, low)
    # A fractional target is two weighted rows, one of each class.
    column = np.concatenate([scores[known], scores[known]])[:, None]
    classes = np.concatenate([np.ones(len(label)), np.zeros(len(label))])
    regression = LogisticRegression(C=np.inf, max_iter=1000)
    regression.fit(column, classes, sample_weight=np.concatenate([target, 1 - target]))
    return Calibration(float(regression.coef_[0, 0]), float(regression.intercept_[0]))
