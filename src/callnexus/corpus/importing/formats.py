"""Every format by name: what it is recognised by, how its file is read, and who takes its records."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from callnexus.corpus.examples import REGISTERS, Example
from callnexus.corpus.importing import argilla, doccano, label_studio, prodigy, tables
from callnexus.corpus.importing.gathering import FIELDS, Gathering
from callnexus.corpus.importing.reading import Row, csv_rows, json_rows, jsonl_rows, zip_or_jsonl_rows
from callnexus.errors import ExamplesError
from callnexus.labels import LABEL_NAMES


@dataclass(frozen=True, slots=True)
class Imported:
    """What an export gave.

    Attributes:
        examples: One per record that somebody has annotated; a null label is to be adjudicated.
        skipped: How many items gave no answer, by kind: "cancelled", "discarded", "draft", "ignored", "pending",
            "rejected", "prediction", "other control", "other question", and "unannotated" for whole records.
    """

    examples: tuple[Example, ...]
    skipped: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class _Format:
    endings: tuple[str, ...]
    rows: Callable[[Path, list[str]], Iterator[Row]]
    recognises: Callable[[Mapping[str, object]], bool]
    gather: Callable[[Sequence[Row], Gathering], None]


_FORMATS = {
    "label-studio": _Format((".json",), json_rows, label_studio.recognises, label_studio.gather),
    "label-studio-min": _Format((".json",), json_rows, label_studio.recognises_min, label_studio.gather_min),
    "doccano": _Format((".zip", ".jsonl"), zip_or_jsonl_rows, doccano.recognises, doccano.gather),
    "prodigy": _Format((".jsonl",), jsonl_rows, prodigy.recognises, prodigy.gather),
    "argilla": _Format((".json",), json_rows, argilla.recognises, argilla.gather),
    "csv": _Format((".csv",), csv_rows, lambda record: True, tables.gather),
    "jsonl": _Format((".jsonl",), jsonl_rows, tables.recognises, tables.gather),
}

FORMATS: tuple[str, ...] = tuple(_FORMATS)
"""The names of the formats that can be imported."""


def import_examples(
    path: Path,
    *,
    format: str,
    batch: str,
    register: str | None,
    columns: Mapping[str, str] | None = None,
    confirmed_only: bool = False,
) -> Imported:
    """Return the examples of an annotation tool's export, with each annotator's votes and the label they settle.

    A label is settled by more than half of those who were asked; else it is null. Ids are the tool's own, or ours
    where the export carries them. The group columns and the register are taken from a record's data or metadata where
    their names match.

    Args:
        path: The exported file.
        format: One of `FORMATS`; `detect_format` finds it.
        batch: The batch of all examples, such as "imported"; batches never stand in two splits.
        register: The register of every record that states none of its own.
        columns: Field of an example (id, narrative, mh_nexus, safety_risk, annotator, register, ...) to the name that
            the export gives it, where that differs.
        confirmed_only: A declaration by the caller: the export holds finished annotations only. doccano's and
            Argilla's exports cannot tell.

    Raises:
        ExamplesError: If anything in the export is broken; every bad record is listed, with its number or id, field,
            reason and what is allowed, and never with its text. Nothing is dropped in silence.
    """
    columns = columns or {}
    wrong = list(_wrong_options(format, batch, register, columns))
    if wrong:
        raise ExamplesError(wrong)
    gathering = Gathering(columns, confirmed_only=confirmed_only)
    rows = list(_FORMATS[format].rows(path, gathering.problems))
    if not rows and not gathering.problems:
        raise ExamplesError([f"{path.name}: no records found"])
    _FORMATS[format].gather(rows, gathering)
    examples = gathering.examples(batch=batch, register=register)
    return Imported(tuple(examples), gathering.skipped)


def _wrong_options(format: str, batch: str, register: str | None, columns: Mapping[str, str]) -> Iterator[str]:
    if format not in _FORMATS:
        yield f"format: not known; allowed: {', '.join(FORMATS)}"
    if not 1 <= len(batch) <= 100:
        yield "batch: must have 1 to 100 characters"
    if register is not None and register not in REGISTERS:
        yield f"register: not known; allowed: {', '.join(REGISTERS)}"
    if len(set(columns.values())) < len(columns) or len({columns.get(label, label) for label in LABEL_NAMES}) == 1:
        yield "columns: two fields are mapped to one name"
    unknown = sorted(columns.keys() - set(FIELDS))
    if unknown:
        yield f"columns: {', '.join(unknown)}: not a field of an example; allowed: {', '.join(FIELDS)}"


def detect_format(path: Path) -> str:
    """Return the one format that the file's ending and first record fit.

    Raises:
        ExamplesError: If the file cannot be read, or no format or more than one fits; then the caller has to name it.
    """
    problems: list[str] = []
    fitting = [
        name
        for name, known in _FORMATS.items()
        if path.suffix.lower() in known.endings and _fits(known, path, problems)
    ]
    if len(fitting) == 1:
        return fitting[0]
    found = f"{' and '.join(fitting)} fit" if fitting else "no format fits"
    told = f"{path.name}: format: {found}; name one of {', '.join(FORMATS)}"
    raise ExamplesError([*dict.fromkeys(problems), told])


def _fits(known: _Format, path: Path, problems: list[str]) -> bool:
    first = next(known.rows(path, problems), None)
    return first is not None and isinstance(first.value, dict) and known.recognises(first.value)
