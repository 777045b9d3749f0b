import io
import json
from dataclasses import replace

import pytest

import callnexus
from callnexus import Model
from callnexus.dispatch.lines import follow_lines
from callnexus.errors import CallError
from callnexus.features import Extractor
from callnexus.policy import Unit

RISK = {"remark": "male has a gun"}
CLEAR = {"clear": {"by": "Sgt. Diaz", "reason": "gun secured"}}


def answers(model: Model, *rows: object) -> list[dict]:
    lines = [row if isinstance(row, str) else json.dumps(row) for row in rows]
    return [json.loads(line) for line in follow_lines(model, io.BytesIO("\n".join(lines).encode()))]


def test_many_calls_grow_side_by_side(small: Model):
    found = answers(
        small, {"call": 1, **RISK}, {"call": "1", "remark": "dog barking"}, {"call": 1, "remark": "he left"}
    )

    assert [answer["call"] for answer in found] == [1, "1", 1]
    assert [answer["remarks"] for answer in found] == [1, 1, 2]
    assert [answer["flag"] is None for answer in found] == [False, True, False]
    whole = small.predict(f"{RISK['remark']}\nhe left")
    assert found[2]["prediction"]["safety_risk"]["score"] == pytest.approx(whole.safety_risk.score, abs=1e-9)


def test_a_line_clears_a_flag(small: Model):
    _, cleared = answers(small, {"call": 1, **RISK}, {"call": 1, **CLEAR})

    assert cleared["flag"] is None
    assert cleared["clearing"]["by"] == "Sgt. Diaz"


def test_a_call_that_ended_begins_anew(small: Model):
    found = answers(
        small, {"call": 1, **RISK}, {"call": 1, "end": True}, {"call": 1, "remark": "dog"}, {"call": 2, "end": True}
    )

    assert found[1] == {"call": 1, "ended": True}
    assert found[2]["remarks"] == 1
    assert found[3] == {"line": 4, "error": "no such call: none of its remarks came in, or it has ended"}


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("{SECRET", "not JSON"),
        ("[" * 100_000, "nested too deeply"),
        ([RISK], "not an object"),
        (RISK, '"call", text or a whole number'),
        ({"call": True, **RISK}, '"call", text or a whole number'),
        ({"call": 1}, "exactly one of"),
        ({"call": 1, **RISK, **CLEAR}, "exactly one of"),
        ({"call": 1, "remark": 7}, '"remark" must be text'),
        ({"call": 1, **RISK, "time": "SECRET"}, '"time" like "14:05"'),
        ({"call": 1, **RISK, "district": 7}, '"district" must be a string'),
        ({"call": 1, "clear": "SECRET"}, '"clear" must be an object'),
        ({"call": 1, "clear": {"by": "x"}}, '"clear" must be an object'),
        ({"call": 0, "clear": {"by": "", "reason": "x"}}, "by must be text"),
        ({"call": 9, **CLEAR}, "no such call"),
        ({"call": 0, "end": False}, '"end" must be true'),
    ],
)
def test_a_bad_line_is_answered_with_its_number_and_stops_nothing(small: Model, row: object, reason: str):
    first, bad, last = answers(small, {"call": 0, **RISK}, row, {"call": 0, "remark": "he left"})

    assert set(bad) == {"line", "error"}
    assert bad["line"] == 2
    assert reason in bad["error"]
    assert "SECRET" not in bad["error"]
    assert (first["remarks"], last["remarks"]) == (1, 2)


def test_what_is_known_of_the_circumstances_holds_until_a_line_says_otherwise(small: Model):
    response = callnexus.Response.CO_RESPONSE
    unit = Unit(True, frozenset({"B2"}), ((420, 1380),), callnexus.Response.STANDARD)
    placed = replace(small, policy=replace(small.policy, units={response: unit}))

    found = answers(
        placed,
        {"call": 1, "remark": "suicidal, has a gun", "district": "B2", "time": "12:00"},
        {"call": 1, "remark": ""},
        {"call": 1, "remark": "", "time": "02:00"},
        {"call": 1, "remark": "", "time": "12:00", "district": "elsewhere"},
    )

    assert [answer["prediction"]["instead_of"] for answer in found] == [None, None, "co_response", "co_response"]


def test_each_line_is_answered_before_the_next_is_read(small: Model):
    class Sender:
        read = 0

        def read1(self, size: int, /) -> bytes:
            self.read += 1
            return json.dumps({"call": 1, "remark": "dog"}).encode() + b"\n\n"

    sender = Sender()
    stream = follow_lines(small, sender)
    next(stream)

    assert sender.read == 1


def test_a_model_that_cannot_follow_says_so_before_any_line(small: Model):
    paired = replace(small, extractor=Extractor(replace(small.extractor.spec, pair_scale=0.5), small.extractor.lexicon))

    with pytest.raises(CallError, match="pairs of neighbouring cues"):
        list(follow_lines(paired, io.BytesIO()))
