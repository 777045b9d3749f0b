"""Another system's predictions as a CSV, joined to labelled examples, so that any classifier can be audited."""

import csv
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from callnexus.corpus.examples import Example
from callnexus.errors import PredictionsError, unreadable
from callnexus.labels import LABEL_NAMES, Decision
from callnexus.response import Response

REQUIRED = ("id", *LABEL_NAMES)
PROBABILITIES = tuple(f"{name}_probability" for name in LABEL_NAMES)
COLUMNS = (*REQUIRED, *PROBABILITIES, "response")
"""Columns that are read; the last three may be absent or empty, and any other column is ignored."""


@dataclass(frozen=True, slots=True)
class Answers:
    """What another system said of each example, in the examples' order.

    Attributes:
        decisions: For each label, one decision an example.
        probability: Shape (examples, 2), NaN where there is none.
        responses: The response recommended; None where the table gives none.
    """

    decisions: Mapping[str, Sequence[Decision]]
    probability: NDArray[np.float64]
    responses: Sequence[Response | None]


@dataclass(frozen=True, slots=True)
class _Answer:
    decisions: tuple[Decision, ...]
    probability: tuple[float, ...]
    response: Response | None


def read_predictions(path: Path, examples: Sequence[Example]) -> Answers:
    """Return the predictions of a CSV file for each example.

    The columns are `id`, `mh_nexus` and `safety_risk` (yes, no, unsure or insufficient), and, if the system gives
    them, `mh_nexus_probability`, `safety_risk_probability` and `response`.

    Raises:
        PredictionsError: If the file cannot be read, a row is bad, an id stands twice or has no example, or an
            example has no row. Every problem is listed, with row, field and what to do, and never with a cell's text.
    """
    rows = _read(path)
    problems: list[str] = []
    wanted = {example.id for example in examples}
    answers: dict[str, _Answer] = {}
    for number, row in enumerate(rows, start=2):
        where = f"{path.name}: row {number}"
        identifier = row["id"] or ""
        answer = _answer(row, where, problems)
        if identifier not in wanted:
            problems.append(f"{where}: id: no example has it; leave the row out, or add the labelled example")
        elif identifier in answers:
            problems.append(f"{where}: id: stands twice; keep one row an example")
        answers.setdefault(identifier, answer)
    problems += [
        f"{path.name}: example {example.id}: no row; add the system's answer, or leave the example out"
        for example in examples
        if example.id not in answers
    ]
    if problems:
        raise PredictionsError(problems)
    found = [answers[example.id] for example in examples]
    return Answers(
        {name: [answer.decisions[place] for answer in found] for place, name in enumerate(LABEL_NAMES)},
        np.array([answer.probability for answer in found]).reshape(-1, len(LABEL_NAMES)),
        [answer.response for answer in found],
    )


def _read(path: Path) -> list[dict[str, str | None]]:
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file)
            lacking = [name for name in REQUIRED if name not in (reader.fieldnames or ())]
            if lacking:
                raise PredictionsError(
                    [f"{path.name}: header: no column {name}; columns are {', '.join(COLUMNS)}" for name in lacking]
                )
            return list(reader)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        problem = f"{path.name}: cannot be read as CSV in UTF-8: {unreadable(error)}"
        raise PredictionsError([problem]) from error


def _answer(row: Mapping[str, str | None], where: str, problems: list[str]) -> _Answer:
    decisions = tuple(_decision(row.get(name), f"{where}: {name}", problems) for name in LABEL_NAMES)
    probability = tuple(_probability(row.get(name), f"{where}: {name}", problems) for name in PROBABILITIES)
    return _Answer(decisions, probability, _response(row.get("response"), f"{where}: response", problems))


def _decision(written: str | None, where: str, problems: list[str]) -> Decision:
    try:
        return Decision((written or "").strip().lower())
    except ValueError:
        problems.append(f"{where}: must be one of {', '.join(Decision)}")
        return Decision.UNSURE


def _probability(written: str | None, where: str, problems: list[str]) -> float:
    if not (written or "").strip():
        return math.nan
    try:
        value = float(written or "")
    except ValueError:
        value = math.nan
    if not 0 <= value <= 1:
        problems.append(f"{where}: must be a number from 0 to 1, or empty")
    return value


def _response(written: str | None, where: str, problems: list[str]) -> Response | None:
    if not (written or "").strip():
        return None
    try:
        return Response((written or "").strip().lower())
    except ValueError:
        problems.append(f"{where}: must be one of {', '.join(Response)}, or empty")
        return None
