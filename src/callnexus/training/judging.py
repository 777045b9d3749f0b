"""What a system said of labelled examples, beside what a policy would have sent: the input of the fairness tables."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from callnexus.corpus.examples import GROUP_COLUMNS, Example, to_frame, truth_of
from callnexus.corpus.predictions import Answers
from callnexus.evaluation.judged import Judged
from callnexus.evaluation.routing import Routing
from callnexus.labels import LABEL_NAMES, Decision
from callnexus.policy import Policy
from callnexus.response import CLEAR_PAIRS, Response

CLINICIAN_RESPONSES = frozenset({Response.CO_RESPONSE, Response.EMS_CLINICIAN})
"""Responses that send a clinician: peer-led teams are trained community members, and send none."""


def judge(
    answers: Answers,
    examples: Sequence[Example],
    policy: Policy,
    thresholds: Mapping[str, float | None],
    *,
    columns: Sequence[str] = GROUP_COLUMNS,
) -> Judged:
    """Return what was said of each example beside its truth, and who was needed and recommended by the policy.

    Args:
        answers: What was said, in the examples' order.
        examples: Their labels are null where not known.
        policy: Gives the responses that the answers do not, and says what the true labels ask for.
        thresholds: The probability from which each label is a yes; None where it is not known.
        columns: Of GROUPABLE, the columns that examples are grouped by.
    """
    truth, frame = truth_of(examples), to_frame(examples)
    decisions = {name: np.array(answers.decisions[name], dtype=object) for name in LABEL_NAMES}
    pairs = list(zip(*(answers.decisions[name] for name in LABEL_NAMES), strict=True))
    responses = [
        policy.recommend(*pair).response if response is None else response
        for pair, response in zip(pairs, answers.responses, strict=True)
    ]
    needs = [_need(policy, row) for row in truth.tolist()]
    used = {*policy.responses.values(), *responses} - {Response.DISPATCHER_REVIEW}
    return Judged(
        ids=[example.id for example in examples],
        truth=truth,
        probability=None if np.isnan(answers.probability).all() else answers.probability,
        decisions=decisions,
        responses=np.array(responses, dtype=object),
        needed=[need.response for need in needs],
        reported=[response for response in Response if response in used],
        routing=Routing(
            police_needed=np.array([need.police for need in needs], np.float64),
            police_recommended=np.array(
                [_police(response, risk) for response, (_, risk) in zip(responses, pairs, strict=True)], np.float64
            ),
            clinician_needed=np.array([need.clinician for need in needs], np.float64),
            clinician_recommended=np.array([_clinician(response) for response in responses], np.float64),
            nexus=truth[:, LABEL_NAMES.index("mh_nexus")],
            review=np.array([response is Response.DISPATCHER_REVIEW for response in responses], np.bool_),
        ),
        groups={column: frame[column].tolist() for column in columns},
        thresholds=thresholds,
        dates=[None if example.date is None else str(example.date) for example in examples],
    )


@dataclass(frozen=True, slots=True)
class _Need:
    # What true labels ask for; None or NaN where those that are known leave it open.
    response: Response | None
    police: float
    clinician: float


def _need(policy: Policy, truth: Sequence[float]) -> _Need:
    """Return what the policy would send if it knew the labels."""
    answer = {1.0: Decision.YES, 0.0: Decision.NO}
    given = [answer.get(value) for value in truth]
    pairs = [
        pair
        for pair in CLEAR_PAIRS
        if all(wanted is None or wanted is said for wanted, said in zip(given, pair, strict=True))
    ]
    responses = {policy.recommend(*pair).response for pair in pairs}
    police = {_police(policy.recommend(*pair).response, pair[1]) for pair in pairs}
    clinician = {_clinician(response) for response in responses}
    return _Need(
        responses.pop() if len(responses) == 1 else None,
        police.pop() if len(police) == 1 else math.nan,
        clinician.pop() if len(clinician) == 1 else math.nan,
    )


def _police(response: Response, safety_risk: Decision) -> float:
    """Return whether a response sends police: 1, 0 or NaN.

    A co-response has an officer in the car; EMTs with a clinician, and peers, come without one. The standard response
    is the agency's ordinary protocol, which is not ours to know: it counts as police where there is a safety risk,
    because that is what brings an officer to an ordinary call, and as none where there is no risk (a noise complaint,
    a fall, a fire alarm). Where the risk is not decided it is not known.
    """
    if response is Response.STANDARD:
        return {Decision.YES: 1.0, Decision.NO: 0.0}.get(safety_risk, math.nan)
    return math.nan if response is Response.DISPATCHER_REVIEW else float(response is Response.CO_RESPONSE)


def _clinician(response: Response) -> float:
    return math.nan if response is Response.DISPATCHER_REVIEW else float(response in CLINICIAN_RESPONSES)
