import numpy as np
import pytest

from callnexus import Model, Response
from callnexus.corpus.examples import Example
from callnexus.evaluation.fairness import fairness_document
from callnexus.response import shipped
from callnexus.training.assessment import (
    PREFIXES,
    _need,
    assess,
    assess_parts,
    assess_prefixes,
    by_year,
)

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
