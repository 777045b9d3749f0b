import datetime
from itertools import product
from pathlib import Path

import pytest

from callnexus.errors import PolicyError
from callnexus.labels import Decision
from callnexus.policy import PAIR_KEYS, Circumstances, parse, read, shipped
from callnexus.response import CLEAR_PAIRS, Response

PAIRS = """
[responses]
"yes yes" = "co_response"
"yes no" = "peer_led"
"no yes" = "standard"
"no no" = "standard"
"""
REVIEW = """
[review]
"yes unclear" = "co_response"
"unclear yes" = "co_response"
"unclear no" = "ems_clinician"
"no unclear" = "standard"
"unclear unclear" = "standard"
"""
UNITS = """
[units.co_response]
districts = ["north"]
hours = ["22:00-06:00", "12:00-13:00"]
fallback = "ems_clinician"
[units.ems_clinician]
hours = ["00:00-12:00"]
fallback = "standard"
[units.peer_led]
on = true
fallback = "ems_clinician"
"""
TOWN = 'name = "town"\n' + PAIRS + REVIEW + UNITS


def at(hour: int, district: str | None = "north") -> Circumstances:
    return Circumstances(district, datetime.time(hour, 30))


def test_boston_sends_an_officer_with_a_clinician_only_where_both_labels_are_yes():
    policy = shipped()

    sent = {pair: policy.recommend(*pair).response for pair in CLEAR_PAIRS}

    assert [pair for pair, response in sent.items() if response is Response.CO_RESPONSE] == [
        (Decision.YES, Decision.YES)
    ]


@pytest.mark.parametrize("unclear", [Decision.UNSURE, Decision.INSUFFICIENT])
@pytest.mark.parametrize("clear", [Decision.YES, Decision.NO])
def test_anything_but_a_clear_pair_goes_to_the_dispatcher_with_the_less_harmful_named(unclear, clear):
    policy = shipped()

    for pair in ((unclear, clear), (clear, unclear), (unclear, unclear)):
        found = policy.recommend(*pair)
        assert found.response is Response.DISPATCHER_REVIEW
        assert found.provisional not in (None, Response.DISPATCHER_REVIEW)


def test_a_response_that_does_not_exist_here_or_now_is_replaced_and_said_to_be():
    policy = parse(TOWN)

    night = policy.recommend(Decision.YES, Decision.YES, at(23))
    after_midnight = policy.recommend(Decision.YES, Decision.YES, at(5))
    morning = policy.recommend(Decision.YES, Decision.YES, at(9))
    evening = policy.recommend(Decision.YES, Decision.YES, at(18))
    south = policy.recommend(Decision.YES, Decision.YES, at(23, "south"))

    assert (night.response, night.instead_of) == (Response.CO_RESPONSE, None)
    assert after_midnight.response is Response.CO_RESPONSE
    assert (morning.response, morning.instead_of) == (Response.EMS_CLINICIAN, Response.CO_RESPONSE)
    assert (evening.response, evening.instead_of) == (Response.STANDARD, Response.CO_RESPONSE)
    assert south.response is Response.STANDARD


def test_the_response_named_beside_a_review_exists_there_too():
    found = parse(TOWN).recommend(Decision.YES, Decision.UNSURE, at(18))

    assert (found.response, found.provisional) == (Response.DISPATCHER_REVIEW, Response.STANDARD)


def test_what_is_not_known_of_a_call_is_no_hindrance():
    policy = parse(TOWN)

    assert policy.recommend(Decision.YES, Decision.YES).response is Response.CO_RESPONSE
    assert policy.recommend(Decision.YES, Decision.YES, at(23, None)).response is Response.CO_RESPONSE


def test_peer_led_is_off_unless_a_city_turns_it_on():
    assert parse(TOWN).recommend(Decision.YES, Decision.NO, at(18)).response is Response.PEER_LED
    off = parse(TOWN.replace("on = true", "on = false"))

    assert off.recommend(Decision.YES, Decision.NO, at(9)).response is Response.EMS_CLINICIAN
    without = parse(PAIRS + REVIEW)
    assert without.recommend(Decision.YES, Decision.NO).response is Response.STANDARD


def test_the_table_has_a_response_for_every_pair_district_and_hour():
    rows = list(parse(TOWN).to_rows())

    assert {(row["district"], row["from"]) for row in rows} == set(
        product(["north", "elsewhere"], ["00:00", "06:00", "12:00", "13:00", "22:00"])
    )
    assert all(row[key] in list(Response) for row in rows for key in PAIR_KEYS)
    by_place = {(row["district"], row["from"]): row["yes yes"] for row in rows}
    assert by_place["north", "12:00"] == "co_response"
    assert by_place["elsewhere", "22:00"] == "standard"


def test_a_policy_is_known_by_the_hash_of_its_text():
    assert parse(TOWN).sha256 != parse(TOWN + "\n# edited").sha256


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("name = ", "not TOML"),
        ("name = " + "[" * 5000, "not TOML"),
        ("name = " + "9" * 5000, "not TOML"),
        ("# \udc80", "not TOML"),
        ('colour = "red"', "unknown key 'colour'"),
        ("responses = 1", "must be a table"),
        ('[responses]\n"maybe no" = "standard"', "unknown key 'maybe no'"),
        ('[responses]\n"yes yes" = "co_response"', "'yes no': missing"),
        (PAIRS, "review.'yes unclear': missing"),
        (TOWN.replace('"peer_led"', '"swat"'), "not 'swat'"),
        (TOWN.replace('"peer_led"', '"dispatcher_review"'), "not 'dispatcher_review'"),
        (TOWN.replace('fallback = "standard"', 'fallback = "co_response"'), "circle: co_response"),
        (TOWN.replace('fallback = "standard"', ""), "units.ems_clinician.fallback: missing"),
        (TOWN.replace("22:00-06:00", "late"), 'like "07:00-23:00"'),
        (TOWN.replace("22:00-06:00", "22:00-25:00"), 'like "07:00-23:00"'),
        (TOWN.replace("22:00-06:00", "00:00-24:00"), "round the clock"),
        (TOWN.replace('["north"]', '"north"'), "units.co_response.districts: must be a list"),
        (TOWN.replace("on = true", "on = 1"), "units.peer_led.on: must be true or false"),
        (TOWN.replace("on = true", "colour = 1"), "units.peer_led: unknown key 'colour'"),
        (TOWN + "[units.standard]\nfallback = 'standard'", "always exists"),
        (TOWN.replace("[units.peer_led]", "[units.drone]"), "not 'drone'"),
    ],
)
def test_a_policy_that_leaves_a_call_without_a_response_is_refused(text: str, reason: str):
    with pytest.raises(PolicyError, match=reason):
        parse(text)


def test_a_bad_file_is_named(tmp_path: Path):
    file = tmp_path / "town.toml"
    file.write_text("name = ")

    with pytest.raises(PolicyError, match=r"town\.toml: policy: not TOML"):
        read(file)
    with pytest.raises(PolicyError, match="cannot be read"):
        read(tmp_path / "none.toml")


def test_an_unknown_shipped_policy_is_refused_with_the_known_ones():
    with pytest.raises(PolicyError, match="there are: boston_pilot"):
        shipped("atlantis")
