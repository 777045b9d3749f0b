"""Cue phrases by concept, and the words that change a cue's scope, read from data files that a city edits.

Three CSV files make a lexicon; an overlay for a city adds cues to the base:

- ``concepts.csv``: ``concept,family,description``
- ``cues.csv``: ``concept,phrase``
- ``markers.csv``: ``scope,direction,reach,phrase``
"""

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from callnexus.errors import LexiconError

SCOPES = ("present", "asked", "past", "other", "negated", "secured")
"""How a cue is meant, from weakest to strongest: where two markers govern one cue the later scope wins."""

BREAK = "break"
"""The scope of markers that end other scopes and give none themselves."""

DIRECTIONS = ("before", "after", "both")
FILES = ("concepts.csv", "cues.csv", "markers.csv")
LONGEST_PHRASE = 6


@dataclass(frozen=True, slots=True)
class Concept:
    """What a group of cue phrases means."""

    name: str
    family: str
    description: str


@dataclass(frozen=True, slots=True)
class Cue:
    """One phrase of a concept."""

    concept: str
    phrase: str


@dataclass(frozen=True, slots=True)
class Marker:
    """One phrase that gives a scope to the cues within `reach` words before or after it, or ends scopes."""

    scope: str
    direction: str
    reach: int
    phrase: str


@dataclass(frozen=True, slots=True)
class Lexicon:
    """Concepts, cues and markers, in the order that feature columns are numbered by."""

    concepts: tuple[Concept, ...]
    cues: tuple[Cue, ...]
    markers: tuple[Marker, ...]


def shipped(overlays: Sequence[str] = ()) -> Lexicon:
    """Return the lexicon that comes with the library, with the named city overlays added.

    A phrase that an overlay gives to another concept follows the overlay: a city knows its own codes.

    Raises:
        LexiconError: If an overlay does not exist or a file has a bad row.
    """
    here = Path(__file__).parent
    base = parse({name: (here / name).read_text(encoding="utf-8") for name in FILES})
    cues = {cue.phrase: cue for cue in base.cues}
    for name in overlays:
        path = here / "cities" / f"{name}.csv"
        if not path.is_file():
            known = sorted(p.name.removesuffix(".csv") for p in (here / "cities").iterdir())
            raise LexiconError(f"no city overlay named {name!r}; there are: {', '.join(known)}")
        for row in _rows(path.name, path.read_text(encoding="utf-8"), ("concept", "phrase")):
            cues[row[1]] = Cue(*row)
    return _checked(base.concepts, tuple(cues.values()), base.markers)


def parse(texts: Mapping[str, str]) -> Lexicon:
    """Return the lexicon written in three CSV texts, by the names in FILES.

    Raises:
        LexiconError: If a row cannot be used, with file, line and reason.
    """
    concepts = (Concept(*row) for row in _rows(FILES[0], texts[FILES[0]], ("concept", "family", "description")))
    cues = (Cue(*row) for row in _rows(FILES[1], texts[FILES[1]], ("concept", "phrase")))
    return _checked(tuple(concepts), tuple(cues), tuple(_markers(texts[FILES[2]])))


def to_files(lexicon: Lexicon) -> dict[str, str]:
    """Return the text of each file of a lexicon; `parse` of them gives the lexicon back."""
    tables: dict[str, tuple[Sequence[str], Iterable[Sequence[str]]]] = {
        "concepts.csv": (
            ("concept", "family", "description"),
            ((c.name, c.family, c.description) for c in lexicon.concepts),
        ),
        "cues.csv": (("concept", "phrase"), ((c.concept, c.phrase) for c in lexicon.cues)),
        "markers.csv": (
            ("scope", "direction", "reach", "phrase"),
            ((m.scope, m.direction, str(m.reach), m.phrase) for m in lexicon.markers),
        ),
    }
    return {name: "".join(map(_csv_line, [header, *rows])) for name, (header, rows) in tables.items()}


def _csv_line(fields: Sequence[str]) -> str:
    return ",".join(f'"{field}"' if "," in field else field for field in fields) + "\n"


def _rows(name: str, text: str, header: tuple[str, ...]) -> list[list[str]]:
    lines = text.splitlines()
    reader = csv.reader(lines)
    try:
        rows = list(reader)
    except csv.Error as error:
        raise LexiconError(f"{name}: line {reader.line_num}: not CSV: {error}") from error
    if not rows or tuple(rows[0]) != header:
        raise LexiconError(f"{name}: line 1: the header must be {','.join(header)}")
    # All at once first: there are thousands of rows, and the line matters only for a bad one.
    if set(map(len, rows)) != {len(header)} or not all(map(all, rows)):
        reader = csv.reader(lines)
        for row in reader:
            if len(row) != len(header) or not all(row):
                raise LexiconError(f"{name}: line {reader.line_num}: {len(header)} filled fields are needed")
    return rows[1:]


def _markers(text: str) -> Iterator[Marker]:
    for line, (scope, direction, reach, phrase) in enumerate(
        _rows("markers.csv", text, ("scope", "direction", "reach", "phrase")), start=2
    ):
        where = f"markers.csv: line {line}"
        if scope not in (*SCOPES[1:], BREAK):
            raise LexiconError(f"{where}: scope must be one of {', '.join((*SCOPES[1:], BREAK))}")
        if direction not in DIRECTIONS:
            raise LexiconError(f"{where}: direction must be one of {', '.join(DIRECTIONS)}")
        if not (reach.isascii() and reach.isdigit() and len(reach) <= 3):
            raise LexiconError(f"{where}: reach must be a whole number of words, at most 999")
        yield Marker(scope, direction, int(reach), phrase)


def _checked(concepts: tuple[Concept, ...], cues: tuple[Cue, ...], markers: tuple[Marker, ...]) -> Lexicon:
    unknown = sorted({cue.concept for cue in cues} - {concept.name for concept in concepts})
    if unknown:
        raise LexiconError(f"cues of concepts that concepts.csv does not list: {', '.join(unknown)}")
    return Lexicon(concepts, cues, markers)
