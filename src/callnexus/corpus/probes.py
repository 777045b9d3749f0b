"""Do surface habits or the groups involved give the labels away? Two probes that must find little.

A corpus whose nexus rows are longer, or whose risk rows never hold a negation, teaches a model to read the writer
instead of the call. The probes predict each label from such features alone, by batch folds, and report the AUC.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from callnexus.corpus.examples import GROUP_COLUMNS, Example, to_frame, truth_of
from callnexus.corpus.splits import batch_folds
from callnexus.labels import LABEL_NAMES

LARGEST_SURFACE_AUC = 0.65
LARGEST_GROUP_AUC = 0.53

NEGATORS = re.compile(
    r"\b(?:no|not|none|never|neg|negative|den(?:y|ies|ied|ying)|without|nobody|nothing|neither|nor|cannot|w/o|unk"
    r"|[a-z]+n't|dont|doesnt|didnt|isnt|wasnt|cant|wont|aint|hasnt|havent)\b",
    re.IGNORECASE,
)
REMARKS = re.compile(r"//|\*\*|\[\d{1,2}:?\d\d\]|\b(?:UPD(?:ATE)?|ADDL|SUPP|RMK)\b", re.IGNORECASE)
AMBULANCE = re.compile(r"\b(?:ems|emts?|ambulance|amb|medics?|paramedics?|bls|als)\b", re.IGNORECASE)
POLICE = re.compile(r"\b(?:police|officers?|ofcr?|pd|cops?|deput(?:y|ies)|sheriff|troopers?)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Probe:
    """What one probe found for one label.

    Attributes:
        name: "surface" or "groups".
        label: The label's name.
        auc: Of the stronger of a linear and a tree model, over batch folds.
        limit: What it may be at most.
    """

    name: str
    label: str
    auc: float
    limit: float

    @property
    def passed(self) -> bool:
        """Whether the label is not given away."""
        return self.auc <= self.limit


def probes(examples: Sequence[Example], *, folds: int = 5, seed: int = 0) -> list[Probe]:
    """Return both probes for both labels.

    Raises:
        ExamplesError: If there are fewer batches than folds.
    """
    parts = batch_folds(examples, folds=folds, seed=seed)
    tables = {"surface": (surface_features(examples), LARGEST_SURFACE_AUC)}
    tables["groups"] = (group_features(examples), LARGEST_GROUP_AUC)
    truth = truth_of(examples)
    return [
        Probe(name, label, _auc(table, truth[:, place], parts, seed), limit)
        for name, (table, limit) in tables.items()
        for place, label in enumerate(LABEL_NAMES)
    ]


def surface_features(examples: Sequence[Example]) -> NDArray[np.float64]:
    """Return what can be counted of a narrative without reading it, and every column of its record."""
    counted = [
        [
            len(text),
            len(text.split()),
            np.mean([len(word) for word in text.split()] or [0]),
            sum(map(str.isupper, text)) / len(text),
            text.isupper(),
            text.islower(),
            *(text.count(mark) / len(text) for mark in ".,:;!?/-'\""),
            sum(map(str.isdigit, text)) / len(text),
            *(len(pattern.findall(text)) for pattern in (NEGATORS, REMARKS, AMBULANCE, POLICE)),
        ]
        for text in (example.narrative for example in examples)
    ]
    columns = pd.get_dummies(to_frame(examples)[["register", "city_type"]].fillna("unknown")).to_numpy(float)
    return np.hstack([np.array(counted, float), columns, group_features(examples)])


def group_features(examples: Sequence[Example]) -> NDArray[np.float64]:
    """Return every group column as indicator columns."""
    return pd.get_dummies(to_frame(examples)[list(GROUP_COLUMNS)].fillna("unknown")).to_numpy(float)


def _auc(
    table: NDArray[np.float64], truth: NDArray[np.float64], folds: Sequence[NDArray[np.int64]], seed: int
) -> float:
    known = ~np.isnan(truth)
    models = (
        make_pipeline(StandardScaler(), LogisticRegression(C=0.1, max_iter=1000)),
        HistGradientBoostingClassifier(max_depth=3, max_iter=60, random_state=seed),
    )
    best = 0.0
    for model in models:
        scores = np.full(len(truth), np.nan)
        for fold in folds:
            rest = np.setdiff1d(np.flatnonzero(known), fold)
            scores[fold] = model.fit(table[rest], truth[rest]).predict_proba(table[fold])[:, 1]
        best = max(best, float(roc_auc_score(truth[known], scores[known])))
    return best
