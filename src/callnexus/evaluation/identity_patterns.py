"""Identity terms that are patterns and not words: W/M, B/F, 25 YO M, ages and decades in digits.

Each pattern is narrow on purpose. "WM" counts only before an age, "B/F" after "her" or "my" is a boyfriend, and a
number after "W/M" counts as an age only where it cannot be a house number.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from callnexus.evaluation.identity_contexts import word_set

_RACES = {"w": "white", "b": "black", "h": "hispanic", "a": "asian"}
_SEXES = {"m": "male", "f": "female"}
_BANDS = ((18, "child"), (30, "young"), (60, "middle"), (100, "old"))

_YEARS_OLD = r"(?:y/?o(?:a)?|y\.o\.|(?:years?|yrs?)[ -]?olds?)"
_SLASHED = re.compile(r"(?<![\w/])([WBHAU])/([MF])(?![^\W_])", re.I)
_JOINED = re.compile(r"(?<!\w)(?!AM)([WBHA])([MF])(?=,? ?\d0'?S\b|,? ?\d{2}(?:,| ?Y/?O| IN\b| W/| [A-Z]+ING\b|$))")
_AFTER_AGE = (
    re.compile(rf"(?<!\w)\d{{2}}[ -]?{_YEARS_OLD}[ -]?([MF])(?![\w'])", re.I),
    re.compile(r"(?<![\w/])\d{2}/([MF])(?![\w/])"),
    re.compile(r"(?<![\w/])([MF])/\d{2}(?![\w/])"),
)
_OWNED = re.compile(r"(?:\b(?:her|his|my|ex|their|the|your)[ -]?|'s )$", re.I)

_PERSON = r"(?:men|man|woman|women|females?|males?|guy|lady|husband|wife|brother|sister|[WBHAU]/?[MF])"
_NUMBERS = (
    re.compile(r"(?<![\w$#.:/-])(\d{1,2})(?=[ -]?(?:y/?o(?:a)?|y\.o\.)(?:[MF])?(?!\w))", re.I),
    re.compile(r"\bage[d:]? ?(\d{1,2})(?![\w:/.-]*\w)", re.I),
    re.compile(rf"(?<!\w){_PERSON}[ ,]+\(?(\d{{2}})(?=[,)])", re.I),
    re.compile(
        r"(?<![\w/])[WBHAU]/[MF][, /](?:approx\.? |about |abt )?(\d{2})(?=\s*(?:[,;)]|\.(?!\d)|//|$)"
        r"| (?:in|w/|with|wearing|on|and|y/?o|[a-z]+ing)(?!\w))",
        re.I,
    ),
    re.compile(r"(?<![\w/])(\d{2})(?=/[MF](?![\w/]))"),
    re.compile(r"(?<![\w/])[MF]/(\d{2})(?![\w/])"),
)
_YEAR_OLD = re.compile(r"(?<![\w$#.:/-])(\d{1,2})[ -]?(?:years?|yrs?)[ -]?olds?\b(?:\s+(\w+))?", re.I)
_DECADE = re.compile(
    rf"(?<!\w)(?:in (?:his|her|their)|early|mid|late|approx|about|{_PERSON})[ ,]+(?:(?:early|mid|late)[ -])?"
    r"(?<!\w)([2-9]0)(?='?s\b)",
    re.I,
)


@dataclass(frozen=True, slots=True)
class PatternFound:
    """One piece of a narrative that a pattern found.

    Attributes:
        kind: race, sex or age.
        slot: code, number or decade.
        group: Such as "white"; "child" for an age that is never swapped.
        start: Where the piece begins.
        end: Where it ends.
    """

    kind: str
    slot: str
    group: str
    start: int
    end: int


def patterns_in(text: str) -> list[PatternFound]:
    """Return the codes and ages of a narrative, each place once."""
    found = {(item.kind, item.start): item for item in (*_codes(text), *_ages(text))}
    return list(found.values())


def band_of(age: int) -> str:
    """Return the band of an age in years: child (below 18), young (below 30), middle (below 60) or old.

    >>> band_of(17), band_of(29), band_of(60)
    ('child', 'young', 'old')
    """
    return next(band for limit, band in _BANDS if age < limit)


def aged(digits: str, band: str) -> str:
    """Return an age or decade of another band with the same last digit.

    >>> aged("35", "old"), aged("20", "middle")
    ('75', '40')
    """
    return {"young": "2", "middle": "4", "old": "7"}[band] + digits[-1]


def _codes(text: str) -> Iterator[PatternFound]:
    for match in (*_SLASHED.finditer(text), *_JOINED.finditer(text)):
        if _is_code(text, match):
            race, sex = match[1].lower(), match[2].lower()
            if race in _RACES:
                yield PatternFound("race", "code", _RACES[race], match.start(1), match.end(1))
            yield PatternFound("sex", "code", _SEXES[sex], match.start(2), match.end(2))
    for pattern in _AFTER_AGE:
        for match in pattern.finditer(text):
            yield PatternFound("sex", "code", _SEXES[match[1].lower()], match.start(1), match.end(1))


def _is_code(text: str, match: re.Match[str]) -> bool:
    """Whether it isn't a boyfriend (B/F) or a time (10 A/M)."""
    before, after = text[: match.start()], text[match.end() :]
    if match[0].lower() == "b/f":
        return not _OWNED.search(before) and (match[0].isupper() or re.match(r",? ?\d\d", after) is not None)
    return not (match[0].lower() == "a/m" and re.search(r"\d ?$", before))


def _ages(text: str) -> Iterator[PatternFound]:
    for pattern in _NUMBERS:
        for match in pattern.finditer(text):
            yield _age(match, "number")
    for match in _DECADE.finditer(text):
        yield _age(match, "decade")
    for match in _YEAR_OLD.finditer(text):
        if _is_person(match[2]):
            yield _age(match, "number")


def _is_person(word: str | None) -> bool:
    """Whether an age before this word is a person's: a person, a description, or no noun; never "20 year old Honda"."""
    lower = (word or "").lower()
    known = ("person", "child", "describing", "not_noun")
    races = ("black", "white", "asian", "african", "caucasian")
    verbal = lower.endswith(("ing", "ed")) and lower not in word_set("ing_noun")
    return not lower or verbal or lower in races or any(lower in word_set(name) for name in known)


def _age(match: re.Match[str], slot: str) -> PatternFound:
    return PatternFound("age", slot, band_of(int(match[1])), match.start(1), match.end(1))
