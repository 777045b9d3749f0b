import math

import pytest

from callnexus import Decision, Response
from callnexus.corpus.examples import Example
from callnexus.corpus.predictions import read_predictions
from callnexus.errors import ExamplesError, PredictionsError


def example(identifier):
    return Example.model_validate(
        {
            "id": identifier,
            "narrative": "text",
            "mh_nexus": "yes",
            "safety_risk": None,
            "batch": "b",
            "register": "notes",
        }
    )


EXAMPLES = [example("one"), example("two")]


def written(tmp_path, text):
    path = tmp_path / "theirs.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_answers_come_in_the_examples_order_whatever_the_rows(tmp_path):
    path = written(
        tmp_path,
        "response,id,mh_nexus,safety_risk,mh_nexus_probability,safety_risk_probability,other\n"
        "peer_led,two,Yes,no,0.75,,x\n"
        ",one,unsure,insufficient,0.5,0.25,y\n",
    )

    answers = read_predictions(path, EXAMPLES)

    assert answers.decisions["mh_nexus"] == [Decision.UNSURE, Decision.YES]
    assert answers.decisions["safety_risk"] == [Decision.INSUFFICIENT, Decision.NO]
    assert answers.probability[0].tolist() == [0.5, 0.25]
    assert math.isnan(answers.probability[1, 1])
    assert answers.responses == [None, Response.PEER_LED]


def test_optional_columns_may_be_absent(tmp_path):
    answers = read_predictions(written(tmp_path, "id,mh_nexus,safety_risk\none,yes,no\ntwo,no,no\n"), EXAMPLES)

    assert all(math.isnan(value) for value in answers.probability.ravel())
    assert answers.responses == [None, None]


def test_every_problem_is_listed_at_once_without_the_cells_text(tmp_path):
    path = written(
        tmp_path,
        "id,mh_nexus,safety_risk,mh_nexus_probability,response\n"
        "one,secret,no,1.5,ambulance\n"
        "one,yes,no,,\n"
        "three,yes,,nan,standard\n",
    )

    with pytest.raises(PredictionsError) as caught:
        read_predictions(path, EXAMPLES)

    problems = "\n".join(caught.value.problems)
    for part in (
        "row 2: mh_nexus: must be one of yes, no, unsure, insufficient",
        "row 2: mh_nexus_probability: must be a number from 0 to 1",
        "row 2: response: must be one of co_response",
        "row 3: id: stands twice",
        "row 4: id: no example has it",
        "row 4: safety_risk: must be one of",
        "row 4: mh_nexus_probability: must be a number",
        "example two: no row",
    ):
        assert part in problems
    assert len(caught.value.problems) == 8
    assert "secret" not in str(caught.value)
    assert "problem(s) in the predictions" in str(caught.value)
    assert isinstance(caught.value, ExamplesError)


def test_a_missing_column_is_named(tmp_path):
    with pytest.raises(PredictionsError, match="no column safety_risk"):
        read_predictions(written(tmp_path, "id,mh_nexus\none,yes\n"), EXAMPLES)


@pytest.mark.parametrize("content", [None, b"\xff\xfe\x00", b""])
def test_a_file_that_cannot_be_read_is_said(tmp_path, content):
    path = tmp_path / "theirs.csv"
    if content is not None:
        path.write_bytes(content)

    with pytest.raises(PredictionsError, match=r"theirs\.csv"):
        read_predictions(path, EXAMPLES)
