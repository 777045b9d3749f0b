"""New inputs from old ones by a seeded generator: bytes are changed, and JSON is changed as JSON."""

import json
import random
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

from tests.fuzz.seeds import PIECES

_LARGEST = 65_536
_ODD: tuple[Any, ...] = (
    None, True, False, 0, -1, 1.5, 1e308, -1e-320, 2**31, 2**64, 10**39, "", " ", "\x00", "\ud800", "yes", "no",
    "x" * 200, "😀", [], {}, [[]], [None], {"": None}, {"id": {}}, [["mh_nexus"]], "mh_nexus", "2026-02-30",
)  # fmt: skip


TOGETHER = 32
"""Inputs that are checked at once where a reader takes several."""


def inputs(seeds: Sequence[bytes], seed: int, between: bytes | None = None) -> Iterator[bytes]:
    """Yield inputs for ever; the same seed gives the same ones.

    Args:
        seeds: Come first, as they are; then mutants of them.
        seed: Of the generator.
        between: What stands between inputs that come together, or None if each comes alone.
    """
    mutants = _mutants(seeds, seed)
    if between is None:
        yield from mutants
    while True:
        yield (between or b"").join(islice(mutants, TOGETHER))


def _mutants(seeds: Sequence[bytes], seed: int) -> Iterator[bytes]:
    yield from seeds
    chance = random.Random(seed)
    while True:
        mutant = chance.choice(seeds)
        for _ in range(chance.choice((1, 1, 1, 2, 3, 8))):
            mutant = _changed(mutant, seeds, chance)
        yield mutant[:_LARGEST]


def _changed(content: bytes, seeds: Sequence[bytes], chance: random.Random) -> bytes:
    if chance.random() < 0.5 and (changed := _changed_json(content, chance)) is not None:
        return changed
    start = chance.randrange(len(content) + 1)
    end = min(len(content), start + chance.choice((0, 1, 1, 2, 4, 16, 64, 1000)))
    match chance.randrange(6):
        case 0:  # flip a bit
            flipped = bytearray(content or b"\x00")
            flipped[chance.randrange(len(flipped))] ^= 1 << chance.randrange(8)
            return bytes(flipped)
        case 1:  # cut
            return content[:start] + content[end:]
        case 2:  # repeat
            return content[:start] + content[start:end] * chance.choice((2, 3, 50)) + content[end:]
        case 3:  # noise
            return content[:start] + chance.randbytes(chance.choice((1, 2, 8))) + content[end:]
        case 4:  # a piece of another
            other = chance.choice(seeds)
            begin = chance.randrange(len(other) + 1)
            return content[:start] + other[begin : begin + chance.choice((1, 8, 64, 1000))] + content[end:]
        case _:  # a piece that is hard to read
            return content[:start] + chance.choice(PIECES) + content[end:]


def _changed_json(content: bytes, chance: random.Random) -> bytes | None:
    """Return the content with one value changed in its JSON or in one of its JSON lines, or None if there is none.

    The first byte of some inputs says what the rest is; it stays.
    """
    for skipped in (0, 1):
        lines = content[skipped:].split(b"\n") if content.count(b"\n") < 200 else [content[skipped:]]
        at = chance.randrange(len(lines))
        try:
            value = json.loads(lines[at])
        except (ValueError, RecursionError):
            continue
        if isinstance(value, (dict, list)) and value:
            _change_inside(value, chance)
        try:
            lines[at] = json.dumps(value).encode()
        except RecursionError:
            return None
        return content[:skipped] + b"\n".join(lines)
    return None


def _change_inside(value: Any, chance: random.Random) -> None:
    """Change one entry of an object or a list, or of one inside it, in place."""
    while True:
        key = chance.choice(list(value)) if isinstance(value, dict) else chance.randrange(len(value))
        inner = value[key]
        if not isinstance(inner, (dict, list)) or not inner or chance.random() < 0.2:
            break
        value = inner
    match chance.randrange(4):
        case 0:
            del value[key]
        case 1 if isinstance(value, dict):
            value[chance.choice(("id", "mh_nexus", "narrative", "text", "label", "\x00", "format"))] = inner
        case 1:
            value.append(inner)
        case _:
            value[key] = chance.choice(_ODD)
