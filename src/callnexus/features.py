"""Narratives as weighted feature columns with spans: the one function that training and predicting share.

Every feature is a piece of the narrative, so a weight has a place in the text and contributions add up to
the score. Columns are numbered in four blocks, one a family:

1. cue: concept and scope, one column each (a weight a person can read);
2. pair: two neighbouring cues with their scopes, hashed;
3. word: runs of words, hashed, numbers folded;
4. character: runs of characters inside one word and its borders, hashed.

A cue that occurs k times counts 1/k each time; the n members of a hashed family count 1/sqrt(n) each, so a
long narrative does not outweigh a short one. Each family has a scale, which sets how strongly
regularised training may use it.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from callnexus.errors import ModelFolderError
from callnexus.lexicon import SCOPES, Lexicon
from callnexus.lexicon.matching import PhraseTable
from callnexus.lexicon.scope import ScopedCues, find_scoped_cues
from callnexus.narrative import FIRST_LETTER, NormalisedBatch, normalise
from callnexus.words import Words, join_hashes, split_words, to_buckets, without_numbers

FAMILIES = ("cue", "pair", "word", "character")
_CHARACTER_BASE = np.uint64(0x2545F4914F6CDD1D)


@dataclass(frozen=True, slots=True)
class FeatureSpec:
    """What is extracted; kept in the model folder, so that predicting repeats training exactly.

    Attributes:
        word_lengths: Lengths of word runs, in words.
        character_lengths: Lengths of character runs, in characters.
        bits: Base-2 logarithm of the buckets for word and character runs, each family its own block.
        pair_bits: The same for cue pairs.
        cue_scale: Value of a cue; 0 leaves the family out (likewise below).
        pair_scale: Value of a pair family.
        word_scale: Value of the word family.
        character_scale: Value of the character family.
    """

    word_lengths: tuple[int, ...] = (1, 2)
    character_lengths: tuple[int, ...] = (4,)
    bits: int = 17
    pair_bits: int = 13
    cue_scale: float = 1.0
    pair_scale: float = 0.5
    word_scale: float = 1.0
    character_scale: float = 1.0

    @classmethod
    def from_mapping(cls, values: Mapping[str, Any]) -> "FeatureSpec":
        """Return the spec written as plain values, as TOML and JSON give them.

        Raises:
            ModelFolderError: If a value is of the wrong kind or out of range.
        """
        known = {field.name for field in fields(cls)}
        unknown = sorted(set(values) - known)
        if unknown:
            raise ModelFolderError(f"unknown feature settings: {', '.join(unknown)}")
        settings: dict[str, Any] = {key: tuple(v) if isinstance(v, list) else v for key, v in values.items()}
        spec = cls(**settings)
        lengths = (*spec.word_lengths, *spec.character_lengths)
        scales = (spec.cue_scale, spec.pair_scale, spec.word_scale, spec.character_scale)
        if not all(type(n) is int and 1 <= n <= 8 for n in lengths):
            raise ModelFolderError("word_lengths and character_lengths must be whole numbers from 1 to 8")
        if not all(type(n) is int and 4 <= n <= 20 for n in (spec.bits, spec.pair_bits)):
            raise ModelFolderError("bits and pair_bits must be whole numbers from 4 to 20")
        if not all(isinstance(scale, (int, float)) and 0 <= scale <= 100 for scale in scales):
            raise ModelFolderError("scales must be numbers from 0 to 100")
        return spec

    def to_mapping(self) -> dict[str, Any]:
        """Return plain values from which `from_mapping` gives the spec back."""
        return {key: list(value) if isinstance(value, tuple) else value for key, value in asdict(self).items()}


@dataclass(frozen=True, slots=True)
class Features:
    """Extracted features in no particular order, one entry an occurrence.

    Attributes:
        count: Number of narratives.
        narrative: int64, shape (entries,). Which narrative.
        column: int64, shape (entries,). Which weight.
        value: float64, shape (entries,). What the weight is multiplied by.
        batch: The normalised narratives.
        cues: The cues found, with their scopes.
        words: The words found.
        runs: Where the entries stand, family by family; read through `first` and `last`.
    """

    count: int
    narrative: NDArray[np.int64]
    column: NDArray[np.int64]
    value: NDArray[np.float64]
    batch: NormalisedBatch
    cues: ScopedCues
    words: Words
    runs: "tuple[WordRuns | CharacterRuns, ...]"

    @property
    def first(self) -> NDArray[np.int64]:
        """Index of each span's first byte in `batch`, shape (entries,); worked out when asked for."""
        return np.concatenate([_NOTHING, *(run.first_bytes(self.words) for run in self.runs)])

    @property
    def last(self) -> NDArray[np.int64]:
        """Index of each span's last byte in `batch`, shape (entries,); worked out when asked for."""
        return np.concatenate([_NOTHING, *(run.last_bytes(self.words) for run in self.runs)])


@dataclass(frozen=True, slots=True)
class WordRuns:
    """Entries that reach from one word to another.

    Attributes:
        first: int64, shape (entries,). First word.
        last: int64, shape (entries,). Last word.
    """

    first: NDArray[np.int64]
    last: NDArray[np.int64]

    def first_bytes(self, words: Words) -> NDArray[np.int64]:
        """Return the index of each span's first byte."""
        return words.separators[self.first] + 1

    def last_bytes(self, words: Words) -> NDArray[np.int64]:
        """Return the index of each span's last byte."""
        return words.separators[self.last + 1] - 1


@dataclass(frozen=True, slots=True)
class CharacterRuns:
    """Entries inside one word; a run may hold the word's borders, its span is of the word alone.

    Attributes:
        start: int64, shape (entries,). First byte, or the separator before the word.
        size: Number of bytes.
    """

    start: NDArray[np.int64]
    size: int

    def first_bytes(self, words: Words) -> NDArray[np.int64]:
        """Return the index of each span's first byte."""
        return np.maximum(self.start, words.separators[words.word_of_byte[self.start]] + 1)

    def last_bytes(self, words: Words) -> NDArray[np.int64]:
        """Return the index of each span's last byte."""
        end = words.separators[words.word_of_byte[self.start] + 1]
        return np.minimum(self.start + self.size, end) - 1


_NOTHING = np.zeros(0, np.int64)


@dataclass(frozen=True, slots=True)
class _Entries:
    narrative: NDArray[np.int64]
    column: NDArray[np.int64]
    value: NDArray[np.float64]
    runs: tuple[WordRuns | CharacterRuns, ...]


class Extractor:
    """A feature spec joined with a compiled lexicon: call `extract` on narratives.

    Attributes:
        columns: Number of weights a model of these features has.
        offsets: First column of each family.
    """

    def __init__(self, spec: FeatureSpec, lexicon: Lexicon) -> None:
        self.spec = spec
        self.lexicon = lexicon
        self.table = PhraseTable(lexicon)
        sizes = (len(lexicon.concepts) * len(SCOPES), 1 << spec.pair_bits, 1 << spec.bits, 1 << spec.bits)
        ends = np.cumsum(sizes).tolist()
        self.columns: int = ends[-1]
        self.offsets: dict[str, int] = dict(zip(FAMILIES, [0, *ends[:-1]], strict=True))

    def extract(self, narratives: Sequence[str]) -> Features:
        """Return the features of the narratives, any strings."""
        batch = normalise(narratives)
        words = split_words(batch)
        cues = find_scoped_cues(words, self.table)
        spec = self.spec
        parts = [_Entries(_NOTHING, _NOTHING, np.zeros(0), ())]
        if spec.cue_scale and len(cues.first):
            parts.append(self._cues(cues))
        if spec.pair_scale and len(cues.first) > 1:
            parts.append(self._pairs(cues, len(narratives)))
        if len(words.hashes):
            if spec.word_scale:
                parts.append(self._word_runs(words, len(narratives)))
            if spec.character_scale:
                parts.append(self._character_runs(words, len(narratives)))
        return Features(
            count=len(narratives),
            narrative=np.concatenate([part.narrative for part in parts]),
            column=np.concatenate([part.column for part in parts]),
            value=np.concatenate([part.value for part in parts]),
            batch=batch,
            cues=cues,
            words=words,
            runs=tuple(run for part in parts for run in part.runs),
        )

    def _cues(self, cues: ScopedCues) -> _Entries:
        column = self.cue_columns(cues)
        keys = (cues.narrative * self.columns + column).tolist()
        times = Counter(keys)
        return _Entries(
            narrative=cues.narrative,
            column=column,
            value=self.spec.cue_scale / np.array([times[key] for key in keys]),
            runs=(WordRuns(cues.first, cues.first + cues.size - 1),),
        )

    def cue_columns(self, cues: ScopedCues) -> NDArray[np.int64]:
        """Return the cue-family column of each cue, shape (cues,)."""
        return cues.concept * len(SCOPES) + cues.scope

    def _pairs(self, cues: ScopedCues, count: int) -> _Entries:
        column = self.cue_columns(cues)
        left = np.flatnonzero(cues.narrative[1:] == cues.narrative[:-1])
        hashes = join_hashes(column[left].astype(np.uint64), column[left + 1].astype(np.uint64))
        narrative = cues.narrative[left]
        return _Entries(
            narrative=narrative,
            column=self.offsets["pair"] + to_buckets(hashes, self.spec.pair_bits, salt=1),
            value=_even_shares(narrative, count, self.spec.pair_scale),
            runs=(WordRuns(cues.first[left], cues.first[left + 1] + cues.size[left + 1] - 1),),
        )

    def _word_runs(self, words: Words, count: int) -> _Entries:
        single = without_numbers(words)
        running = single
        hashes, runs = [], []
        for size in range(1, max(self.spec.word_lengths) + 1):
            if size > 1:
                running = join_hashes(running[:-1], single[size - 1 :])
            if size in self.spec.word_lengths:
                starts = np.flatnonzero(words.narrative[: len(running)] == words.narrative[size - 1 :])
                hashes.append(running[starts])
                runs.append(WordRuns(starts, starts + (size - 1)))
        narrative = words.narrative[np.concatenate([run.first for run in runs])]
        column = to_buckets(np.concatenate(hashes), self.spec.bits, salt=2)
        column += self.offsets["word"]
        return _Entries(narrative, column, _even_shares(narrative, count, self.spec.word_scale), tuple(runs))

    def _character_runs(self, words: Words, count: int) -> _Entries:
        letters = words.letters
        in_word = words.codes >= FIRST_LETTER
        hashes, runs = [], []
        running, inside = letters, np.ones(len(letters), np.bool_)
        for size in range(2, max(self.spec.character_lengths) + 1):
            running = running[:-1] * _CHARACTER_BASE
            running += letters[size - 1 :]
            # A run may touch a separator only at its two ends.
            inside = inside[:-1] & in_word[size - 2 : -1] if size > 2 else inside[:-1]
            if size in self.spec.character_lengths:
                starts = np.flatnonzero(inside)
                hashes.append(running[starts])
                runs.append(CharacterRuns(starts, size))
        of_byte = np.repeat(words.narrative, words.separators[1:] - words.separators[:-1])
        narrative = of_byte[np.concatenate([run.start for run in runs])]
        column = to_buckets(np.concatenate(hashes), self.spec.bits, salt=3)
        column += self.offsets["character"]
        return _Entries(narrative, column, _even_shares(narrative, count, self.spec.character_scale), tuple(runs))


def _even_shares(narrative: NDArray[np.int64], count: int, scale: float) -> NDArray[np.float64]:
    """Return scale / sqrt(entries of the same narrative) for each entry."""
    entries = np.bincount(narrative, minlength=count)
    shares: NDArray[np.float64] = (scale / np.sqrt(np.maximum(entries, 1)))[narrative]
    return shares
