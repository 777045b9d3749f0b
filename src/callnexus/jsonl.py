"""Predicting over a stream of JSON lines: constant memory, ids kept, a bad line never stops the rest."""

import datetime
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from callnexus import strict_json
from callnexus.errors import LineError
from callnexus.lines import LONGEST, ByteStream, Line, line_blocks
from callnexus.model import Model
from callnexus.policy import Circumstances

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def predict_lines(model: Model, stream: ByteStream) -> Iterator[str]:
    """Yield one JSON line per input line that is not blank, in order, as soon as its line has arrived.

    An input line is an object in UTF-8 with "narrative" and, if wanted, "id", which the answer repeats, and "district"
    and "time" ("14:05"), which say where and when the call is answered. A line that cannot be read gives {"line":
    number, "error": reason}; reasons never quote the line.

    Args:
        model: Predicts what arrives together in one batch.
        stream: A binary stream, such as `sys.stdin.buffer`.
    """
    for block in line_blocks(stream):
        requests = [_request(line) for line in block]
        readable = [request for request in requests if isinstance(request, _Request)]
        predictions = model.predict_stream((r.narrative for r in readable), (r.circumstances for r in readable))
        for request in requests:
            if isinstance(request, _Request):
                yield f"{request.opening}{json.dumps(next(predictions).to_dict())[1:]}\n"
            else:
                yield json.dumps(request) + "\n"


@dataclass(frozen=True, slots=True)
class _Request:
    """A line that can be predicted; `opening` is what the answer begins with, the brace and the id."""

    narrative: str
    circumstances: Circumstances
    opening: str


def _request(line: Line) -> _Request | dict[str, Any]:
    """Return the request on a line, or the error record that answers it."""
    try:
        row = row_of(line)
        if not isinstance(row.get("narrative"), str):
            raise LineError('an object with a string "narrative" is needed')
        opening = f'{{"id": {json.dumps(row["id"])}, ' if "id" in row else "{"
        return _Request(row["narrative"], circumstances_of(row), opening)
    except LineError as error:
        return {"line": line.number, "error": str(error)}


def row_of(line: Line) -> dict[str, Any]:
    """Return the JSON object on a line.

    Raises:
        LineError: If there is none; the text says what is wrong and never quotes the line.
    """
    if line.content is None:
        raise LineError(f"longer than {LONGEST} bytes")
    # Files from Windows often begin with a mark that is no JSON.
    content = line.content.removeprefix(_BYTE_ORDER_MARK) if line.number == 1 else line.content
    try:
        return strict_json.parse(content)
    except UnicodeDecodeError:
        raise LineError("not UTF-8") from None
    except (json.JSONDecodeError, RecursionError):
        raise LineError("not JSON") from None
    except ValueError as error:
        raise LineError(f"not used: {error}") from None


def circumstances_of(row: Mapping[str, Any]) -> Circumstances:
    """Return where and when a call is answered, as "district" and "time" of a line say.

    Raises:
        LineError: If one is no such thing; the text never quotes the line.
    """
    district, at = row.get("district"), row.get("time")
    told = '"district" must be a string and "time" like "14:05"; leave out what is unknown'
    if not isinstance(district, str | None) or not isinstance(at, str | None):
        raise LineError(told)
    try:
        return Circumstances(district or None, None if at is None else datetime.time.fromisoformat(at))
    except ValueError:
        raise LineError(told) from None
