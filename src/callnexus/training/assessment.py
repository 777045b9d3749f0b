"""What a system says of labelled examples, measured: the one place where a model meets the evaluation."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from callnexus.corpus.agreement import agreement_on
from callnexus.corpus.examples import GROUP_COLUMNS, SETTLED, Example, to_frame, truth_of
from callnexus.corpus.predictions import Answers
from callnexus.evaluation.counts import UNKNOWN
from callnexus.evaluation.fairness import quality
from callnexus.evaluation.groups import GroupRow, group_rows
from callnexus.evaluation.judged import Judged
from callnexus.evaluation.metrics import LabelMetrics, label_metrics
from callnexus.evaluation.routing import Routing
from callnexus.evaluation.tables import compact
from callnexus.labels import LABEL_NAMES, Decision
from callnexus.model import Model
from callnexus.response import CLEAR_PAIRS, Policy, Response

PREFIXES = (10, 20, 40, 80)
"""Words after which a growing narrative is assessed."""

CLINICIAN_RESPONSES = frozenset({Response.CO_RESPONSE, Response.EMS_CLINICIAN})
"""Responses that send a clinician: peer-led teams are trained community members, and send none."""


@dataclass(frozen=True, slots=True)
class Assessment:
    """A system's answers and error rates on labelled examples.

    Attributes:
        judged: What was said of each example, beside its truth.
        metrics: By label name.
        rows: Error rates by group, for both labels and each response.
        provenance: Plain rows on who labelled the examples, for the fairness document.
    """

    judged: Judged
    metrics: Mapping[str, LabelMetrics]
    rows: Sequence[GroupRow]
    provenance: Mapping[str, Any]

    def to_dict(self) -> dict[str, Any]:
        """Return the metrics as plain values."""
        return {name: metrics.to_dict() for name, metrics in self.metrics.items()}


def assess(model: Model, examples: Sequence[Example]) -> Assessment:
    """Return how well a model does on labelled examples."""
    predictions = model.predict_many(_texts(examples))
    answers = Answers(
        {name: [getattr(p, name).decision for p in predictions] for name in LABEL_NAMES},
        np.array([[getattr(p, name).probability for name in LABEL_NAMES] for p in predictions]).reshape(-1, 2),
        [p.response for p in predictions],
    )
    thresholds = {name: model.thresholds[name].yes_from for name in LABEL_NAMES}
    return assess_answers(answers, examples, model.policy, thresholds=thresholds)


def assess_answers(
    answers: Answers,
    examples: Sequence[Example],
    policy: Policy,
    *,
    thresholds: Mapping[str, float | None] | None = None,
) -> Assessment:
    """Return how well any system does on labelled examples.

    Args:
        answers: What it said, in the examples' order; the policy gives the responses that it does not.
        examples: With labels, null where not known.
        policy: Says which response the true labels ask for.
        thresholds: The probability from which the system says yes, for each label where it is known.
    """
    judged = _judged(answers, examples, policy, thresholds or dict.fromkeys(LABEL_NAMES))
    rows = group_rows([*judged.label_outcomes(), *judged.response_outcomes()], judged.groups)
    return Assessment(judged, quality(judged), rows, provenance(examples))


def assess_parts(model: Model, parts: Mapping[str, Sequence[Example]]) -> dict[str, dict[str, LabelMetrics]]:
    """Return the metrics of both labels for each part of the examples, such as a source or a year.

    This is where transfer shows: a model is as good as it is on text that its writers never saw.
    """
    return {
        name: _metrics(model, truth_of(members), model.predict_proba(_texts(members)).astype(np.float64))
        for name, members in parts.items()
    }


def assess_prefixes(model: Model, examples: Sequence[Example]) -> dict[str, dict[str, LabelMetrics]]:
    """Return the metrics after the first 10, 20, 40 and 80 words and at the end: narratives grow during a call."""
    truth = truth_of(examples)
    found = {}
    for words in (*PREFIXES, None):
        cut = [" ".join(text.split()[:words]) for text in _texts(examples)]
        name = "whole narrative" if words is None else f"first {words} words"
        found[name] = _metrics(model, truth, model.predict_proba(cut).astype(np.float64))
    return found


def by_year(examples: Sequence[Example]) -> dict[str, list[Example]]:
    """Return the dated examples by year, earliest first."""
    years: dict[str, list[Example]] = {}
    for example in sorted((e for e in examples if e.date is not None), key=lambda e: str(e.date)):
        years.setdefault(str(example.date)[:4], []).append(example)
    return years


def _texts(examples: Sequence[Example]) -> list[str]:
    return [example.narrative for example in examples]


def _metrics(model: Model, truth: NDArray[np.float64], probability: NDArray[np.float64]) -> dict[str, LabelMetrics]:
    return {
        name: label_metrics(truth[:, place], probability[:, place], threshold=model.thresholds[name].yes_from)
        for place, name in enumerate(LABEL_NAMES)
    }


def _judged(
    answers: Answers, examples: Sequence[Example], policy: Policy, thresholds: Mapping[str, float | None]
) -> Judged:
    truth, frame = truth_of(examples), to_frame(examples)
    decisions = {name: np.array(answers.decisions[name], dtype=object) for name in LABEL_NAMES}
    pairs = list(zip(*(answers.decisions[name] for name in LABEL_NAMES), strict=True))
    responses = [
        policy.recommend(*pair) if response is None else response
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
        groups={column: frame[column].tolist() for column in GROUP_COLUMNS},
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
    responses = {policy.recommend(*pair) for pair in pairs}
    police = {_police(policy.recommend(*pair), pair[1]) for pair in pairs}
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


@dataclass(frozen=True, slots=True)
class _Agreed:
    column: str
    label: str
    group: str
    examples: int
    pairs: int
    same: float | None
    kappa: float | None
    alpha: float | None
    adjudicated: int


def provenance(examples: Sequence[Example]) -> dict[str, Any]:
    """Return who labelled the examples and how far they agree, as plain rows; no annotator is named.

    Returns:
        `annotators`, how many there are; `votes`, how many they gave; `settled`, examples with a third reading;
        `readings`, [annotators of an example, examples] for each number; `agreement`, a table as `tables.compact`
        makes it (column, label, group, and those of `corpus.agreement.Agreement`), of all examples and by group.
    """
    voters = [[name for name in example.votes if name != SETTLED] for example in examples]
    readings = np.bincount(np.array([len(names) for names in voters], np.intp))
    parts: dict[tuple[str, str], list[Example]] = {("all", "all"): list(examples)}
    for column in GROUP_COLUMNS:
        groups: dict[str, list[Example]] = {}
        for example in examples:
            groups.setdefault(getattr(example, column) or UNKNOWN, []).append(example)
        parts |= {(column, group): groups[group] for group in sorted(groups)}
    rows = []
    for (column, group), members in parts.items():
        for label in LABEL_NAMES:
            found = agreement_on(group, label, members)
            counted = (found.examples, found.pairs, found.same, found.kappa, found.alpha, found.adjudicated)
            rows.append(_Agreed(column, label, group, *counted))
    return {
        "annotators": len({name for names in voters for name in names}),
        "votes": sum(map(len, voters)),
        "settled": sum(SETTLED in example.votes for example in examples),
        "readings": [[number, count] for number, count in enumerate(readings.tolist()) if count],
        "agreement": compact(rows, _Agreed, ("column", "label")),
    }
