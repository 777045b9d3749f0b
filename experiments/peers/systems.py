"""What is compared: one interface, callnexus behind it, and the peers that need only scikit-learn.

A system answers both labels at once. What it derives from a narrative without having seen any label is kept apart
(`represent`), so that folds share it and its time is counted once, in training as in predicting.
"""

import importlib.util
import re
import shutil
import tomllib
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, ClassVar

import joblib
import numpy as np
from numpy.typing import NDArray
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import FeatureUnion
from sklearn.svm import LinearSVC

from callnexus import model_folder, policy
from callnexus.labels import LABEL_NAMES
from callnexus.model import Model, Thresholds
from callnexus.sufficiency import KNOWN_BITS, Sufficiency
from callnexus.training.experiment import Experiment
from callnexus.training.fit import fit_labels, scores_of
from callnexus.training.pipeline import features_of, fitting_of

HERE = Path(__file__).parent
SEED = 7

Scores = NDArray[np.float64]
"""Log-odds or any other value that grows with belief, shape (narratives, 2), columns as in LABEL_NAMES."""


class System(ABC):
    """A way from narratives to a score for each label.

    Attributes:
        key: What the command line calls it.
        title: What the table calls it.
        needs: Modules it imports, beside those of callnexus[train], with the package that brings each.
        slow: Whether it runs only when asked to.
    """

    key: ClassVar[str]
    title: ClassVar[str]
    needs: ClassVar[dict[str, str]] = {}
    slow: ClassVar[bool] = False

    @classmethod
    def missing(cls) -> list[str]:
        """Return the packages that are not installed."""
        return [package for module, package in cls.needs.items() if importlib.util.find_spec(module) is None]

    def represent(self, narratives: Sequence[str]) -> Any:
        """Return what fitting and scoring read, one entry a narrative, to be indexed by integer arrays."""
        return as_objects(narratives)

    @abstractmethod
    def fit(self, represented: Any, truth: NDArray[np.float64], weight: NDArray[np.float64]) -> None:
        """Learn from nothing but these, forgetting any earlier fit.

        Args:
            represented: The narratives, as `represent` gives them.
            truth: 1, 0 or NaN where unknown, shape (narratives, 2).
            weight: What callnexus's experiment lets each example count. Its own setting: peers leave it unread.
        """

    @abstractmethod
    def score(self, represented: Any) -> Scores:
        """Return the scores of narratives that were represented before."""

    def predict(self, narratives: Sequence[str]) -> Scores:
        """Return the scores of new narratives: the way that is timed."""
        return self.score(self.represent(narratives))

    @abstractmethod
    def save(self, folder: Path) -> None:
        """Write all that predicting needs, libraries aside, into the folder."""


def as_objects(items: Sequence[Any]) -> NDArray[np.object_]:
    """Return the items as an array of objects, which NumPy never takes apart."""
    array = np.empty(len(items), object)
    array[:] = items
    return array


def known_labels(truth: NDArray[np.float64]) -> Iterator[tuple[NDArray[np.bool_], NDArray[np.int64]]]:
    """Yield for each label which examples have it, and their answers as 0 and 1."""
    for column in truth.T:
        known = ~np.isnan(column)
        yield known, column[known].astype(np.int64)


class CallNexus(System):
    """callnexus with the features and settings of an experiment file."""

    key, title = "callnexus", "callnexus"

    def __init__(self, experiment: Experiment) -> None:
        self.experiment = experiment
        self.features = features_of(experiment)
        self._model: Model | None = None

    def represent(self, narratives: Sequence[str]) -> Any:
        """Return the sparse feature matrix."""
        return self.features.transform(narratives)

    def fit(self, represented: Any, truth: NDArray[np.float64], weight: NDArray[np.float64]) -> None:
        """Fit both logistic regressions, one after the other."""
        self._fit = fit_labels(self.features, represented, truth, fitting_of(self.experiment), weight=weight, jobs=1)
        self._model = None

    def score(self, represented: Any) -> Scores:
        """Return log-odds."""
        return scores_of(self._fit, represented)

    def predict(self, narratives: Sequence[str]) -> Scores:
        """Return log-odds from the packaged model's own arithmetic, which users run."""
        return self.model.scores(narratives)

    @property
    def model(self) -> Model:
        """The fit as the library serves it."""
        if self._model is None:
            self._model = model_folder.to_model(self._parts())
        return self._model

    def save(self, folder: Path) -> None:
        """Write a model folder; its reports, which predicting does not read, are empty."""
        model_folder.write(folder, self._parts(), dict.fromkeys(model_folder.REPORT_FILES, ""))

    def _parts(self) -> model_folder.Parts:
        section = self.experiment.model
        return model_folder.Parts(
            name=section.name,
            release=section.release,
            spec=self.features.spec,
            lexicon=self.features.lexicon,
            weights=self._fit.weights.astype(np.float32),
            intercepts=self._fit.intercepts,
            thresholds=dict.fromkeys(LABEL_NAMES, Thresholds(yes_from=0.5, no_below=0.5)),
            policy=policy.shipped_text(section.policy),
            # Judged on everything: what is compared is the scores.
            sufficiency=Sufficiency(0, np.ones(1 << KNOWN_BITS, np.bool_), 1.0),
            notes={},
        )


class Keywords(System):
    """A hand-written list a label; the score is the number of matches, and nothing is learnt."""

    key, title = "keywords", "keyword list"
    SOURCE = HERE / "keywords.toml"

    def __init__(self) -> None:
        lists = tomllib.loads(self.SOURCE.read_text(encoding="utf-8"))
        self._patterns = [_any_of(lists[name]) for name in LABEL_NAMES]

    def fit(self, represented: Any, truth: NDArray[np.float64], weight: NDArray[np.float64]) -> None:
        """Do nothing: the lists are fixed."""

    def score(self, represented: Any) -> Scores:
        """Return counts."""
        return np.array([[len(p.findall(text)) for p in self._patterns] for text in represented], float).reshape(-1, 2)

    def save(self, folder: Path) -> None:
        """Copy the lists."""
        shutil.copy(self.SOURCE, folder)


def _any_of(phrases: Sequence[str]) -> re.Pattern[str]:
    # The longest first, so that a phrase is not hidden by its own first word.
    longest_first = sorted(phrases, key=len, reverse=True)
    inner = "|".join(re.escape(phrase).replace(r"\*", r"\w*") for phrase in longest_first)
    return re.compile(rf"\b(?:{inner})\b", re.IGNORECASE)


class _TfIdf(System):
    """TF-IDF of word 1-2-grams beside character 3-5-grams inside words, under one linear model a label."""

    def fit(self, represented: Any, truth: NDArray[np.float64], weight: NDArray[np.float64]) -> None:
        """Fit vocabulary and weights."""
        settings = {"min_df": 2, "sublinear_tf": True, "dtype": np.float32}
        self._union = FeatureUnion(
            [
                ("word", TfidfVectorizer(ngram_range=(1, 2), token_pattern=r"\b\w+\b", **settings)),
                ("character", TfidfVectorizer(analyzer="char_wb", ngram_range=(3, 5), **settings)),
            ]
        )
        matrix = self._union.fit_transform(represented)
        self._linear = [self._new().fit(matrix[known], answers) for known, answers in known_labels(truth)]

    def score(self, represented: Any) -> Scores:
        """Return signed distances, or log-odds."""
        matrix = self._union.transform(represented)
        return np.stack([linear.decision_function(matrix) for linear in self._linear], axis=1)

    def save(self, folder: Path) -> None:
        """Write what scikit-learn would be given back, compressed as callnexus's arrays are."""
        joblib.dump((self._union, self._linear), folder / "model.joblib", compress=3)

    @abstractmethod
    def _new(self) -> Any: ...


class TfIdfLogistic(_TfIdf):
    """TF-IDF with logistic regression."""

    key, title = "tfidf-lr", "TF-IDF + logistic regression"

    def _new(self) -> LogisticRegression:
        return LogisticRegression(C=10.0, solver="liblinear", random_state=SEED, max_iter=1000)


class TfIdfSvm(_TfIdf):
    """TF-IDF with a linear support vector machine; its sigmoid is the Platt step that every system gets."""

    key, title = "tfidf-svm", "TF-IDF + linear SVM"

    def _new(self) -> LinearSVC:
        return LinearSVC(C=0.5, random_state=SEED)
