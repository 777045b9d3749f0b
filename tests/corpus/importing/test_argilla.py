from typing import Any

import pytest

from callnexus.corpus.examples import Vote

TEXT = "dog barking"
STATUSES = "status: not known; allowed: submitted, draft, discarded, pending"


def answer(who: object, value: object, **more: object) -> dict[str, Any]:
    return {"value": value, "user_id": who, "status": "submitted"} | more


def record(name: object, mh_nexus: object, safety_risk: object, **more: object) -> dict[str, Any]:
    responses = {"mh_nexus": mh_nexus, "safety_risk": safety_risk}
    made = {"id": name, "fields": {"text": f"{TEXT} {name}"}, "metadata": {}, "suggestions": {}, "status": "completed"}
    return made | {"responses": responses} | more


def test_two_annotators_who_disagree_leave_a_null_label(importer):
    disputed = record("r1", [answer("u1", "yes"), answer("u2", "no")], [answer("u1", "no"), answer("u2", "no")])

    (example,) = importer("e.json", [disputed | {"metadata": {"caller_language": "es"}}], format="argilla").examples

    assert (example.id, example.narrative, example.caller_language) == ("r1", f"{TEXT} r1", "es")
    assert (example.mh_nexus, example.safety_risk) == (None, "no")
    assert example.votes == {"u1": Vote(mh_nexus="yes", safety_risk="no"), "u2": Vote(mh_nexus="no", safety_risk="no")}


def test_drafts_discarded_responses_suggestions_and_other_questions_are_counted(importer):
    mixed = record("r1", [answer("u1", "yes"), answer("u2", "no", status="draft")], [answer("u1", "no")])
    mixed["responses"]["comment"] = [answer("u1", "barking")]
    mixed["suggestions"] = {"mh_nexus": {"value": "no", "score": 0.1, "agent": "m"}}
    empty = record("r2", [answer("u1", None, status="discarded")], []) | {"suggestions": {}}

    imported = importer("e.json", [mixed, empty, record("r3", [], []) | {"responses": {}}], format="argilla")

    assert [set(example.votes) for example in imported.examples] == [{"u1"}]
    assert imported.skipped == {"discarded": 1, "draft": 1, "other question": 1, "prediction": 1, "unannotated": 2}


def test_responses_without_a_status_need_the_declaration_that_all_are_submitted(importer, refusal):
    export = [record("r1", [{"value": "yes", "user_id": "u1"}], [])]

    (problem,) = refusal("e.json", export, format="argilla")
    declared = importer("e.json", export, format="argilla", confirmed_only=True)

    assert problem.startswith("record 1 (id r1): mh_nexus response 1: status: missing, so this may be a draft")
    assert (declared.examples[0].mh_nexus, declared.examples[0].safety_risk) == ("yes", None)


@pytest.mark.parametrize(
    ("bad", "told"),
    [
        (record("r1", [answer("u1", "perhaps")], []), "value: not an answer; allowed: yes, no, unclear"),
        (record("r1", [answer("u1", ["yes"])], []), "value: not an answer; allowed: yes, no, unclear"),
        (record("r1", [answer(None, "yes")], []), "user_id: missing"),
        (record("r1", [{"user_id": "u1", "status": "submitted"}], []), "value: missing"),
        (record("r1", [answer("u1", "yes", status="lost")], []), STATUSES),
        (record("r1", [answer("u1", "yes", status={})], []), STATUSES),
        (record("r1", [answer("u1", "yes"), answer("u1", "no")], []), "keep one answer"),
        (record("r1", "yes", []), "mh_nexus: must be a JSON list"),
        (record("r1", [answer("u1", "yes")], []) | {"fields": {}}, "narrative: missing"),
        (record("r1", [answer("u1", "yes")], []) | {"responses": []}, "responses: must be a JSON object"),
        (record(None, [answer("u1", "yes")], []), "id: missing"),
        (record("r0", [answer("u2", "yes")], []) | {"fields": {"text": "cat barking"}}, "one id stands for one text"),
    ],
)  # fmt: skip
def test_a_record_that_cannot_be_used_is_told_with_its_field(refusal, bad, told):
    (problem,) = refusal("e.json", [record("r0", [answer("u1", "yes")], []), bad], format="argilla")

    assert problem.startswith("record 2")
    assert problem.endswith(told)
