import io
import json
import zipfile
from typing import Any

import pytest

from callnexus.corpus.examples import Vote

TEXT = "dog barking"


def line(number: object, *labels: object, **more: object) -> dict[str, Any]:
    return {"id": number, "text": f"{TEXT} {number}", "label": list(labels), "Comments": []} | more


def archive(**files: list[dict[str, Any]]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as zipped:
        for user, rows in files.items():
            zipped.writestr(f"{user}.jsonl", "".join(json.dumps(row) + "\n" for row in rows))
    return packed.getvalue()


def test_the_files_of_two_annotators_who_disagree_leave_a_null_label(importer):
    export = archive(
        ann=[line(1, "mh_nexus", district=4.0), line(2, "mh_nexus", "safety_risk")],
        ben=[line(1, district=4.0), line(2, "safety_risk", "mh_nexus")],
        eve=[],
    )

    one, two = importer("e.zip", export, format="doccano", confirmed_only=True).examples

    assert (one.id, one.narrative, one.mh_nexus, one.safety_risk, one.district) == ("1", f"{TEXT} 1", None, "no", "4")
    assert one.votes == {"ann": Vote(mh_nexus="yes", safety_risk="no"), "ben": Vote(mh_nexus="no", safety_risk="no")}
    assert (two.mh_nexus, two.safety_risk) == ("yes", "yes")


def test_an_archive_in_several_parts_is_refused(refusal):
    whole = archive(ann=[line(1, "mh_nexus")])
    # The record that says where a large archive's directory lies, and that there are two disks.
    part = b"PK\x06\x07" + bytes(12) + (2).to_bytes(4, "little")

    end = whole.rindex(b"PK\x05\x06")
    (problem,) = refusal("e.zip", whole[:end] + part + whole[end:], format="doccano")

    assert problem == "e.zip: not a readable zip archive: BadZipFile"


def test_a_label_that_is_not_chosen_is_refused_unless_the_export_is_declared_confirmed(importer, refusal):
    export = [line(1), line(2, "mh_nexus"), line(3, "mh_nexus", "safety_risk")]

    problems = refusal("all.jsonl", export, format="doccano")
    declared = importer("all.jsonl", export, format="doccano", confirmed_only=True)

    assert len(problems) == 2
    assert problems[0].startswith("line 1 (id 1): label: a label that is not chosen may be a no, or nobody has read")
    assert [example.mh_nexus for example in declared.examples] == ["no", "yes", "yes"]
    assert set(declared.examples[0].votes) == {"all"}


def test_labels_with_a_colon_state_their_answers_and_leave_the_rest_unanswered(importer):
    export = [line(1, "mh_nexus:yes", "safety_risk:unclear"), line(2, "mh_nexus:no")]

    one, two = importer("ann.jsonl", export, format="doccano").examples

    assert one.votes == {"ann": Vote(mh_nexus="yes")}
    assert (two.mh_nexus, two.safety_risk) == ("no", None)


def test_an_empty_list_is_refused_among_labels_with_a_colon_too(refusal):
    (problem,) = refusal("ann.jsonl", [line(1, "mh_nexus:yes"), line(2)], format="doccano")

    assert "line 2 (id 2): label: a label that is not chosen may be a no" in problem


def test_mapped_label_names_may_have_a_colon_of_their_own(importer):
    columns = {"mh_nexus": "call: mental health", "safety_risk": "call: danger"}

    (example,) = importer("ann.jsonl", [line(1, "call: danger")], format="doccano", columns=columns,
                          confirmed_only=True).examples  # fmt: skip

    assert (example.mh_nexus, example.safety_risk) == ("no", "yes")


@pytest.mark.parametrize(
    ("bad", "told"),
    [
        (line(2, "mh-nexus", "safety_risk"), "label: not a known label; allowed: mh_nexus, safety_risk"),
        (line(2, [0, 3, "mh_nexus"], "safety_risk"), "label: not a known label; allowed: mh_nexus, safety_risk"),
        (line(2, "mh_nexus", "mh_nexus"), "label: mh_nexus is answered twice; one answer per label is allowed"),
        (line(2) | {"label": None}, "label: missing"),
        (line(2) | {"text": None}, "narrative: missing"),
        (line(2) | {"text": 5}, "narrative: must be a string"),
        (line(None, "mh_nexus"), "id: missing"),
        (line(True, "mh_nexus"), "id: must be a string or a whole number"),
        (line(1, "mh_nexus"), "annotator: answered mh_nexus and safety_risk already at line 1 (id 1); keep one answer"),
    ],
)
def test_a_line_that_cannot_be_used_is_told_with_its_field(refusal, bad, told):
    (problem,) = refusal("ann.jsonl", [line(1, "mh_nexus"), bad], format="doccano", confirmed_only=True)

    assert problem.startswith("line 2")
    assert problem.endswith(told)


@pytest.mark.parametrize(
    ("labels", "told"),
    [
        (["mh_nexus:yes", "mh_nexus:no"], "label: mh_nexus is answered twice"),
        (["mh_nexus:perhaps"], "label: not an answer; allowed: yes, no, unclear"),
        (["mh_nexus"], "label: not a known label; allowed: mh_nexus:yes|no|unclear, safety_risk:yes|no|unclear"),
        (["drugs:yes"], "label: not a known label"),
    ],
)
def test_a_label_with_a_colon_that_cannot_be_used_is_told(refusal, labels, told):
    (problem,) = refusal("ann.jsonl", [line(1, "mh_nexus:yes"), line(2, *labels)], format="doccano")

    assert problem.startswith(f"line 2 (id 2): {told}")


def test_a_text_that_differs_between_annotators_is_refused_with_both_places(refusal):
    export = archive(ann=[line(1, "mh_nexus:no")], ben=[line(1, "mh_nexus:no", text="cat barking")])

    assert refusal("e.zip", export, format="doccano") == (
        "member 2 (file ben.jsonl): line 1 (id 1): narrative: differs from the text of "
        "member 1 (file ann.jsonl): line 1 (id 1); one id stands for one text",
    )
