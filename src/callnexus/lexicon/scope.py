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
from callnexus.lexicon.matching import Matches, PhraseTable
from callnexus.narrative import COMMA, QUESTION, STOP
from callnexus.words import Words

CROSSES_COMMAS = 6
"""Markers with at least this reach (such as "denies") hold on through a list with commas."""

_ASKED = SCOPES.index("asked")


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
    is_cue = matches.phrase < table.cue_count
    first, size = matches.first[is_cue], matches.size[is_cue]
    scope = np.zeros(len(first), np.int64)
    if len(first):
        # A question mark right after the cue ("weapons?") asks; a marker that says more overrules it.
        scope[words.after[first + size - 1] == QUESTION] = _ASKED
        if len(first) < len(matches.phrase):
            _apply_markers(words, table, matches, first, first + size, scope)
    return ScopedCues(first, size, table.concept[matches.phrase[is_cue]], scope, words.narrative[first])


def _apply_markers(
    words: Words,
    table: PhraseTable,
    matches: Matches,
    cue_first: NDArray[np.int64],
    cue_end: NDArray[np.int64],
    scope: NDArray[np.int64],
) -> None:
    """Raise each governed cue's scope, in place, to the strongest that any marker gives it."""
    chosen = matches.phrase >= table.cue_count
    marker = matches.phrase[chosen] - table.cue_count
    first = matches.first[chosen]
    end = first + matches.size[chosen]
    breaks = words.before >= STOP
    breaks[1:] |= words.narrative[1:] != words.narrative[:-1]
    breaks[first[table.scope[marker] < 0]] = True
    hard = np.flatnonzero(breaks)
    soft = np.flatnonzero(breaks | (words.before == COMMA))
    total = len(words.before)
    far = table.reach[marker] >= CROSSES_COMMAS
    for towards_end, governs in ((True, table.forward[marker]), (False, table.backward[marker])):
        ruling = np.flatnonzero(governs & (table.scope[marker] >= 0))
        if not len(ruling):
            continue
        reach = table.reach[marker[ruling]]
        if towards_end:
            after = end[ruling]
            stop = np.where(far[ruling], _next(hard, after, total), _next(soft, after, total))
            low = np.searchsorted(cue_first, after)
            high = np.searchsorted(cue_first, np.minimum(stop, after + reach + 1))
        else:
            until = first[ruling]
            stop = np.where(far[ruling], _last(hard, until), _last(soft, until))
            low = np.searchsorted(cue_end, np.maximum(stop, until - reach - 1), side="right")
            high = np.searchsorted(cue_end, until, side="right")
        counts = np.maximum(high - low, 0)
        if counts.any():
            spread = np.repeat(low - np.cumsum(counts) + counts, counts) + np.arange(counts.sum())
            np.maximum.at(scope, spread, np.repeat(table.scope[marker[ruling]], counts))


def _next(breaks: NDArray[np.int64], places: NDArray[np.int64], total: int) -> NDArray[np.int64]:
    """Return the first break at or after each place, or `total`."""
    at = np.searchsorted(breaks, places)
    return np.append(breaks, total)[at]


def _last(breaks: NDArray[np.int64], places: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the last break at or before each place, or 0."""
    at = np.searchsorted(breaks, places, side="right")
    return np.concatenate((np.zeros(1, np.int64), breaks))[at]
