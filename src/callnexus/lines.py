"""Lines of a stream as they arrive: a live sender is answered line by line, a file is read in blocks.

A block is what one read of the stream gives: the one line that a dispatch system has sent and waits on, or 64 KiB of a
file. So nothing is held back for a block to fill, and no thread or clock is needed.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

READ = 65_536
"""Bytes read at once at most: some 150 narratives, enough for batches to be fast."""

LONGEST = 2 * 2**20
"""Bytes of a line above which it is passed over: predicting takes some 140 times a narrative's length in memory."""


class ByteStream(Protocol):
    """What `sys.stdin.buffer`, an open binary file and `io.BytesIO` have in common."""

    def read1(self, size: int, /) -> bytes:
        """Return what is there, waiting only while there is nothing; no bytes at the end."""
        ...


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a stream.

    Attributes:
        number: From 1.
        content: Its bytes without the line end; None where it was longer than LONGEST.
    """

    number: int
    content: bytes | None


def line_blocks(stream: ByteStream) -> Iterator[list[Line]]:
    r"""Yield the lines of a stream in lists, each as soon as it can be read; memory stays constant.

    Only a new line ends a line; the last may do without. A blank line is left out, though it is counted.

    >>> import io
    >>> [[line.content for line in block] for block in line_blocks(io.BytesIO(b"one\n\ntwo"))]
    [[b'one'], [b'two']]
    """
    number, waiting, size = 1, bytearray(), 0
    while read := stream.read1(READ):
        *ended, rest = read.split(b"\n")
        block = []
        for piece in ended:
            block.append(Line(number, bytes(waiting) + piece if size + len(piece) <= LONGEST else None))
            number, size = number + 1, 0
            waiting.clear()
        size += len(rest)
        if size <= LONGEST:
            waiting += rest
        else:
            # Of a line that is too long already nothing is kept.
            waiting.clear()
        if filled := [line for line in block if _is_filled(line)]:
            yield filled
    last = Line(number, bytes(waiting) if size <= LONGEST else None)
    if _is_filled(last):
        yield [last]


def _is_filled(line: Line) -> bool:
    return line.content is None or bool(line.content.strip())
