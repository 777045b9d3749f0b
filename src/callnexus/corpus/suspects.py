"""Which labels look wrong, and which narratives to annotate next: lists for people, never corrections."""

from dataclasses import dataclass

import numpy as np
from cleanlab.rank import get_label_quality_scores
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from sklearn.cluster import MiniBatchKMeans
from sklearn.decomposition import TruncatedSVD
from sklearn.preprocessing import normalize

from callnexus.labels import LABEL_NAMES

_DIMENSIONS = 50


@dataclass(frozen=True, slots=True)
class Suspect:
    """One label that a model which never saw the example finds hard to believe.

    Attributes:
        index: Of the example.
        label: The label's name.
        given: The label as annotated, "yes" or "no".
        probability: Of yes, out of fold.
        quality: cleanlab's self-confidence of the given label, in [0, 1]; the lower, the more suspect.
    """

    index: int
    label: str
    given: str
    probability: float
    quality: float


def label_suspects(truth: NDArray[np.float64], probability: NDArray[np.float64], *, count: int) -> list[Suspect]:
    """Return the labels that look most wrong, worst first (Northcutt et al., 2021, by cleanlab).

    Args:
        truth: 1, 0 or NaN, shape (examples, 2).
        probability: Out of fold, shape (examples, 2).
        count: How many to return at most.
    """
    found = []
    for place, name in enumerate(LABEL_NAMES):
        known = np.flatnonzero(~np.isnan(truth[:, place]))
        given = truth[known, place].astype(int)
        yes = probability[known, place]
        quality = get_label_quality_scores(given, np.column_stack([1 - yes, yes]), method="self_confidence")
        found += [
            Suspect(int(index), name, "yes" if label else "no", float(p), float(q))
            for index, label, p, q in zip(known, given, yes, quality, strict=True)
        ]
    return sorted(found, key=lambda suspect: suspect.quality)[:count]


def annotate_next(
    features: csr_matrix, probability: NDArray[np.float64], *, count: int, seed: int = 0
) -> NDArray[np.int64]:
    """Return the indices of narratives to annotate next: uncertain ones, no two alike, most uncertain first.

    The narratives are grouped by k-means over a truncated SVD of their features into as many clusters as are
    wanted; each cluster gives its most uncertain member (Zhdanov, 2019).

    Args:
        features: Shape (narratives, columns).
        probability: Shape (narratives, 2).
        count: How many are wanted; all are returned when there are no more.
        seed: Of the clustering.
    """
    uncertainty = (1 - np.abs(2 * probability - 1)).max(axis=1)
    order = np.argsort(-uncertainty, kind="stable")
    if len(order) <= count:
        return order
    width = min(_DIMENSIONS, features.shape[0] - 1, features.shape[1] - 1)
    dense = normalize(TruncatedSVD(width, random_state=seed).fit_transform(features))
    cluster = MiniBatchKMeans(count, random_state=seed, n_init=3).fit_predict(dense)
    _, first = np.unique(cluster[order], return_index=True)
    chosen = order[np.sort(first)]
    # Empty clusters leave room: the most uncertain of the others fill it.
    rest = order[~np.isin(order, chosen)]
    return np.concatenate([chosen, rest])[:count]
