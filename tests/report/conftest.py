from dataclasses import replace

import numpy as np
import pytest

from callnexus.corpus.examples import Example, Vote
from callnexus.corpus.provenance import provenance
from callnexus.evaluation.coverage import coverage_rows
from callnexus.evaluation.fairness import Previous, fairness_document
from callnexus.evaluation.identity_swaps import SwapRow, WorstSwap, swaps_json
from callnexus.evaluation.judged import Judged
from callnexus.evaluation.metrics import wilson
from callnexus.evaluation.routing import Routing
from callnexus.labels import LABEL_NAMES
from callnexus.training.gates import Gate

MALICIOUS = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "$x^2$ | `a` *b* [c](d) \u4e2d\u6587 \u202e\x00",
)


def make_judged(groups: dict[str, list[str | None]], *, slip: int = 11) -> Judged:
    """Return what was said of 240 examples; errors follow from their place: the same every time."""
    n = 240
    place = np.arange(n)
    truth = np.stack([place % 2, place % 3 == 0], axis=1).astype(float)
    truth[::40] = np.nan
    probability = np.where(np.nan_to_num(truth) == 1, 0.8, 0.2)
    probability[place % 7 == 0] = 0.6
    probability[place % slip == 0] = 0.4
    said = np.where(probability >= 0.5, "yes", "no").astype(object)
    said[probability == 0.4] = "unsure"
    both, review = (said == "yes").all(axis=1), (said == "unsure").any(axis=1)
    needed = truth.prod(axis=1)
    return Judged(
        ids=[str(i) for i in range(n)],
        truth=truth,
        probability=probability,
        decisions={name: said[:, i] for i, name in enumerate(LABEL_NAMES)},
        responses=np.where(both, "co_response", "standard").astype(object),
        needed=[None if np.isnan(need) else "co_response" if need else "standard" for need in needed],
        reported=["co_response"],
        routing=Routing(needed, both.astype(float), needed, both.astype(float), truth[:, 0], review),
        groups=groups,
        thresholds=dict.fromkeys(LABEL_NAMES, 0.5),
        dates=[None] * n,
    )


def make_document(*, groups: dict[str, list[str | None]], model: str = "callnexus-0.0.1", data: str = "a test split"):
    """Return the document of what was said, without anything that is optional."""
    return fairness_document(make_judged(groups), model=model, data=data)


@pytest.fixture(scope="session")
def document():
    """Return a document with a column of two large groups, one of many small ones, and one of a single group."""
    return make_document(
        groups={
            "subject_sex": ["female", "male", "male"] * 80,
            "district": [*[f"D{i}" for i in range(30)], *["B2"] * 90, *["C6"] * 110, *[None] * 10],
            "caller_language": ["english"] * 240,
        }
    )


@pytest.fixture(scope="session")
def malicious():
    """Return a document whose every string from data tries to break out of the page."""
    return make_document(
        groups={"<b>column": [*[MALICIOUS[0]] * 100, *[MALICIOUS[1]] * 100, *[MALICIOUS[2]] * 40]},
        model=MALICIOUS[0],
        data=MALICIOUS[1],
    )


GROUPS = {
    "subject_sex": ["female", "male", "male"] * 80,
    "district": [*["B2"] * 90, *["C6"] * 110, *[MALICIOUS[0]] * 30, *[None] * 10],
}


@pytest.fixture(scope="session")
def rich():
    """Return a document with everything that one can have, malicious names among it."""
    judged = replace(make_judged(GROUPS), dates=[f"2024-{1 + 3 * (i % 4):02d}-15" for i in range(240)])
    said = np.column_stack([judged.decisions[name] for name in LABEL_NAMES])
    coverage = coverage_rows(judged.truth, said == "yes", said == "no", LABEL_NAMES, GROUPS)
    document = fairness_document(
        judged,
        model="callnexus-0.0.1",
        data="a test split",
        previous=Previous("callnexus-0.0.0", make_judged(GROUPS, slip=5)),
        provenance=provenance([_example(i) for i in range(60)]),
    )
    waiver = {"by": "Ann Example", "date": "2026-01-01", "reason": "Measured again in May."}
    return document | {
        "status": "candidate",
        "gates": [
            _gate("behaviour.typos", None, 0.9, 0.8, passed=True),
            _gate("behaviour.negated_weapon", None, 0.5, 0.8, passed=False, waiver=waiver),
            _gate("fairness.largest_fairness.miss_rate_gap", "district", 0.31, 0.2, passed=False),
            _gate("fairness.over_policing_ratio", MALICIOUS[1], None, 1.25, passed=False),
        ],
        "coverage": [row.to_dict() for row in coverage],
        "swaps": swaps_json([_swap("sex", "both", "exchanged", 30), _swap("race", "black", "white", 5)]),
        "examples_shown": [
            {"group": "female", "label": "mh_nexus", "kind": "missed", "text": f"at [address] {MALICIOUS[0]}"},
            {"group": MALICIOUS[1], "label": "safety_risk", "kind": "false alarm", "text": MALICIOUS[2]},
        ],
    }


def _example(place: int) -> Example:
    votes = {"a": Vote(mh_nexus="yes" if place % 2 else "no"), "b": Vote(mh_nexus="yes" if place % 3 else "no")}
    return Example(
        id=str(place),
        narrative="A call.",
        mh_nexus="yes",
        safety_risk=None,
        votes=votes,
        batch="b",
        register="dispatch",
        subject_sex="female" if place % 4 else "male",
    )


def _gate(gate, group, figure, limit, *, passed, waiver=None):
    return Gate(gate, group, figure, limit, passed, waiver).to_dict()


def _swap(kind: str, from_group: str, to_group: str, cases: int) -> SwapRow:
    worst = (WorstSwap(3, -0.9, True),)
    return SwapRow(kind, from_group, to_group, "mh_nexus", wilson(2, cases), -0.1, 0.2, -0.9, worst)
