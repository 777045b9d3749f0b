"""Plain tables: CSV with a header, or JSONL with an object per line, by a column mapping.

With an annotator column a row is one annotator's answers; without one it is a settled example.
"""

from collections.abc import Mapping, Sequence

from callnexus.corpus.examples import Answer
from callnexus.corpus.importing.gathering import Gathering
from callnexus.corpus.importing.reading import Row
from callnexus.corpus.importing.values import FieldError, as_answer, as_name
from callnexus.labels import LABEL_NAMES


def recognises(record: Mapping[str, object]) -> bool:
    """Return whether a record is a row in our own words."""
    return "narrative" in record and any(label in record for label in LABEL_NAMES)


def gather(rows: Sequence[Row], gathering: Gathering) -> None:
    """Take each row; a label or annotator column that any row has is expected in all."""
    known = {name for row in rows if isinstance(row.value, dict) for name in row.value}
    lacking = [name for name in ("id", "narrative") if gathering.name(name) not in known]
    for name in lacking if rows else ():
        gathering.problems.append(f"columns: {name}: no such column; map the one that holds it")
    if lacking:
        return
    expected = [name for name in (*LABEL_NAMES, "annotator") if gathering.name(name) in known]
    for where, record, _ in gathering.objects(rows, gathering.name("id")):
        with gathering.at(where):
            _take(record, where, expected, gathering)


def _take(record: Mapping[str, object], where: str, expected: Sequence[str], gathering: Gathering) -> None:
    subject = gathering.subject([record], ("narrative",), record.get("id"))
    answers: dict[str, Answer | None] = {}
    for name in expected:
        if gathering.name(name) not in record:
            raise FieldError(name, "missing, while other records have it")
        value = gathering.find(name, [record], name)
        # An empty cell is a question that was not asked, which CSV cannot say otherwise.
        if name != "annotator" and value != "":
            answers[name] = as_answer(name, value)
    annotator = as_name("annotator", record.get(gathering.name("annotator"))) if "annotator" in expected else None
    gathering.add(where, subject, annotator, answers)
