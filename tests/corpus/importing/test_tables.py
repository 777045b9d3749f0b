import pytest

from callnexus.corpus.examples import Vote

COLUMNS = {
    "id": "case",
    "narrative": "text",
    "mh_nexus": "q1",
    "safety_risk": "q2",
    "annotator": "who",
    "register": "kind",
}
CSV = """case,text,q1,q2,who,kind,district
7,"dog barking,
loud",yes,no,ann,dispatch,4
7,"dog barking,
loud",no,no,ben,dispatch,4
"""


def test_csv_rows_of_two_annotators_who_disagree_leave_a_null_label(importer):
    (example,) = importer("e.csv", "\ufeff" + CSV, format="csv", register=None, columns=COLUMNS).examples

    assert (example.id, example.narrative, example.register_) == ("7", "dog barking,\nloud", "dispatch")
    assert (example.mh_nexus, example.safety_risk, example.district) == (None, "no", "4")
    assert example.votes == {
        "ann": Vote(mh_nexus="yes", safety_risk="no"),
        "ben": Vote(mh_nexus="no", safety_risk="no"),
    }


def test_jsonl_rows_of_two_annotators_who_disagree_leave_a_null_label(importer):
    row = {"id": 7, "narrative": "dog barking", "mh_nexus": "yes", "safety_risk": None, "annotator": "ann"}

    (example,) = importer("e.jsonl", [row, row | {"mh_nexus": "no", "annotator": "ben"}], format="jsonl").examples

    assert (example.id, example.mh_nexus, example.safety_risk, set(example.votes)) == ("7", None, None, {"ann", "ben"})


def test_rows_without_an_annotator_column_are_settled_examples(importer):
    imported = importer("e.csv", "id,narrative,mh_nexus,date\na,dog barking,yes,2024-02-30\nb,cat,,x\n", format="csv")

    assert [(e.mh_nexus, e.safety_risk, dict(e.votes)) for e in imported.examples] == [
        ("yes", None, {}),
        (None, None, {}),
    ]


def test_an_empty_cell_is_no_vote_and_unclear_is_one(importer):
    rows = "id,narrative,annotator,mh_nexus,safety_risk\na,dog,ann,yes,yes\na,dog,ben,,unclear\n"

    (example,) = importer("e.csv", rows, format="csv").examples

    assert (example.mh_nexus, example.safety_risk) == ("yes", None)


def test_a_column_that_the_file_does_not_have_is_told(refusal):
    assert refusal("e.csv", CSV, format="csv") == (
        "columns: id: no such column; map the one that holds it",
        "columns: narrative: no such column; map the one that holds it",
    )
    assert refusal("e.csv", CSV, format="csv", columns=COLUMNS | {"subject_sex": "sex"}) == (
        "columns: subject_sex: no record has the column that is mapped to it",
    )


def test_mapping_a_field_that_examples_do_not_have_or_one_column_twice_is_refused(refusal):
    unknown = refusal("e.csv", CSV, format="csv", columns={"narative": "text"})
    twice = refusal("e.csv", CSV, format="csv", columns={"id": "case", "annotator": "case"})

    assert unknown[0].startswith("columns: narative: not a field of an example; allowed: id, narrative, mh_nexus")
    assert twice == ("columns: two fields are mapped to one name",)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("id,narrative,mh_nexus\na,barking,perhaps\n", "(id a): mh_nexus: not an answer; allowed: yes, no, unclear"),
        ("id,narrative,mh_nexus\na,dog barking,yes\na,dog barking,no\n", "map annotator"),
        ("id,narrative,mh_nexus\na,dog barking,yes,no\n", "line 2: row: 4 cells under 3 columns"),
        ("id,narrative,mh_nexus\na,dog barking\n", "line 2: row: 2 cells under 3 columns"),
        ("id,narrative,mh_nexus\na,,yes\n", "line 2 (id a): narrative: missing"),
        ("id,narrative,mh_nexus\n ,dog barking,yes\n", "line 2: id: missing"),
        ("id,id,narrative\na,a,dog barking\n", "e.csv: header: a column name stands twice"),
        ('id,narrative,mh_nexus\na,"dog barking,yes\n', "line 2: row: not CSV: unexpected end of data"),
        ("id,narrative,mh_nexus,annotator\na,dog barking,yes,\n", "line 2 (id a): annotator: missing"),
        ("id,narrative,mh_nexus,register\na,dog barking,yes,diary\n", "'transcript', 'field_report' or 'referral'"),
        ("id,narrative\na,dog barking\n", "anywhere; map the names that the export uses"),
        ("id,narrative,mh_nexus\n", "e.csv: no records found"),
        ("", "e.csv: no records found"),
    ],
)  # fmt: skip
def test_a_table_that_cannot_be_used_is_told_with_the_place(refusal, text, told):
    (problem,) = refusal("e.csv", text, format="csv")

    assert problem.endswith(told)


def test_a_narrative_mapped_as_the_id_is_refused_without_telling_it(refusal):
    rows = "a,b,mh_nexus\nx," + "dog barking " * 20 + ",yes\n"

    (problem,) = refusal("e.csv", rows, format="csv", columns={"id": "b", "narrative": "a"})

    assert problem == "line 2: id: String should have at most 100 characters"


def test_a_label_that_one_record_lacks_is_missing(refusal):
    rows = [{"id": 1, "narrative": "dog barking", "mh_nexus": "no"}, {"id": 2, "narrative": "barking"}]

    assert refusal("e.jsonl", rows, format="jsonl") == (
        "line 2 (id 2): mh_nexus: missing, while other records have it",
    )


def test_a_record_without_a_register_is_refused_when_none_is_given_for_all(refusal):
    (problem,) = refusal("e.csv", "id,narrative,mh_nexus\na,barking,yes\n", format="csv", register=None)

    assert problem == (
        "line 2 (id a): register: missing; give one for all or map a column: "
        "dispatch, notes, transcript, field_report, referral"
    )
