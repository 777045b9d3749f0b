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
from callnexus.words import Words, join_hashes, salt_of, split_words, to_buckets, without_numbers

FAMILIES = ("cue", "pair", "word", "character")
_NOTHING = np.zeros(0, np.int64)
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
        if not spec.word_lengths or max(spec.character_lengths, default=0) < 2:
            raise ModelFolderError("word_lengths needs a length, and character_lengths one of at least 2")
        return spec

    def to_mapping(self) -> dict[str, Any]:
        """Return plain values from which `from_mapping` gives the spec back."""
        return {key: list(value) if isinstance(value, tuple) else value for key, value in asdict(self).items()}


@dataclass(frozen=True, slots=True)
class WordRuns:
    """Entries that reach from one word to another.

    Attributes:
        first: int64, shape (entries,). First word.
        size: Number of words, of all or of each.
    """

    first: NDArray[np.int64]
    size: int | NDArray[np.int64]

    def first_bytes(self, words: Words) -> NDArray[np.int64]:
        """Return the index of each span's first byte."""
        return words.separators[self.first] + 1

    def last_bytes(self, words: Words) -> NDArray[np.int64]:
        """Return the index of each span's last byte."""
        ends: NDArray[np.int64] = words.separators[self.first + self.size]
        return ends - 1

    def end_words(self, word_of_byte: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the index of each span's first and last word."""
        return self.first, self.first + (self.size - 1)


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
        ends: NDArray[np.int64] = words.separators[words.word_of_byte[self.start] + 1]
        return np.minimum(self.start + self.size, ends) - 1

    def end_words(self, word_of_byte: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the index of each span's word, twice: it is the first and the last."""
        word = word_of_byte[self.start]
        return word, word


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
    runs: tuple[WordRuns | CharacterRuns, ...]

    @property
    def first(self) -> NDArray[np.int64]:
        """Index of each span's first byte in `batch`, shape (entries,); worked out when asked for."""
        return np.concatenate([_NOTHING, *(run.first_bytes(self.words) for run in self.runs)])

    @property
    def last(self) -> NDArray[np.int64]:
        """Index of each span's last byte in `batch`, shape (entries,); worked out when asked for."""
        return np.concatenate([_NOTHING, *(run.last_bytes(self.words) for run in self.runs)])

    def ends(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the first and the last word of each entry, shape (entries,) both; worked out when asked for."""
        word_of_byte = self.words.word_of_byte
        ends = [run.end_words(word_of_byte) for run in self.runs]
        return (
            np.concatenate([_NOTHING, *(first for first, _ in ends)]),
            np.concatenate([_NOTHING, *(last for _, last in ends)]),
        )


@dataclass(frozen=True, slots=True)
class _Hashed:
    """Entries of a hashed family, before they have columns.

    Attributes:
        narrative: int64, shape (entries,). Which narrative.
        hashes: uint64, shape (entries,). Hash of the piece.
        runs: Where the entries stand.
    """

    narrative: NDArray[np.int64]
    hashes: NDArray[np.uint64]
    runs: WordRuns | CharacterRuns


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
        # Of the hashed families, in their order.
        self._offsets = np.array(ends[:-1], np.int64)
        self._bits = np.array([spec.pair_bits, spec.bits, spec.bits], np.uint64)
        self._salts = np.array([salt_of(1), salt_of(2), salt_of(3)], np.uint64)
        self._scales = np.array([[spec.pair_scale], [spec.word_scale], [spec.character_scale]], np.float64)

    def extract(self, narratives: Sequence[str]) -> Features:
        """Return the features of the narratives, any strings."""
        batch = normalise(narratives)
        words = split_words(batch)
        cues = find_scoped_cues(words, self.table)
        families = (self._pairs(cues), self._word_runs(words), self._character_runs(words))
        return self._joined(batch, words, cues, families)

    def _joined(
        self, batch: NormalisedBatch, words: Words, cues: ScopedCues, families: Sequence[Sequence[_Hashed]]
    ) -> Features:
        """Return the cues and the hashed families as one table, columns and values worked out for all at once."""
        count = len(batch.starts)
        parts = [part for family in families for part in family]
        sizes = [sum(len(part.hashes) for part in family) for family in families]
        cued = len(cues.first) if self.spec.cue_scale else 0
        narrative = np.concatenate([cues.narrative[:cued], *(part.narrative for part in parts)])
        column = np.empty(len(narrative), np.int64)
        value = np.empty(len(narrative))
        if cued:
            column[:cued] = self.cue_columns(cues)
            value[:cued] = self._cue_values(narrative[:cued], column[:cued])
        if len(narrative) > cued:
            hashes = np.concatenate([part.hashes for part in parts])
            buckets = to_buckets(hashes, self._bits.repeat(sizes), salt=self._salts.repeat(sizes))
            np.add(buckets, self._offsets.repeat(sizes), out=column[cued:])
            group = np.arange(0, len(families) * count, count).repeat(sizes)
            group += narrative[cued:]
            members = np.bincount(group, minlength=len(families) * count).reshape(len(families), count)
            value[cued:] = (self._scales / np.sqrt(np.maximum(members, 1))).ravel()[group]
        runs = tuple(part.runs for part in parts)
        if cued:
            runs = (WordRuns(cues.first, cues.size), *runs)
        return Features(count, narrative, column, value, batch, cues, words, runs)

    def cue_columns(self, cues: ScopedCues) -> NDArray[np.int64]:
        """Return the cue-family column of each cue, shape (cues,)."""
        return cues.concept * len(SCOPES) + cues.scope

    def _cue_values(self, narrative: NDArray[np.int64], column: NDArray[np.int64]) -> list[float]:
        keys = list(zip(narrative.tolist(), column.tolist(), strict=True))
        times = Counter(keys)
        return [self.spec.cue_scale / times[key] for key in keys]

    def _pairs(self, cues: ScopedCues) -> list[_Hashed]:
        if not self.spec.pair_scale or len(cues.first) < 2:
            return []
        column = self.cue_columns(cues).astype(np.uint64)
        left = (cues.narrative[1:] == cues.narrative[:-1]).nonzero()[0]
        first, last = cues.first[left], cues.first[left + 1] + cues.size[left + 1]
        return [
            _Hashed(cues.narrative[left], join_hashes(column[left], column[left + 1]), WordRuns(first, last - first))
        ]

    def _word_runs(self, words: Words) -> list[_Hashed]:
        if not self.spec.word_scale:
            return []
        single = without_numbers(words)
        running, parts = single, []
        for size in range(1, max(self.spec.word_lengths) + 1):
            if size > 1:
                running = join_hashes(running[:-1], single[size - 1 :])
            if size in self.spec.word_lengths:
                narrative = words.narrative[: len(running)]
                starts = (narrative == words.narrative[size - 1 :]).nonzero()[0]
                parts.append(_Hashed(narrative[starts], running[starts], WordRuns(starts, size)))
        return parts

    def _character_runs(self, words: Words) -> list[_Hashed]:
        if not self.spec.character_scale:
            return []
        narrative = words.narrative.repeat(words.separators[1:] - words.separators[:-1])
        in_word = words.codes >= FIRST_LETTER
        running, inside, parts = words.letters, np.ones(len(in_word), np.bool_), []
        for size in range(2, max(self.spec.character_lengths) + 1):
            running = running[:-1] * _CHARACTER_BASE
            running += words.letters[size - 1 :]
            # A run may touch a separator only at its two ends.
            inside = inside[:-1] & in_word[size - 2 : -1] if size > 2 else inside[:-1]
            if size in self.spec.character_lengths:
                starts = inside.nonzero()[0]
                parts.append(_Hashed(narrative[starts], running[starts], CharacterRuns(starts, size)))
        return parts
