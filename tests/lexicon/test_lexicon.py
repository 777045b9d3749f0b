import pytest

from callnexus.errors import LexiconError
from callnexus.lexicon import parse, shipped, to_files

GOOD = {
    "concepts.csv": "concept,family,description\nweapon,risk,A weapon\n",
    "cues.csv": "concept,phrase\nweapon,knife\n",
    "markers.csv": "scope,direction,reach,phrase\nnegated,before,4,no\n",
}


def test_written_files_are_read_back_as_the_same_lexicon():
    lexicon = shipped()

    assert parse(to_files(lexicon)) == lexicon


@pytest.mark.parametrize("city", ["boston", "new_york", "denver"])
def test_a_city_overlay_adds_cues(city: str):
    assert len(shipped((city,)).cues) > len(shipped().cues)


def test_an_unknown_city_is_refused_with_the_known_ones():
    with pytest.raises(LexiconError, match="boston"):
        shipped(("atlantis",))


@pytest.mark.parametrize(
    ("file", "text", "reason"),
    [
        ("cues.csv", "phrase,concept\n", "line 1: the header must be"),
        ("cues.csv", "concept,phrase\nweapon,\n", "line 2: 2 filled fields"),
        ("cues.csv", "concept,phrase\nghost,boo\n", "ghost"),
        ("markers.csv", "scope,direction,reach,phrase\nmaybe,before,4,no\n", "line 2: scope must be one of"),
        ("markers.csv", "scope,direction,reach,phrase\npast,up,4,no\n", "line 2: direction must be one of"),
        ("markers.csv", "scope,direction,reach,phrase\npast,before,far,no\n", "line 2: reach must be"),
        ("markers.csv", "scope,direction,reach,phrase\npast,before,1000,no\n", "line 2: reach must be"),
        ("markers.csv", "scope,direction,reach,phrase\npast,before,²,no\n", "line 2: reach must be"),
        ("cues.csv", "concept,phrase\ngun," + "a" * 200_000 + "\n", "line 2: not CSV"),
    ],
)
def test_a_bad_row_is_refused_with_its_line_and_what_is_allowed(file: str, text: str, reason: str):
    with pytest.raises(LexiconError, match=reason):
        parse(GOOD | {file: text})
