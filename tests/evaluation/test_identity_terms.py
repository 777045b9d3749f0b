import csv
import subprocess
import sys
from collections import Counter
from importlib.resources import files

import pytest

from callnexus.evaluation.identity_contexts import CONDITIONS, word_set
from callnexus.evaluation.identity_grammar import in_case
from callnexus.evaluation.identity_patterns import patterns_in
from callnexus.evaluation.identity_terms import KINDS, identity_terms, read_narratives

IMPORTS = "import sys; import callnexus.evaluation.identity_swaps; print('spacy' in sys.modules)"


def word_rows() -> list[dict[str, str]]:
    text = (files("callnexus.evaluation") / "identity_words.csv").read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines(), strict=True))


def test_every_row_of_the_list_is_of_a_known_kind_and_condition():
    assert {term.kind for term in identity_terms()} == set(KINDS)
    assert {term.needs for term in identity_terms()} <= {*CONDITIONS, "written", "pattern"}


def test_no_row_of_the_list_is_written_twice():
    rows = Counter((term.kind, term.slot, term.group) for term in identity_terms() if term.slot != "block")

    assert max(rows.values()) == 1


def test_every_slot_has_terms_of_two_groups_or_more():
    groups: dict[tuple[str, str], set[str]] = {}
    for term in identity_terms():
        if term.slot != "block":
            groups.setdefault((term.kind, term.slot), set()).add(term.group)

    assert {slot for slot, found in groups.items() if len(found) < 2} == set()


def test_no_name_is_of_two_groups():
    names = Counter(name for term in identity_terms() if term.kind == "name" for name in term.terms)

    assert [name for name, count in names.items() if count > 1] == []


def test_every_word_set_says_why_and_repeats_no_word():
    for row in word_rows():
        words = row["words"].split()
        assert row["reason"], row["set"]
        assert [word for word, count in Counter(words).items() if count > 1] == [], row["set"]
        assert row["words"] == row["words"].lower()


def test_an_unknown_word_set_is_refused():
    with pytest.raises(KeyError, match="shoes"):
        word_set("shoes")


def test_importing_the_swaps_does_not_load_spacy():
    done = subprocess.run([sys.executable, "-c", IMPORTS], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "False"


def test_the_longest_of_two_overlapping_terms_is_found():
    reading = next(read_narratives(["fire in West Roxbury"]))

    assert [(mention.start, mention.end) for mention in reading.mentions] == [(8, 20)]


def test_places_are_those_of_the_narrative_whatever_its_characters():
    text = "\u0130\ud800 \u2019 he\u2019s  armed"

    mention = next(read_narratives([text])).mentions[0]

    assert text[mention.start : mention.end] == "he"


@pytest.mark.parametrize(
    ("text", "groups"),
    [
        ("W/M 30, CALM", ["white", "male", "middle"]),
        ("B/F/29", ["black", "female", "young"]),
        ("w/m 17 running", ["white", "male", "child"]),
        ("his b/f left", []),
        ("unit 12/F4", []),
        ("W/M 6'2", ["white", "male"]),
        ("25yo", ["young"]),
        ("paid $25 for 20 year old scotch", []),
    ],
)
def test_codes_and_ages_are_found_only_where_they_are_clear(text, groups):
    found = sorted(patterns_in(text), key=lambda one: one.start)

    assert [one.group for one in found] == groups


@pytest.mark.parametrize(
    ("term", "original", "expected"),
    [("Black", "WHITE", "BLACK"), ("Black", "white", "black"), ("homeless", "Tenant", "Homeless"), ("F", "M", "F")],
)
def test_letter_case_is_kept(term, original, expected):
    assert in_case(term, original) == expected
