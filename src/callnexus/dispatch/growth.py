"""A narrative that grows remark by remark: after each, exactly what a model says of the whole, at the remark's price.

Words far enough from the end are settled: no later remark changes their cues, scopes or runs. Of these only sums are
kept, and the pieces that could still be listed as evidence. A remark is read together with the words before it that
are not settled, and with a few settled ones for context: some sixty words with the shipped lexicon.

How far is far enough:

- Of overlapping phrases the longest stays, then the first. A new word ends one of at most LONGEST_PHRASE = L words;
  each phrase that gives way to a longer one on its right is at least a word shorter and shares a word with it. So what
  was found changes at most ``L (L - 1) / 2`` words before the old end, 15 for L = 6.
- A marker found there reaches back its reach. Beyond that, and one word more, a word is settled where no phrase found
  runs across the border before it.
- For context, a window begins a reach and a phrase before the first word that is not settled, again between phrases.

The members of a hashed family count 1/sqrt(n) each and a cue that occurs k times 1/k, and n and k only grow: a settled
piece too weak to be listed, taking each of its parts at its full strength, stays too weak and is let go. How many stay
is bounded by the model's weights, not by the length of the narrative.
"""

from bisect import bisect_right
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from callnexus.errors import CallError
from callnexus.evidence import WEAKEST, Pieces, find_pieces, list_strongest, per_piece
from callnexus.features import Features
from callnexus.labels import LABEL_NAMES
from callnexus.lexicon import LONGEST_PHRASE
from callnexus.lexicon.matching import Matches
from callnexus.model import Model, to_text
from callnexus.policy import Circumstances
from callnexus.prediction import Prediction
from callnexus.sufficiency import WordCounts, count_words

_HASHED = ("word", "character")
_ROUNDING = 1e-9
"""A piece this little below WEAKEST is kept: sums of floats taken in another order differ by less."""


@dataclass(slots=True)
class _Sums:
    """What the score and the sufficiency of some words rest on.

    Attributes:
        members: int64, shape (2,). Entries of each hashed family.
        weights: float64, shape (2, 2). Sum of their weights, by family and label.
        cues: int64, shape (cue columns,). How often each cue occurs.
        words: int64, shape (4,). The fields of WordCounts.
    """

    members: NDArray[np.int64]
    weights: NDArray[np.float64]
    cues: NDArray[np.int64]
    words: NDArray[np.int64]

    def __add__(self, other: "_Sums") -> "_Sums":
        return _Sums(
            self.members + other.members,
            self.weights + other.weights,
            self.cues + other.cues,
            self.words + other.words,
        )


@dataclass(slots=True)
class _Parts:
    """Pieces with what their words add before scaling; `hashed` is float64, shape (pieces, 2, 2): family, label."""

    pieces: Pieces
    hashed: NDArray[np.float64]

    def __getitem__(self, chosen: NDArray[np.bool_]) -> "_Parts":
        return _Parts(self.pieces[chosen], self.hashed[chosen])

    def followed_by(self, others: "_Parts") -> "_Parts":
        return _Parts(self.pieces.followed_by(others.pieces), np.concatenate((self.hashed, others.hashed)))


class GrowingNarrative:
    """A narrative that a model reads as it grows. For one thread; the model may be shared.

    Raises:
        CallError: If the model weighs pairs of neighbouring cues, which may stand any distance apart.
    """

    def __init__(self, model: Model) -> None:
        spec, table = model.extractor.spec, model.extractor.table
        if spec.pair_scale:
            raise CallError(
                "this model weighs pairs of neighbouring cues (pair_scale above 0), which a growing narrative cannot "
                "carry along; predict the whole narrative anew with each remark instead"
            )
        self._model = model
        first_hashed = model.extractor.offsets["pair"]
        self._cue_weights = model.weights[:first_hashed].astype(np.float64) * spec.cue_scale
        self._scales = np.array([spec.word_scale, spec.character_scale])
        reach = max((rule.reach for rule in table.rules), default=0)
        self._unsettled = LONGEST_PHRASE * (LONGEST_PHRASE - 1) // 2 + reach + 1
        self._context = max((reach + LONGEST_PHRASE, *spec.word_lengths))
        self._remarks: list[str] = []
        self._starts: list[int] = []
        self._window = ""
        self._window_start = 0
        self._settled_words = 0
        """Words at the beginning of the window that are there for context."""
        nothing = np.zeros(0, np.int64)
        self._settled = _Sums(
            np.zeros(2, np.int64), np.zeros((2, 2)), np.zeros(first_hashed, np.int64), np.zeros(4, np.int64)
        )
        self._open = self._settled
        self._settled_parts = _Parts(Pieces(nothing, nothing, nothing), np.zeros((0, 2, 2)))
        self._open_parts = self._settled_parts

    @property
    def text(self) -> str:
        """The remarks so far, joined by new lines."""
        return "\n".join(self._remarks)

    @property
    def remarks(self) -> int:
        """Number of remarks so far."""
        return len(self._remarks)

    @property
    def pieces_kept(self) -> int:
        """Settled pieces that are kept because they could be listed as evidence."""
        return len(self._settled_parts.hashed)

    def start_of(self, remark: int) -> int:
        """Return the index in `text` of the first character of a remark, numbered from 1."""
        return self._starts[remark - 1]

    def quote(self, start: int, end: int) -> str:
        """Return `text[start:end]` without joining what lies elsewhere."""
        first, last = bisect_right(self._starts, start) - 1, bisect_right(self._starts, end - 1)
        offset = self._starts[first]
        return "\n".join(self._remarks[first:last])[start - offset : end - offset]

    def append(self, remark: str) -> None:
        """Add a remark on a line of its own.

        Raises:
            NarrativeTypeError: If it is not a string.
        """
        remark = to_text(remark)
        border = "\n" if self._remarks else ""
        window = self._window + border + remark
        self._starts.append(self._window_start + len(self._window) + len(border))
        self._remarks.append(remark)
        features = self._model.extractor.extract([window])
        total = len(features.words.hashes)
        between = _between_phrases(self._model.extractor.table.find(features.words), total)
        settled = max(self._settled_words, _last_true(between, total - self._unsettled))
        zone = (np.arange(total) >= self._settled_words).astype(np.int64)
        zone[settled:] = 2
        self._count(features, zone)
        context = _last_true(between, settled - self._context)
        origins, separators = features.batch.origins, features.words.separators
        # A batch's first character is the border before it. Separators with no word before them say nothing.
        cut = int(origins[separators[context] + 1]) - 1 if total else len(window)
        self._settled_words = settled - context
        self._window = window[cut:]
        self._window_start += cut

    def _count(self, features: Features, zone: NDArray[np.int64]) -> None:
        """Add what is newly settled (zone 1) to the sums, and sum anew what is open (zone 2)."""
        model = self._model
        hashed = model.weights[features.column].astype(np.float64)
        family = np.searchsorted([model.extractor.offsets[name] for name in _HASHED], features.column, side="right")
        in_families = np.stack([hashed * (family == number)[:, None] for number in (1, 2)], axis=1)
        columns = model.extractor.cue_columns(features.cues)
        by_zone = replace(features.words, narrative=zone, counts=np.bincount(zone, minlength=3))
        counts = count_words(by_zone, 3, model.sufficiency.known_words)
        by_kind = np.stack([counts.words, counts.readable, counts.named, counts.new])
        zone_of_entry = zone[features.words.word_of_byte[features.first]]
        zone_of_cue = zone[features.cues.first]

        def sums(number: int) -> _Sums:
            here = zone_of_entry == number
            return _Sums(
                members=np.bincount(family[here], minlength=3)[1:],
                weights=in_families[here].sum(axis=0),
                cues=np.bincount(columns[zone_of_cue == number], minlength=len(self._cue_weights)),
                words=by_kind[:, number],
            )

        self._settled = self._settled + sums(1)
        self._open = self._settled + sums(2)
        first, pieces = find_pieces(features, model.extractor)
        raw = per_piece(features, in_families.reshape(-1, 4), first).reshape(-1, 2, 2)
        found = _Parts(pieces.moved(self._window_start - 1), raw)
        self._settled_parts = self._settled_parts.followed_by(found[zone[first] == 1])
        self._settled_parts = self._settled_parts[self._could_be_listed(self._settled_parts)]
        self._open_parts = found[zone[first] == 2]

    def _factors(self) -> NDArray[np.float64]:
        """Return what the weights of each hashed family are multiplied by, shape (2,)."""
        factors: NDArray[np.float64] = self._scales / np.sqrt(np.maximum(self._open.members, 1))
        return factors

    def _could_be_listed(self, parts: _Parts) -> NDArray[np.bool_]:
        bound = np.einsum("pfl,f->pl", np.abs(parts.hashed), self._factors())
        # Cues that are settled stay; those still open may turn into others.
        bound += np.abs(self._of_cues(parts.pieces.column, self._settled.cues))
        strong: NDArray[np.bool_] = (bound >= WEAKEST - _ROUNDING).any(axis=1)
        return strong

    def _of_cues(self, column: NDArray[np.int64], times: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return what each piece's cue adds, shape (pieces, 2); 0 where it is none."""
        added = np.zeros((len(column), len(LABEL_NAMES)))
        cue = np.flatnonzero(column >= 0)
        added[cue] = self._cue_weights[column[cue]] / times[column[cue]][:, None]
        return added

    def predict(self, circumstances: Circumstances) -> Prediction:
        """Return what the model says of the narrative so far; equal to `model.predict(text)` up to rounding.

        Args:
            circumstances: Where and when the call is answered.
        """
        model, sums = self._model, self._open
        factors = self._factors()
        scores = model.intercepts + factors @ sums.weights + self._cue_weights[sums.cues > 0].sum(axis=0)
        parts = self._settled_parts.followed_by(self._open_parts)
        weights = np.einsum("pfl,f->pl", parts.hashed, factors) + self._of_cues(parts.pieces.column, sums.cues)
        why = list_strongest(weights, parts.pieces, self.quote, model.extractor.lexicon)
        (lack,) = model.sufficiency.lacking(WordCounts(*sums.words[:, None]))
        return model.conclude(scores.tolist(), lack, why, circumstances)


def _between_phrases(matches: Matches, total: int) -> NDArray[np.bool_]:
    """Return whether no phrase found runs across the border before each word, shape (total + 1,)."""
    between = np.ones(total + 1, np.bool_)
    for first, size in zip(matches.first, matches.size, strict=True):
        between[first + 1 : first + size] = False
    return between


def _last_true(flags: NDArray[np.bool_], until: int) -> int:
    """Return the last place up to `until` whose flag is true; the first place always counts."""
    return int(np.flatnonzero(flags[: until + 1])[-1]) if until > 0 else 0
