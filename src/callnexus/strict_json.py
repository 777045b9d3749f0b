"""JSON of unknown origin, read strictly: no key twice, no number that is not finite or endless, no endless nesting."""

import json
import math
from typing import Any

MOST_DIGITS = 40
"""Characters of a number; a longer one is refused unread, because reading takes time that grows with its square."""


def parse(content: bytes) -> dict[str, Any]:
    """Return the object that the bytes hold, as UTF-8 JSON.

    Raises:
        ValueError: If they hold anything else, a key twice, or a number that is too long or not finite.
    """
    try:
        value = json.loads(
            content.decode(),
            object_pairs_hook=with_each_key_once,
            parse_constant=_refuse_constant,
            parse_int=_whole,
            parse_float=_finite,
        )
    except RecursionError:
        raise ValueError("nested too deeply") from None
    if not isinstance(value, dict):
        raise ValueError("not an object")
    return value


def with_each_key_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return the object, but refuse a key that stands twice: `json` would keep the last and drop the others.

    Raises:
        ValueError: If a key stands twice.
    """
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands twice")
    return found


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is not a number of JSON")


def _whole(digits: str) -> int:
    if len(digits) > MOST_DIGITS:
        raise ValueError(f"a number of more than {MOST_DIGITS} digits")
    return int(digits)


def _finite(digits: str) -> float:
    number = float(digits) if len(digits) <= MOST_DIGITS else math.inf
    if not math.isfinite(number):
        raise ValueError("a number that is too large or too long")
    return number
