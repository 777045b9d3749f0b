from dataclasses import replace

import pytest
from hypothesis import given

import callnexus
from callnexus import Decision, Model, Reason, ReasonCode
from callnexus.lexicon import SCOPES, shipped
from callnexus.reasons import CODE_OF_CONCEPT, FAMILIES, code_of
from tests.texts import narratives


def test_every_concept_of_the_shipped_lexicon_has_a_code_and_bears_on_a_label():
    concepts = shipped().concepts

    assert {concept.name for concept in concepts} == set(CODE_OF_CONCEPT)
    assert {concept.family for concept in concepts} == {family for known in FAMILIES.values() for family in known}


def test_no_code_stands_for_nothing():
    reached = {code_of(c.name, c.family, s, name) for c in shipped().concepts for s in SCOPES for name in FAMILIES}
    without_cue = {
        ReasonCode.OTHER_CUE,
        ReasonCode.NOTHING_FOUND,
        ReasonCode.FLAGGED_EARLIER,
        ReasonCode.TOO_LITTLE_TEXT,
        ReasonCode.ANOTHER_SCRIPT,
        ReasonCode.UNLIKE_TRAINING_DATA,
    }

    assert reached | without_cue == set(ReasonCode)


def test_a_concept_that_a_city_adds_is_another_cue_for_both_labels():
    found = {code_of("our_own", "our_family", "present", label) for label in FAMILIES}

    assert found == {ReasonCode.OTHER_CUE}


@pytest.mark.parametrize(
    ("text", "code", "quote"),
    [
        ("he has a knife in his hand", "weapon_present", "knife"),
        ("neg weapons seen, he is calm", "weapon_denied", "weapons"),
        ("hearing voices all night", "psychosis", "hearing voices"),
        ("suicidal last year, fine today", "history_only", "suicidal"),
    ],
)
def test_a_cue_becomes_a_reason_tied_to_its_span(model: Model, text: str, code: str, quote: str):
    reasons = [reason for reason in model.predict(text).reasons if reason.code == code]

    assert reasons
    start, end = reasons[0].spans[0]
    assert text[start:end] == reasons[0].quote
    assert quote in reasons[0].quote


@given(text=narratives)
def test_every_decision_about_any_string_has_a_reason_and_every_span_is_evidence(model: Model, text: str):
    prediction = model.predict(text)

    spans = {(piece.start, piece.end, piece.label) for piece in prediction.evidence}
    for label in callnexus.LABEL_NAMES:
        own = [reason for reason in prediction.reasons if reason.label == label]
        assert own
        judged = getattr(prediction, label).decision is not Decision.INSUFFICIENT
        if judged:
            listed = sum(piece.weight for piece in prediction.evidence if piece.label == label)
            assert sum(reason.weight for reason in own) == pytest.approx(listed, abs=1e-9)
        assert all((*span, label) in spans for reason in own for span in reason.spans)
    assert prediction.sentence


def test_the_sentence_names_both_decisions_and_quotes_the_caller(model: Model):
    sentence = model.predict("RP sts brother off his meds, hearing voices, holding a knife to her throat").sentence

    assert sentence.startswith("mental health nexus: ")
    assert '("hearing voices")' in sentence
    assert "; safety risk: " in sentence


def test_an_unsure_answer_tells_both_sides(model: Model):
    texts = ["male shouting at a bus, unk if armed", "she feels low, no plan", "had a bat earlier, calm now", "crying"]
    unsure = [p.sentence for p in model.predict_many(texts) if p.safety_risk.decision is Decision.UNSURE]

    assert unsure
    assert all("safety risk unclear: " in sentence for sentence in unsure)


def test_a_no_that_rests_on_no_cue_says_that_nothing_was_found(model: Model):
    prediction = model.predict("caller wants to know when the office opens and where to park")

    codes = {reason.code for reason in prediction.reasons if reason.label == "safety_risk"}
    assert prediction.safety_risk.decision is Decision.NO
    assert ReasonCode.NOTHING_FOUND in codes
    assert prediction.sentence.endswith("no safety risk found")


def told(model: Model, decision: Decision, *reasons: Reason) -> str:
    """Return the sentence of a prediction with this decision on safety_risk for these reasons."""
    prediction = model.predict("caller wants to know when the office opens")
    risk = replace(prediction.safety_risk, decision=decision)
    return replace(prediction, safety_risk=risk, reasons=reasons).sentence.partition("; ")[2]


def test_a_danger_that_counts_against_is_said_to(model: Model):
    murder = Reason(ReasonCode.VIOLENCE, "safety_risk", -1.0, ((0, 6),), "murder")
    denied = Reason(ReasonCode.WEAPON_DENIED, "safety_risk", -0.5, ((7, 13),), "weapon")

    assert told(model, Decision.NO, murder) == (
        'no safety risk found: violence in progress or just over ("murder") counts against it here'
    )
    assert told(model, Decision.NO, murder, denied) == 'no safety risk found: weapon denied ("weapon")'


def test_what_takes_a_reason_back_is_never_the_reason_for_a_yes(model: Model):
    history = Reason(ReasonCode.HISTORY_ONLY, "safety_risk", 1.0, ((0, 6),), "gun hx")
    wording = Reason(ReasonCode.WORDING, "safety_risk", 0.5, ((7, 13),), "lobby")

    assert told(model, Decision.YES, history, wording) == "safety risk: no single phrase, the wording as a whole"


def test_an_unsure_answer_without_any_cue_says_so(model: Model):
    assert told(model, Decision.UNSURE) == "safety risk unclear: no single phrase, the wording as a whole"
