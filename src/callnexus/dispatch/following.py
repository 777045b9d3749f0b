"""A call that is followed while its narrative grows: what changed with each remark, why, and what stays flagged.

Once the model says yes to safety_risk, of the whole narrative or of one remark alone, the risk is flagged: every
later prediction says yes until a person clears it, with the reason `flagged_earlier` where the whole narrative would
no longer say so. A gun named in one remark is news, however long and calm the narrative before it; and a risk does not
end because later remarks are about something else.

Clearing ends the flag, never the model's own yes: what the whole narrative says is still shown. A cleared risk is
flagged again by the first later remark that gives cause:

- the model says yes of that remark alone; or
- it says yes of the whole narrative, and did not before the remark, or with a score above the one that was cleared.

A flag too many costs a look at the call, one too few may cost more: neither asks for a margin.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import Any

from callnexus.dispatch.growth import GrowingNarrative
from callnexus.errors import CallError
from callnexus.labels import LABEL_NAMES, LABELS, SAFETY_RISK, Decision
from callnexus.model import Model
from callnexus.policy import Circumstances
from callnexus.prediction import Evidence, LabelPrediction, Prediction, Reason
from callnexus.reasons import ReasonCode
from callnexus.response import Response

_ROUNDING = 1e-6
"""Log-odds that are no rise: a remark without words must not flag again what was cleared."""


class EventKind(StrEnum):
    """What happened to a followed call."""

    APPENDED = "appended"
    FLAGGED = "flagged"
    CLEARED = "cleared"


@dataclass(frozen=True, slots=True)
class Event:
    """One entry of a call's history. It holds nothing of the narrative.

    Attributes:
        number: Place in the history, from 1.
        kind: A remark was appended; one was appended and flagged the risk; or a person cleared the flag.
        remarks: Number of remarks by then.
        decision: On safety_risk, as it was shown.
        by: Who cleared it; else empty.
        reason: Why; else empty.
    """

    number: int
    kind: EventKind
    remarks: int
    decision: Decision
    by: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Flag:
    """A safety risk that was found and not cleared.

    Attributes:
        since: Number of the remark that flagged it, from 1.
        spans: Its evidence the last time that the model said yes, strongest first, in the call's narrative.
        quote: Text of the strongest piece; empty where no piece was listed.
    """

    since: int
    spans: tuple[tuple[int, int], ...]
    quote: str


@dataclass(frozen=True, slots=True)
class Clearing:
    """A person's word that a flagged safety risk is over.

    Attributes:
        after: Number of remarks by then.
        by: Who said so.
        reason: Why.
        score: Log-odds of safety_risk that were cleared.
    """

    after: int
    by: str
    reason: str
    score: float


@dataclass(frozen=True, slots=True)
class Change:
    """One label's decision and probability before and after; None before the first remark."""

    label: str
    decision_before: Decision | None
    decision_after: Decision
    probability_before: float | None
    probability_after: float


@dataclass(frozen=True, slots=True)
class Update:
    """What a remark or a clearing made of a call.

    Attributes:
        call_id: As the dispatch software names the call.
        remarks: Number of remarks so far.
        prediction: Of the whole narrative, a flagged safety risk kept as a yes.
        changes: One for each label, in their order.
        response_before: The response recommended before; None before the first remark.
        new_reasons: Reasons whose code is new for its label.
        gone_reasons: Reasons whose code is no longer among its label's.
        new_evidence: Listed evidence that lies in the remark, or ends in it; of a clearing, none.
        flag: The safety risk that stays flagged; None where none does.
        clearing: The last time that a person cleared it; None where nobody did.
    """

    call_id: str | int
    remarks: int
    prediction: Prediction
    changes: tuple[Change, ...]
    response_before: Response | None
    new_reasons: tuple[Reason, ...]
    gone_reasons: tuple[Reason, ...]
    new_evidence: tuple[Evidence, ...]
    flag: Flag | None
    clearing: Clearing | None

    @property
    def changed(self) -> bool:
        """Whether a decision or the response is another than before."""
        decided = any(change.decision_before != change.decision_after for change in self.changes)
        return decided or self.response_before != self.prediction.response

    @property
    def sentence(self) -> str:
        """What a dispatcher reads: the decisions and the response that changed, then what is flagged or was cleared.

        Of the first remark it names both decisions, as there is nothing to compare them with.
        """
        told = [self._first_reading()] if self.response_before is None else []
        told += [
            f"{label.title} now {change.decision_after}, was {change.decision_before}"
            for label, change in zip(LABELS, self.changes, strict=True)
            if change.decision_before not in (None, change.decision_after)
        ]
        if self.response_before is not None and self.response_before is not self.prediction.response:
            told.append(f"response now {self.prediction.response.phrase}, was {self.response_before.phrase}")
        if self.flag is not None:
            told.append(f"{SAFETY_RISK.title} flagged since remark {self.flag.since}, until a person clears it")
        elif self.clearing is not None:
            still = ", but the model says yes of the whole narrative" if _is_risk(self.prediction) else ""
            told.append(f"{SAFETY_RISK.title} cleared after remark {self.clearing.after} by {self.clearing.by}{still}")
        return "; ".join(told) or "no change"

    def _first_reading(self) -> str:
        decided = (f"{label.title} {c.decision_after}" for label, c in zip(LABELS, self.changes, strict=True))
        return f"first reading: {', '.join(decided)}"

    def to_dict(self) -> dict[str, Any]:
        """Return the update as plain JSON types, the sentence with it."""
        return {
            "call": self.call_id,
            "remarks": self.remarks,
            "changed": self.changed,
            "sentence": self.sentence,
            "changes": [_plain(change) for change in self.changes],
            "response_before": None if self.response_before is None else str(self.response_before),
            "new_reasons": [_plain(reason) for reason in self.new_reasons],
            "gone_reasons": [_plain(reason) for reason in self.gone_reasons],
            "new_evidence": [_plain(piece) for piece in self.new_evidence],
            "flag": None if self.flag is None else _plain(self.flag),
            "clearing": None if self.clearing is None else _plain(self.clearing),
            "prediction": self.prediction.to_dict(),
        }


class Call:
    """A call that is followed; made by `Model.follow`. For one thread, while the model may be shared.

    Attributes:
        id: As the dispatch software names the call.
        circumstances: Where and when it is answered; may be set anew between remarks.
    """

    def __init__(self, model: Model, call_id: str | int, circumstances: Circumstances) -> None:
        self.id = call_id
        self.circumstances = circumstances
        self._model = model
        self._grown = GrowingNarrative(model)
        self._history: list[Event] = []
        self._own: Prediction | None = None
        self._shown: Prediction | None = None
        self._flag: Flag | None = None
        self._clearing: Clearing | None = None

    @property
    def narrative(self) -> str:
        """The remarks so far, joined by new lines; every span is an index into it."""
        return self._grown.text

    @property
    def prediction(self) -> Prediction | None:
        """The last prediction, a flagged safety risk kept as a yes; None before the first remark."""
        return self._shown

    @property
    def flag(self) -> Flag | None:
        """The safety risk that stays flagged; None where none does."""
        return self._flag

    @property
    def history(self) -> tuple[Event, ...]:
        """What happened so far, oldest first, without the narrative's text."""
        return tuple(self._history)

    def append(self, remark: str) -> Update:
        """Return the prediction for the narrative with a remark added on a line of its own, and what changed.

        The price is that of the remark, not of the narrative. Any string will do, an empty one too.

        Raises:
            NarrativeTypeError: If the remark is not a string; the call is then as before.
        """
        self._grown.append(remark)
        before, was_yes = self._shown, self._own is not None and _is_risk(self._own)
        self._own = own = self._grown.predict(self.circumstances)
        alone = self._model.predict(remark, self.circumstances)
        kind, cause = EventKind.APPENDED, self._cause(own, alone, was_yes=was_yes)
        if cause is not None:
            kind = EventKind.FLAGGED if self._flag is None else kind
            since = self._grown.remarks if self._flag is None else self._flag.since
            self._flag = Flag(since, tuple((piece.start, piece.end) for piece in cause), cause[0].text if cause else "")
        start = self._grown.start_of(self._grown.remarks)
        self._shown = shown = self._sticking(own)
        self._note(kind)
        return self._update(before, shown, [piece for piece in shown.evidence if piece.end > start])

    def clear(self, *, by: str, reason: str) -> Update:
        """Return what the model itself says, now that a person says that the flagged risk is over.

        Where the model's own decision on the whole narrative is still yes, the prediction says so still.

        Args:
            by: Who clears it.
            reason: Why, kept in the history.

        Raises:
            CallError: If nothing is flagged, or who and why are not both given.
        """
        for name, value in (("by", by), ("reason", reason)):
            if not isinstance(value, str) or not value.strip():
                raise CallError(f"clear: {name} must be text that is not empty")
        if self._flag is None or self._own is None:
            raise CallError("clear: no safety risk is flagged for this call")
        before, own = self._shown, self._own
        self._clearing = Clearing(self._grown.remarks, by, reason, own.safety_risk.score)
        self._flag = None
        # Time has gone by since the last remark: another response may exist now.
        self._own = self._shown = shown = self._recommended(own, own.safety_risk.decision)
        self._note(EventKind.CLEARED, by, reason)
        return self._update(before, shown, [])

    def _cause(self, own: Prediction, alone: Prediction, *, was_yes: bool) -> list[Evidence] | None:
        """Return the evidence on which the risk is flagged, or flagged still; None where nothing flags it."""
        cleared = self._clearing
        if _is_risk(own) and (
            self._flag is not None
            or cleared is None
            or not was_yes
            or own.safety_risk.score > cleared.score + _ROUNDING
        ):
            return _for_risk(own)
        # By the threshold, not the decision: one word may be too little text, and still be "GUN".
        if alone.safety_risk.probability < self._model.thresholds[SAFETY_RISK.name].yes_from:
            return None
        by = self._grown.start_of(self._grown.remarks)
        return [replace(piece, start=piece.start + by, end=piece.end + by) for piece in _for_risk(alone)]

    def _sticking(self, own: Prediction) -> Prediction:
        """Return the prediction with a flagged risk kept as a yes, and the reason that says so."""
        if self._flag is None or _is_risk(own):
            return own
        kept = self._recommended(own, Decision.YES)
        flagged = Reason(ReasonCode.FLAGGED_EARLIER, SAFETY_RISK.name, 0.0, self._flag.spans, self._flag.quote)
        # What stands for a no where no cue does would contradict the flag.
        instead = (ReasonCode.NOTHING_FOUND, ReasonCode.WORDING)
        others = [r for r in own.reasons if r.label == SAFETY_RISK.name and (r.weight or r.code not in instead)]
        nexus = [r for r in own.reasons if r.label != SAFETY_RISK.name]
        return replace(kept, reasons=(*nexus, flagged, *others))

    def _recommended(self, own: Prediction, risk: Decision) -> Prediction:
        """Return the prediction with a decision on safety_risk and the response that follows from it."""
        found = self._model.policy.recommend(own.mh_nexus.decision, risk, self.circumstances)
        return replace(
            own,
            safety_risk=replace(own.safety_risk, decision=risk),
            response=found.response,
            provisional=found.provisional,
            instead_of=found.instead_of,
            needs_review=found.response is Response.DISPATCHER_REVIEW,
        )

    def _note(self, kind: EventKind, by: str = "", reason: str = "") -> None:
        if self._shown is not None:
            decision = self._shown.safety_risk.decision
            self._history.append(Event(len(self._history) + 1, kind, self._grown.remarks, decision, by, reason))

    def _update(self, before: Prediction | None, after: Prediction, new: Sequence[Evidence]) -> Update:
        known = () if before is None else before.reasons
        return Update(
            call_id=self.id,
            remarks=self._grown.remarks,
            prediction=after,
            changes=tuple(_change(name, before, after) for name in LABEL_NAMES),
            response_before=None if before is None else before.response,
            new_reasons=_without(after.reasons, known),
            gone_reasons=_without(known, after.reasons),
            new_evidence=tuple(new),
            flag=self._flag,
            clearing=self._clearing,
        )


def _is_risk(prediction: Prediction) -> bool:
    return prediction.safety_risk.decision is Decision.YES


def _for_risk(prediction: Prediction) -> list[Evidence]:
    """Return the listed evidence that speaks for a safety risk, strongest first: cues, or words where none does."""
    found = [piece for piece in prediction.evidence if piece.label == SAFETY_RISK.name and piece.weight > 0]
    return [piece for piece in found if piece.cue] or found


def _change(name: str, before: Prediction | None, after: Prediction) -> Change:
    now: LabelPrediction = getattr(after, name)
    if before is None:
        return Change(name, None, now.decision, None, now.probability)
    was: LabelPrediction = getattr(before, name)
    return Change(name, was.decision, now.decision, was.probability, now.probability)


def _without(reasons: Sequence[Reason], others: Sequence[Reason]) -> tuple[Reason, ...]:
    known = {(reason.label, reason.code) for reason in others}
    return tuple(reason for reason in reasons if (reason.label, reason.code) not in known)


def _plain(value: Change | Reason | Evidence | Flag | Clearing) -> dict[str, Any]:
    """Return a value as plain JSON types."""
    plain = asdict(value)
    for key, part in plain.items():
        if isinstance(part, StrEnum):
            plain[key] = part.value
        elif key == "spans":
            plain[key] = [list(span) for span in part]
    return plain
