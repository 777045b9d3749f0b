"""Identity terms in narratives, found with spaCy's PhraseMatcher on lower-cased words and with a few patterns.

The list is identity_terms.csv, with the columns

- kind: race, sex, age, language, housing, neighbourhood, name or dialect;
- slot: terms of one slot stand for each other, so "he" becomes "she" and never "woman". The slot `block` lists terms
  beside which a swap to the group would say nonsense ("pregnant man"), `*` being every group;
- group: whom the term is said of;
- terms: separated by `|`; all are found, the first is written;
- needs: the condition of identity_contexts.py under which a term is found; `written` ones are written and never looked
  for, `pattern` ones are found by identity_patterns.py.

Sources: names that readers take for Black or white from Bertrand and Mullainathan (American Economic Review, 2004) and
Gaddis (Sociological Science, 2017), other first names and all surnames curated after the shares by surname of the US
Census Bureau (2010); neighbourhoods by the largest group of residents in the census of 2020. Dialect rows are features
of written African American English (Green, African American English: A Linguistic Introduction, 2002: negative concord,
"ain't", "finna", habitual "be", "gon"; Ziems et al., VALUE, ACL 2022) and of Spanish-influenced English (Fought,
Chicano English in Context, 2003; "no" before the verb in learners' English). They are a few features, not a dialect.
"""

import csv
import io
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from callnexus.evaluation.identity_contexts import CONDITIONS, Place
from callnexus.evaluation.identity_patterns import patterns_in

KINDS = ("race", "sex", "age", "language", "housing", "neighbourhood", "name", "dialect")
"""What is swapped, in the order of the tables."""

_UNSEARCHED = ("written", "pattern")


@dataclass(frozen=True, slots=True)
class IdentityTerm:
    """One row of identity_terms.csv; its columns are described at the top of this module.

    Attributes:
        kind: One of KINDS.
        slot: Terms of one slot stand for each other.
        group: Whom the terms are said of.
        terms: The first is written, all are found.
        needs: A condition, "written" or "pattern".
    """

    kind: str
    slot: str
    group: str
    terms: tuple[str, ...]
    needs: str


@dataclass(frozen=True, slots=True)
class Mention:
    """One identity term in a narrative.

    Attributes:
        kind: One of KINDS.
        slot: As in the list; number and decade for ages in digits.
        group: Whom it is said of.
        start: Where it begins in the narrative.
        end: Where it ends.
    """

    kind: str
    slot: str
    group: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Reading:
    """What was found in one narrative.

    Attributes:
        text: The narrative.
        words: Its words and punctuation marks in lower case.
        starts: Where each begins.
        mentions: In reading order; two of one kind never overlap.
        blocked: (kind, group) pairs that would make nonsense here; the group `*` is every group.
    """

    text: str
    words: tuple[str, ...]
    starts: tuple[int, ...]
    mentions: tuple[Mention, ...]
    blocked: frozenset[tuple[str, str]]


@cache
def identity_terms() -> tuple[IdentityTerm, ...]:
    """Return the shipped list."""
    text = (files("callnexus.evaluation") / "identity_terms.csv").read_text(encoding="utf-8")
    rows = csv.DictReader(io.StringIO(text), strict=True)
    return tuple(
        IdentityTerm(row["kind"], row["slot"], row["group"], tuple(row["terms"].split("|")), row["needs"])
        for row in rows
    )


def read_narratives(narratives: Iterable[str]) -> Iterator[Reading]:
    """Yield what was found in each narrative, any strings, in order."""
    pipeline, matcher = _matcher()
    for text in narratives:
        doc = pipeline.make_doc(_plain(text))
        kept = [token for token in doc if not token.is_space]
        words, starts = tuple(token.text for token in kept), tuple(token.idx for token in kept)
        number = {token.i: place for place, token in enumerate(kept)}
        found: list[tuple[IdentityTerm, Place]] = []
        for key, first, stop in matcher(doc):
            place = Place(text, words, starts, number[first], number[stop - 1] + 1)
            term = identity_terms()[int(pipeline.vocab.strings[key])]
            if CONDITIONS[term.needs](place):
                found.append((term, place))
        blocked = frozenset((term.kind, term.group) for term, _ in found if term.slot == "block")
        yield Reading(text, words, starts, tuple(_mentions(text, found)), blocked)


def _mentions(text: str, found: Iterable[tuple[IdentityTerm, Place]]) -> list[Mention]:
    """Return the mentions in reading order; of two of a kind that overlap, the longer, then the earlier."""
    every = [Mention(item.kind, item.slot, item.group, item.start, item.end) for item in patterns_in(text)]
    for term, place in found:
        if term.slot != "block":
            start = place.starts[place.first]
            every.append(Mention(term.kind, term.slot, term.group, start, start + len(place.written)))
    kept: list[Mention] = []
    for mention in sorted(every, key=lambda one: (one.start - one.end, one.start, one.kind, one.slot)):
        if not any(mention.kind == o.kind and mention.start < o.end and o.start < mention.end for o in kept):
            kept.append(mention)
    return sorted(kept, key=lambda one: (one.start, one.kind))


@cache
def _matcher() -> tuple[Any, Any]:
    # Imported here: light commands import this package and must not wait for spaCy.
    import spacy
    from spacy.matcher import PhraseMatcher

    pipeline = spacy.blank("en")
    matcher = PhraseMatcher(pipeline.vocab, attr="LOWER")
    for number, term in enumerate(identity_terms()):
        if term.needs not in _UNSEARCHED:
            matcher.add(str(number), [pipeline.make_doc(_plain(phrase)) for phrase in term.terms])
    pipeline.max_length = sys.maxsize
    return pipeline, matcher


def _plain(text: str) -> str:
    """Return the text as spaCy splits it best, character for character: ASCII lower case, straight apostrophes.

    Its exceptions for contractions know lower case only, and it cannot hold half of a surrogate pair.
    """
    if text.isascii():
        return text.lower()
    return "".join(_plain_character(character) for character in text)


def _plain_character(character: str) -> str:
    if character.isascii():
        return character.lower()
    if character in "\u2018\u2019":
        return "'"
    return "\ufffd" if "\ud800" <= character <= "\udfff" else character
