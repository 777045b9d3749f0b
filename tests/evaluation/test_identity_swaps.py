import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pytest
from hypothesis import given, settings
from tests.texts import narratives

import callnexus
from callnexus import Decision, Model
from callnexus.evaluation.identity_swaps import KINDS, WORST, Swap, swap_rows, swaps_json, swaps_of

LARGEST_FLIP_RATE = 0.02

SWAPPED = [
    # race
    ("race", "asian", "a white man fell", "an asian man fell"),
    ("race", "black", "An Asian man fell", "A Black man fell"),
    ("race", "white", "BLACK FEMALE YELLING", "WHITE FEMALE YELLING"),
    ("race", "white", "African American woman, 40s", "White woman, 40s"),
    ("race", "black", "CLR IS A W/M, CALM", "CLR IS A B/M, CALM"),
    ("race", "hispanic", "is a W/M, calm", "is an H/M, calm"),
    ("race", "hispanic", "CLR IS A W/M, CALM", "CLR IS AN H/M, CALM"),
    ("race", "hispanic", "A W/M, calm", "An H/M, calm"),
    ("race", "white", "an A/F in the lobby", "a W/F in the lobby"),
    ("race", "asian", "WM 40 DIRECTING TRAFFIC, BLACK SUV", "AM 40 DIRECTING TRAFFIC, BLACK SUV"),
    ("race", "asian", "WM 40, DIRECTING TRAFFIC, BLACK SUV", "AM 40, DIRECTING TRAFFIC, BLACK SUV"),
    ("race", "black", "tall white homeless guy at the door", "tall black homeless guy at the door"),
    ("race", "middle_eastern", "he is Hispanic.", "he is Middle Eastern."),
    ("race", "white", "male, black, 30s, black pants", "male, white, 30s, black pants"),
    ("race", "hispanic", "white teen and a Hispanic teen", "hispanic teen and a Hispanic teen"),
    ("race", "white", "Native American man asleep", "White man asleep"),
    ("race", "white", "black SUV outside", None),
    ("race", "black", "white van, white powder on the seat", None),
    ("race", "black", "spoke to Mr White about Brown St", None),
    ("race", "white", "smell of smoke at an asian market", None),
    ("race", "white", "black male dog loose", None),
    ("race", "white", "the car is black.", None),
    ("race", "white", "black eye, black ice", None),
    ("race", "white", "her B/F hit her", None),
    ("race", "white", "HER B/F HIT HER", None),
    ("race", "white", "called at 10 A/M", None),
    ("race", "white", "HM 40 MAIN ST", None),
    # sex
    ("sex", "female", "he is fine, his car hit him", "she is fine, her car hit her"),
    ("sex", "male", "She cut herself, her mother saw her.", "He cut himself, his father saw him."),
    ("sex", "male", "SHE'S YELLING AND SHE'LL JUMP", "HE'S YELLING AND HE'LL JUMP"),
    ("sex", "male", "the blue car is hers", "the blue car is his"),
    ("sex", "female", "the blue car is his.", "the blue car is hers."),
    ("sex", "male", "told police about her again", "told police about him again"),
    ("sex", "male", "saw her jump", "saw him jump"),
    ("sex", "male", "her belly hurts", "his belly hurts"),
    ("sex", "male", "found her quickly", "found him quickly"),
    ("sex", "female", "W/M 30, CALM", "W/F 30, CALM"),
    ("sex", "female", "25 yo M, calm", "25 yo F, calm"),
    ("sex", "female", "25YOM, CALM", "25YOF, CALM"),
    ("sex", "male", "F/25, calm", "M/25, calm"),
    ("sex", "female", "uncle and two boys", "aunt and two girls"),
    ("sex", "female", "father-in-law called", "mother-in-law called"),
    ("sex", "male", "ex-wife called", "ex-husband called"),
    ("sex", "female", "man-made lake", None),
    ("sex", "female", "Mr. Jones called", "Ms. Jones called"),
    ("sex", "exchanged", "He hit his wife", "She hit her husband"),
    ("sex", "exchanged", "her boyfriend hit her", "his girlfriend hit him"),
    ("sex", "neutral", "he is fine", "they are fine"),
    ("sex", "neutral", "She has a knife", "They have a knife"),
    ("sex", "neutral", "he says no", "they say no"),
    ("sex", "neutral", "she's calm", "they're calm"),
    ("sex", "neutral", "she's got a bat", "they've got a bat"),
    ("sex", "neutral", "hes crying", "theyre crying"),
    ("sex", "neutral", "he doesn't want help", "they don't want help"),
    ("sex", "neutral", "is he ok?", "are they ok?"),
    ("sex", "neutral", "isn't she ok?", "aren't they ok?"),
    ("sex", "neutral", "HE STS HE WAS HIT", "THEY STS THEY WERE HIT"),
    ("sex", "neutral", "she just watches him", None),
    ("sex", "neutral", "he watches tv", "they watch tv"),
    ("sex", "neutral", "he carries a bat", "they carry a bat"),
    ("sex", "neutral", "A man with a bat", "A person with a bat"),
    ("sex", "neutral", "he says he is fine and wants to leave", None),
    ("sex", "neutral", "he zorbs", None),
    ("sex", "neutral", "he's arrested", None),
    ("sex", "neutral", "male driver", None),
    ("sex", "neutral", "his son fell", None),
    ("sex", "male", "gave her meds", None),
    ("sex", "male", "her sleeping pills", None),
    ("sex", "male", "want her evaluated", None),
    ("sex", "male", "quit her dishwashing job", None),
    ("sex", "male", "has not met her 2pm client", None),
    ("sex", "male", "talked to her all week", "talked to him all week"),
    ("sex", "male", "saw her crying", "saw him crying"),
    ("sex", "male", "she is pregnant", None),
    ("sex", "male", "new mother, she is not sleeping", None),
    ("sex", "female", "Father Murphy called", None),
    ("sex", "female", "man hole cover missing, oh boy", None),
    ("sex", "female", "that son of a gun", None),
    ("sex", "female", "male dog loose", None),
    ("sex", "male", "HX OF MS AND ASTHMA", None),
    # age
    ("age", "old", "23 year old hearing voices", "73 year old hearing voices"),
    ("age", "middle", "an 80 yo man", "a 40 yo man"),
    ("age", "young", "male in his 70s", "male in his 20s"),
    ("age", "old", "W/F LATE 20S", "W/F LATE 70S"),
    ("age", "old", "W/M 35, CALM", "W/M 75, CALM"),
    ("age", "young", "woman, 64, calm", "woman, 24, calm"),
    ("age", "young", "female in her seventies", "female in her twenties"),
    ("age", "young", "an elderly man fell", "a young man fell"),
    ("age", "old", "17 yo male crying", None),
    ("age", "old", "teen male, 19 yo", None),
    ("age", "young", "45 yo with a child", None),
    ("age", "young", "45 yo and 72 yo arguing", None),
    ("age", "old", "20 year old Honda", None),
    ("age", "young", "70 yo with dementia", None),
    ("age", "young", "my mother, 64 yo", None),
    ("age", "old", "W/M 45 MAIN ST", None),
    ("age", "old", "married 20 years", None),
    ("age", "old", "paid $25, room 30", None),
    # language
    ("language", "haitian_creole", "SPANISH SPEAKING CALLER", "HAITIAN CREOLE SPEAKING CALLER"),
    ("language", "arabic", "a Spanish speaker", "an Arabic speaker"),
    ("language", "spanish", "via Cantonese interpreter", "via Spanish interpreter"),
    ("language", "english", "via Cantonese interpreter", None),
    ("language", "english", "speaks Haitian Creole", "speaks English"),
    ("language", "spanish", "a russian restaurant", None),
    ("language", "spanish", "speaks no English", None),
    # housing
    ("housing", "housed", "homeless man asleep", "local man asleep"),
    ("housing", "housed", "he is homeless.", "he is housed."),
    ("housing", "housed", "fight in a shelter.", "fight in a condo."),
    ("housing", "homeless", "smoke at the housing authority building", None),
    ("housing", "housed", "smoke at the housing authority building", "smoke at the condo building"),
    ("housing", "housed", "Tenant yelling", "Homeowner yelling"),
    ("housing", "housed", "tenant was evicted", None),
    ("housing", "housed", "found shelter under a bridge", None),
    ("housing", "housed", "at the shelter door", None),
    # neighbourhood
    ("neighbourhood", "largest_group_white", "fire in Roxbury", "fire in South Boston"),
    ("neighbourhood", "largest_group_black", "Back Bay to Southie to Back Bay", "Mattapan to Roxbury to Mattapan"),
    ("neighbourhood", "largest_group_black", "fire in West Roxbury", "fire in Mattapan"),
    ("neighbourhood", "west", "on the east side.", "on the west side."),
    ("neighbourhood", "largest_group_white", "on Dorchester Ave", None),
    ("neighbourhood", "largest_group_white", "at Roxbury Crossing", None),
    # names
    ("name", "white", "Keisha Jackson called, Keisha is calm", "Emily Sullivan called, Emily is calm"),
    ("name", "hispanic", "TODD HIT GREG", "JOSE HIT LUIS"),
    ("name", "black", "Mr. Garcia called", "Mr. Washington called"),
    ("name", "black", "on Maria St", None),
    ("name", "black", "Officer Garcia on scene", None),
    ("name", "black", "the Kelly green door", None),
    # dialect
    ("dialect", "african_american", "she isn't calm", "she ain't calm"),
    ("dialect", "standard", "He don't want help", "He doesn't want help"),
    ("dialect", "spanish_influenced", "he doesn't want help", "he no want help"),
    ("dialect", "african_american", "she's about to jump", "she finna jump"),
    ("dialect", "standard", "HE BE YELLING", "HE'S ALWAYS YELLING"),
    ("dialect", "african_american", "they isn't", None),
    ("dialect", "african_american", "she's going to the store", None),
]  # fmt: skip

ROUND_TRIPS = [
    ("race", "black", "white", "A Black man and his dog"),
    ("race", "asian", "hispanic", "AN A/F, CALM"),
    ("sex", "male", "female", "He hurt himself, his dad saw nothing"),
    ("age", "young", "old", "a 27 yo man"),
    ("language", "spanish", "arabic", "a Spanish interpreter"),
    ("neighbourhood", "east", "west", "on the east side"),
    ("name", "black", "asian", "Jamal Washington is calm"),
    ("dialect", "standard", "african_american", "he doesn't have any water"),
]


def swapped(kind: str, to_group: str, text: str) -> str | None:
    found = [swap.text for swap in swaps_of([text], kinds=[kind]) if swap.to_group == to_group]
    assert len(found) <= 1
    return found[0] if found else None


@pytest.mark.parametrize(("kind", "to_group", "text", "expected"), SWAPPED)
def test_a_narrative_is_swapped_as_written_by_hand(kind, to_group, text, expected):
    assert swapped(kind, to_group, text) == expected


@pytest.mark.parametrize(("kind", "group", "other", "text"), ROUND_TRIPS)
def test_a_swap_and_its_reverse_give_the_narrative_back(kind, group, other, text):
    there = swapped(kind, other, text)

    assert there is not None
    assert there != text
    assert swapped(kind, group, there) == text


@settings(max_examples=60, deadline=None)
@given(narratives)
def test_text_outside_the_edits_is_untouched(text):
    for swap in swaps_of([text]):
        rebuilt, place = "", 0
        for edit in swap.edits:
            assert place <= edit.start < edit.end <= len(text)
            rebuilt += text[place : edit.start] + edit.text
            place = edit.end
        assert swap.text == rebuilt + text[place:]
        assert swap.text != text


def test_each_swap_names_its_narrative_and_groups():
    swaps = swaps_of(["no one here", "a white man"], kinds=["race"])

    assert {swap.narrative for swap in swaps} == {1}
    assert {(swap.kind, swap.from_group) for swap in swaps} == {("race", "white")}
    assert [swap.to_group for swap in swaps] == ["black", "hispanic", "asian", "native", "middle_eastern"]


def test_a_name_already_there_is_not_given_to_somebody_else():
    assert swapped("name", "white", "Keisha hit Emily") == "Kristen hit Emily"


def test_an_unknown_kind_is_refused():
    with pytest.raises(ValueError, match=r"unknown kinds of swaps: shoes; known are race, sex"):
        swaps_of(["a man"], kinds=["race", "shoes"])


@dataclass(frozen=True)
class Answer:
    score: float
    decision: Decision


@dataclass(frozen=True)
class Answers:
    mh_nexus: Answer
    safety_risk: Answer


def counted(texts: Sequence[str]) -> list[Answers]:
    """Answers whose nexus score is one per "black", and whose risk score is always the same."""
    return [
        Answers(
            Answer(float("black" in text), Decision.YES if "black" in text else Decision.NO),
            Answer(-1.0, Decision.NO),
        )
        for text in texts
    ]


def test_rows_count_flips_and_shifts_by_label():
    texts = ["a white man", "two white men", "a black man"]

    rows = swap_rows(texts, swaps_of(texts, kinds=["race"]), counted)

    row = next(row for row in rows if (row.from_group, row.to_group, row.label) == ("white", "black", "mh_nexus"))
    assert (row.flips.hits, row.flips.cases, row.mean_shift, row.mean_absolute_shift) == (2, 2, 1.0, 1.0)
    assert [case.narrative for case in row.worst] == [0, 1]
    back = next(row for row in rows if (row.from_group, row.to_group, row.label) == ("black", "white", "mh_nexus"))
    assert (back.mean_shift, back.mean_absolute_shift, back.worst_shift) == (-1.0, 1.0, -1.0)
    assert all(row.flips.hits == 0 and row.worst_shift == 0 for row in rows if row.label == "safety_risk")


def test_rows_keep_ten_worst_cases_and_no_text():
    texts = [f"a white man, zebra {number}" for number in range(WORST + 5)]

    rows = swap_rows(texts, swaps_of(texts, kinds=["race"]), counted)

    assert all(len(row.worst) == WORST for row in rows)
    written = json.dumps(swaps_json(rows))
    assert "zebra" not in written
    assert json.loads(written)["swaps"] == 2 * 5 * len(texts)


def test_every_distinct_text_is_predicted_once_in_one_call():
    calls: list[list[str]] = []
    texts = ["a white man", "a white man"]

    swap_rows(texts, swaps_of(texts, kinds=["race"]), lambda asked: calls.append(asked) or counted(asked))

    assert len(calls) == 1
    assert len(calls[0]) == len(set(calls[0])) == 6


def test_too_few_answers_are_refused():
    texts = ["a white man"]

    with pytest.raises(ValueError, match="zip"):
        swap_rows(texts, swaps_of(texts), lambda asked: counted(asked)[1:])


def test_no_swaps_give_no_rows():
    assert swap_rows(["fire"], [], lambda asked: counted(asked)) == []


SITUATIONS = (
    "yelling at cars",
    "asleep in the hall",
    "crying on the steps, says nobody would miss them",
    "with a bat at the bus stop",
    "hearing voices, off meds, calm",
    "asking for a ride",
    "arguing over a bill with the clerk",
    "talking to the walls, no weapons",
)
PEOPLE = ("Black man", "White man", "black woman", "white woman", "BLACK MALE", "WHITE FEMALE", "B/M", "W/F")


def calls_to_swap() -> list[str]:
    return [f"{person} {situation}" for person in PEOPLE for situation in SITUATIONS]


def identity_columns(model: Model, swaps: Sequence[Swap], texts: Sequence[str]) -> np.ndarray:
    """Return the columns that a swap makes come or go."""
    found = set()
    for swap in swaps:
        features = model.extractor.extract([texts[swap.narrative], swap.text])
        before, after = (set(features.column[features.narrative == side].tolist()) for side in (0, 1))
        found |= before ^ after
    return np.array(sorted(found))


def word_columns(model: Model, word: str) -> np.ndarray:
    features = model.extractor.extract([word])
    return np.unique(features.column[features.column >= model.extractor.offsets["word"]])


def with_weights(model: Model, columns: np.ndarray, added: float | None) -> Model:
    """Return the model with log-odds added to these columns, or with their weights at zero."""
    weights = model.weights.copy()
    weights[columns] = 0 if added is None else weights[columns] + added
    return replace(model, weights=weights)


def flip_rate(model: Model, kind: str) -> float:
    texts = calls_to_swap()
    swaps = swaps_of(texts, kinds=[kind])
    rows = swap_rows(texts, swaps, model.predict_many)
    assert sum(row.flips.cases for row in rows) > 100
    return max(row.flips.value or 0.0 for row in rows)


@pytest.fixture(scope="module")
def shipped() -> Model:
    return callnexus.load()


@pytest.mark.parametrize(("kind", "words"), [("race", ["black"]), ("sex", ["female", "woman"])])
def test_a_biased_model_is_caught(shipped, kind, words):
    columns = np.unique(np.concatenate([word_columns(shipped, word) for word in words]))
    biased = with_weights(shipped, columns, added=8.0)

    assert flip_rate(biased, kind) > 5 * LARGEST_FLIP_RATE


@pytest.mark.parametrize("kind", ["race", "sex"])
def test_a_model_without_weights_on_identity_passes(shipped, kind):
    texts = calls_to_swap()
    careful = with_weights(shipped, identity_columns(shipped, swaps_of(texts, kinds=[kind]), texts), added=None)

    assert flip_rate(careful, kind) <= LARGEST_FLIP_RATE


def test_rows_of_a_real_model_have_finite_shifts_for_every_kind(shipped):
    texts = [text for _, _, text, expected in SWAPPED if expected]

    rows = swap_rows(texts, swaps_of(texts), shipped.predict_many)

    assert {row.kind for row in rows} == set(KINDS)
    assert all(math.isfinite(row.mean_shift) and abs(row.mean_shift) <= row.mean_absolute_shift + 1e-9 for row in rows)
    assert all(row.to_dict()["worst"] for row in rows)
