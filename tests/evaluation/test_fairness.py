import json
from dataclasses import replace

import numpy as np
import pytest

from callnexus.evaluation.comparison import Previous
from callnexus.evaluation.counts import FEWEST, SEPARATOR
from callnexus.evaluation.fairness import FAIRNESS_SCHEMA, fairness_document
from callnexus.evaluation.groups import MEASURES
from callnexus.evaluation.judged import Judged
from callnexus.evaluation.routing import HARMS, Routing
from callnexus.evaluation.sweep import LOG_ODDS
from callnexus.evaluation.tables import records
from callnexus.labels import LABEL_NAMES

KEYS = {
    "schema", "model", "data", "examples", "fewest", "methods", "metrics", "reliability", "rows", "gaps", "pairs",
    "few", "disparities", "harms", "sweep", "calibration", "quarters", "comparison", "parity", "provenance",
}  # fmt: skip


def judged(n=600, **changed):
    """Return answers that err more often for group "a"."""
    generator = np.random.default_rng(9)
    truth = (generator.random((n, 2)) < 0.5).astype(float)
    sex = generator.choice(["a", "b"], n) if n else np.array([], str)
    wrong = generator.random((n, 2)) < np.where(sex == "a", 0.3, 0.1)[:, None]
    probability = np.where((truth == 1) != wrong, 0.8, 0.2)
    said = np.where(probability >= 0.5, "yes", "no").astype(object)
    race = generator.choice(["x", "y"], n).astype(object) if n else np.array([], object)
    race[:10] = "few"
    given = {
        "ids": list(map(str, range(n))),
        "truth": truth,
        "probability": probability,
        "decisions": {name: said[:, place] for place, name in enumerate(LABEL_NAMES)},
        "responses": np.where(said[:, 0] == "yes", "ems_clinician", "standard").astype(object),
        "needed": np.where(truth[:, 0] == 1, "ems_clinician", "standard").tolist(),
        "reported": ["ems_clinician", "standard"],
        "routing": Routing(
            truth[:, 1], (said[:, 1] == "yes") * 1.0, truth[:, 0], (said[:, 0] == "yes") * 1.0, truth[:, 0],
            np.zeros(n, bool),
        ),
        "groups": {"sex": sex.tolist(), "race": race.tolist()},
        "thresholds": dict.fromkeys(LABEL_NAMES, 0.5),
        "dates": [None] * n,
    }  # fmt: skip
    return Judged(**given | changed)


@pytest.fixture(scope="module")
def document():
    return fairness_document(judged(), model="m", data="d", provenance={"votes": 3})


def test_document_has_every_documented_key_and_is_json(document):
    assert set(document) == KEYS
    assert document["schema"] == FAIRNESS_SCHEMA == 2
    assert json.loads(json.dumps(document, allow_nan=False)) == document


def test_rows_hold_the_whole_and_each_group_with_scores_of_labels_only(document):
    assert len(document["rows"]) == 4 * (1 + 2 + 3)
    for row in document["rows"]:
        is_label = row["outcome"] in LABEL_NAMES
        assert (row["mean_score"] is not None) is (is_label and row["n"] >= FEWEST)
        assert (row["calibration_error"] is not None) is (is_label and row["n"] >= 2 * FEWEST)


def test_pairs_are_either_measured_or_counted_as_too_few(document):
    pairs, few = list(records(document["pairs"])), list(records(document["few"]))

    assert {row["column"] for row in (*pairs, *few)} == {f"sex{SEPARATOR}race"}
    assert len(pairs) + len(few) == 4 * 6
    assert all(any(row[measure] is not None for measure in MEASURES) for row in pairs)
    assert {row["group"] for row in few} == {f"{sex}{SEPARATOR}few" for sex in "ab"}
    assert all(0 < row["n"] < FEWEST for row in few)


def test_planted_errors_show_as_disparities_and_as_routing_harm(document):
    found = {
        (row["group"], row["outcome"], row["measure"]): row
        for row in records(document["disparities"])
        if row["column"] == "sex"
    }

    for outcome, measure in (
        ("mh_nexus", "miss_rate"),
        ("over_policing", "harm_rate"),
        *((h, "harm_rate") for h in HARMS),
    ):
        row = found["a", outcome, measure]
        assert row["low"] > 0
        assert row["ratio_low"] > 1
        assert row["p"] <= row["p_holm"] < 0.05


def test_harms_are_counted_for_the_whole_columns_and_pairs(document):
    rows = list(records(document["harms"]))

    assert {row["column"] for row in rows} == {"all", "sex", "race", f"sex{SEPARATOR}race"}
    whole = {row["harm"]: row for row in rows if row["column"] == "all"}
    assert whole["over_policing"]["cases"] + whole["under_protection"]["cases"] == 600


def test_sweep_ends_with_the_operating_point_and_agrees_with_the_rows(document):
    part = next(p for p in document["sweep"]["parts"] if (p["label"], p["column"]) == ("mh_nexus", "sex"))
    rows = {r["group"]: r for r in document["rows"] if (r["outcome"], r["column"]) == ("mh_nexus", "sex")}

    assert document["sweep"]["operating"]["mh_nexus"] == {"threshold": 0.5, "log_odds": 0.0}
    for group, curve in zip(part["groups"], part["miss_rate"], strict=True):
        assert len(curve) == len(LOG_ODDS) + 1
        assert curve[-1] == rows[group]["miss_rate"]["value"]


def test_without_probabilities_only_what_needs_them_is_missing():
    document = fairness_document(judged(probability=None, thresholds=dict.fromkeys(LABEL_NAMES)), model="m", data="d")

    metrics, whole = document["metrics"]["mh_nexus"], document["rows"][0]
    assert metrics["auc"] is metrics["brier"] is None
    assert metrics["recall"] == pytest.approx(1 - whole["miss_rate"]["value"], abs=1e-4)
    assert document["sweep"]["parts"] == document["calibration"]["parts"] == []
    assert document["reliability"] == {name: [] for name in LABEL_NAMES}
    assert list(records(document["disparities"]))


def test_unlabelled_examples_are_compared_by_parity_only():
    given = judged()
    nothing = np.full((600, 2), np.nan)
    routing = replace(given.routing, police_needed=nothing[:, 0], clinician_needed=nothing[:, 0], nexus=nothing[:, 0])

    document = fairness_document(
        replace(given, truth=nothing, needed=[None] * 600, routing=routing), model="m", data="d"
    )

    parity = document["parity"]
    rows = list(records(parity["rows"]))
    assert parity["parity_only"] is True
    assert {row["n"] for row in rows if row["column"] == "all"} == {600}
    assert {row["measure"] for row in records(parity["disparities"])} == {"selection_rate", "review_rate"}
    assert all(row[measure] is None for row in document["rows"] for measure in MEASURES)
    assert all(row["unknown"] > 0 for row in document["rows"])
    assert list(records(document["disparities"])) == []
    assert all(row["rate"] is None and row["unknown"] for row in records(document["harms"]))


def test_labelled_examples_have_no_parity_table(document):
    assert document["parity"] is None


def test_quarters_hold_dated_examples_only():
    dates = ["2021-02-03"] * 300 + ["2021-04-01"] * 200 + [None] * 100

    rows = fairness_document(judged(dates=dates), model="m", data="d")["quarters"]

    assert [(row["outcome"], row["group"], row["n"]) for row in rows] == [
        (label, quarter, n) for label in LABEL_NAMES for quarter, n in (("2021 Q1", 300), ("2021 Q2", 200))
    ]


def test_comparison_matches_examples_by_id_and_counts_changed_decisions():
    new, old = judged(), judged()
    flipped = old.decisions["mh_nexus"].copy()
    flipped[:50] = np.where(flipped[:50] == "yes", "no", "yes")
    order = np.random.default_rng(1).permutation(600)[:500]
    before = replace(
        old,
        ids=[old.ids[i] for i in order],
        truth=old.truth[order],
        decisions={"mh_nexus": flipped[order], "safety_risk": old.decisions["safety_risk"][order]},
    )

    found = fairness_document(new, model="m", data="d", previous=Previous("old", before))["comparison"]

    changed = {(r["column"], r["group"], r["outcome"]): r["changed"] for r in records(found["decisions"])}
    changes = [r for r in records(found["changes"]) if r["column"] == "all" and r["outcome"] == "mh_nexus"]
    assert (found["model"], found["examples"]) == ("old", 500)
    assert changed["all", "all", "mh_nexus"] == int((order < 50).sum())
    assert changed["all", "all", "safety_risk"] == 0
    assert sum(row["fixed"] + row["broken"] for row in changes) == int((order < 50).sum())


def test_versions_without_a_common_example_have_nothing_to_compare():
    other = replace(judged(), ids=[f"other {i}" for i in range(600)])

    found = fairness_document(judged(), model="m", data="d", previous=Previous("old", other))["comparison"]

    assert found["examples"] == 0
    assert all(row["cases"] == 0 for row in records(found["changes"]))


@pytest.mark.parametrize("n", [0, 1])
def test_hardly_any_example_has_a_document_without_rates(n):
    document = fairness_document(judged(n), model="m", data="d")

    assert document["examples"] == n
    assert all(row[measure] is None for row in document["rows"] for measure in MEASURES)
    assert list(records(document["disparities"])) == []
    assert json.dumps(document, allow_nan=False)


def test_one_class_has_the_rates_that_it_can_have():
    document = fairness_document(judged(truth=np.ones((600, 2))), model="m", data="d")

    whole = document["rows"][0]
    assert whole["miss_rate"] is not None
    assert whole["false_alarm_rate"] is None
    assert document["metrics"]["mh_nexus"]["auc"] is None
