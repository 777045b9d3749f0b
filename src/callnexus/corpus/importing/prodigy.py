"""Prodigy's JSONL export (`prodigy db-out`): a line per annotator and task, of the choice or the binary interface."""

from collections.abc import Mapping, Sequence

from callnexus.corpus.examples import Answer
from callnexus.corpus.importing.choices import Names, chosen_answers, is_explicit
from callnexus.corpus.importing.gathering import Gathering
from callnexus.corpus.importing.reading import Row
from callnexus.corpus.importing.values import FieldError, as_list, as_name
from callnexus.labels import LABEL_NAMES


def recognises(record: Mapping[str, object]) -> bool:
    """Return whether a record is an annotated task of Prodigy."""
    return "_input_hash" in record and "answer" in record


def gather(rows: Sequence[Row], gathering: Gathering) -> None:
    """Take each line; lines about one text share their `_input_hash`, which is the example's id."""
    names = {gathering.name(label): label for label in LABEL_NAMES}
    gathering.claim(*LABEL_NAMES)
    explicit = is_explicit((row.value.get("accept") for row in rows if isinstance(row.value, dict)), names)
    for where, record, _ in gathering.objects(rows, "_input_hash"):
        with gathering.at(where):
            _take(record, where, gathering, names, explicit=explicit)


def _take(record: Mapping[str, object], where: str, gathering: Gathering, names: Names, *, explicit: bool) -> None:
    meta = record.get("meta")
    places = [record, meta] if isinstance(meta, dict) else [record]
    own_id = as_name("_input_hash", record.get("_input_hash"))
    subject = gathering.subject(places, ("text",), own_id)
    answer = record.get("answer")
    if answer not in ("accept", "reject", "ignore"):
        raise FieldError("answer", "missing or not known; allowed: accept, reject, ignore")
    if answer == "ignore":
        gathering.skip("ignored")
        return
    if "accept" not in record and "label" in record:
        answers = _binary(record["label"], names, accepted=answer == "accept")
    elif answer == "reject":
        # Rejecting a choice refuses the task as a whole; it isn't a no to its options.
        gathering.skip("rejected")
        return
    else:
        answers = _chosen(record, names, explicit=explicit)
    annotator = gathering.find("annotator", places, "_annotator_id", "_session_id")
    gathering.add(where, subject, as_name("_annotator_id or _session_id", annotator), answers)


def _binary(label: object, names: Names, *, accepted: bool) -> dict[str, Answer | None]:
    """Return the answer to the one label that was shown."""
    (asked,) = chosen_answers("label", [label], names, explicit=False)
    return {asked: "yes" if accepted else "no"}


def _chosen(record: Mapping[str, object], names: Names, *, explicit: bool) -> dict[str, Answer | None]:
    answers = chosen_answers("accept", as_list("accept", record.get("accept")), names, explicit=explicit)
    if explicit:
        return answers
    asked = _asked(record, names)
    config = record.get("config")
    if len(asked) > 1 and isinstance(config, dict) and config.get("choice_style") == "single":
        raise FieldError(
            "config.choice_style",
            "with a single choice, what is not chosen is not a no; allowed: multiple, or options such as mh_nexus:no",
        )
    return {label: answers.get(label, "no") for label in asked} | answers


def _asked(record: Mapping[str, object], names: Names) -> list[str]:
    """Return the labels among the options; without options, both."""
    options = record.get("options")
    if not isinstance(options, list):
        return list(names.values())
    offered = [option.get("id") for option in options if isinstance(option, dict)]
    return [label for name, label in names.items() if name in offered]
