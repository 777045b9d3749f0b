"""Narratives as one array of normalised bytes, each byte tied to its place in the caller's string.

One character becomes at most one byte, so an offset is an index and never a table of edits:

- letters lose case and accents, digits stay (dispatch codes such as 5150 are words);
- apostrophes, combining marks and zero-width characters vanish ("don't" and "dont" are one word);
- a run of anything else becomes one separator, of the strongest class in the run: space, comma,
  full stop (also new line, semicolon, asterisk, `//`) or question mark;
- letters of other scripts share the byte values above 127: unlike any word, and countable.
"""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

DROP, SPACE, COMMA, STOP, QUESTION = 0, 32, 44, 46, 47
"""Byte classes of what is not a word; a larger separator outranks a smaller one in its run."""

FIRST_LETTER = 48
"""Every class below this one separates or is dropped; "0" and all above are parts of words."""

FIRST_FOREIGN = 128
_ASCII_STOPS = "\n\r;!.*|[]{}<>"
_ASCII_COMMAS = ",()"
_COMMON = 0x3000
"""Code points below this one are looked up; those above are letters of other scripts or symbols."""


@dataclass(frozen=True, slots=True)
class NormalisedBatch:
    """Several narratives as one byte array.

    Attributes:
        codes: uint8, shape (bytes,). Words of letters and digits with exactly one separator between them.
        starts: int64, shape (narratives,). Index in the joined narratives where each one begins.
        borders: int64, shape (narratives,). Index in `codes` of the separator before each narrative.
        present: uint8, shape (characters,). Class of each character of the joined narratives; 0 where it was dropped.
        stays: bool, shape (characters not dropped,). Whether each is a byte of `codes`.
    """

    codes: NDArray[np.uint8]
    starts: NDArray[np.int64]
    borders: NDArray[np.int64]
    present: NDArray[np.uint8]
    stays: NDArray[np.bool_]

    @property
    def origins(self) -> NDArray[np.int64]:
        """Index of each byte's character in the joined narratives, shape (bytes,); worked out when asked for."""
        return self.present.nonzero()[0][self.stays]


def normalise(narratives: Sequence[str]) -> NormalisedBatch:
    """Return the narratives as one array of normalised bytes with offsets.

    Any string is accepted: lone surrogates, NUL and emoji are separators or foreign letters.

    >>> bytes(normalise(["Don't know: KNIFE?"]).codes)
    b'.dont know knife/'
    """
    # The new line before each narrative keeps words of neighbours apart and gives the first word a separator.
    joined = "\n" + "\n".join(narratives) + "\n"
    lengths = accumulate(map(len, narratives[:-1]), lambda start, length: start + length + 1, initial=1)
    starts = np.fromiter(lengths, np.int64, len(narratives)) if narratives else np.zeros(0, np.int64)
    # "//" opens an appended remark; one slash joins words ("s/12", "w/f"). Same length, offsets hold.
    classes = _classes(joined.replace("//", ";;").replace("--", ",,"))
    raw = np.frombuffer(classes, np.uint8)
    if len(narratives) > 1 and (raw[starts] < FIRST_LETTER).any():
        raw = _without_leading_classes(raw, starts)
    codes, borders = raw, starts - 1
    if DROP in classes:
        present = raw != DROP
        codes = raw[present]
        borders = present.cumsum()[borders] - 1
    # Of a run of separators only the first stays. A dropped character inside the run does not end it.
    in_word = codes >= FIRST_LETTER
    stays = np.ones(len(codes), np.bool_)
    np.logical_or(in_word[1:], in_word[:-1], out=stays[1:])
    run = stays.cumsum()
    run -= 1
    merged = (~stays).nonzero()[0]
    strongest = codes[stays]
    np.maximum.at(strongest, run[merged], codes[merged])
    return NormalisedBatch(strongest, starts, run[borders], raw, stays)


def _without_leading_classes(raw: NDArray[np.uint8], starts: NDArray[np.int64]) -> NDArray[np.uint8]:
    """Return the classes with separators that open a narrative made spaces.

    They run together with the border before them, and must say nothing of the narrative on its other side.
    """
    raw = raw.copy()
    words = np.append(np.flatnonzero(raw >= FIRST_LETTER), len(raw))
    for start, word in zip(starts.tolist(), words[np.searchsorted(words, starts)].tolist(), strict=True):
        opening = raw[start:word]
        opening[opening != DROP] = SPACE
    return raw


def _classes(text: str) -> bytes:
    """Return one byte class a character."""
    if text.isascii():
        return text.encode("ascii").translate(_ascii_table())
    points = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), "<u4")
    table = _unicode_table()
    classes: NDArray[np.uint8] = table[np.minimum(points, _COMMON)]
    high = points >= _COMMON
    if high.any():
        classes[high] = [_class_of(chr(point)) for point in points[high].tolist()]
    return classes.tobytes()


@cache
def _ascii_table() -> bytes:
    return bytes(_class_of(chr(point)) for point in range(256))


@cache
def _unicode_table() -> NDArray[np.uint8]:
    """Return the class of each common code point; made once, on the first text that is not ASCII."""
    return np.array([_class_of(chr(point)) for point in range(_COMMON + 1)], np.uint8)


def _class_of(character: str) -> int:
    if character in "'`\u2018\u2019\u02bc\u00ad\u200b\u200c\u200d\ufeff":
        return DROP
    if character == "?":
        return QUESTION
    if character in _ASCII_STOPS:
        return STOP
    if character in _ASCII_COMMAS:
        return COMMA
    category = unicodedata.category(character)
    if category == "Mn":
        return DROP
    if category[0] not in "LN":
        return COMMA if category == "Pd" and character != "-" else SPACE
    base = unicodedata.normalize("NFKD", character)[0].lower()[0]
    if base.isascii() and base.isalnum():
        return ord(base)
    return FIRST_FOREIGN + ord(character) % 127
