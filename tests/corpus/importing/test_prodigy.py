from typing import Any

import pytest

from callnexus.corpus.examples import Vote

TEXT = "dog barking"
OPTIONS = [{"id": "mh_nexus", "text": "Mental health"}, {"id": "safety_risk", "text": "Danger"}]


def line(number: int, who: object, *accept: object, answer: object = "accept", **more: object) -> dict[str, Any]:
    task = {"text": f"{TEXT} {number}", "_input_hash": -number, "_task_hash": number, "_annotator_id": who}
    return task | {"options": OPTIONS, "accept": list(accept), "answer": answer} | more


def test_two_annotators_who_disagree_leave_a_null_label(importer):
    export = [
        line(1, "ann", "mh_nexus", meta={"district": "4"}),
        line(1, None, _session_id="ben", meta={"district": "4"}),
        line(2, "ann", "mh_nexus", "safety_risk"),
    ]

    one, two = importer("e.jsonl", export, format="prodigy").examples

    assert (one.id, one.narrative, one.mh_nexus, one.safety_risk, one.district) == ("-1", f"{TEXT} 1", None, "no", "4")
    assert one.votes == {"ann": Vote(mh_nexus="yes", safety_risk="no"), "ben": Vote(mh_nexus="no", safety_risk="no")}
    assert (two.mh_nexus, two.safety_risk) == ("yes", "yes")


def test_ignored_and_rejected_tasks_are_counted_and_give_no_answer(importer):
    export = [line(1, "ann", "mh_nexus"), line(1, "ben", answer="ignore"), line(2, "ann", answer="reject")]

    imported = importer("e.jsonl", export, format="prodigy")

    assert [set(example.votes) for example in imported.examples] == [{"ann"}]
    assert imported.skipped == {"ignored": 1, "rejected": 1}


def test_a_label_that_was_not_among_the_options_is_not_answered(importer):
    (example,) = importer("e.jsonl", [line(1, "ann", options=OPTIONS[:1])], format="prodigy").examples

    assert (example.mh_nexus, example.safety_risk) == ("no", None)


def test_options_with_a_colon_state_their_answers(importer):
    export = [line(1, "ann", "mh_nexus:unclear", "safety_risk:no"), line(2, "ann", "mh_nexus:yes")]

    one, two = importer("e.jsonl", export, format="prodigy").examples

    assert (one.mh_nexus, one.safety_risk) == (None, "no")
    assert (two.mh_nexus, two.safety_risk) == ("yes", None)


def test_the_binary_interface_joins_the_answers_to_single_labels(importer):
    binary = {"text": TEXT, "_input_hash": 5, "_annotator_id": "ann"}
    export = [binary | {"label": "mh_nexus", "answer": "accept"}, binary | {"label": "safety_risk", "answer": "reject"}]

    (example,) = importer("e.jsonl", export, format="prodigy").examples

    assert example.votes == {"ann": Vote(mh_nexus="yes", safety_risk="no")}


def test_an_id_and_an_annotator_can_be_mapped_to_other_keys(importer):
    export = [line(1, None, "mh_nexus", meta={"case": "c-1", "who": 3})]

    (example,) = importer("e.jsonl", export, format="prodigy", columns={"id": "case", "annotator": "who"}).examples

    assert (example.id, set(example.votes)) == ("c-1", {"3"})


@pytest.mark.parametrize(
    ("bad", "told"),
    [
        (line(2, None), "_annotator_id or _session_id: missing"),
        (line(2, "ann", answer="skip"), "answer: missing or not known; allowed: accept, reject, ignore"),
        (line(2, "ann", answer=["accept"]), "answer: missing or not known; allowed: accept, reject, ignore"),
        (line(2, "ann", "barking"), "accept: not a known label; allowed: mh_nexus, safety_risk"),
        (line(2, "ann") | {"accept": None}, "accept: missing"),
        (line(2, "ann", text=""), "narrative: missing"),
        (line(2, "ann", _input_hash=None), "_input_hash: missing"),
        (line(1, "ann"), "answered mh_nexus and safety_risk already at line 1 (_input_hash -1); keep one answer"),
        (line(1, "ben", text="cat barking"), "one id stands for one text"),
        (line(2, "ann", config={"choice_style": "single"}), "allowed: multiple, or options such as mh_nexus:no"),
    ],
)  # fmt: skip
def test_a_line_that_cannot_be_used_is_told_with_its_field(refusal, bad, told):
    (problem,) = refusal("e.jsonl", [line(1, "ann"), bad], format="prodigy")

    assert problem.startswith("line 2")
    assert problem.endswith(told)
