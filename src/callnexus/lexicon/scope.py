"""The scope of each cue: present, asked, past, other person, negated or secured.

A marker governs the cues within its reach, up to the end of its clause. A clause ends at a strong
separator or at a break word ("but", "now"); for a marker of short reach it also ends at a comma, since
"neg wpns, suicidal" lists two findings while "denies SI, HI, AVH" lists one denial. The idea is that of
NegEx (Chapman et al., 2001) and ConText (Harkema et al., 2009), with reach stated marker by marker.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from callnexus.lexicon import SCOPES
from callnexus.lexicon.matching import Matches, PhraseTable, Rule
from callnexus.narrative import COMMA, QUESTION, STOP
from callnexus.words import Words

CROSSES_COMMAS = 6
"""Markers with at least this reach (such as "denies") hold on through a list with commas."""

_ASKED = SCOPES.index("asked")
_BREAK = -1


@dataclass(frozen=True, slots=True)
class ScopedCues:
    """The cues of a batch, in reading order.

    Attributes:
        first: int64, shape (cues,). Index of the first word.
        size: int64, shape (cues,). Number of words.
        concept: int64, shape (cues,). Concept number.
        scope: int64, shape (cues,). Index into SCOPES.
        narrative: int64, shape (cues,). Which narrative the cue stands in.
    """

    first: NDArray[np.int64]
    size: NDArray[np.int64]
    concept: NDArray[np.int64]
    scope: NDArray[np.int64]
    narrative: NDArray[np.int64]


def find_scoped_cues(words: Words, table: PhraseTable) -> ScopedCues:
    """Return every cue of the batch with its scope."""
    matches = table.find(words)
    scope = _governing(words, table, matches)
    columns = zip(matches.first, matches.size, matches.phrase, scope, strict=True)
    cues = [
        (first, size, table.concepts[phrase], strongest)
        for first, size, phrase, strongest in columns
        if phrase < table.cue_count
    ]
    first, size, concept, scope_ = np.array(cues, np.int64).reshape(-1, 4).T
    return ScopedCues(first, size, concept, scope_, words.narrative[first])


def _governing(words: Words, table: PhraseTable, matches: Matches) -> list[int]:
    """Return for each match the strongest scope that a marker gives it, 0 where none does.

    A loop over a marker's few neighbours: for one narrative far quicker than array operations.
    """
    separators = words.codes[words.separators].tobytes()
    spans = [(first, first + size) for first, size in zip(matches.first, matches.size, strict=True)]
    # A question mark right after a cue ("weapons?") asks; a marker that says more overrules it.
    scope = [_ASKED if separators[end] == QUESTION else 0 for _, end in spans]
    markers = [
        (number, table.rules[phrase - table.cue_count])
        for number, phrase in enumerate(matches.phrase)
        if phrase >= table.cue_count
    ]
    # Before the first word of every narrative stands at least a full stop, so no scope leaves its narrative.
    before = bytearray(separators)
    for number, rule in markers:
        if rule.scope == _BREAK:
            first = spans[number][0]
            before[first] = max(before[first], STOP)
    for number, rule in markers:
        if rule.scope != _BREAK:
            for other in _governed(number, rule, spans, before):
                scope[other] = max(scope[other], rule.scope)
    return scope


def _governed(number: int, rule: Rule, spans: list[tuple[int, int]], before: bytearray) -> range:
    """Return the matches that a marker reaches, itself among them.

    Args:
        number: Which match the marker is.
        rule: What the marker does.
        spans: First word of each match, and the one after its last.
        before: Class of the separator before each word.
    """
    wall = STOP if rule.reach >= CROSSES_COMMAS else COMMA
    low, high = number, number + 1
    first, end = spans[number]
    if rule.forward:
        furthest = end + rule.reach
        while high < len(spans) and spans[high][0] <= furthest and max(before[end : spans[high][0] + 1]) < wall:
            end = spans[high][0] + 1
            high += 1
    if rule.backward:
        furthest = first - rule.reach
        while low and spans[low - 1][1] >= furthest and max(before[spans[low - 1][1] : first + 1]) < wall:
            first = spans[low - 1][1] - 1
            low -= 1
    return range(low, high)
