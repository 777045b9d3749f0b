"""What a model says of one narrative: plain, frozen values that turn into JSON, and one sentence for people."""

from dataclasses import dataclass
from typing import Any

from callnexus.labels import LABELS, Decision, Label
from callnexus.reasons import SPEAKS_AGAINST, UNTOLD, ReasonCode
from callnexus.response import Response

_NO_PHRASE = f"no single phrase, {ReasonCode.WORDING.phrase}"
TOLD = 3
"""Reasons that the sentence names for one side of a label."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """One piece of the caller's string and what it added to a label's score.

    Attributes:
        start: Index of the first character in the caller's string.
        end: Index after the last character.
        text: The piece itself, `narrative[start:end]`.
        label: Name of the label.
        weight: What it added to the score, in log-odds; negative speaks against the label.
        cue: "concept:scope" where the piece is a known cue, else an empty string.
    """

    start: int
    end: int
    text: str
    label: str
    weight: float
    cue: str = ""


@dataclass(frozen=True, slots=True)
class LabelPrediction:
    """What the model says of one label.

    The score is the sum of the intercept, the weights of this label's evidence, and the rest.

    Attributes:
        label: Name of the label.
        decision: yes, no, unsure or insufficient.
        probability: Calibrated, in [0, 1].
        score: Its log-odds.
        intercept: What the score starts from, before any text.
        rest: What all pieces too weak to be listed added together.
    """

    label: str
    decision: Decision
    probability: float
    score: float
    intercept: float
    rest: float


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a label's decision came out as it did.

    Attributes:
        code: Of the enumeration ReasonCode, such as "off_medication".
        label: Name of the label it bears on.
        weight: What its evidence added to the score, in log-odds; negative speaks against the label.
        spans: Start and end of each piece of evidence behind it, in the caller's string, strongest first.
        quote: Text of the strongest piece; empty where no piece of the narrative is the reason.
    """

    code: ReasonCode
    label: str
    weight: float = 0.0
    spans: tuple[tuple[int, int], ...] = ()
    quote: str = ""


@dataclass(frozen=True, slots=True)
class Prediction:
    """A recommendation for one narrative, with its reasons. The dispatcher decides.

    Attributes:
        mh_nexus: Does the call have a mental health nexus?
        safety_risk: Is there an imminent safety risk?
        response: What the city's policy recommends for the two decisions, where and when the call is.
        provisional: Beside a review, the less harmful response while the dispatcher reads; else None.
        instead_of: The response that the policy prefers where it does not exist here or now; else None.
        needs_review: Whether the recommendation is that a dispatcher reads the call.
        reasons: At least one for each label, strongest first.
        evidence: Strongest first, on the caller's own string.
        model_version: Which model said it, with the hash of its content.
        policy: Name of the policy that chose the response.
        policy_sha256: Hash of that policy's file.
        status: Of the model: demonstration, candidate, approved or rejected.
    """

    mh_nexus: LabelPrediction
    safety_risk: LabelPrediction
    response: Response
    provisional: Response | None
    instead_of: Response | None
    needs_review: bool
    reasons: tuple[Reason, ...]
    evidence: tuple[Evidence, ...]
    model_version: str
    policy: str
    policy_sha256: str
    status: str = "candidate"

    @property
    def sentence(self) -> str:
        """What a dispatcher reads first: both decisions with the strongest reasons, in the caller's own words."""
        return "; ".join(self._told(label) for label in LABELS)

    def _told(self, label: Label) -> str:
        found: LabelPrediction = getattr(self, label.name)
        if found.decision is Decision.INSUFFICIENT:
            return f"{label.title} not judged: {self._phrases(label.name, 0)}"
        if found.decision is Decision.UNSURE:
            sides = {"for": self._phrases(label.name, 1), "against": self._phrases(label.name, -1)}
            told = "; ".join(f"{side}: {text}" for side, text in sides.items() if text)
            return f"{label.title} unclear: {told or _NO_PHRASE}"
        if found.decision is Decision.YES:
            return f"{label.title}: {self._phrases(label.name, 1)}"
        against = self._phrases(label.name, -1)
        return f"no {label.title} found: {against}" if against else f"no {label.title} found"

    def _phrases(self, label: str, side: int) -> str:
        """Return the strongest reasons on one side of a label: 1 for it, -1 against it, 0 those without a side.

        A reason that a person would take for the other side is left out of a yes; in a no it is said to count against
        the label here: "murder" in a figure of speech.
        """
        told = [r for r in self.reasons if r.label == label and (r.weight > 0) - (r.weight < 0) in (side, 0)]
        known = [r for r in told if r.code not in UNTOLD]
        fitting = [r for r in known if not side or (r.code in SPEAKS_AGAINST) == (side < 0)]
        if fitting:
            return ", ".join(f'{r.code.phrase} ("{r.quote}")' if r.quote else r.code.phrase for r in fitting[:TOLD])
        if side < 0:
            return ", ".join(f'{r.code.phrase} ("{r.quote}") counts against it here' for r in known[:TOLD])
        return _NO_PHRASE if told else ""

    def to_dict(self) -> dict[str, Any]:
        """Return the prediction as plain JSON types, the sentence with it."""
        plain = _fields(self)
        for name in ("response", "provisional", "instead_of"):
            plain[name] = None if plain[name] is None else plain[name].value
        for label in LABELS:
            found = _fields(getattr(self, label.name))
            plain[label.name] = found | {"decision": found["decision"].value}
        plain["reasons"] = [
            _fields(reason) | {"code": reason.code.value, "spans": [list(span) for span in reason.spans]}
            for reason in self.reasons
        ]
        plain["evidence"] = [_fields(piece) for piece in self.evidence]
        return plain | {"sentence": self.sentence}


def _fields(value: object) -> dict[str, Any]:
    # dataclasses.asdict copies deeply, which costs as much as predicting.
    return {name: getattr(value, name) for name in value.__slots__}  # type: ignore[attr-defined]
