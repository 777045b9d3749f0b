"""Predicting over a stream of JSON lines: constant memory, ids kept, a bad line never stops the rest."""

import json
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

from callnexus.model import Model

BLOCK = 64
"""Lines predicted at once: large enough to be fast, small enough to answer soon."""


def predict_lines(model: Model, lines: Iterable[str]) -> Iterator[str]:
    """Yield one JSON line per input line that is not blank, in order.

    An input line is an object with "narrative" and, if wanted, "id"; the answer repeats the id. A line that cannot be
    read gives {"line": number, "error": reason}; reasons never quote the line.
    """
    numbered = ((number, line) for number, line in enumerate(lines, start=1) if line.strip())
    while block := list(islice(numbered, BLOCK)):
        requests = [_request(number, line) for number, line in block]
        readable = [request["narrative"] for request in requests if "error" not in request]
        predictions = iter(model.predict_many(readable))
        for request in requests:
            if "error" not in request:
                request |= next(predictions).to_dict()
                del request["narrative"]
            yield json.dumps(request) + "\n"


def _request(number: int, line: str) -> dict[str, Any]:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError):
        return {"line": number, "error": "not JSON"}
    if not isinstance(row, dict) or not isinstance(row.get("narrative"), str):
        return {"line": number, "error": 'an object with a string "narrative" is needed'}
    return {key: row[key] for key in ("id", "narrative") if key in row}
