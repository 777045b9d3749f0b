import numpy as np
import pytest
from hypothesis import given

from callnexus import Decision, Model, ReasonCode
from callnexus.narrative import normalise
from callnexus.sufficiency import KNOWN_BITS, Sufficiency, count_words, remember
from callnexus.words import split_words
from tests.texts import anything

KNOWN = "male with a knife at the bus stop talking to people who are not there"


@pytest.fixture
def sufficiency() -> Sufficiency:
    return Sufficiency(2, remember(split_words(normalise([KNOWN]))), 0.4)


def lacking(sufficiency: Sufficiency, *narratives: str) -> list[ReasonCode | None]:
    words = split_words(normalise(narratives))
    return sufficiency.lacking(count_words(words, len(narratives), sufficiency.known_words))


def test_each_narrative_is_judged_by_its_own_words(sufficiency: Sufficiency):
    found = lacking(sufficiency, KNOWN, "help", "bus stop", "", "knife " * 300)

    assert found == [None, ReasonCode.TOO_LITTLE_TEXT, None, ReasonCode.TOO_LITTLE_TEXT, None]


def test_another_script_is_named_as_such(sufficiency: Sufficiency):
    found = lacking(sufficiency, "他在 桥上 不想 活了", "他在 桥上 bus stop knife male")

    assert found == [ReasonCode.ANOTHER_SCRIPT, None]


def test_text_of_words_never_seen_is_unlike_the_training_data(sufficiency: Sufficiency):
    found = lacking(sufficiency, "zorbing quaffles beneath wumpus lantern gizmo trellis", "zorbing at the bus stop")

    assert found == [ReasonCode.UNLIKE_TRAINING_DATA, None]


def test_numbers_are_never_new(sufficiency: Sufficiency):
    words = split_words(normalise(["knife 4711 0815 12b 99 1234567"]))

    assert count_words(words, 1, sufficiency.known_words).novelty().tolist() == [0.0]


def test_a_short_narrative_is_drawn_towards_the_known(sufficiency: Sufficiency):
    words = split_words(normalise(["zorbing", "zorbing quaffle wumpus lantern gizmo trellis gimlet"]))

    short, long = count_words(words, 2, sufficiency.known_words).novelty()

    assert short == pytest.approx(1 / 5)
    assert long == pytest.approx(7 / 11)


@given(text=anything)
def test_novelty_of_any_string_is_a_share(text: str):
    known = np.zeros(1 << KNOWN_BITS, np.bool_)

    (share,) = count_words(split_words(normalise([text])), 1, known).novelty()

    assert 0 <= share < 1


@pytest.mark.parametrize(
    "text",
    [
        "Mi hermano no ha tomado su medicina y esta hablando solo con las paredes",
        "meu marido quer se matar e esta com uma faca na mao",
        "Con trai toi khong uong thuoc va noi chuyen mot minh suot dem",
    ],
)
def test_a_trained_model_does_not_judge_another_language(model: Model, text: str):
    prediction = model.predict(text)

    assert prediction.safety_risk.decision is Decision.INSUFFICIENT
    assert {reason.code for reason in prediction.reasons} == {ReasonCode.UNLIKE_TRAINING_DATA}
    assert prediction.sentence.startswith("mental health nexus not judged: unlike the narratives")


def test_a_word_is_known_from_as_many_narratives_as_asked_for():
    words = split_words(normalise(["knife knife knife", "knife bus", "bus stop"]))

    twice = count_words(split_words(normalise(["knife bus stop"])), 1, remember(words, held_by=2))
    thrice = count_words(split_words(normalise(["knife bus stop"])), 1, remember(words, held_by=3))

    assert (twice.new.tolist(), thrice.new.tolist()) == ([1], [3])
