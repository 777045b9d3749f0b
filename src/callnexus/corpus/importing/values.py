"""Checks of single values of an export: each returns the value as we keep it, or raises `FieldError`."""

import re
from collections.abc import Mapping

from callnexus.corpus.examples import Answer

_ANSWERS: Mapping[str, Answer | None] = {"yes": "yes", "no": "no", "unclear": None}
ANSWERS_ALLOWED = "allowed: yes, no, unclear"

_TELLABLE = re.compile(r"[\w@.+:-]{1,100}", re.ASCII)


class FieldError(Exception):
    """One field of one record that cannot be used; `Gathering.at` turns it into a line of an `ExamplesError`."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")


def told(kind: str, value: object) -> str:
    """Return " (kind value)" where the value is short and without spaces, else nothing.

    A wrong column mapping can put a narrative where an id should be, and a narrative is never told.
    """
    plain = isinstance(value, int | str) and not isinstance(value, bool)
    return f" ({kind} {value})" if plain and _TELLABLE.fullmatch(str(value)) else ""


def as_object(field: str, value: object) -> Mapping[str, object]:
    """Return the value if it is a JSON object."""
    if not isinstance(value, dict):
        raise FieldError(field, "missing" if value is None else "must be a JSON object")
    return value


def as_list(field: str, value: object) -> list[object]:
    """Return the value if it is a JSON list."""
    if not isinstance(value, list):
        raise FieldError(field, "missing" if value is None else "must be a JSON list")
    return value


def as_narrative(field: str, value: object) -> str:
    """Return the value if it is a string with something in it, unchanged."""
    if not isinstance(value, str) or not value:
        raise FieldError(field, "missing" if value is None or value == "" else "must be a string")
    return value


def as_name(field: str, value: object) -> str:
    """Return an id, an annotator or a group as a string.

    A whole float is its integer: pandas, through which doccano exports, makes floats of a column with gaps.
    """
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise FieldError(field, "missing" if value is None else "must be a string or a whole number")
    name = str(value)
    if not name.strip():
        raise FieldError(field, "missing")
    # Half of a surrogate pair cannot be written, and two such names would become one.
    if not name.isascii() and name.encode(errors="replace").decode() != name:
        raise FieldError(field, "is not text: it holds half of a surrogate pair")
    return name


def as_answer(field: str, value: object) -> Answer | None:
    """Return yes or no, in lower case, or None for "unclear" and null."""
    if value is None:
        return None
    answer = value.strip().lower() if isinstance(value, str) else ""
    if answer not in _ANSWERS:
        raise FieldError(field, f"not an answer; {ANSWERS_ALLOWED}")
    return _ANSWERS[answer]
