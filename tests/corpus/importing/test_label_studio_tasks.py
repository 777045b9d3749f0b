from dataclasses import replace
from typing import Any
from xml.etree import ElementTree

import pytest

from callnexus.corpus.examples import Example
from callnexus.corpus.importing import label_studio_config, to_label_studio_tasks
from callnexus.errors import ExamplesError
from callnexus.labels import LABEL_NAMES, Decision
from callnexus.prediction import LabelPrediction, Prediction
from callnexus.response import Response

NARRATIVES = ["dog barking\u2028all night", ' "quoted" \\ text ', "\U0001f415 barking"]


def example(number: int, mh_nexus: str | None, safety_risk: str | None) -> Example:
    row = {"id": f"b01-{number}", "narrative": NARRATIVES[number], "batch": "b01", "register": "notes", "district": "4"}
    return Example.model_validate(row | {"mh_nexus": mh_nexus, "safety_risk": safety_risk})


EXAMPLES = [example(0, "yes", "no"), example(1, None, "yes"), example(2, "no", None)]


def exported(tasks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Label the tasks as the examples are, and return them as Label Studio exports them: with ids of its own."""
    made = []
    for number, (task, known) in enumerate(zip(tasks, EXAMPLES, strict=True), start=501):
        result = [
            {"from_name": label, "to_name": "text", "type": "choices", "origin": "manual",
             "value": {"choices": [getattr(known, label) or "unclear"]}}
            for label in LABEL_NAMES
        ]  # fmt: skip
        annotation = {"id": number, "completed_by": 1, "was_cancelled": False, "result": result}
        made.append(task | {"id": number, "meta": {}, "annotations": [annotation], "drafts": [], "project": 3})
    return made


def prediction(mh_nexus: Decision, safety_risk: Decision) -> Prediction:
    labels = [
        LabelPrediction(label=label, decision=decision, probability=0.5, score=0.0, intercept=0.0, rest=0.0)
        for label, decision in zip(LABEL_NAMES, (mh_nexus, safety_risk), strict=True)
    ]
    return Prediction(
        mh_nexus=labels[0], safety_risk=labels[1], response=Response.STANDARD, provisional=None, instead_of=None,
        needs_review=False, reasons=(), evidence=(), model_version="m-1", policy="p", policy_sha256="",
    )  # fmt: skip


def test_tasks_come_back_from_label_studio_with_the_same_ids_narratives_and_labels(importer):
    imported = importer("e.json", exported(to_label_studio_tasks(EXAMPLES)), format="label-studio")

    known = [(e.id, e.narrative, e.mh_nexus, e.safety_risk) for e in EXAMPLES]
    assert [(e.id, e.narrative, e.mh_nexus, e.safety_risk) for e in imported.examples] == known
    assert imported.skipped == {}


def test_a_task_tells_the_annotator_no_label_no_group_and_no_prediction():
    (task, *_) = to_label_studio_tasks(EXAMPLES)

    assert task == {"id": "b01-0", "data": {"text": NARRATIVES[0], "example_id": "b01-0"}, "predictions": []}


def test_narratives_by_id_make_the_same_tasks_as_examples():
    narratives = {e.id: e.narrative for e in EXAMPLES}

    assert to_label_studio_tasks(narratives) == to_label_studio_tasks(EXAMPLES)


def test_predictions_are_ticked_only_when_asked_for_and_only_where_decided(importer):
    shown = [
        prediction(Decision.YES, Decision.UNSURE),
        prediction(Decision.NO, Decision.YES),
        replace(prediction(Decision.INSUFFICIENT, Decision.INSUFFICIENT), model_version="m-2"),
    ]

    tasks = to_label_studio_tasks(EXAMPLES, predictions=shown)

    assert tasks[0]["predictions"] == [
        {
            "model_version": "m-1",
            "result": [
                {"from_name": "mh_nexus", "to_name": "text", "type": "choices", "value": {"choices": ["yes"]}},
            ],
        }
    ]
    assert tasks[2]["predictions"] == [{"model_version": "m-2", "result": []}]
    imported = importer("e.json", exported(tasks), format="label-studio")
    assert [e.mh_nexus for e in imported.examples] == ["yes", None, "no"]
    assert imported.skipped == {"prediction": 3}


def test_an_id_that_stands_twice_or_a_missing_prediction_is_refused():
    with pytest.raises(ExamplesError, match="an id stands twice"):
        to_label_studio_tasks([EXAMPLES[0], EXAMPLES[0]])
    with pytest.raises(ExamplesError, match="1 for 3 narratives"):
        to_label_studio_tasks(EXAMPLES, predictions=[prediction(Decision.NO, Decision.NO)])


def test_the_configuration_shows_the_text_and_asks_both_questions_with_three_answers():
    view = ElementTree.fromstring(label_studio_config())

    text = view.find("Text")
    assert text is not None
    assert (text.get("name"), text.get("value")) == ("text", "$text")
    asked = {choices.get("name"): [choice.get("value") for choice in choices] for choices in view.iter("Choices")}
    assert asked == {name: ["yes", "no", "unclear"] for name in LABEL_NAMES}
    assert {choices.get("toName") for choices in view.iter("Choices")} == {"text"}
