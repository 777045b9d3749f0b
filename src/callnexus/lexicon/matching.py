"""Finding every cue and marker of a lexicon in a batch of words, all narratives at once."""

from dataclasses import dataclass

import numpy as np

from callnexus.errors import LexiconError
from callnexus.lexicon import BREAK, LONGEST_PHRASE, SCOPES, Lexicon
from callnexus.narrative import normalise
from callnexus.words import Words, join_hashes, join_two, split_words

_LOW_BITS = np.uint64((1 << 17) - 1)
_SIFTED = 3
"""Words of the longest runs that are sifted as arrays; a longer phrase is followed from its first three words."""
_TABLES = np.arange(_SIFTED, dtype=np.uint64)[:, None] * (_LOW_BITS + np.uint64(1))


@dataclass(frozen=True, slots=True)
class Matches:
    """Phrases found, no two of them overlapping, in reading order.

    Lists, not arrays: a narrative holds a handful, and Python goes over a handful faster than NumPy.

    Attributes:
        first: Index of each match's first word.
        size: Number of words of each.
        phrase: Index of each into the table's phrases.
    """

    first: list[int]
    size: list[int]
    phrase: list[int]


@dataclass(frozen=True, slots=True)
class Rule:
    """What a marker does to the cues around it.

    Attributes:
        scope: Index into SCOPES; -1 for a break.
        forward: Whether it governs cues after it.
        backward: Whether it governs cues before it.
        reach: Largest number of words to a governed cue.
    """

    scope: int
    forward: bool
    backward: bool
    reach: int


class PhraseTable:
    """A lexicon compiled for matching: the hashes of all phrases, and of the beginnings of long ones.

    Phrases are numbered cues first, then markers, each in the lexicon's order.

    Attributes:
        cue_count: Number of cues; a smaller phrase number is a cue, the others are markers.
        concepts: Concept number of each cue.
        rules: One a marker.
    """

    def __init__(self, lexicon: Lexicon) -> None:
        numbers = {concept.name: number for number, concept in enumerate(lexicon.concepts)}
        self.cue_count = len(lexicon.cues)
        self.concepts = [numbers[cue.concept] for cue in lexicon.cues]
        self.rules = tuple(
            Rule(
                scope=-1 if marker.scope == BREAK else SCOPES.index(marker.scope),
                forward=marker.direction != "after",
                backward=marker.direction != "before",
                reach=marker.reach,
            )
            for marker in lexicon.markers
        )
        self._index([cue.phrase for cue in lexicon.cues] + [marker.phrase for marker in lexicon.markers])

    def _index(self, phrases: list[str]) -> None:
        """Note the hash of every phrase, of the beginnings of long ones, and which low bits occur among them."""
        words = split_words(normalise(phrases))
        counts = words.counts
        unusable = np.flatnonzero((counts < 1) | (counts > LONGEST_PHRASE))
        if len(unusable):
            raise LexiconError(f"phrase {phrases[unusable[0]]!r}: 1 to {LONGEST_PHRASE} words are needed")
        begins = np.cumsum(counts) - counts
        running = words.hashes[begins]
        number = np.arange(len(phrases))
        # One table a size, end to end.
        self._likely = np.zeros(_SIFTED * (int(_LOW_BITS) + 1), np.bool_)
        beginnings: list[int] = []
        keys: list[int] = []
        numbers: list[int] = []
        for size in range(1, LONGEST_PHRASE + 1):
            ends = counts[number] == size
            keys += running[ends].tolist()
            numbers += number[ends].tolist()
            if size >= _SIFTED:
                beginnings += running.tolist()
            if size <= _SIFTED:
                sought = running if size == _SIFTED else running[ends]
                self._likely[(sought & _LOW_BITS) + _TABLES[size - 1]] = True
            number, running = number[~ends], running[~ends]
            running = join_hashes(running, words.hashes[begins[number] + size])
        # A beginning that is no phrase itself has the number -1.
        self._known = dict.fromkeys(beginnings, -1)
        self._known.update(zip(keys, numbers, strict=True))
        _refuse_twins(keys, numbers, phrases)

    def find(self, words: Words) -> Matches:
        """Return the phrases found; of overlapping ones the longest stays, of equally long ones the first."""
        hashes, total = words.hashes, len(words.hashes)
        runs = np.zeros((_SIFTED, total), np.uint64)
        runs[0] = running = hashes
        for size in range(2, _SIFTED + 1):
            running = join_hashes(running[:-1], hashes[size - 1 :])
            runs[size - 1, : len(running)] = running
        # Few runs share their low bits with a phrase of their size: Python looks at those alone.
        low = runs & _LOW_BITS
        low += _TABLES
        likely = self._likely.take(low.view(np.int64).ravel()).nonzero()[0]
        known = self._known
        found: list[tuple[int, int, int]] = []
        for place, key in zip(likely.tolist(), runs.ravel()[likely].tolist(), strict=True):
            if key in known:
                more, first = divmod(place, total)
                if not more:
                    found.append((-1, first, known[key]))
                else:
                    found += self._longer(first, more + 1, key, words)
        return _without_overlaps(found, total)

    def _longer(self, first: int, size: int, key: int, words: Words) -> list[tuple[int, int, int]]:
        """Return what begins with a known run of several words, as (minus the size, first word, phrase)."""
        found = []
        number: int | None = self._known[key]
        while number is not None:
            end = first + size
            if number >= 0 and words.narrative.item(first) == words.narrative.item(end - 1):
                found.append((-size, first, number))
            if size < _SIFTED or end == len(words.hashes):
                break
            key = join_two(key, words.hashes.item(end))
            number = self._known.get(key)
            size += 1
        return found


def _refuse_twins(keys: list[int], numbers: list[int], phrases: list[str]) -> None:
    if len(set(keys)) == len(keys):
        return
    seen: dict[int, int] = {}
    for key, number in zip(keys, numbers, strict=True):
        if (twin := seen.setdefault(key, number)) != number:
            raise LexiconError(f"phrase {phrases[number]!r} stands twice (as {phrases[twin]!r})")


def _without_overlaps(found: list[tuple[int, int, int]], total: int) -> Matches:
    """Return the matches that stay, given all as (minus the size, first word, phrase)."""
    # By falling size, then in reading order.
    found.sort()
    taken = bytearray(total)
    kept = []
    for less, first, phrase in found:
        last = first - less - 1
        # A longer match that overlaps must cover one of the two end words.
        if not (taken[first] or taken[last]):
            taken[first : last + 1] = b"\1" * -less
            kept.append((first, -less, phrase))
    kept.sort()
    return Matches([match[0] for match in kept], [match[1] for match in kept], [match[2] for match in kept])
