"""One annotated example, and reading many from JSONL with every bad row reported at once."""

import datetime
import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from callnexus.errors import ExamplesError, GroupColumnError, unreadable
from callnexus.labels import LABEL_NAMES

Answer = Literal["yes", "no"]
GROUP_COLUMNS = ("district", "caller_language", "subject_race", "subject_sex", "subject_age_band")
"""The call record's group columns, by which error rates are compared."""

GROUPABLE = (*GROUP_COLUMNS, "register", "city_type", "batch")
"""Every column that a report may group examples by."""

SETTLED = "settled"
"""Name of the vote of the third reading, which is no independent annotator."""

Register = Literal["dispatch", "notes", "transcript", "field_report", "referral"]
REGISTERS: tuple[str, ...] = get_args(Register)


class Vote(BaseModel):
    """One annotator's answers; null is "unclear" or "not asked"."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    mh_nexus: Answer | None = None
    safety_risk: Answer | None = None


class Example(BaseModel):
    """A narrative with its labels, the votes behind them, where it came from, and the call record's groups."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=False)

    id: str = Field(min_length=1, max_length=100)
    narrative: str = Field(min_length=1)
    mh_nexus: Answer | None
    safety_risk: Answer | None
    votes: Mapping[str, Vote] = Field(default_factory=dict)
    batch: str = Field(min_length=1, max_length=100)
    register_: Register = Field(alias="register")
    city_type: str | None = None
    hard: str | None = None
    group_id: str | None = None
    group_kind: Literal["contrast", "invariance"] | None = None
    date: datetime.date | None = None
    district: str | None = None
    caller_language: str | None = None
    subject_race: str | None = None
    subject_sex: str | None = None
    subject_age_band: str | None = None

    def to_line(self) -> str:
        """Return the example as one line of JSONL, which `read_examples` reads back."""
        return json.dumps(self.model_dump(mode="json", by_alias=True), ensure_ascii=False) + "\n"


def read_examples(paths: Iterable[Path]) -> list[Example]:
    """Return the examples of JSONL files, or of every *.jsonl under a folder, in order.

    Raises:
        ExamplesError: If any row is bad or any id stands twice; every problem is listed, with file, line, field and
            what is allowed, and never with the narrative's text. Nothing is dropped.
    """
    examples: list[Example] = []
    problems: list[str] = []
    seen: dict[str, str] = {}
    for where, line in _lines(paths, problems):
        example = _parse(line, where, problems)
        if example is None:
            continue
        if example.id in seen:
            problems.append(f"{where}: id: {example.id!r} stands already in {seen[example.id]}; ids are unique")
        seen.setdefault(example.id, where)
        examples.append(example)
    if problems:
        raise ExamplesError(problems)
    if not examples:
        raise ExamplesError(["no examples found: give JSONL files, or folders that hold some"])
    return examples


def read_narratives(path: Path) -> dict[str, str]:
    """Return unlabelled narratives by id, in order, from JSONL rows with "id" and "narrative".

    Raises:
        ExamplesError: If a row is bad or an id stands twice; every problem is listed, never with the narrative's text.
    """
    narratives: dict[str, str] = {}
    problems: list[str] = []
    for where, line in _lines([path], problems):
        try:
            row = _Narrative.model_validate(json.loads(line))
        except ValidationError as error:
            problems += _fields(error, where)
        except (ValueError, RecursionError):
            problems.append(f"{where}: row: not JSON")
        else:
            if row.id in narratives:
                problems.append(f"{where}: id: {row.id!r} stands twice; ids are unique")
            narratives[row.id] = row.narrative
    if problems:
        raise ExamplesError(problems)
    return narratives


class _Narrative(BaseModel):
    model_config = ConfigDict(coerce_numbers_to_str=True)

    id: str
    narrative: str


def _lines(paths: Iterable[Path], problems: list[str]) -> Iterator[tuple[str, str]]:
    """Yield (where, line) for each line that is not blank; what cannot be read is added to the problems."""
    for path in paths:
        if not path.exists():
            problems.append(f"{path}: no such file or folder")
            continue
        for file in sorted(path.glob("*.jsonl")) if path.is_dir() else [path]:
            try:
                text = file.read_text(encoding="utf-8")
            except (OSError, UnicodeDecodeError) as error:
                problems.append(f"{file}: cannot be read as UTF-8: {unreadable(error)}")
                continue
            # Only "\n" ends a row: splitlines would also cut at separators that JSON leaves inside strings.
            for number, line in enumerate(text.split("\n"), start=1):
                if line.strip():
                    yield f"{file.name}: line {number}", line


def _parse(line: str, where: str, problems: list[str]) -> Example | None:
    try:
        return Example.model_validate(json.loads(line))
    except ValidationError as error:
        problems += _fields(error, where)
    except ValueError as error:
        problems.append(f"{where}: row: not JSON: {getattr(error, 'msg', type(error).__name__)}")
    except RecursionError:
        problems.append(f"{where}: row: not JSON: nested too deeply")
    return None


def _fields(error: ValidationError, where: str) -> list[str]:
    return [
        f"{where}: {'.'.join(map(str, problem['loc'])) or 'row'}: {_said(problem)}"
        for problem in error.errors(include_input=False, include_url=False)
    ]


def _said(problem: Mapping[str, Any]) -> str:
    # The library's words for it name a class of the code.
    return "not a JSON object" if problem["type"] in ("model_type", "model_attributes_type") else str(problem["msg"])


def to_frame(examples: Sequence[Example]) -> pd.DataFrame:
    """Return one row per example with its columns; the narratives and votes stay out.

    Label columns hold "yes", "no" or None, so that a missing label is never read as a no.
    """
    columns = ["id", *LABEL_NAMES, "batch", "register", "city_type", "hard", "group_id", "group_kind", "date"]
    rows = [example.model_dump(by_alias=True, exclude={"narrative", "votes"}) for example in examples]
    return pd.DataFrame(rows, columns=[*columns, *GROUP_COLUMNS], dtype=object)


def group_columns(names: Iterable[str]) -> tuple[str, ...]:
    """Return the columns of these names, each once, in the order given.

    Raises:
        GroupColumnError: If a name is not in GROUPABLE, or there is none.
    """
    found = tuple(dict.fromkeys(names))
    unknown = [name for name in found if name not in GROUPABLE]
    if unknown or not found:
        told = f"no group column named {', '.join(map(repr, unknown))}" if unknown else "no group column is named"
        raise GroupColumnError(f"{told}; known are {', '.join(GROUPABLE)}")
    return found


def truth_of(examples: Sequence[Example]) -> NDArray[np.float64]:
    """Return the labels as numbers, shape (examples, 2): 1 yes, 0 no, NaN where the label is null."""
    value = {"yes": 1.0, "no": 0.0, None: np.nan}
    return np.array([[value[getattr(e, name)] for name in LABEL_NAMES] for e in examples]).reshape(-1, 2)


def data_hash(examples: Sequence[Example]) -> str:
    """Return the SHA-256 of the examples' content, whatever their order and files."""
    digest = hashlib.sha256()
    for line in sorted(example.to_line() for example in examples):
        digest.update(line.encode("utf-8", "surrogatepass"))
    return digest.hexdigest()
