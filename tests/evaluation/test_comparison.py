import json
from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import binomtest

from callnexus.evaluation.comparison import WORST, Previous, version_changes
from callnexus.evaluation.judged import Judged
from callnexus.evaluation.routing import Routing
from callnexus.evaluation.tables import records
from callnexus.labels import LABEL_NAMES

N = 80
TRUTH = (np.arange(N) % 2).astype(float)
NOTHING = np.full(N, np.nan)


def judged(probability: np.ndarray, *, truth: np.ndarray = TRUTH, ids: list[str] | None = None) -> Judged:
    """Return answers that are the same for both labels; every response follows from the first."""
    said = np.where(probability >= 0.5, "yes", "no").astype(object)
    return Judged(
        ids=ids or [f"e{i}" for i in range(N)],
        truth=np.column_stack([truth, truth]),
        probability=np.column_stack([probability, probability]),
        decisions=dict.fromkeys(LABEL_NAMES, said),
        responses=np.where(said == "yes", "ems_clinician", "standard").astype(object),
        needed=[None] * N,
        reported=["ems_clinician", "standard"],
        routing=Routing(*[NOTHING] * 5, np.zeros(N, bool)),
        groups={"register": ["notes"] * 40 + ["dispatch"] * 40},
        thresholds=dict.fromkeys(LABEL_NAMES, 0.5),
        dates=[None] * N,
    )


OLD = np.where(TRUTH == 1, 0.9, 0.1)
NEW = np.where(np.arange(N) < 12, 1 - OLD, OLD)
"""Twelve answers turned wrong, all of them in the notes."""


def compared(old: Judged, new: Judged) -> dict:
    return version_changes(Previous("old", old), new, model="new", data="d")


def test_answers_are_counted_from_and_to_for_labels_and_responses():
    document = compared(judged(OLD), judged(NEW))

    flows = {(row["outcome"], row["before"], row["after"]): row["examples"] for row in document["flows"]}
    assert flows["mh_nexus", "yes", "no"] == flows["mh_nexus", "no", "yes"] == 6
    assert flows["response", "ems_clinician", "standard"] == 6
    assert sum(count for (outcome, *_), count in flows.items() if outcome == "safety_risk") == N
    assert json.loads(json.dumps(document, allow_nan=False)) == document


def test_changed_answers_are_counted_by_register():
    rows = list(records(compared(judged(OLD), judged(NEW))["changed"]))

    changed = {(row["group"], row["outcome"]): (row["changed"], row["examples"]) for row in rows}
    assert changed["notes", "mh_nexus"] == changed["notes", "response"] == (12, 40)
    assert changed["dispatch", "mh_nexus"] == (0, 40)
    assert changed["all", "safety_risk"] == (12, 80)


def test_each_label_is_tested_exactly():
    worse, same = compared(judged(OLD), judged(NEW)), compared(judged(OLD), judged(OLD))

    assert worse["tests"][0] == {
        "label": "mh_nexus", "cases": N, "fixed": 0, "broken": 12,
        "p": pytest.approx(binomtest(0, 12, 0.5).pvalue, rel=1e-3),
    }  # fmt: skip
    assert [row["p"] for row in same["tests"]] == [1.0, 1.0]


def test_without_labels_changed_decisions_are_still_counted():
    document = compared(judged(OLD, truth=NOTHING), judged(NEW, truth=NOTHING))

    assert [(row["cases"], row["p"]) for row in document["tests"]] == [(0, None), (0, None)]
    assert sum(row["before"] != row["after"] for row in document["flows"]) == 6
    assert {row["truth"] for row in document["worst"]} == {None}
    assert all(row["difference"] is None for row in records(document["changes"]))


def test_the_furthest_moves_among_changed_decisions_come_first_by_id():
    moved = NEW.copy()
    moved[0] = 0.99  # from .1: further than any other
    moved[70] = 0.3  # from .1, and still a no

    worst = [row for row in compared(judged(OLD), judged(moved))["worst"] if row["label"] == "mh_nexus"]

    assert len(worst) == 12 <= WORST
    assert worst[0] == {
        "id": "e0", "label": "mh_nexus", "truth": "no", "before": "no", "after": "yes",
        "probability_before": 0.1, "probability_after": 0.99,
    }  # fmt: skip
    assert "e70" not in {row["id"] for row in worst}


def test_examples_are_matched_by_id_and_those_of_one_version_only_left_out():
    ids = [f"e{i}" for i in reversed(range(N - 10))] + [f"other{i}" for i in range(10)]
    reordered = judged(np.concatenate([OLD[: N - 10][::-1], OLD[:10]]), ids=ids)

    document = compared(reordered, judged(OLD))

    assert document["examples"] == N - 10
    assert document["worst"] == []


def test_a_version_without_probabilities_is_compared_by_its_decisions():
    document = compared(replace(judged(OLD), probability=None), judged(NEW))

    assert [row["id"] for row in document["worst"]][:12] == [f"e{i}" for i in range(12)]
    assert {row["probability_before"] for row in document["worst"]} == {None}
