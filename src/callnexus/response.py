"""Two decisions in, one recommended response out, by a city's policy."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from importlib.resources import files

from callnexus.errors import PolicyError
from callnexus.labels import Decision


class Response(StrEnum):
    """Whom the city sends. A recommendation: the dispatcher decides."""

    CO_RESPONSE = "co_response"
    EMS_CLINICIAN = "ems_clinician"
    PEER_LED = "peer_led"
    STANDARD = "standard"
    DISPATCHER_REVIEW = "dispatcher_review"


CLEAR_PAIRS = (
    (Decision.YES, Decision.YES),
    (Decision.YES, Decision.NO),
    (Decision.NO, Decision.YES),
    (Decision.NO, Decision.NO),
)
"""Decision pairs (mental health nexus, safety risk) that a policy must answer; any other goes to review."""


@dataclass(frozen=True, slots=True)
class Policy:
    """Which response follows each clear pair of decisions.

    Attributes:
        name: The policy's name, kept in every prediction.
        responses: The response of each pair in CLEAR_PAIRS.
    """

    name: str
    responses: Mapping[tuple[Decision, Decision], Response]

    def recommend(self, mh_nexus: Decision, safety_risk: Decision) -> Response:
        """Return the response for two decisions; anything but a clear pair is for the dispatcher to review.

        >>> shipped().recommend(Decision.YES, Decision.NO)
        <Response.EMS_CLINICIAN: 'ems_clinician'>
        >>> shipped().recommend(Decision.YES, Decision.UNSURE)
        <Response.DISPATCHER_REVIEW: 'dispatcher_review'>
        """
        return self.responses.get((mh_nexus, safety_risk), Response.DISPATCHER_REVIEW)


def shipped(name: str = "boston_pilot") -> Policy:
    """Return a policy that comes with the library."""
    return parse((files("callnexus.policies") / f"{name}.toml").read_text(encoding="utf-8"))


def parse(text: str) -> Policy:
    """Return the policy written in TOML.

    Raises:
        PolicyError: If the text is not TOML, a pair has no response, or a response is unknown or turned off.
    """
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise PolicyError(f"policy: not TOML: {error}") from error
    unknown = sorted(set(document) - {"name", "peer_led", "responses"})
    if unknown:
        raise PolicyError(f"policy: unknown key {unknown[0]!r}; allowed are name, peer_led, responses")
    table = document.get("responses", {})
    if not isinstance(table, dict):
        raise PolicyError("policy: responses must be a table of decision pairs")
    keys = {f"{nexus} {risk}": (nexus, risk) for nexus, risk in CLEAR_PAIRS}
    strange = sorted(set(table) - set(keys))
    if strange:
        raise PolicyError(f"policy: responses: {strange[0]!r} is not a pair; allowed are {', '.join(keys)}")
    peer_led = document.get("peer_led", False) is True
    responses = {pair: _response(key, table.get(key), peer_led=peer_led) for key, pair in keys.items()}
    return Policy(str(document.get("name", "unnamed")), responses)


def _response(key: str, value: object, *, peer_led: bool) -> Response:
    try:
        response = Response(str(value))
    except ValueError:
        allowed = ", ".join(Response)
        raise PolicyError(f"policy: responses: {key!r} must be one of {allowed}, not {value!r}") from None
    if response is Response.PEER_LED and not peer_led:
        raise PolicyError(f"policy: responses: {key!r} is peer_led, which is off; set peer_led = true to use it")
    return response
