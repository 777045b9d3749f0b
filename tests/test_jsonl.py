import io
import json
import tracemalloc
from typing import Any

import pytest

import callnexus
from callnexus.jsonl import predict_lines
from callnexus.lines import LONGEST


class Repeated:
    """A stream that gives the same lines again and again, and holds no more than them."""

    def __init__(self, times: int) -> None:
        self.times = times

    def read1(self, size: int, /) -> bytes:
        self.times -= 1
        return b'{"id": 1, "narrative": "dog barking"}\n{"narrative": 7}\n{' * 500 if self.times >= 0 else b""


@pytest.fixture(scope="module")
def default() -> callnexus.Model:
    return callnexus.load()


def answers(model: callnexus.Model, *lines: bytes) -> list[dict[str, Any]]:
    def refuse(name: str) -> None:
        raise AssertionError(f"{name} is not JSON")

    found = predict_lines(model, io.BytesIO(b"\n".join(lines)))
    return [json.loads(line, parse_constant=refuse) for line in found]


def test_an_answer_is_the_prediction_with_the_id(default: callnexus.Model):
    text = "off his meds, hearing voices"

    (answer,) = answers(default, json.dumps({"id": "call 7", "narrative": text}).encode())

    assert answer == {"id": "call 7"} | json.loads(json.dumps(default.predict(text).to_dict()))


@pytest.mark.parametrize("name", ["null", "7", '"7"', "1.5", "true", '{"agency": [1, {"call": 2}]}', '"\\ud800"'])
def test_any_id_is_repeated(default: callnexus.Model, name: str):
    (answer,) = answers(default, f'{{"id": {name}, "narrative": "male with a gun"}}'.encode())

    assert answer["id"] == json.loads(name)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"{SECRET", "not JSON"),
        (b'{"narrative": "SECRET\x00"}', "not JSON"),
        (b'{"narrative": "SECRET \xff"}', "not UTF-8"),
        ('{"narrative": "SECRET"}'.encode("utf-16"), "not UTF-8"),
        (b'["SECRET"]', "not used: not an object"),
        (b'{"id": 3}', 'an object with a string "narrative" is needed'),
        (b'{"narrative": ["SECRET"]}', 'an object with a string "narrative" is needed'),
        (b'{"id": NaN, "narrative": "SECRET"}', "not used: NaN is not a number of JSON"),
        (b'{"id": -Infinity, "narrative": "SECRET"}', "not used: -Infinity is not a number of JSON"),
        (b'{"id": 1e999, "narrative": "SECRET"}', "not used: a number that is too large or too long"),
        (b'{"id": 1' + b"0" * 5000 + b', "narrative": "SECRET"}', "not used: a number of more than 40 digits"),
        (b'{"narrative": "SECRET", "narrative": "SECRET"}', "not used: a key stands twice"),
        (b'{"id": ' + b"[" * 100_000 + b"]" * 100_000 + b', "narrative": "SECRET"}', "not used: nested too deeply"),
        (b'{"narrative": "SECRET' + b"x" * LONGEST + b'"}', f"longer than {LONGEST} bytes"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_bad_line_gives_its_number_and_the_rest_goes_on(default: callnexus.Model, line: bytes, reason: str):
    good = b'{"id": 1, "narrative": "male with a gun"}'

    found = answers(default, good, b"", line, good)

    assert found[1] == {"line": 3, "error": reason}
    assert [answer.get("id") for answer in found] == [1, None, 1]


@pytest.mark.parametrize("wrong", ['"district": 7', '"time": "25:00"', '"time": 1405', '"time": "\\ud800"'])
def test_a_place_or_time_that_cannot_be_read_is_told(default: callnexus.Model, wrong: str):
    (answer,) = answers(default, f'{{"narrative": "male with a gun", {wrong}}}'.encode())

    assert answer["line"] == 1
    assert "leave out what is unknown" in answer["error"]


def test_a_byte_order_mark_before_the_first_line_is_no_error(default: callnexus.Model):
    line = b'\xef\xbb\xbf{"id": 1, "narrative": "male with a gun"}'

    found = answers(default, line, line)

    assert [answer.get("id") for answer in found] == [1, None]
    assert found[1] == {"line": 2, "error": "not JSON"}


def test_memory_does_not_grow_with_the_number_of_lines(default: callnexus.Model):
    peaks = []

    for times in (2, 2, 40):
        tracemalloc.start()
        answered = sum(1 for _ in predict_lines(default, Repeated(times)))
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()

    assert answered > 40_000
    assert peaks[2] < 1.2 * peaks[1]
