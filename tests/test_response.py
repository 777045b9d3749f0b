import pytest

from callnexus.errors import PolicyError
from callnexus.labels import Decision
from callnexus.response import Response, parse, shipped

TABLE = """
name = "town"
{switch}
[responses]
"yes yes" = "co_response"
"yes no" = "{yes_no}"
"no yes" = "standard"
"no no" = "standard"
"""


def test_boston_sends_an_officer_with_a_clinician_only_where_both_labels_are_yes():
    policy = shipped()

    sent = {pair: policy.recommend(*pair) for pair in policy.responses}

    assert [pair for pair, response in sent.items() if response is Response.CO_RESPONSE] == [
        (Decision.YES, Decision.YES)
    ]


@pytest.mark.parametrize("unclear", [Decision.UNSURE, Decision.INSUFFICIENT])
@pytest.mark.parametrize("clear", [Decision.YES, Decision.NO])
def test_anything_but_a_clear_pair_goes_to_the_dispatcher(unclear: Decision, clear: Decision):
    policy = shipped()

    assert policy.recommend(unclear, clear) is Response.DISPATCHER_REVIEW
    assert policy.recommend(clear, unclear) is Response.DISPATCHER_REVIEW


def test_a_peer_led_response_needs_the_citys_own_switch():
    with pytest.raises(PolicyError, match="peer_led = true"):
        parse(TABLE.format(switch="", yes_no="peer_led"))

    policy = parse(TABLE.format(switch="peer_led = true", yes_no="peer_led"))

    assert policy.recommend(Decision.YES, Decision.NO) is Response.PEER_LED


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("name = ", "not TOML"),
        ('colour = "red"', "unknown key 'colour'"),
        ("responses = 1", "must be a table"),
        ('[responses]\n"maybe no" = "standard"', "is not a pair"),
        ('[responses]\n"yes yes" = "co_response"', "'yes no' must be one of"),
        (TABLE.format(switch="", yes_no="swat"), "not 'swat'"),
    ],
)
def test_a_policy_that_leaves_a_call_without_a_response_is_refused(text: str, reason: str):
    with pytest.raises(PolicyError, match=reason):
        parse(text)
