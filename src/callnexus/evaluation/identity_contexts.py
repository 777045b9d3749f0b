"""When a word is said of a person: the conditions named in the column `needs` of identity_terms.csv.

Each condition looks a few words to either side, in word sets of identity_words.csv (columns: set, words separated by
spaces, the reason for the set). When a condition is in doubt it says no: a swap that is left out costs one test case,
a wrong one is a false alarm about a model.
"""

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from types import MappingProxyType

_REACH = 4


@dataclass(frozen=True, slots=True)
class Place:
    """A run of words in a narrative.

    Attributes:
        text: The narrative.
        words: Its words and punctuation marks, in lower case.
        starts: Where each word begins in the text.
        first: Number of the run's first word.
        stop: Number of the word after the run.
    """

    text: str
    words: Sequence[str]
    starts: Sequence[int]
    first: int
    stop: int

    def before(self, steps: int = 1) -> str:
        """Return the word so many steps before the run, empty where there is none."""
        return self.words[self.first - steps] if self.first >= steps else ""

    def after(self, steps: int = 1) -> str:
        """Return the word so many steps after the run, empty where there is none."""
        place = self.stop + steps - 1
        return self.words[place] if place < len(self.words) else ""

    @property
    def written(self) -> str:
        """The run as the narrative has it."""
        return self.text[self.starts[self.first] : self.starts[self.stop - 1] + len(self.words[self.stop - 1])]

    def written_after(self, steps: int = 1) -> str:
        """Return the word so many steps after the run as the narrative has it."""
        place = self.stop + steps - 1
        start = self.starts[place] if place < len(self.words) else len(self.text)
        return self.text[start : start + len(self.after(steps))]


@cache
def word_set(name: str) -> frozenset[str]:
    """Return one word set of identity_words.csv.

    Raises:
        KeyError: If there is no such set.
    """
    return _word_sets()[name]


@cache
def _word_sets() -> dict[str, frozenset[str]]:
    text = (files("callnexus.evaluation") / "identity_words.csv").read_text(encoding="utf-8")
    return {row["set"]: frozenset(row["words"].split()) for row in csv.DictReader(io.StringIO(text))}


def begins_noun(place: Place) -> bool:
    """Return whether the next word can begin a noun phrase, so that "her" before it is a possessive.

    Words of the set `not_noun`, numbers, punctuation, -ing forms and -ly adverbs cannot; listed exceptions can.
    """
    word = place.after()
    if not word[:1].isalpha() or word in word_set("not_noun"):
        return False
    if word.endswith("ing"):
        return word in word_set("ing_noun")
    if word.endswith("ly"):
        return word in word_set("ly_noun")
    return not (place.before() in word_set("causative") and word in word_set("base_verb"))


def _before_person(place: Place) -> bool:
    """Whether a noun for a person follows, words such as "elderly" between them allowed."""
    return _described(place, word_set("person") | word_set("child"))


def _before_adult(place: Place) -> bool:
    return _described(place, word_set("person"))


def _described(place: Place, nouns: frozenset[str]) -> bool:
    for steps in range(1, _REACH + 1):
        word = place.after(steps)
        if word in nouns:
            return place.after(steps + 1) not in word_set("animal")
        if word not in word_set("describing"):
            return False
    return False


def _said_of_person(place: Place) -> bool:
    return _before_person(place) or _predicate(place) or _listed(place)


def _predicate(place: Place) -> bool:
    """Whether this is what somebody is: "he is Hispanic.", never "the car is black"."""
    closed = not place.after()[:1].isalnum() or place.after() in ("and", "but", "w/", "with")
    return (
        closed and place.before() in word_set("be") and place.before(2) in word_set("pronoun") - {"it", "this", "that"}
    )


def _listed(place: Place) -> bool:
    """Whether this stands in a description by commas: "male, white, 30s"."""
    return place.before() == "," and place.before(2) in word_set("person") and place.after() in (",", ".", "/", "")


def _person_noun(place: Place) -> bool:
    """Whether the noun names a person: no idiom, no name such as "Father Murphy", no exclamation, no "son of a"."""
    if place.before() in word_set("idiom_before") or place.after() in word_set("idiom_after"):
        return False
    if (place.after(), place.after(2)) == ("of", "a") or _hyphened(place):
        return False
    if place.after() == "," and place.after(2) in ("i", "this", "that", "it", "you"):
        return False
    return not (place.written.istitle() and place.written_after().istitle() and place.after() not in word_set("person"))


def _hyphened(place: Place) -> bool:
    """Whether this is a part of a longer word: "man-made", but not "ex-wife" or "mother-in-law"."""
    follows = place.before() == "-" and place.before(2) != "ex"
    return follows or (place.after() == "-" and place.after(2) != "in")


def _sexed_noun(place: Place) -> bool:
    return not _sexed_adjective(place) and place.after() not in word_set("animal")


def _sexed_adjective(place: Place) -> bool:
    return begins_noun(place) and place.after() not in word_set("animal")


def _courtesy(place: Place) -> bool:
    # Upper case is left alone: "HAS MS" is an illness.
    steps = 2 if place.after() == "." else 1
    return place.written.istitle() and place.written_after(steps)[:1].isupper()


def _decade(place: Place) -> bool:
    return place.before() in word_set("age_before")


def _language(place: Place) -> bool:
    return place.after() in word_set("language_after") or place.before() in word_set("language_before")


def _dwelling(place: Place) -> bool:
    determined = place.before() in ("a", "an", "the", "his", "her", "their", "my")
    return determined and not begins_noun(place)


def _place_name(place: Place) -> bool:
    return place.after() not in word_set("street") and place.before() not in word_set("name_before")


def _first_name(place: Place) -> bool:
    return _place_name(place) and place.before() not in word_set("title")


def _surname(place: Place) -> bool:
    """Whether a first name of the list or a courtesy title stands before it, and no street follows."""
    before = place.before(2) if place.before() == "." else place.before()
    known = before in word_set("title") or before in _first_names()
    return known and place.after() not in word_set("street")


@cache
def _first_names() -> frozenset[str]:
    text = (files("callnexus.evaluation") / "identity_terms.csv").read_text(encoding="utf-8")
    rows = (row for row in csv.DictReader(io.StringIO(text)) if row["slot"].startswith("first_"))
    return frozenset(name.lower() for row in rows for name in row["terms"].split("|"))


def _after_third(place: Place) -> bool:
    return place.before() in ("he", "she")


def _before_verb(place: Place) -> bool:
    return place.after() in word_set("base_verb")


def _before_ing(place: Place) -> bool:
    return place.after().endswith("ing")


CONDITIONS: Mapping[str, Callable[[Place], bool]] = MappingProxyType(
    {
        "": lambda place: True,
        "person": _said_of_person,
        "person_next": _before_person,
        "adult": _before_adult,
        "predicate": _predicate,
        "noun": _person_noun,
        "before_noun": begins_noun,
        "not_before_noun": lambda place: not begins_noun(place),
        "sexed_noun": _sexed_noun,
        "sexed_adjective": _sexed_adjective,
        "courtesy": _courtesy,
        "decade": _decade,
        "language": _language,
        "dwelling": _dwelling,
        "place_name": _place_name,
        "first_name": _first_name,
        "surname": _surname,
        "after_third": _after_third,
        "before_verb": _before_verb,
        "before_ing": _before_ing,
    }
)
"""What a term needs around it to be found, by the name in identity_terms.csv."""
