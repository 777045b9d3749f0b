"""What a model says of one narrative: plain, frozen values that turn into JSON."""

from dataclasses import asdict, dataclass
from typing import Any

from callnexus.labels import Decision
from callnexus.response import Response


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
    """Why a label's decision came out as it did, in the lexicon's words.

    Attributes:
        code: The cue's concept, such as "off_medication".
        scope: present, asked, past, other, negated or secured.
        label: Name of the label it bears on.
        weight: What its cues added to the score, in log-odds.
    """

    code: str
    scope: str
    label: str
    weight: float


@dataclass(frozen=True, slots=True)
class Prediction:
    """A recommendation for one narrative, with its reasons. The dispatcher decides.

    Attributes:
        mh_nexus: Does the call have a mental health nexus?
        safety_risk: Is there an imminent safety risk?
        response: What the city's policy recommends for the two decisions.
        needs_review: Whether the recommendation is that a dispatcher reads the call.
        reasons: Strongest first.
        evidence: Strongest first, on the caller's own string.
        model_version: Which model said it, with the hash of its content.
        policy: Name of the policy that chose the response.
        status: Of the model: demonstration, candidate, approved or rejected.
    """

    mh_nexus: LabelPrediction
    safety_risk: LabelPrediction
    response: Response
    needs_review: bool
    reasons: tuple[Reason, ...]
    evidence: tuple[Evidence, ...]
    model_version: str
    policy: str
    status: str = "candidate"

    def to_dict(self) -> dict[str, Any]:
        """Return the prediction as plain JSON types."""
        plain = asdict(self)
        plain["response"] = str(self.response)
        for name in ("mh_nexus", "safety_risk"):
            plain[name]["decision"] = str(plain[name]["decision"])
        plain["reasons"] = list(plain["reasons"])
        plain["evidence"] = list(plain["evidence"])
        return plain
