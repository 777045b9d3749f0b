"""What a model is made of, before it has a folder."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from callnexus import policy
from callnexus.features import Extractor, FeatureSpec
from callnexus.lexicon import Lexicon
from callnexus.model import Model, Thresholds
from callnexus.model_folder.verdict import CANDIDATE
from callnexus.sufficiency import Sufficiency


@dataclass(frozen=True, slots=True)
class Parts:
    """What a model is made of, before it has a folder.

    Attributes:
        name: Name of the model, such as "callnexus".
        release: Semantic version, such as "0.1.0".
        spec: The features.
        lexicon: The cues and markers.
        weights: float32, shape (columns, 2), calibration included.
        intercepts: float64, shape (2,).
        thresholds: By label name.
        policy: The response policy, as TOML.
        sufficiency: What a narrative needs to be judged.
        notes: Anything the manifest should record: data hashes, calibration, metrics, gates, library versions.
        status: "demonstration" or "candidate".
    """

    name: str
    release: str
    spec: FeatureSpec
    lexicon: Lexicon
    weights: NDArray[np.float32]
    intercepts: NDArray[np.float64]
    thresholds: Mapping[str, Thresholds]
    policy: str
    sufficiency: Sufficiency
    notes: Mapping[str, Any]
    status: str = CANDIDATE


def to_model(parts: Parts) -> Model:
    """Return the model that the parts make, not yet packaged."""
    return Model(
        extractor=Extractor(parts.spec, parts.lexicon),
        weights=parts.weights,
        intercepts=parts.intercepts,
        thresholds=dict(parts.thresholds),
        policy=policy.parse(parts.policy),
        version=f"{parts.name}-{parts.release}",
        sufficiency=parts.sufficiency,
        status=parts.status,
    )
