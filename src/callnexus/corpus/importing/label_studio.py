"""Label Studio's exports: JSON (a task with its annotations) and JSON-MIN (a row per annotation).

Label Studio gives every imported task an id of its own (its issue 3509), and JSON-MIN writes that over an "id" in the
data. So our id travels as "example_id", and the task's id is used only where that is missing.
"""

from collections.abc import Mapping, Sequence

from callnexus.corpus.examples import Answer
from callnexus.corpus.importing.gathering import Gathering, Subject
from callnexus.corpus.importing.reading import Row
from callnexus.corpus.importing.values import FieldError, as_answer, as_list, as_name, as_object
from callnexus.labels import LABEL_NAMES

OUR_ID = "example_id"
"""The key of a task's data that carries our id through Label Studio."""

TEXT_NAMES = ("text", "narrative")


def recognises(record: Mapping[str, object]) -> bool:
    """Return whether a record is a task of the JSON export."""
    return isinstance(record.get("data"), dict) and isinstance(_annotations(record), list)


def recognises_min(record: Mapping[str, object]) -> bool:
    """Return whether a record is a row of the JSON-MIN export."""
    return "annotator" in record and "annotation_id" in record


def gather(rows: Sequence[Row], gathering: Gathering) -> None:
    """Take the tasks of the JSON export; cancelled annotations, drafts and predictions are skipped."""
    for where, task, _ in gathering.objects(rows, "id"):
        with gathering.at(where):
            _take_task(task, where, gathering)


def _take_task(task: Mapping[str, object], where: str, gathering: Gathering) -> None:
    data, meta = as_object("data", task.get("data")), task.get("meta")
    places = [data, meta] if isinstance(meta, dict) else [data]
    subject = gathering.subject(places, TEXT_NAMES, data.get(OUR_ID, task.get("id")))
    for kind in ("prediction", "draft"):
        items = task.get(f"{kind}s")
        gathering.skip(kind, len(items) if isinstance(items, list) else 0)
    annotations = as_list("annotations", _annotations(task))
    kept = 0
    for number, annotation in enumerate(annotations, start=1):
        place = f"{where}: annotation {number}"
        with gathering.at(place):
            kept += _take_annotation(as_object("annotation", annotation), place, subject, gathering)
    gathering.skip("unannotated", kept == 0)


def _annotations(task: Mapping[str, object]) -> object:
    return task.get("annotations", task.get("completions"))  # "completions" in old releases


def _take_annotation(annotation: Mapping[str, object], where: str, subject: Subject, gathering: Gathering) -> bool:
    """Return whether the annotation counts; a cancelled one doesn't."""
    if annotation.get("was_cancelled") or annotation.get("skipped"):
        gathering.skip("cancelled")
        return False
    answers: dict[str, Answer | None] = {}
    for item in as_list("result", annotation.get("result")):
        _take_result(as_object("result", item), answers, gathering)
    gathering.add(where, subject, _annotator(annotation.get("completed_by")), answers)
    return True


def _take_result(result: Mapping[str, object], answers: dict[str, Answer | None], gathering: Gathering) -> None:
    label = next((label for label in LABEL_NAMES if result.get("from_name") == gathering.name(label)), None)
    if label is None:
        gathering.skip("other control")
        return
    gathering.claim(label)
    if label in answers:
        raise FieldError(label, "is answered twice in one annotation; one answer is allowed")
    answers[label] = _single(label, as_object(f"{label}.value", result.get("value")))


def _annotator(completed_by: object) -> str:
    """Return the annotator's number, which is no personal detail, or the e-mail address where there is no number."""
    if isinstance(completed_by, dict):
        completed_by = completed_by.get("id", completed_by.get("email"))
    return as_name("completed_by", completed_by)


def _single(label: str, value: object) -> Answer | None:
    choices = value.get("choices") if isinstance(value, dict) else [value]
    if not isinstance(choices, list) or len(choices) != 1:
        raise FieldError(label, "must be one choice")
    return as_answer(label, choices[0])


def gather_min(rows: Sequence[Row], gathering: Gathering) -> None:
    """Take the rows of the JSON-MIN export, which leaves cancelled annotations out by itself."""
    for where, record, _ in gathering.objects(rows, "id"):
        with gathering.at(where):
            _take_min(record, where, gathering)


def _take_min(record: Mapping[str, object], where: str, gathering: Gathering) -> None:
    subject = gathering.subject([record], TEXT_NAMES, record.get(OUR_ID, record.get("id")))
    if record.get("annotator") is None and record.get("annotation_id") is None:
        gathering.skip("unannotated")  # a task that nobody has opened still has a row
        return
    answers = {}
    for label in LABEL_NAMES:
        if gathering.name(label) in record:
            gathering.claim(label)
            answers[label] = _single(label, record[gathering.name(label)])
    gathering.add(where, subject, as_name("annotator", record.get("annotator")), answers)
