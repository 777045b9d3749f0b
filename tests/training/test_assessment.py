import numpy as np
import pytest

from callnexus import Decision, Model, Response
from callnexus.corpus.examples import Example
from callnexus.corpus.predictions import Answers
from callnexus.corpus.provenance import provenance
from callnexus.evaluation.fairness import fairness_document
from callnexus.evaluation.tables import records
from callnexus.policy import shipped
from callnexus.training.assessment import (
    PREFIXES,
    assess,
    assess_answers,
    assess_parts,
    assess_prefixes,
    by_year,
    seen_in_training,
)
from callnexus.training.judging import _clinician, _need, _police

TEXTS = {
    "off his meds and hearing voices, calm": ("yes", "no"),
    "male pointing a gun at the clerk": ("no", "yes"),
    "dog barking all night": ("no", "no"),
    "on the bridge rail saying she wants to die": ("yes", "yes"),
}


def examples(**fields: object) -> list[Example]:
    return [
        Example.model_validate(
            {
                "id": f"{copy}-{place}",
                "narrative": text,
                "mh_nexus": nexus,
                "safety_risk": risk,
                "batch": "b",
                "register": "notes",
                "date": f"20{18 + copy}-05-01",
                "subject_sex": "female" if copy else None,
            }
            | fields
        )
        for copy in range(2)
        for place, (text, (nexus, risk)) in enumerate(TEXTS.items())
    ]


def test_an_assessment_counts_every_example_for_both_labels_and_each_response(model: Model):
    assessment = assess(model, examples())

    outcomes = {row.outcome for row in assessment.rows}
    assert outcomes == {"mh_nexus", "safety_risk", "co_response", "ems_clinician", "standard"}
    assert all(metrics.n == 8 for metrics in assessment.metrics.values())
    assert {row.group for row in assessment.rows if row.column == "subject_sex"} == {"female", "unknown"}


def test_the_response_needed_is_known_where_the_labels_settle_it():
    policy = shipped()

    needed = [_need(policy, row).response for row in ([1, 1], [1, np.nan], [0, np.nan], [np.nan, 0])]

    assert needed == [Response.CO_RESPONSE, None, Response.STANDARD, None]


def test_parts_and_years_are_measured_apart(model: Model):
    years = by_year(examples())

    parts = assess_parts(model, {"all": examples()} | years)

    assert list(parts) == ["all", "2018", "2019"]
    assert parts["2018"]["mh_nexus"].n == 4
    assert parts["all"]["mh_nexus"].auc == pytest.approx(parts["2018"]["mh_nexus"].auc)


def test_prefixes_end_with_the_whole_narrative(model: Model):
    found = assess_prefixes(model, examples())

    assert list(found) == [*(f"first {words} words" for words in PREFIXES), "whole narrative"]
    whole = assess(model, examples()).metrics["safety_risk"].auc
    assert found["whole narrative"]["safety_risk"].auc == pytest.approx(whole, abs=1e-6)


def test_the_fairness_document_holds_no_narrative(model: Model):
    document = fairness_document(assess(model, examples()).judged, model="m", data="d")

    assert document["examples"] == 8
    assert not any(text in str(document) for text in TEXTS)


def answers(nexus: str, risk: str, response: Response | None = None, n: int = 8) -> Answers:
    return Answers(
        {"mh_nexus": [Decision(nexus)] * n, "safety_risk": [Decision(risk)] * n},
        np.full((n, 2), np.nan),
        [response] * n,
    )


def test_police_come_with_a_co_response_and_with_a_standard_one_where_there_is_risk():
    assert _police(Response.CO_RESPONSE, Decision.NO) == 1
    assert [_police(r, Decision.YES) for r in (Response.EMS_CLINICIAN, Response.PEER_LED)] == [0, 0]
    assert [_police(Response.STANDARD, d) for d in (Decision.YES, Decision.NO)] == [1, 0]
    assert np.isnan(_police(Response.STANDARD, Decision.UNSURE))
    assert np.isnan(_police(Response.DISPATCHER_REVIEW, Decision.YES))


def test_clinicians_come_with_co_response_and_ems():
    sent = [_clinician(r) for r in (Response.CO_RESPONSE, Response.EMS_CLINICIAN, Response.PEER_LED, Response.STANDARD)]

    assert sent == [1, 1, 0, 0]
    assert np.isnan(_clinician(Response.DISPATCHER_REVIEW))


def test_police_needed_is_known_where_the_risk_is_whatever_the_nexus():
    known = _need(shipped(), [np.nan, 1.0])
    unknown = _need(shipped(), [1.0, np.nan])

    assert (known.response, known.police) == (None, 1)
    assert np.isnan(known.clinician)
    assert np.isnan(unknown.police)
    assert unknown.clinician == 1


def test_another_systems_decisions_get_the_policys_responses_where_it_gives_none():
    derived = assess_answers(answers("yes", "yes"), examples(), shipped())
    unsure = assess_answers(answers("yes", "unsure"), examples(), shipped())
    given = assess_answers(answers("yes", "yes", Response.PEER_LED), examples(), shipped())

    assert set(derived.judged.responses) == {Response.CO_RESPONSE}
    assert unsure.judged.routing.review.all()
    assert set(given.judged.responses) == {Response.PEER_LED}
    assert "peer_led" in {row.outcome for row in given.rows}
    assert derived.judged.probability is None
    assert derived.metrics["mh_nexus"].auc is None


def test_harm_follows_from_the_recommendation_and_the_true_labels():
    # Of eight, four have no risk; all get an officer and a clinician.
    document = fairness_document(
        assess_answers(answers("yes", "yes"), examples(), shipped()).judged, model="m", data="d"
    )

    harms = {row["harm"]: row for row in records(document["harms"]) if row["column"] == "all"}
    assert (harms["over_policing"]["cases"], harms["over_policing"]["hits"]) == (4, 4)
    assert (harms["under_protection"]["cases"], harms["under_protection"]["hits"]) == (4, 0)
    assert (harms["clinician_without_nexus"]["cases"], harms["clinician_without_nexus"]["hits"]) == (4, 4)


def test_provenance_counts_readings_and_gives_agreement_by_group_without_names():
    votes = {"ann": {"mh_nexus": "yes", "safety_risk": "no"}, "bob": {"mh_nexus": "no"}, "settled": {"mh_nexus": "yes"}}

    found = provenance(examples(votes=votes))

    rows = {(row["column"], row["group"], row["label"]): row for row in records(found["agreement"])}
    assert (found["annotators"], found["votes"], found["settled"], found["readings"]) == (2, 16, 8, [[2, 8]])
    assert rows["all", "all", "mh_nexus"]["same"] == 0
    assert rows["subject_sex", "unknown", "mh_nexus"]["pairs"] == 4
    assert rows["subject_sex", "female", "safety_risk"]["pairs"] == 0
    assert "ann" not in str(found["agreement"]["parts"])


def test_no_examples_at_all_are_assessed_without_a_figure(model: Model):
    assessment = assess(model, [])

    assert len(assessment.judged) == 0
    assert fairness_document(assessment.judged, model="m", data="d")["examples"] == 0


def test_examples_of_batches_that_trained_the_model_are_counted(model: Model):
    batch = model.manifest["notes"]["data"]["training"]["batches"][0]

    assert seen_in_training(model, [*examples(batch=batch), *examples()]) == 8
