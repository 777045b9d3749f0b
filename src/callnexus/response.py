"""Whom a city may send, and the pairs of decisions that call for somebody."""

from enum import StrEnum

from callnexus.labels import Decision


class Response(StrEnum):
    """Whom the city sends. A recommendation: the dispatcher decides."""

    CO_RESPONSE = "co_response"
    EMS_CLINICIAN = "ems_clinician"
    PEER_LED = "peer_led"
    STANDARD = "standard"
    DISPATCHER_REVIEW = "dispatcher_review"


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
