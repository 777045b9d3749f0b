"""Does a model do what the codebook says, one capability at a time? Hand-written cases in, one row a capability out.

Behavioural tests in the sense of CheckList (Ribeiro et al., ACL 2020), which find what an average over examples
hides. Three kinds of case:

- ``mft``, minimum functionality: a text whose label the codebook settles;
- ``inv``, invariance: a second text that says the same, so the answer must stay;
- ``dir``, direction: a second text that must score higher or lower on the label.

The cases are written from the codebook, never from what a model says, and they are not for training on.
"""

import csv
import io
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from types import MappingProxyType
from typing import Any, Protocol

from callnexus.errors import ExamplesError
from callnexus.evaluation.metrics import Rate, wilson
from callnexus.labels import LABEL_NAMES, Decision

COLUMNS = ("capability", "kind", "label", "text", "other", "expected")

EXPECTED: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {"mft": ("yes", "no", "not_yes", "not_no"), "inv": ("same",), "dir": ("higher", "lower")}
)
"""What each kind of case may expect. `not_yes` and `not_no` are for text that no model of English can be sure of."""

LARGEST_MOVE = 0.2
"""An invariant probability moves by less than this."""

SMALLEST_STEP = 0.5
"""A direction is followed by this much log-odds or more: .50 to .62, or .95 to .97. Probabilities saturate."""

REQUIRED_BY_DEFAULT = 0.8

REQUIRED: Mapping[str, float] = MappingProxyType(
    dict.fromkeys(
        ("negation_then_danger", "weapon_present", "ideation_with_means", "self_harm_now", "deadly_place"), 0.9
    )
)
"""Pass rates required of the capabilities whose failure sends nobody where somebody is about to be hurt."""

_UNDECIDED = (Decision.UNSURE, Decision.INSUFFICIENT)
_ALLOWED = {
    "yes": (Decision.YES,),
    "no": (Decision.NO,),
    "not_yes": (Decision.NO, *_UNDECIDED),
    "not_no": (Decision.YES, *_UNDECIDED),
}


class Answer(Protocol):
    """What is known of one label of one text; a `LabelPrediction` is one."""

    @property
    def probability(self) -> float:
        """In [0, 1]."""

    @property
    def decision(self) -> Decision:
        """By the model's own thresholds."""


class Answers(Protocol):
    """The answers to one text, by label; a `Prediction` is one."""

    @property
    def mh_nexus(self) -> Answer:
        """Does the call have a mental health nexus?"""

    @property
    def safety_risk(self) -> Answer:
        """Is there an imminent safety risk?"""


@dataclass(frozen=True, slots=True)
class BehaviourCase:
    """One thing that a model must do.

    Attributes:
        capability: What is tested, in snake_case.
        kind: mft, inv or dir.
        label: Name of the label that is looked at.
        text: A narrative.
        other: The narrative it is compared with; empty for mft.
        expected: One of EXPECTED[kind].
        file: Where the case is written.
        line: Its line there, counted from 1.
    """

    capability: str
    kind: str
    label: str
    text: str
    other: str
    expected: str
    file: str
    line: int


@dataclass(frozen=True, slots=True)
class BehaviourRow:
    """How a model did on one capability.

    Cases that share a text, one for each label, are counted one by one, so the interval of such a capability is
    somewhat too narrow.

    Attributes:
        capability: What was tested.
        kind: mft, inv or dir.
        rate: Share of cases passed, with its Wilson interval.
        required: The share that is required.
        unsure: Cases in which an answer was unsure or insufficient, passed or not.
        file: Where the capability's cases are written.
        failed: Lines of that file with the failed cases. Never their text.
    """

    capability: str
    kind: str
    rate: Rate
    required: float
    unsure: int
    file: str
    failed: tuple[int, ...]

    @property
    def ok(self) -> bool:
        """Whether the required share of cases passed."""
        return self.rate.value is not None and self.rate.value >= self.required

    def to_dict(self) -> dict[str, Any]:
        """Return the row as plain JSON types."""
        return asdict(self) | {"failed": list(self.failed), "ok": self.ok}


def shipped_cases() -> list[BehaviourCase]:
    """Return the cases that come with the library."""
    here = files("callnexus.behaviour_cases")
    return read_cases(sorted((path for path in here.iterdir() if path.name.endswith(".csv")), key=lambda p: p.name))


def read_cases(paths: Iterable[Path | Traversable]) -> list[BehaviourCase]:
    """Return the cases of CSV files with the columns COLUMNS, in reading order.

    All bad rows are reported at once, by file, line and field, without their text.

    Raises:
        ExamplesError: If a file cannot be read or a row cannot be used.
    """
    cases: list[BehaviourCase] = []
    problems: list[str] = []
    for path in paths:
        try:
            for line, row in _rows(path.read_text(encoding="utf-8")):
                found = _row_problems(row)
                problems += [f"{path.name}:{line}: {problem}" for problem in found]
                if not found:
                    cases.append(_case(row, path.name, line))
        except (OSError, UnicodeDecodeError):
            problems.append(f"{path.name}: cannot be read as UTF-8 text")
        except csv.Error as error:
            problems.append(f"{path.name}: not CSV: {error}")
    problems += _clashes(cases)
    if problems:
        raise ExamplesError(problems)
    return cases


def _rows(text: str) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    header = next(reader, [])
    if tuple(header) != COLUMNS:
        raise csv.Error(f"the header must be {','.join(COLUMNS)}")
    for row in reader:
        yield reader.line_num, row


def _case(row: Sequence[str], file: str, line: int) -> BehaviourCase:
    capability, kind, label, text, other, expected = row
    return BehaviourCase(capability, kind, label, text, other, expected, file, line)


def _row_problems(row: Sequence[str]) -> list[str]:
    if len(row) != len(COLUMNS):
        return [f"{len(COLUMNS)} fields are needed, not {len(row)}"]
    capability, kind, label, text, other, expected = row
    if kind not in EXPECTED:
        return [f"kind: must be one of {', '.join(EXPECTED)}"]
    checks = {
        "capability: must be snake_case": not capability.isidentifier() or capability != capability.lower(),
        f"label: must be one of {', '.join(LABEL_NAMES)}": label not in LABEL_NAMES,
        "text: must not be empty": not text.strip(),
        "other: must be empty for mft": kind == "mft" and other != "",
        f"other: must be a second text for {kind}": kind != "mft" and (not other.strip() or other == text),
        f"expected: must be one of {', '.join(EXPECTED[kind])} for {kind}": expected not in EXPECTED[kind],
    }
    return [problem for problem, wrong in checks.items() if wrong]


def _clashes(cases: Iterable[BehaviourCase]) -> Iterator[str]:
    """Yield what is wrong between rows: a capability of two files or kinds, the same case twice."""
    first: dict[str, BehaviourCase] = {}
    seen: dict[tuple[str, str, str], BehaviourCase] = {}
    for case in cases:
        start = first.setdefault(case.capability, case)
        twin = seen.setdefault((case.label, case.text, case.other), case)
        if start.file != case.file:
            yield f"{case.file}:{case.line}: capability: already begun in {start.file}; keep its cases in one file"
        if start.kind != case.kind:
            yield f"{case.file}:{case.line}: kind: {case.capability} is {start.kind} on line {start.line}"
        if twin is not case:
            yield f"{case.file}:{case.line}: text: the same case stands in {twin.file}:{twin.line}"


def behaviour_rows(
    cases: Sequence[BehaviourCase],
    predict: Callable[[list[str]], Sequence[Answers]],
    *,
    required: Mapping[str, float] = REQUIRED,
) -> list[BehaviourRow]:
    """Return one row per capability, in the order of the cases.

    Args:
        cases: From `shipped_cases` or `read_cases`.
        predict: Gives one set of answers per narrative, in order, such as `model.predict_many`. Called once, with
            every distinct text once.
        required: Pass rates by capability; REQUIRED_BY_DEFAULT for the others.

    Raises:
        ValueError: If `predict` gives more or fewer answers than narratives.
    """
    texts = list(dict.fromkeys(text for case in cases for text in (case.text, case.other) if text))
    answered = dict(zip(texts, predict(texts), strict=True))
    by_capability: dict[str, list[BehaviourCase]] = {}
    for case in cases:
        by_capability.setdefault(case.capability, []).append(case)
    return [
        _row(group, answered, required.get(capability, REQUIRED_BY_DEFAULT))
        for capability, group in by_capability.items()
    ]


def _row(cases: Sequence[BehaviourCase], answered: Mapping[str, Answers], required: float) -> BehaviourRow:
    failed, unsure = [], 0
    for case in cases:
        given: list[Answer] = [getattr(answered[text], case.label) for text in (case.text, case.other) if text]
        unsure += any(answer.decision in _UNDECIDED for answer in given)
        if not _passes(case, given):
            failed.append(case.line)
    rate = wilson(len(cases) - len(failed), len(cases))
    return BehaviourRow(cases[0].capability, cases[0].kind, rate, required, unsure, cases[0].file, tuple(failed))


def _passes(case: BehaviourCase, given: Sequence[Answer]) -> bool:
    if case.kind == "mft":
        return given[0].decision in _ALLOWED[case.expected]
    before, after = given
    if case.kind == "inv":
        same_side = (before.decision is Decision.YES) == (after.decision is Decision.YES)
        return same_side and abs(after.probability - before.probability) < LARGEST_MOVE
    step = _log_odds(after.probability) - _log_odds(before.probability)
    return (step if case.expected == "higher" else -step) >= SMALLEST_STEP


def _log_odds(probability: float) -> float:
    # Clipped where a float32 probability could only say 0 or 1.
    inside = min(max(probability, 1e-7), 1 - 1e-7)
    return math.log(inside / (1 - inside))


def behaviour_json(rows: Sequence[BehaviourRow]) -> dict[str, Any]:
    """Return the rows and their totals as plain JSON types."""
    return {
        "cases": sum(row.rate.cases for row in rows),
        "passed": sum(row.rate.hits for row in rows),
        "unsure": sum(row.unsure for row in rows),
        "not_ok": [row.capability for row in rows if not row.ok],
        "capabilities": [row.to_dict() for row in rows],
    }
