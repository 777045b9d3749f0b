from typing import Any

import pytest

from callnexus.corpus.examples import Vote
from callnexus.corpus.importing.gathering import settle

TEXT = "dog barking"


def result(label: str, answer: str) -> dict[str, Any]:
    return {"from_name": label, "to_name": "text", "type": "choices", "value": {"choices": [answer]}}


def annotation(who: object, mh_nexus: str, safety_risk: str, **more: object) -> dict[str, Any]:
    answers = [result("mh_nexus", mh_nexus), result("safety_risk", safety_risk)]
    return {"completed_by": who, "was_cancelled": False, "result": answers} | more


def task(number: int, *annotations: object, **data: object) -> dict[str, Any]:
    return {"id": number, "data": {"text": f"{TEXT} {number}"} | data, "annotations": list(annotations)}


def row(number: int, who: object, **answers: object) -> dict[str, Any]:
    record = {
        "id": number,
        "text": f"{TEXT} {number}",
        "annotator": who,
        "annotation_id": number * 10,
        "lead_time": 2.5,
    }
    return record | answers


def test_two_annotators_who_disagree_leave_a_null_label_and_both_votes(importer):
    export = [
        task(1, annotation(7, "yes", "no"), annotation({"id": 8, "email": "b@example.org"}, "no", "no"), district="4"),
        task(2, annotation(7, "Yes", "unclear"), annotation(8, "yes", "no")),
    ]

    one, two = importer("e.json", export, format="label-studio").examples

    assert (one.id, one.narrative, one.batch, one.register_, one.district) == (
        "1",
        f"{TEXT} 1",
        "imported",
        "notes",
        "4",
    )
    assert (one.mh_nexus, one.safety_risk) == (None, "no")
    assert one.votes == {"7": Vote(mh_nexus="yes", safety_risk="no"), "8": Vote(mh_nexus="no", safety_risk="no")}
    assert (two.mh_nexus, two.safety_risk) == ("yes", None)


@pytest.mark.parametrize("half", [{"district": "\ud83d"}, {"text": "dog \ud83d"}])
def test_half_of_a_surrogate_pair_is_refused_wherever_it_stands(refusal, half: dict[str, str]):
    (problem,) = refusal("e.json", [task(1, annotation(7, "yes", "no"), **half)], format="label-studio")
    (name,) = refusal("e.json", [task(1, annotation("\ud83d", "yes", "no"))], format="label-studio")

    assert problem.startswith("record 1 (id 1): ")
    assert name == "record 1 (id 1): annotation 1: completed_by: is not text: it holds half of a surrogate pair"


def test_cancelled_annotations_drafts_predictions_and_other_controls_are_counted(importer):
    busy = task(1, annotation(7, "yes", "no"), annotation(8, "no", "no", was_cancelled=True))
    busy["annotations"][0]["result"].append({"from_name": "comment", "type": "textarea", "value": {"text": ["x"]}})
    busy |= {"predictions": [{"result": []}], "drafts": [{"result": []}]}

    imported = importer("e.json", [busy, task(2), task(3, annotation(7, "no", "no", was_cancelled=True))],
                        format="label-studio")  # fmt: skip

    assert [example.id for example in imported.examples] == ["1"]
    assert imported.skipped == {"cancelled": 2, "draft": 1, "other control": 1, "prediction": 1, "unannotated": 2}


def test_our_own_id_in_the_data_is_preferred_to_the_id_of_the_tool(importer):
    imported = importer("e.json", [task(1, annotation(7, "yes", "no"), example_id="ours")], format="label-studio")

    assert imported.examples[0].id == "ours"


def test_groups_and_register_come_from_data_or_meta_and_by_mapping(importer):
    one = task(1, annotation(7, "yes", "no"), beat=12) | {"meta": {"caller_language": "es", "register": "dispatch"}}

    (example,) = importer("e.json", [one], format="label-studio", register=None, columns={"district": "beat"}).examples

    assert (example.district, example.caller_language, example.register_) == ("12", "es", "dispatch")


def test_every_bad_record_is_listed_with_its_id_and_field(refusal):
    twice = annotation(7, "yes", "no")
    twice["result"].append(result("mh_nexus", "no"))
    export = [
        task(1, annotation(7, "maybe", "no")), task(2, annotation(None, "yes", "no")), {"id": 3, "annotations": []},
        task(4, annotation(7, "yes", "no"), annotation(7, "no", "no")), "barking",
        {"id": 6, "data": {}, "annotations": []}, task(7) | {"annotations": None}, task(8, twice),
        task(1, annotation(7, "yes", "no"), text="barking cat"),
        task(9, {"completed_by": 9, "result": [result("mh_nexus", "yes") | {"value": {"choices": ["yes", "no"]}}]}),
    ]  # fmt: skip

    problems = refusal("e.json", [task(1, annotation(6, "yes", "no")), *export], format="label-studio")

    assert problems == (
        "record 2 (id 1): annotation 1: mh_nexus: not an answer; allowed: yes, no, unclear",
        "record 3 (id 2): annotation 1: completed_by: missing",
        "record 4 (id 3): data: missing",
        "record 5 (id 4): annotation 2: annotator: answered mh_nexus and safety_risk already at "
        "record 5 (id 4): annotation 1; keep one answer",
        "record 6: record: must be a JSON object",
        "record 7 (id 6): narrative: missing",
        "record 8 (id 7): annotations: missing",
        "record 9 (id 8): annotation 1: mh_nexus: is answered twice in one annotation; one answer is allowed",
        "record 10 (id 1): annotation 1: narrative: differs from the text of record 1 (id 1): annotation 1; "
        "one id stands for one text",
        "record 11 (id 9): annotation 1: mh_nexus: must be one choice",
    )


def test_a_group_that_differs_under_the_same_id_is_refused(refusal):
    export = [task(1, annotation(7, "yes", "no"), district="4"), task(1, annotation(8, "yes", "no"), district="5")]

    (problem,) = refusal("e.json", export, format="label-studio")

    assert "district: differs from record 1 (id 1)" in problem


def test_an_export_whose_controls_have_other_names_is_refused_until_they_are_mapped(importer, refusal):
    export = [task(1, {"completed_by": 7, "result": [result("q1", "yes"), result("q2", "no")]})]

    (problem,) = refusal("e.json", export, format="label-studio")
    mapped = importer("e.json", export, format="label-studio", columns={"mh_nexus": "q1", "safety_risk": "q2"})

    assert "no answer to mh_nexus or safety_risk anywhere; map" in problem
    assert (mapped.examples[0].mh_nexus, mapped.examples[0].safety_risk) == ("yes", "no")


def test_json_min_rows_of_two_annotators_become_one_example(importer):
    export = [
        row(1, 7, mh_nexus="yes", safety_risk="no"), row(1, "b@example.org", mh_nexus="no", safety_risk="no"),
        row(2, 7, mh_nexus="yes", example_id="ours"), row(3, None) | {"annotation_id": None},
    ]  # fmt: skip

    imported = importer("e.json", export, format="label-studio-min")

    one, two = imported.examples
    assert (one.id, one.mh_nexus, one.safety_risk) == ("1", None, "no")
    assert set(one.votes) == {"7", "b@example.org"}
    assert (two.id, two.mh_nexus, two.safety_risk) == ("ours", "yes", None)
    assert imported.skipped == {"unannotated": 1}


def test_json_min_rows_with_a_missing_annotator_or_two_choices_are_refused(refusal):
    export = [
        row(1, None, mh_nexus="yes"), row(2, 7, mh_nexus={"choices": ["yes", "no"]}), row(3, 7, mh_nexus="perhaps"),
        {"id": 4, "annotator": 7, "annotation_id": 1, "mh_nexus": "no"},
    ]  # fmt: skip

    assert refusal("e.json", export, format="label-studio-min") == (
        "record 1 (id 1): annotator: missing",
        "record 2 (id 2): mh_nexus: must be one choice",
        "record 3 (id 3): mh_nexus: not an answer; allowed: yes, no, unclear",
        "record 4 (id 4): narrative: missing",
    )


@pytest.mark.parametrize(
    ("votes", "settled"),
    [
        ([], None), (["yes"], "yes"), ([None], None), (["yes", "no"], None), (["yes", "yes", "no"], "yes"),
        (["no", None], None), (["no", "no", None], "no"), (["yes", "yes", "no", "no"], None),
    ],
)  # fmt: skip
def test_a_label_is_settled_by_more_than_half_of_the_votes(votes, settled):
    assert settle(votes) == settled
