import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

import callnexus
from callnexus import Call, Decision, Model, ReasonCode, Response
from callnexus.dispatch.following import EventKind
from callnexus.errors import CallError, CallnexusError, NarrativeTypeError
from callnexus.policy import Circumstances, Unit
from callnexus.response import CLEAR_PAIRS

RISK = "male has a gun"
CALM = "he is calm now"
BY = {"by": "Sgt. Diaz", "reason": "gun secured, subject detained"}


@pytest.fixture
def call(small: Model) -> Call:
    return small.follow("24-117")


@pytest.fixture
def faded(call: Call) -> Call:
    """A call whose risk was found first and of which the model itself no longer says yes."""
    for remark in (RISK, CALM):
        call.append(remark)
    return call


def risk(prediction: callnexus.Prediction | None) -> Decision:
    assert prediction is not None
    return prediction.safety_risk.decision


def test_the_first_remark_is_an_update_from_nothing(call: Call):
    update = call.append(RISK)

    assert call.prediction == update.prediction
    assert [change.decision_before for change in update.changes] == [None, None]
    assert update.response_before is None
    assert update.changed
    assert update.new_reasons == update.prediction.reasons
    assert update.new_evidence == update.prediction.evidence
    assert call.narrative == RISK


def test_an_update_says_what_changed_and_why(call: Call):
    before = call.append("caller says a man is sitting in the lobby").prediction

    update = call.append(RISK)

    change = update.changes[1]
    assert (change.label, change.decision_after) == ("safety_risk", Decision.YES)
    assert change.decision_before is before.safety_risk.decision
    assert change.probability_before == before.safety_risk.probability < change.probability_after
    assert update.response_before is before.response
    assert ReasonCode.WEAPON_PRESENT in {reason.code for reason in update.new_reasons}
    assert {reason.code for reason in before.reasons} >= {reason.code for reason in update.gone_reasons}
    start = call.narrative.index(RISK)
    assert update.new_evidence
    assert all(piece.end > start for piece in update.new_evidence)
    assert f"safety risk now yes, was {change.decision_before}" in update.sentence


def test_a_risk_once_found_stays_a_yes_and_says_so(faded: Call, small: Model):
    own = small.predict(faded.narrative)

    shown = faded.prediction

    assert risk(own) is Decision.NO
    assert risk(shown) is Decision.YES
    assert shown is not None
    assert shown.safety_risk.probability == pytest.approx(own.safety_risk.probability)
    (flagged,) = [reason for reason in shown.reasons if reason.code is ReasonCode.FLAGGED_EARLIER]
    assert (flagged.label, flagged.weight) == ("safety_risk", 0.0)
    start, end = flagged.spans[0]
    assert faded.narrative[start:end] == flagged.quote
    assert flagged.quote in RISK
    assert "safety risk: flagged earlier and not cleared" in shown.sentence
    assert not {ReasonCode.NOTHING_FOUND} & {r.code for r in shown.reasons if r.label == "safety_risk"}
    assert faded.flag is not None
    assert faded.flag.since == 1


def test_the_response_follows_the_flag(faded: Call, small: Model):
    shown = faded.prediction

    assert shown is not None
    pair = (shown.mh_nexus.decision, Decision.YES)
    assert shown.response is small.policy.recommend(*pair).response
    assert shown.needs_review is (pair not in CLEAR_PAIRS)


def test_a_person_clears_the_flag_and_the_models_own_answer_stands(faded: Call, small: Model):
    update = faded.clear(**BY)

    assert risk(update.prediction) is Decision.NO
    assert update.prediction.response is small.predict(faded.narrative).response
    assert (update.flag, faded.flag, update.new_evidence) == (None, None, ())
    assert update.clearing is not None
    assert (update.clearing.by, update.clearing.after) == (BY["by"], 2)
    assert ReasonCode.FLAGGED_EARLIER in {reason.code for reason in update.gone_reasons}
    assert "safety risk now no, was yes" in update.sentence
    assert update.sentence.endswith("cleared after remark 2 by Sgt. Diaz")


def test_clearing_never_hides_the_models_own_yes(call: Call):
    call.append(RISK)

    update = call.clear(**BY)

    assert risk(update.prediction) is Decision.YES
    assert update.flag is None
    assert update.sentence.endswith("but the model says yes of the whole narrative")


@pytest.mark.parametrize("remark", ["", " ", "\n", "the dog was barking at the neighbours cat"])
def test_remarks_that_give_no_cause_do_not_flag_again(call: Call, remark: str):
    call.append(RISK)
    call.clear(**BY)

    update = call.append(remark)

    assert update.flag is None


def test_a_new_risk_after_a_clearing_flags_again_however_long_the_narrative(faded: Call, small: Model):
    faded.clear(**BY)
    faded.append("thank you")

    update = faded.append("a second male has a knife")

    assert update.flag is not None
    assert update.flag.since == 4
    assert risk(update.prediction) is Decision.YES
    start, end = update.flag.spans[0]
    assert faded.narrative[start:end] == update.flag.quote
    assert start > faded.narrative.index("thank you")
    assert faded.history[-1].kind is EventKind.FLAGGED


def test_a_score_above_the_cleared_one_flags_again(call: Call, small: Model):
    call.append(RISK)
    cleared = call.clear(**BY).prediction.safety_risk.score

    update = call.append("threat")

    assert small.predict("threat").safety_risk.decision is not Decision.YES
    assert update.prediction.safety_risk.score > cleared
    assert update.flag is not None


def test_history_tells_who_cleared_what_and_holds_no_narrative(faded: Call):
    faded.clear(**BY)
    faded.append("thank you")

    history = faded.history

    assert [event.number for event in history] == [1, 2, 3, 4]
    assert [event.kind for event in history[:2]] == [EventKind.FLAGGED, EventKind.APPENDED]
    assert (history[2].kind, history[2].by, history[2].reason) == (EventKind.CLEARED, BY["by"], BY["reason"])
    assert history[-1].decision is Decision.NO
    assert RISK not in repr(history)


@pytest.mark.parametrize(("by", "reason"), [("", "x"), ("x", ""), (" \n", "x"), ("x", "\t"), (None, "x"), ("x", 7)])
def test_clearing_needs_a_name_and_a_reason(call: Call, by: object, reason: object):
    call.append(RISK)

    with pytest.raises(CallError, match="must be text that is not empty"):
        call.clear(by=by, reason=reason)  # type: ignore[arg-type]

    assert call.flag is not None
    assert len(call.history) == 1


@pytest.mark.parametrize("said", [[], ["the dog barks at the cat"]])
def test_what_is_not_flagged_cannot_be_cleared(call: Call, said: list[str]):
    for remark in said:
        call.append(remark)

    with pytest.raises(CallError, match="no safety risk is flagged"):
        call.clear(**BY)
    assert issubclass(CallError, (CallnexusError, ValueError))


def test_a_remark_that_is_no_string_leaves_the_call_as_it_was(call: Call):
    call.append(RISK)
    before = (call.narrative, call.prediction, call.history)

    with pytest.raises(NarrativeTypeError):
        call.append(b"gun")  # type: ignore[arg-type]

    assert (call.narrative, call.prediction, call.history) == before


def test_circumstances_may_change_between_remarks(small: Model):
    unit = Unit(True, frozenset({"B2"}), (), Response.STANDARD)
    policy = replace(small.policy, units={Response.CO_RESPONSE: unit})
    call = replace(small, policy=policy).follow(1, Circumstances("B2"))

    here = call.append("suicidal, has a gun").prediction
    call.circumstances = Circumstances("elsewhere")
    there = call.append("").prediction

    assert here.response is Response.CO_RESPONSE
    assert there.instead_of is Response.CO_RESPONSE


def test_an_update_is_plain_json(faded: Call):
    plain = faded.clear(**BY).to_dict()

    assert json.loads(json.dumps(plain)) == plain
    assert plain["call"] == "24-117"
    assert plain["changes"][1]["decision_after"] == "no"
    assert faded.append(RISK).to_dict()["flag"]["spans"]


def test_calls_in_many_threads_share_one_model(small: Model):
    def last(number: int) -> float:
        call = small.follow(number)
        for remark in (RISK, *["knife"] * number):
            call.append(remark)
        assert call.prediction is not None
        return call.prediction.safety_risk.score

    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(last, range(8)))

    expected = [small.predict("\n".join([RISK, *["knife"] * number])).safety_risk.score for number in range(8)]
    assert found == pytest.approx(expected, abs=1e-9)


def test_a_danger_named_in_one_remark_is_flagged_even_if_the_whole_narrative_reads_calm(small: Model):
    call = small.follow("24-118")
    call.append("thank you, he is calm now, " * 40)
    update = call.append(RISK)

    assert small.predict(call.narrative).safety_risk.decision is not Decision.YES
    assert risk(update.prediction) is Decision.YES
    assert update.flag is not None
    assert call.narrative[slice(*update.flag.spans[0])] == update.flag.quote


def test_the_first_sentence_names_both_decisions(small: Model):
    update = small.follow(1).append("dog barking since six this morning, neighbour wants it to stop")

    nexus, risk_ = (change.decision_after for change in update.changes)
    assert update.sentence.startswith(f"first reading: mental health nexus {nexus}, safety risk {risk_}")
    assert update.changed


@pytest.mark.parametrize("remark", ["GUN", "KNIFE"])
def test_one_word_is_enough_to_flag(remark: str):
    call = callnexus.load().follow("24-119")
    call.append("caller reports loud music two floors up, polite, asks for somebody to have a word with them, " * 8)

    update = call.append(remark)

    assert update.flag is not None
    assert risk(update.prediction) is Decision.YES


def test_a_narrative_that_is_not_judged_but_sounds_like_danger_names_the_response_to_danger():
    prediction = callnexus.load().predict("tiene un machete GUN cuchillo quiere hacer algo muy malo ahora")

    assert prediction.safety_risk.decision is Decision.INSUFFICIENT
    assert prediction.response is Response.DISPATCHER_REVIEW
    assert prediction.provisional is Response.CO_RESPONSE
