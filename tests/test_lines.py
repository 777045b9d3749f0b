import io
import os
import threading

import pytest

from callnexus import lines
from callnexus.lines import Line, line_blocks


class Trickle:
    """A stream that gives its content in pieces of a few bytes, as a slow sender does."""

    def __init__(self, content: bytes, step: int) -> None:
        self.rest, self.step = content, step

    def read1(self, size: int, /) -> bytes:
        given, self.rest = self.rest[: self.step], self.rest[self.step :]
        return given


@pytest.mark.parametrize("step", [1, 2, 3, 7, 100])
def test_lines_are_the_same_however_they_arrive(step: int):
    found = [line for block in line_blocks(Trickle(b"one\n\n \r\ntwo\xff\r\nthree", step)) for line in block]

    assert found == [Line(1, b"one"), Line(4, b"two\xff\r"), Line(5, b"three")]


def test_a_line_is_given_before_the_next_one_comes():
    receiving, sending = os.pipe()
    with open(receiving, "rb") as stream, open(sending, "wb", buffering=0) as sender:
        blocks = line_blocks(stream)
        sender.write(b"one\n")
        first = next(blocks)
        sender.write(b"two\nthr")
        second = next(blocks)
        threading.Timer(0.05, lambda: sender.write(b"ee\n")).start()
        third = next(blocks)

    assert [first, second, third] == [[Line(1, b"one")], [Line(2, b"two")], [Line(3, b"three")]]


def test_a_file_is_given_in_large_blocks():
    blocks = list(line_blocks(io.BufferedReader(io.BytesIO(b"x" * 99 + b"\n" + b"y\n" * 100_000))))

    assert sum(map(len, blocks)) == 100_001
    assert len(blocks) < 100


@pytest.mark.parametrize("ended", [True, False])
@pytest.mark.parametrize("step", [5, 1000])
def test_a_line_that_is_too_long_is_passed_over(ended: bool, step: int, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(lines, "LONGEST", 10)
    content = b"short\n" + b"x" * 11 + (b"\nten bytes.\n" if ended else b"")

    found = [line for block in line_blocks(Trickle(content, step)) for line in block]

    assert found == [Line(1, b"short"), Line(2, None), *([Line(3, b"ten bytes.")] if ended else [])]


def test_an_empty_stream_has_no_lines():
    assert list(line_blocks(io.BytesIO())) == []
