"""doccano's JSONL export: one file with the labels of all, or a zip with a file per annotator.

doccano writes `"label": []` for a record that nobody has opened and for one whose answer is "none of them". Its option
to export confirmed (approved) records only leaves the first kind out; the caller has to declare that it was used.
"""

from collections.abc import Mapping, Sequence

from callnexus.corpus.importing.choices import Names, chosen_answers, is_explicit
from callnexus.corpus.importing.gathering import Gathering
from callnexus.corpus.importing.reading import Row
from callnexus.corpus.importing.values import FieldError, as_list, as_name
from callnexus.labels import LABEL_NAMES

_TEXT_NAMES = ("text", "data")  # some releases write "data"


def recognises(record: Mapping[str, object]) -> bool:
    """Return whether a record is a line of the text classification export."""
    return isinstance(record.get("label"), list) and any(name in record for name in _TEXT_NAMES)


def gather(rows: Sequence[Row], gathering: Gathering) -> None:
    """Take each line as the answers of the annotator that its file is named by."""
    names = {gathering.name(label): label for label in LABEL_NAMES}
    gathering.claim(*LABEL_NAMES)
    explicit = is_explicit((row.value.get("label") for row in rows if isinstance(row.value, dict)), names)
    for where, record, source in gathering.objects(rows, "id"):
        with gathering.at(where):
            _take(record, source, where, gathering, names, explicit=explicit)


def _take(
    record: Mapping[str, object], source: str, where: str, gathering: Gathering, names: Names, *, explicit: bool
) -> None:
    subject = gathering.subject([record], _TEXT_NAMES, record.get("id"))
    answers = chosen_answers("label", as_list("label", record.get("label")), names, explicit=explicit)
    silent = not answers if explicit else len(answers) < len(names)
    if silent and not gathering.confirmed_only:
        raise FieldError(
            "label",
            "a label that is not chosen may be a no, or nobody has read the record yet; export confirmed records "
            "only and declare it (confirmed_only), or use labels such as mh_nexus:no",
        )
    if not explicit:
        answers = {label: answers.get(label, "no") for label in names.values()}
    gathering.add(where, subject, as_name("file name", source), answers)
