"""Following many calls over a stream of JSON lines: an answer to each line at once, a bad line never stops the rest."""

import json
from collections.abc import Iterator
from itertools import chain
from typing import Any

from callnexus.dispatch.following import Call
from callnexus.errors import CallError, LineError
from callnexus.jsonl import circumstances_of, row_of
from callnexus.lines import ByteStream, Line, line_blocks
from callnexus.model import Model
from callnexus.policy import Circumstances

ACTIONS = ("remark", "clear", "end")
"""What a line may do to a call."""


def follow_lines(model: Model, stream: ByteStream) -> Iterator[str]:
    """Yield one JSON line per input line that is not blank, in order, each as soon as its line has come.

    An input line is an object with "call", the call's id as text or a whole number, and one of

    - "remark": text that the call's narrative grows by; "district" and "time" ("14:05"), if given, hold from then on;
    - "clear": an object with "by" and "reason", from a person who says that the flagged safety risk is over;
    - "end": true; the call is forgotten, since a stream that never ends must not keep every call.

    The answer is the update as plain JSON types, or {"call": id, "ended": true}. A line that cannot be used gives
    {"line": number, "error": reason}; reasons never quote the line.

    Args:
        model: Predicts.
        stream: A binary stream, such as `sys.stdin.buffer`.

    Raises:
        CallError: If the model cannot follow calls at all.
    """
    calls: dict[str | int, Call] = {}
    # A model that cannot follow says so before the first call comes in.
    model.follow("")
    for line in chain.from_iterable(line_blocks(stream)):
        try:
            answer = _answer(model, calls, line)
        except (CallError, LineError) as error:
            answer = {"line": line.number, "error": str(error)}
        yield json.dumps(answer) + "\n"


def _answer(model: Model, calls: dict[str | int, Call], line: Line) -> dict[str, Any]:
    """Return the answer to a line; a CallError or LineError says what is wrong with it."""
    row = _row(line)
    call_id = row["call"]
    if "remark" in row:
        return _append(model, calls, row)
    if call_id not in calls:
        raise CallError("no such call: none of its remarks came in, or it has ended")
    if "end" in row:
        del calls[call_id]
        return {"call": call_id, "ended": True}
    return calls[call_id].clear(**row["clear"]).to_dict()


def _append(model: Model, calls: dict[str | int, Call], row: dict[str, Any]) -> dict[str, Any]:
    told = circumstances_of(row)
    call_id = row["call"]
    if call_id not in calls:
        calls[call_id] = model.follow(call_id)
    call, known = calls[call_id], calls[call_id].circumstances
    district = told.district if "district" in row else known.district
    call.circumstances = Circumstances(district, told.at if "time" in row else known.at)
    return call.append(row["remark"]).to_dict()


def _row(line: Line) -> dict[str, Any]:
    """Return the object on a line with exactly one action of the right form."""
    row = row_of(line)
    if type(row.get("call")) not in (str, int):
        raise CallError('an object with "call", text or a whole number, is needed')
    if sum(action in row for action in ACTIONS) != 1:
        raise CallError('exactly one of "remark", "clear" and "end" is needed beside "call"')
    if "remark" in row and not isinstance(row["remark"], str):
        raise CallError('"remark" must be text')
    if "clear" in row and (not isinstance(row["clear"], dict) or set(row["clear"]) != {"by", "reason"}):
        raise CallError('"clear" must be an object with "by" and "reason"')
    if "end" in row and row["end"] is not True:
        raise CallError('"end" must be true')
    return row
