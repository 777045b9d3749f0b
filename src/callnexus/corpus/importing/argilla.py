"""Argilla 2's JSON export (`dataset.records(...).to_json`): a record with each annotator's responses by question.

Argilla's own export leaves the status of a response out, so a draft looks like an answer. Where the status is there
(a record fetched from its API, say) drafts and discarded responses are skipped; where it isn't, the caller has to
declare that all responses are submitted ones.
"""

from collections.abc import Mapping, Sequence

from callnexus.corpus.importing.gathering import Gathering, Subject
from callnexus.corpus.importing.reading import Row
from callnexus.corpus.importing.values import FieldError, as_answer, as_list, as_name, as_object
from callnexus.labels import LABEL_NAMES

_UNFINISHED = ("draft", "discarded", "pending")


def recognises(record: Mapping[str, object]) -> bool:
    """Return whether a record is one of Argilla 2."""
    return isinstance(record.get("fields"), dict) and isinstance(record.get("responses"), dict)


def gather(rows: Sequence[Row], gathering: Gathering) -> None:
    """Take each record's submitted responses; suggestions of models are skipped."""
    for where, record, _ in gathering.objects(rows, "id"):
        with gathering.at(where):
            _take(record, where, gathering)


def _take(record: Mapping[str, object], where: str, gathering: Gathering) -> None:
    fields, metadata = as_object("fields", record.get("fields")), record.get("metadata")
    places = [fields, metadata] if isinstance(metadata, dict) else [fields]
    subject = gathering.subject(places, ("text", "narrative"), record.get("id"))
    responses = as_object("responses", record.get("responses"))
    suggestions = record.get("suggestions")
    gathering.skip("prediction", len(suggestions) if isinstance(suggestions, dict) else 0)
    gathering.skip("other question", len(responses.keys() - {gathering.name(label) for label in LABEL_NAMES}))
    kept = 0
    for label in LABEL_NAMES:
        if gathering.name(label) not in responses:
            continue
        gathering.claim(label)
        for number, response in enumerate(as_list(label, responses[gathering.name(label)]), start=1):
            place = f"{where}: {label} response {number}"
            with gathering.at(place):
                kept += _take_response(as_object("response", response), label, place, subject, gathering)
    gathering.skip("unannotated", kept == 0)


def _take_response(
    response: Mapping[str, object], label: str, where: str, subject: Subject, gathering: Gathering
) -> bool:
    """Return whether the response counts; only a submitted one does."""
    status = response.get("status")
    if status in _UNFINISHED:
        gathering.skip(str(status))
        return False
    if status is None and not gathering.confirmed_only:
        raise FieldError("status", "missing, so this may be a draft; declare that all are submitted (confirmed_only)")
    if status not in (None, "submitted"):
        raise FieldError("status", f"not known; allowed: submitted, {', '.join(_UNFINISHED)}")
    if "value" not in response:
        raise FieldError("value", "missing")
    answer = as_answer("value", response["value"])
    gathering.add(where, subject, as_name("user_id", response.get("user_id")), {label: answer})
    return True
