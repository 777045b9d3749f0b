"""The model: weights over features, thresholds, and the arithmetic from a narrative to a prediction."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import repeat
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from callnexus.errors import ModelFolderError, NarrativeTypeError
from callnexus.evidence import Explanation, explain
from callnexus.features import Extractor, Features
from callnexus.labels import LABEL_NAMES, Decision
from callnexus.policy import ANYWHERE, Circumstances, Policy
from callnexus.prediction import LabelPrediction, Prediction, Reason
from callnexus.reasons import ReasonCode
from callnexus.response import Response
from callnexus.sufficiency import Sufficiency, count_words

if TYPE_CHECKING:
    from callnexus.dispatch.following import Call

CHUNK = 32_768
"""Characters extracted at once: the arrays of one chunk stay in the processor's cache."""


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Where one label's decision turns.

    Attributes:
        yes_from: A probability at or above it is a yes.
        no_below: A probability below it is a no; between the two the model is unsure.
    """

    yes_from: float
    no_below: float

    def __post_init__(self) -> None:
        if not 0 <= self.no_below <= self.yes_from <= 1:
            raise ModelFolderError("thresholds: 0 <= no_below <= yes_from <= 1 must hold")

    def decide(self, probability: float) -> Decision:
        """Return yes, no or unsure.

        >>> Thresholds(yes_from=0.6, no_below=0.4).decide(0.5)
        <Decision.UNSURE: 'unsure'>
        """
        if probability >= self.yes_from:
            return Decision.YES
        return Decision.NO if probability < self.no_below else Decision.UNSURE


@dataclass(frozen=True, slots=True)
class Model:
    """A packaged model. Immutable, and safe to share between threads.

    Attributes:
        extractor: The features, as in training.
        weights: float32, shape (columns, 2). Log-odds added by each feature, calibration included.
        intercepts: float64, shape (2,). Log-odds before any text.
        thresholds: By label name.
        sufficiency: What a narrative needs to be judged; without it both decisions are `insufficient`.
        policy: The response policy.
        version: Name, version and content hash.
        manifest: What the model folder says of the model.
        status: demonstration, candidate, approved or rejected, on the day it was loaded.
    """

    extractor: Extractor
    weights: NDArray[np.float32]
    intercepts: NDArray[np.float64]
    thresholds: Mapping[str, Thresholds]
    sufficiency: Sufficiency
    policy: Policy
    version: str
    manifest: Mapping[str, Any] = field(repr=False, default_factory=dict)
    status: str = "candidate"

    def __post_init__(self) -> None:
        expected = (self.extractor.columns, len(LABEL_NAMES))
        if self.weights.shape != expected or self.intercepts.shape != expected[1:]:
            raise ModelFolderError(
                f"weights.npz: weights of shape {expected} are needed, not {self.weights.shape}; "
                f"intercepts of shape {expected[1:]}, not {self.intercepts.shape}"
            )

    @property
    def labels(self) -> tuple[str, str]:
        """Names of the labels, in the order of `predict_proba`'s columns."""
        return LABEL_NAMES

    def predict(self, narrative: str, circumstances: Circumstances = ANYWHERE) -> Prediction:
        """Return the prediction for one narrative, which may be any string.

        Args:
            narrative: What is known of the call.
            circumstances: Where and when it is answered: which responses exist there.

        Raises:
            NarrativeTypeError: If the narrative is not a string.
        """
        return next(self.predict_stream([to_text(narrative)], [circumstances]))

    def predict_many(
        self, narratives: Iterable[str], circumstances: Iterable[Circumstances] | None = None
    ) -> list[Prediction]:
        """Return one prediction per narrative, in the same order.

        Args:
            narratives: Any strings.
            circumstances: Of each call, in the same order; without them every response is taken to exist.

        Raises:
            NarrativeTypeError: If one is not a string, with its place.
            ValueError: If there are fewer circumstances than narratives.
        """
        return list(self.predict_stream(narratives, circumstances))

    def predict_stream(
        self, narratives: Iterable[str], circumstances: Iterable[Circumstances] | None = None
    ) -> Iterator[Prediction]:
        """Yield one prediction per narrative, in the same order, reading on only as needed."""
        places = repeat(ANYWHERE) if circumstances is None else iter(circumstances)
        for chunk in _chunks(narratives):
            features = self.extractor.extract(chunk)
            contributions = self._contributions(features)
            scores = self._scores(features, contributions)
            counts = count_words(features.words, len(chunk), self.sufficiency.known_words)
            lacking = self.sufficiency.lacking(counts)
            explanations = explain(chunk, features, contributions, self.extractor)
            for number, (explanation, lack) in enumerate(zip(explanations, lacking, strict=True)):
                if (place := next(places, None)) is None:
                    raise ValueError("there are fewer circumstances than narratives")
                yield self.conclude(scores[number].tolist(), lack, explanation, place)

    def follow(self, call_id: str | int, circumstances: Circumstances = ANYWHERE) -> "Call":
        """Return a call whose narrative grows remark by remark, each remark predicted at a price of its own length.

        >>> import callnexus
        >>> call = callnexus.load().follow("24-0117")
        >>> call.append("CLR STS MALE WITH A KNIFE IN THE LOBBY").prediction == call.prediction
        True

        Args:
            call_id: As the dispatch software names the call.
            circumstances: Where and when it is answered.

        Raises:
            CallError: If the model weighs pairs of neighbouring cues, which may stand any distance apart.
        """
        # Following a call needs the model; imported at the top, the two modules would go in a circle.
        from callnexus.dispatch.following import Call

        return Call(self, call_id, circumstances)

    def predict_proba(self, narratives: Iterable[str]) -> NDArray[np.float32]:
        """Return calibrated probabilities, float32, shape (narratives, 2), columns in the order of `labels`."""
        return _probability(self.scores(narratives)).astype(np.float32)

    def scores(self, narratives: Iterable[str]) -> NDArray[np.float64]:
        """Return log-odds, float64, shape (narratives, 2), columns in the order of `labels`."""
        parts = []
        for chunk in _chunks(narratives):
            features = self.extractor.extract(chunk)
            parts.append(self._scores(features, self._contributions(features)))
        if len(parts) == 1:
            return parts[0]
        return np.concatenate(parts) if parts else np.zeros((0, len(LABEL_NAMES)))

    def _contributions(self, features: Features) -> NDArray[np.float64]:
        contributions: NDArray[np.float64] = self.weights.take(features.column, axis=0) * features.value[:, None]
        return contributions

    def _scores(self, features: Features, contributions: NDArray[np.float64]) -> NDArray[np.float64]:
        # bincount adds in reading order within each narrative: the same bits in any batch.
        scores = np.empty((features.count, len(LABEL_NAMES)))
        for place in range(len(LABEL_NAMES)):
            scores[:, place] = np.bincount(features.narrative, contributions[:, place], features.count)
        scores += self.intercepts
        return scores

    def conclude(
        self, scores: Sequence[float], lack: ReasonCode | None, why: Explanation, circumstances: Circumstances
    ) -> Prediction:
        """Return the prediction that follows from what was found in one narrative.

        Args:
            scores: Log-odds of each label.
            lack: Why it cannot be judged; None where it can.
            why: Its evidence and reasons.
            circumstances: Where and when the call is answered.
        """
        found: list[LabelPrediction] = []
        reasons: list[Reason] = []
        for place, name in enumerate(LABEL_NAMES):
            probability, intercept = _probability_of(scores[place]), float(self.intercepts[place])
            listed = sum(piece.weight for piece in why.evidence if piece.label == name)
            decision = self.thresholds[name].decide(probability) if lack is None else Decision.INSUFFICIENT
            rest = scores[place] - intercept - listed
            found.append(LabelPrediction(name, decision, probability, scores[place], intercept, rest))
            own = [reason for reason in why.reasons if reason.label == name]
            reasons += _settled(name, decision, own) if lack is None else [Reason(lack, name)]
        recommended = self.policy.recommend(found[0].decision, found[1].decision, circumstances)
        if lack is not None and found[1].probability >= self.thresholds[LABEL_NAMES[1]].yes_from:
            # Not judged, and yet what was understood of it sounds like danger: "cuchillo", "gun".
            recommended = self.policy.recommend(found[0].decision, Decision.YES, circumstances)
        return Prediction(
            mh_nexus=found[0],
            safety_risk=found[1],
            response=recommended.response,
            provisional=recommended.provisional,
            instead_of=recommended.instead_of,
            needs_review=recommended.response is Response.DISPATCHER_REVIEW,
            reasons=tuple(reasons),
            evidence=why.evidence,
            model_version=self.version,
            policy=self.policy.name,
            policy_sha256=self.policy.sha256,
            status=self.status,
        )


def _settled(label: str, decision: Decision, reasons: list[Reason]) -> list[Reason]:
    """Return the reasons of a label with what a person misses in them: why a no, when no cue was found at all."""
    if decision is Decision.NO and all(reason.code is ReasonCode.WORDING for reason in reasons):
        return [Reason(ReasonCode.NOTHING_FOUND, label), *reasons]
    side = {Decision.YES: 1, Decision.NO: -1}.get(decision, 0)
    if reasons and (not side or any(reason.weight * side > 0 for reason in reasons)):
        return reasons
    return [Reason(ReasonCode.WORDING, label), *reasons]


def to_text(narrative: object, place: int | None = None) -> str:
    """Return the narrative, which must be a string.

    Raises:
        NarrativeTypeError: If it is something else; with its place in a list, where that is given.
    """
    if not isinstance(narrative, str):
        which = "the narrative" if place is None else f"narrative {place}"
        raise NarrativeTypeError(f"{which} must be a str, not {type(narrative).__name__}")
    return narrative


def _chunks(narratives: Iterable[str]) -> Iterator[Sequence[str]]:
    """Yield the narratives in lists of about CHUNK characters; a longer narrative is a list of its own."""
    if isinstance(narratives, str):
        raise NarrativeTypeError("a list of narratives is needed, not one str; use predict for one")
    chunk: list[str] = []
    room = CHUNK
    for place, item in enumerate(narratives):
        narrative = to_text(item, place)
        room -= len(narrative) + 1
        if chunk and room < 0:
            yield chunk
            chunk, room = [], CHUNK - len(narrative) - 1
        chunk.append(narrative)
    if chunk:
        yield chunk


def _probability(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the logistic function of the scores; clipped where float64 could only say 0 or 1."""
    probability: NDArray[np.float64] = 1 / (1 + np.exp(-np.clip(scores, -30, 30)))
    return probability


def _probability_of(score: float) -> float:
    """Return the same of one score, without the price of an array."""
    return 1 / (1 + math.exp(-min(max(score, -30.0), 30.0)))
