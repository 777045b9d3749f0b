"""Joining what annotators said, record by record, to examples: the part that every format shares."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from pydantic import ValidationError

from callnexus.corpus.examples import GROUP_COLUMNS, REGISTERS, Answer, Example, Vote
from callnexus.corpus.importing.reading import Row
from callnexus.corpus.importing.values import FieldError, as_name, as_narrative, told
from callnexus.errors import ExamplesError
from callnexus.labels import LABEL_NAMES

_TAKEN_BY_NAME = ("register", *GROUP_COLUMNS)
# These names are too common in other meanings to be taken unless the caller maps them.
_TAKEN_IF_MAPPED = ("city_type", "date", "group_id", "group_kind", "hard")
FIELDS = ("id", "narrative", *LABEL_NAMES, "annotator", *_TAKEN_BY_NAME, *_TAKEN_IF_MAPPED)
"""The fields of an example that a column of the export can be mapped to."""


@dataclass(frozen=True, slots=True)
class Subject:
    """What an annotator was asked about: the record's id, its narrative, and what else the record says of it."""

    id: str
    narrative: str
    extras: Mapping[str, str]


@dataclass(slots=True)
class _Home:
    """All that was said of one id; the annotator None stands for a label that came already settled."""

    subject: Subject
    where: str
    said: dict[str | None, dict[str, Answer | None]] = field(default_factory=dict)


class Gathering:
    """Collects answers, problems and skipped items of one export; `examples` joins them.

    Args:
        columns: Field of an example to the name that the export gives it.
        confirmed_only: Whether the caller declares that unfinished annotations are not in the export.
    """

    def __init__(self, columns: Mapping[str, str], *, confirmed_only: bool) -> None:
        self.confirmed_only = confirmed_only
        self.problems: list[str] = []
        self._columns = columns
        self._found: set[str] = set()
        self._skipped: Counter[str] = Counter()
        self._homes: dict[str, _Home] = {}

    @property
    def skipped(self) -> Mapping[str, int]:
        """How many items of each kind were left out."""
        return dict(sorted(self._skipped.items()))

    def skip(self, kind: str, times: int = 1) -> None:
        """Count items that give no answer, so that nothing goes missing in silence."""
        if times:
            self._skipped[kind] += times

    @contextmanager
    def at(self, where: str) -> Iterator[None]:
        """Turn a `FieldError` raised inside into a problem at this place, and go on after it."""
        try:
            yield
        except FieldError as bad:
            self.problems.append(f"{where}: {bad}")

    def objects(self, rows: Sequence[Row], own_id: str) -> Iterator[tuple[str, Mapping[str, object], str]]:
        """Yield (where, record, source) of each row that is an object; anything else is a problem.

        Args:
            rows: The rows of the export.
            own_id: The key of the tool's own id, told in messages beside the record's number.
        """
        for row in rows:
            if isinstance(row.value, dict):
                yield row.where + told(own_id, row.value.get(own_id)), row.value, row.source
            else:
                self.problems.append(f"{row.where}: record: must be a JSON object")

    def name(self, field: str) -> str:
        """Return what the export calls a label: its mapped name or its own."""
        return self._columns.get(field, field)

    def claim(self, *fields: str) -> None:
        """Note that the export knows these fields, though not as a key of a record."""
        self._found.update(fields)

    def find(self, field: str, places: Sequence[Mapping[str, object]], *usual: str) -> object:
        """Return the value under the field's mapped name, or else under the first usual one; null counts as absent."""
        for name in [self._columns[field]] if field in self._columns else usual:
            for place in places:
                if name in place:
                    self._found.add(field)
                    if place[name] is not None:
                        return place[name]
        return None

    def subject(self, places: Sequence[Mapping[str, object]], text: Sequence[str], own_id: object) -> Subject:
        """Return what the record is about.

        Args:
            places: The objects of the record in which names are looked up, in this order.
            text: The names under which this tool keeps the narrative.
            own_id: The tool's id, used unless the caller maps another.
        """
        extras = {}
        for name in (*_TAKEN_BY_NAME, *_TAKEN_IF_MAPPED):
            value = self.find(name, places, *([name] if name in _TAKEN_BY_NAME else []))
            if value is not None and value != "":
                extras[name] = as_name(name, value)
        return Subject(
            id=as_name("id", self.find("id", places) if "id" in self._columns else own_id),
            narrative=as_narrative("narrative", self.find("narrative", places, *text)),
            extras=extras,
        )

    def add(self, where: str, subject: Subject, annotator: str | None, answers: Mapping[str, Answer | None]) -> None:
        """Take one annotator's answers; only labels that were asked are in `answers`, None is "unclear".

        Raises:
            FieldError: If the id stands already for another text, or the annotator has answered already.
        """
        home = self._homes.setdefault(subject.id, _Home(subject, where))
        if home.subject.narrative != subject.narrative:
            raise FieldError("narrative", f"differs from the text of {home.where}; one id stands for one text")
        if home.subject.extras != subject.extras:
            names = sorted(dict(home.subject.extras.items() ^ subject.extras.items()))
            raise FieldError(", ".join(names), f"differs from {home.where}, which has the same id")
        said = home.said.setdefault(annotator, {})
        twice = sorted(said.keys() & answers.keys())
        if twice and annotator is None:
            raise FieldError("id", f"stands already at {home.where}; where a row is one annotator's, map annotator")
        if twice:
            raise FieldError("annotator", f"answered {' and '.join(twice)} already at {home.where}; keep one answer")
        said.update(answers)

    def examples(self, *, batch: str, register: str | None) -> list[Example]:
        """Return an example for each id, in order.

        Raises:
            ExamplesError: If there was any problem in the whole export.
        """
        self._check_names()
        made = [self._example(home, batch, register) for home in self._homes.values()]
        if self.problems:
            raise ExamplesError(self.problems)
        return [example for example in made if example is not None]

    def _check_names(self) -> None:
        said = [answers for home in self._homes.values() for answers in home.said.values()]
        if said and not any(said):
            asked = " or ".join(self.name(label) for label in LABEL_NAMES)
            self.problems.append(f"labels: no answer to {asked} anywhere; map the names that the export uses")
        for unknown in sorted(self._columns.keys() - self._found) if said else ():
            self.problems.append(f"columns: {unknown}: no record has the column that is mapped to it")

    def _example(self, home: _Home, batch: str, register: str | None) -> Example | None:
        row = {
            "id": home.subject.id,
            "narrative": home.subject.narrative,
            "votes": {name: Vote(**said) for name, said in home.said.items() if name is not None},
            "batch": batch,
            "register": register,
            **home.subject.extras,
            **{label: settle([said[label] for said in home.said.values() if label in said]) for label in LABEL_NAMES},
        }
        if row["register"] is None:
            allowed = ", ".join(REGISTERS)
            self.problems.append(f"{home.where}: register: missing; give one for all or map a column: {allowed}")
            return None
        try:
            return Example.model_validate(row)
        except ValidationError as error:
            for problem in error.errors(include_input=False, include_url=False):
                place = ".".join(map(str, problem["loc"][:1]))
                self.problems.append(f"{home.where}: {place}: {problem['msg']}")
        return None


def settle(votes: Sequence[Answer | None]) -> Answer | None:
    """Return the answer of more than half of the votes, else None: to be adjudicated.

    "Unclear" is a vote for neither, so one yes and one unclear are not settled. Someone who was not asked has no vote.
    """
    answers: tuple[Answer, Answer] = ("yes", "no")
    return next((answer for answer in answers if 2 * votes.count(answer) > len(votes)), None)
