"""Narratives out to Label Studio: tasks to import there, and the page on which they are labelled."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from xml.etree import ElementTree

from callnexus.corpus.examples import Example
from callnexus.corpus.importing.label_studio import OUR_ID
from callnexus.errors import ExamplesError
from callnexus.labels import LABELS, Decision
from callnexus.prediction import Prediction

_ANSWERS = ("yes", "no", "unclear")


def to_label_studio_tasks(
    narratives: Mapping[str, str] | Iterable[Example], *, predictions: Sequence[Prediction] | None = None
) -> list[dict[str, Any]]:
    """Return one task per narrative, ready for `json.dump` and Label Studio's import.

    Labels, votes and group columns stay at home: an annotator should judge the text alone. Our id is in the data too,
    because Label Studio gives its tasks ids of its own; the exported JSON imports back to the same ids.

    Args:
        narratives: Id to narrative, or examples.
        predictions: One per narrative in the same order, shown to annotators as answers already ticked. Off by
            default: **showing suggestions shifts labels** towards the model, and hides exactly the errors that the
            labels should reveal. Never use it for examples that a model is measured on.

    Raises:
        ExamplesError: If an id stands twice, or there are not as many predictions as narratives.
    """
    pairs = _pairs(narratives)
    if len({name for name, _ in pairs}) < len(pairs):
        raise ExamplesError(["id: an id stands twice; ids are unique"])
    if predictions is not None and len(predictions) != len(pairs):
        raise ExamplesError([f"predictions: {len(predictions)} for {len(pairs)} narratives; one each is needed"])
    tasks: list[dict[str, Any]] = [
        {"id": name, "data": {"text": text, OUR_ID: name}, "predictions": []} for name, text in pairs
    ]
    for task, prediction in zip(tasks, predictions or (), strict=False):
        task["predictions"].append({"model_version": prediction.model_version, "result": _result(prediction)})
    return tasks


def _pairs(narratives: Mapping[str, str] | Iterable[Example]) -> list[tuple[str, str]]:
    if isinstance(narratives, Mapping):
        return list(narratives.items())
    return [(example.id, example.narrative) for example in narratives]


def _result(prediction: Prediction) -> list[dict[str, Any]]:
    """Return the decided labels as ticked choices; a label that the model is unsure of stays open."""
    said = [prediction.mh_nexus, prediction.safety_risk]
    return [
        {"from_name": one.label, "to_name": "text", "type": "choices", "value": {"choices": [str(one.decision)]}}
        for one in said
        if one.decision in (Decision.YES, Decision.NO)
    ]


def label_studio_config() -> str:
    """Return the labelling configuration (XML) for the tasks: the text and the two questions, each required."""
    view = ElementTree.Element("View")
    ElementTree.SubElement(view, "Text", name="text", value="$text")
    for label in LABELS:
        ElementTree.SubElement(view, "Header", value=f"{label.title.capitalize()}? {label.definition}", size="5")
        choices = ElementTree.SubElement(
            view, "Choices", name=label.name, toName="text", choice="single", required="true", showInline="true"
        )
        for answer in _ANSWERS:
            ElementTree.SubElement(choices, "Choice", value=answer)
    ElementTree.indent(view)
    return ElementTree.tostring(view, encoding="unicode")
