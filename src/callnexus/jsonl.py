"""Predicting over a stream of JSON lines: constant memory, ids kept, a bad line never stops the rest."""

import datetime
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

from callnexus.model import Model
from callnexus.policy import Circumstances

BLOCK = 64
"""Lines predicted at once: large enough to be fast, small enough to answer soon."""


def predict_lines(model: Model, lines: Iterable[str]) -> Iterator[str]:
    """Yield one JSON line per input line that is not blank, in order.

    An input line is an object with "narrative" and, if wanted, "id", which the answer repeats, and "district" and
    "time" ("14:05"), which say where and when the call is answered. A line that cannot be read gives {"line": number,
    "error": reason}; reasons never quote the line.
    """
    numbered = ((number, line) for number, line in enumerate(lines, start=1) if line.strip())
    while block := list(islice(numbered, BLOCK)):
        requests = [_request(number, line) for number, line in block]
        readable = [request for request in requests if isinstance(request, _Request)]
        predictions = iter(model.predict_many((r.narrative for r in readable), [r.circumstances for r in readable]))
        for request in requests:
            answer = request.answer | next(predictions).to_dict() if isinstance(request, _Request) else request
            yield json.dumps(answer) + "\n"


@dataclass(frozen=True, slots=True)
class _Request:
    """A line that can be predicted; `answer` is what the answer begins with."""

    narrative: str
    circumstances: Circumstances
    answer: dict[str, Any]


def _request(number: int, line: str) -> _Request | dict[str, Any]:
    """Return the request on a line, or the error record that answers it."""
    try:
        row = json.loads(line)
    except (ValueError, RecursionError):
        return {"line": number, "error": "not JSON"}
    if not isinstance(row, dict) or not isinstance(row.get("narrative"), str):
        return {"line": number, "error": 'an object with a string "narrative" is needed'}
    try:
        circumstances = circumstances_of(row)
    except ValueError as error:
        return {"line": number, "error": str(error)}
    return _Request(row["narrative"], circumstances, {"id": row["id"]} if "id" in row else {})


def circumstances_of(row: Mapping[str, Any]) -> Circumstances:
    """Return where and when a call is answered, as "district" and "time" of a line say.

    Raises:
        ValueError: If one is no such thing; the text never quotes the line.
    """
    district, at = row.get("district"), row.get("time")
    told = '"district" must be a string and "time" like "14:05"; leave out what is unknown'
    if not isinstance(district, str | None) or not isinstance(at, str | None):
        raise ValueError(told)
    try:
        return Circumstances(district, None if at is None else datetime.time.fromisoformat(at))
    except ValueError:
        raise ValueError(told) from None
