"""Whom a city may send, and the pairs of decisions that call for somebody."""

from enum import StrEnum

from callnexus.labels import Decision


class Response(StrEnum):
    """Whom the city sends. A recommendation: the dispatcher decides. The value is for programs, `phrase` for people."""

    phrase: str

    def __new__(cls, value: str, phrase: str = "") -> "Response":
        """Return a member with its phrase; without one, as in `Response("standard")`, the member of that value."""
        member = str.__new__(cls, value)
        member._value_ = value
        member.phrase = phrase
        return member

    CO_RESPONSE = "co_response", "co-response"
    EMS_CLINICIAN = "ems_clinician", "EMS with a clinician"
    PEER_LED = "peer_led", "peer-led response"
    STANDARD = "standard", "standard response"
    DISPATCHER_REVIEW = "dispatcher_review", "dispatcher review"


ORDINARY_PROTOCOL = "the ordinary protocol (police, fire or EMS as usual)"
"""What the standard response is, for whoever does not know the word."""

ALWAYS_THERE = (Response.STANDARD, Response.DISPATCHER_REVIEW)
"""Responses that exist in every district at every hour."""

CLEAR_PAIRS = (
    (Decision.YES, Decision.YES),
    (Decision.YES, Decision.NO),
    (Decision.NO, Decision.YES),
    (Decision.NO, Decision.NO),
)
"""Decision pairs (mental health nexus, safety risk) that a policy must answer; any other goes to review."""

UNCLEAR = "unclear"
"""In a policy's review rule: unsure or insufficient."""
