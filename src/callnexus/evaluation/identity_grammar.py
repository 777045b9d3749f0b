"""Grammar of swapped terms: letter case, a or an, and the verbs that "they" needs.

The rules are small and give up rather than write nonsense: a function that returns None says that the swap is to be
left out.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from callnexus.evaluation.identity_contexts import word_set
from callnexus.evaluation.identity_terms import Reading

_ARTICLE = re.compile(r"(?<![\w'/])(an?)(?=[ ]+$)", re.I)
_VOWEL_LETTERS = "AEFHILMNORSX"
_CONSONANT_STARTS = ("uni", "use", "eu", "one")
_PLURALS: Mapping[str, str] = MappingProxyType({"is": "are", "was": "were", "has": "have", "does": "do", "goes": "go"})
_SENTENCE_ENDS = (".", "!", "?", ";", "//", "|")
_ABBREVIATED = ("sts", "advs", "reqs", "adv", "rpts")


@dataclass(frozen=True, slots=True)
class Edit:
    """One replacement in a narrative.

    Attributes:
        start: Where the replaced piece begins.
        end: Where it ends.
        text: What is written instead.
    """

    start: int
    end: int
    text: str


def applied(text: str, edits: list[Edit]) -> str | None:
    """Return the text with the edits made, or None if two overlap; outside them every character stays."""
    parts, place = [], 0
    for edit in sorted(edits, key=lambda one: one.start):
        if edit.start < place:
            return None
        parts += [text[place : edit.start], edit.text]
        place = edit.end
    return "".join([*parts, text[place:]])


def in_case(term: str, original: str) -> str:
    """Return the term in the letter case of what it replaces.

    >>> in_case("Haitian Creole", "SPANISH"), in_case("white", "Black"), in_case("Asian", "white")
    ('HAITIAN CREOLE', 'White', 'asian')
    """
    if original.isupper():
        return term.upper()
    if original.islower():
        return term.lower()
    return term[:1].upper() + term[1:]


def article_edit(text: str, edit: Edit) -> Edit | None:
    """Return the edit of an "a" or "an" right before the other edit, or None if it stays right.

    The sound of a code is that of its first letter's name (an H/M, a W/M), of a number that of its words (an 80 year
    old). An article that was wrong before is left as it is unless the sound changes.
    """
    match = _ARTICLE.search(text[max(0, edit.start - 4) : edit.start])
    old, new = (_sounds_like_vowel(word) for word in (text[edit.start : edit.end], edit.text))
    if match is None or old == new:
        return None
    start = max(0, edit.start - 4) + match.start(1)
    article = "an" if new else "a"
    # A lone "A" could be upper case or a capital: the letter before it and the word after it tell.
    before = [character for character in text[:start] if character.isalpha()][-1:]
    long_upper = edit.text.isupper() and len(edit.text) > 1
    if match[1].isupper() and (len(match[1]) > 1 or long_upper or (before and before[0].isupper())):
        return Edit(start, start + len(match[1]), article.upper())
    return Edit(start, start + len(match[1]), article.capitalize() if match[1][0].isupper() else article)


def _sounds_like_vowel(word: str) -> bool:
    if word[:1].isdigit():
        return word.startswith("8") or word in ("11", "18")
    if len(word) == 1:
        return word.upper() in _VOWEL_LETTERS
    return word[:1].lower() in "aeiou" and not word.lower().startswith(_CONSONANT_STARTS)


def unclear_her(reading: Reading, start: int) -> bool:
    """Return whether "her" at this place could be his or him: "gave her meds", "her sleeping", "let her clip"."""
    place = reading.starts.index(start)
    before = reading.words[place - 1] if place else ""
    after = reading.words[place + 1] if place + 1 < len(reading.words) else ""
    participle = after.endswith("ed") and after not in ("bed", "shed", "med", "weed", "seed", "sled")
    if participle or after[:1].isdigit() or after in word_set("her_doubtful"):
        return True
    if before in word_set("ditransitive"):
        return after[:1].isalpha()
    if after.endswith("ing") and after not in word_set("ing_noun"):
        return before not in word_set("before_object")
    infinitive = before in ("let", "lets", "make", "makes", "made", "help", "helps", "helped")
    return infinitive and after[:1].isalpha() and after not in word_set("base_verb") | word_set("not_noun")


def plural_verbs(reading: Reading, start: int) -> list[Edit] | None:
    """Return the edits that the verbs of "he" or "she" at this place need when it becomes "they".

    None if the verb is not understood, or if a later verb after "and" or a comma would still need "he" or "she".
    """
    words, place = reading.words, reading.starts.index(start)
    if _joined_verb_follows(words, place):
        return None
    if place and words[place - 1] in _PLURALS:
        return [_edit(reading, place - 1, _PLURALS[words[place - 1]])]
    if place > 1 and words[place - 1] in ("n't", "nt") and words[place - 2] in _PLURALS:
        return [_edit(reading, place - 2, _PLURALS[words[place - 2]])]
    verb = place + 1
    while verb < len(words) and words[verb] in word_set("adverb"):
        verb += 1
    if verb >= len(words):
        return []
    if words[verb] in ("'s", "s"):
        return _contraction(reading, verb)
    plural = _plural(words[verb])
    if plural is None:
        return None
    return [] if plural == words[verb] else [_edit(reading, verb, plural)]


def _plural(verb: str) -> str | None:
    """Return the verb for "they", the same if it has one form, None if it is in doubt."""
    if verb in _PLURALS:
        return _PLURALS[verb]
    if not verb.isalpha() or not verb.endswith("s") or verb in (*_ABBREVIATED, *word_set("invariable")):
        return verb
    if verb not in word_set("third_person"):
        return None
    if verb.endswith("ies") and len(verb) > 4:
        return verb[:-3] + "y"
    return verb[:-2] if verb.endswith(("sses", "shes", "ches", "xes", "zzes")) else verb[:-1]


def _contraction(reading: Reading, place: int) -> list[Edit] | None:
    """Return 're for 's as "is", 've for 's as "has", None where that cannot be told."""
    words = reading.words
    after = place + 1
    while after < len(words) and words[after] in word_set("adverb"):
        after += 1
    following = words[after] if after < len(words) else ""
    if following.endswith("ed") and following not in word_set("adjective_ed") | word_set("participle"):
        return None
    if following in word_set("participle") and following in word_set("adjective_ed"):
        return None
    form = "ve" if following in word_set("participle") else "re"
    return [_edit(reading, place, words[place].replace("s", form))]


def _joined_verb_follows(words: tuple[str, ...], place: int) -> bool:
    for number in range(place + 1, len(words) - 1):
        if words[number] in _SENTENCE_ENDS:
            return False
        joined = number > place + 1 and words[number] in ("and", "but", "or", "then", ",", "&")
        if joined and any(word in word_set("third_person") for word in _next_words(words, number)):
            return True
    return False


def _next_words(words: tuple[str, ...], place: int) -> Iterator[str]:
    """Yield the next word, and the ones after it while they are adverbs or conjunctions."""
    for word in words[place + 1 :]:
        yield word
        if word not in word_set("adverb") and word not in ("and", "but", "or"):
            return


def _edit(reading: Reading, place: int, text: str) -> Edit:
    start = reading.starts[place]
    end = start + len(reading.words[place])
    return Edit(start, end, in_case(text, reading.text[start:end]))
