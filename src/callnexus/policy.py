"""A city's policy: which response follows which decisions, where and when it exists, and what replaces it elsewhere.

A policy is one TOML file that a city edits:

- ``[responses]``: the response of each clear pair "<mental health nexus> <safety risk>", such as ``"yes no"``;
- ``[review]``: what is named beside DISPATCHER_REVIEW for each pair with an ``unclear`` in it, the less harmful of what
  is possible while the dispatcher reads;
- ``[units.<response>]``: ``on``, ``districts`` and ``hours`` in which a response exists, and its ``fallback``.

It is checked when it is read: every pair leads to a response in every district at every hour.
"""

import datetime
import hashlib
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from typing import Any

from callnexus.errors import PolicyError, unreadable
from callnexus.labels import Decision
from callnexus.response import ALWAYS_THERE, CLEAR_PAIRS, UNCLEAR, Response

_POLICIES = Path(__file__).with_name("policies")
_ANSWERS = (str(Decision.YES), str(Decision.NO), UNCLEAR)
_CLEAR_KEYS = tuple(f"{nexus} {risk}" for nexus, risk in CLEAR_PAIRS)
PAIR_KEYS = (*_CLEAR_KEYS, *(f"{n} {r}" for n, r in product(_ANSWERS, _ANSWERS) if UNCLEAR in (n, r)))
"""Every pair as a policy writes it: the clear ones, then those with an unclear answer."""


@dataclass(frozen=True, slots=True)
class Circumstances:
    """Where and when a call is answered, as far as dispatch software knows it.

    Attributes:
        district: As the policy names it; None where it isn't known: every response is taken to exist there.
        at: Local time; None where it isn't known: every response is taken to run then.
    """

    district: str | None = None
    at: datetime.time | None = None


ANYWHERE = Circumstances()


@dataclass(frozen=True, slots=True)
class Recommendation:
    """What a policy says of two decisions.

    Attributes:
        response: Whom to send, or DISPATCHER_REVIEW.
        provisional: Beside DISPATCHER_REVIEW, the less harmful response while the dispatcher reads; else None.
        instead_of: The response that the policy prefers, where it does not exist here or now; else None.
    """

    response: Response
    provisional: Response | None = None
    instead_of: Response | None = None


@dataclass(frozen=True, slots=True)
class Unit:
    """Where and when one response exists.

    Attributes:
        on: Whether the city has it at all.
        districts: Where; empty for everywhere.
        hours: From and to, each in minutes from midnight; empty for round the clock.
        fallback: What replaces it elsewhere and at other times.
    """

    on: bool
    districts: frozenset[str]
    hours: tuple[tuple[int, int], ...]
    fallback: Response

    def exists(self, circumstances: Circumstances) -> bool:
        """Return whether the response exists in the circumstances; what isn't known of them is no hindrance."""
        if not self.on or (self.districts and circumstances.district not in (None, *self.districts)):
            return False
        if not self.hours or circumstances.at is None:
            return True
        minute = circumstances.at.hour * 60 + circumstances.at.minute
        # A span may run over midnight: 22:00-06:00.
        return any(a <= minute < b if a < b else minute >= a or minute < b for a, b in self.hours)


@dataclass(frozen=True, slots=True)
class Policy:
    """Which response follows two decisions in a city. Immutable.

    Attributes:
        name: The policy's name, kept in every prediction.
        sha256: Of the file it was read from, kept in every prediction.
        responses: The response of each pair, keys as in PAIR_KEYS; for an unclear pair the provisional one.
        units: By response; a response without a unit exists everywhere at all hours.
    """

    name: str
    sha256: str
    responses: Mapping[str, Response]
    units: Mapping[Response, Unit] = field(default_factory=dict)

    def recommend(
        self, mh_nexus: Decision, safety_risk: Decision, circumstances: Circumstances = ANYWHERE
    ) -> Recommendation:
        """Return the recommendation for two decisions; anything but a clear pair is for the dispatcher to review.

        >>> shipped().recommend(Decision.YES, Decision.NO).response
        <Response.EMS_CLINICIAN: 'ems_clinician'>
        >>> found = shipped().recommend(Decision.YES, Decision.UNSURE)
        >>> str(found.response), str(found.provisional)
        ('dispatcher_review', 'co_response')
        """
        preferred = self.responses[f"{_answer(mh_nexus)} {_answer(safety_risk)}"]
        existing = preferred
        while existing in self.units and not self.units[existing].exists(circumstances):
            existing = self.units[existing].fallback
        instead_of = preferred if existing is not preferred else None
        if (mh_nexus, safety_risk) in CLEAR_PAIRS:
            return Recommendation(existing, None, instead_of)
        return Recommendation(Response.DISPATCHER_REVIEW, existing, instead_of)

    def districts(self) -> list[str]:
        """Return every district that the policy names, sorted."""
        return sorted({district for unit in self.units.values() for district in unit.districts})

    def hours(self) -> list[datetime.time]:
        """Return every time of day at which something changes, sorted, midnight first."""
        minutes = {0} | {minute % 1440 for unit in self.units.values() for span in unit.hours for minute in span}
        return [datetime.time(*divmod(minute, 60)) for minute in sorted(minutes)]

    def to_rows(self) -> Iterator[dict[str, str]]:
        """Yield the whole policy as a table: one row a district and time of day, one column a pair of PAIR_KEYS."""
        for district, at in product([*self.districts(), None], self.hours()):
            # No policy names the empty district, so it stands for all others.
            circumstances = Circumstances("" if district is None else district, at)
            row = {"district": "elsewhere" if district is None else district, "from": at.isoformat("minutes")}
            for key in PAIR_KEYS:
                nexus, risk = (_DECISION_OF[answer] for answer in key.split())
                found = self.recommend(nexus, risk, circumstances)
                row[key] = str(found.response if found.provisional is None else found.provisional)
            yield row


_DECISION_OF = {"yes": Decision.YES, "no": Decision.NO, UNCLEAR: Decision.UNSURE}


def _answer(decision: Decision) -> str:
    return decision.value if decision in (Decision.YES, Decision.NO) else UNCLEAR


def shipped(name: str = "boston_pilot") -> Policy:
    """Return a policy that comes with the library."""
    return parse(shipped_text(name))


def shipped_text(name: str) -> str:
    """Return the TOML of a policy that comes with the library.

    Raises:
        PolicyError: If there is none of that name.
    """
    path = _POLICIES / f"{name}.toml"
    if not path.is_file():
        known = sorted(entry.stem for entry in _POLICIES.glob("*.toml"))
        raise PolicyError(f"no policy named {name!r}; there are: {', '.join(known)}")
    return path.read_text(encoding="utf-8")


def read(path: Path) -> Policy:
    """Return the policy in a TOML file.

    Raises:
        PolicyError: If the file cannot be read or leaves a call without a response; the file is named.
    """
    try:
        return parse(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise PolicyError(f"{path}: cannot be read: {unreadable(error)}") from error
    except PolicyError as error:
        raise PolicyError(f"{path}: {error}") from error


def parse(text: str) -> Policy:
    """Return the policy written in TOML.

    Raises:
        PolicyError: If the text is not TOML, has an unknown key, or leaves a pair without a response somewhere.
    """
    document = _document(text)
    _only(document, ("name", "responses", "review", "units"), "policy")
    named = _table(document, "responses") | _table(document, "review")
    _only(_table(document, "responses"), _CLEAR_KEYS, "responses")
    _only(_table(document, "review"), [key for key in PAIR_KEYS if UNCLEAR in key], "review")
    responses = {
        key: _response(named.get(key), f"{'review' if UNCLEAR in key else 'responses'}.{key!r}") for key in PAIR_KEYS
    }
    units = {_response(name, "units"): _unit(name, unit) for name, unit in _table(document, "units").items()}
    # Off unless a city turns it on: a policy that says nothing of it has none.
    units.setdefault(Response.PEER_LED, Unit(False, frozenset(), (), Response.STANDARD))
    for response in units:
        _check_chain(response, units)
    digest = hashlib.sha256(text.encode()).hexdigest()
    return Policy(str(document.get("name", "unnamed")), digest, responses, units)


def parse_first(text: str) -> Policy:
    """Return a policy as model folders of format 1 hold it: pairs and a switch for peers, no review rule, no places.

    The review rule is the shipped one; every response exists everywhere, as it did then.

    Raises:
        PolicyError: If the text is no such policy.
    """
    document = _document(text)
    table = _table(document, "responses")
    review = {key: response for key, response in shipped().responses.items() if UNCLEAR in key}
    responses = {key: _response(table.get(key), f"responses.{key!r}") for key in _CLEAR_KEYS} | review
    return Policy(str(document.get("name", "unnamed")), hashlib.sha256(text.encode()).hexdigest(), responses)


def _document(text: str) -> dict[str, Any]:
    try:
        text.encode()
        return tomllib.loads(text)
    # A number of thousands of digits and a lone surrogate are plain ValueErrors.
    except (ValueError, RecursionError) as error:
        raise PolicyError(f"policy: not TOML: {error}") from error


def _table(document: Mapping[str, Any], name: str) -> dict[str, Any]:
    table = document.get(name, {})
    if not isinstance(table, dict):
        raise PolicyError(f"{name}: must be a table, [{name}]")
    return table


def _only(table: Mapping[str, Any], allowed: Any, where: str) -> None:
    for key in table:
        if key not in allowed:
            raise PolicyError(f"{where}: unknown key {key!r}; allowed are {', '.join(map(repr, allowed))}")


def _response(value: object, where: str) -> Response:
    allowed = [response for response in Response if response is not Response.DISPATCHER_REVIEW]
    if value is None:
        raise PolicyError(f"{where}: missing; name one of {', '.join(allowed)}")
    if value not in list(map(str, allowed)):
        raise PolicyError(f"{where}: must be one of {', '.join(allowed)}, not {value!r}")
    return Response(str(value))


def _unit(name: str, unit: Any) -> Unit:
    where = f"units.{name}"
    if name == Response.STANDARD or not isinstance(unit, dict):
        raise PolicyError(f"{where}: must be a table of a response other than standard, which always exists")
    _only(unit, ("on", "districts", "hours", "fallback"), where)
    on = unit.get("on", name != Response.PEER_LED)
    districts, hours = unit.get("districts", []), unit.get("hours", [])
    if type(on) is not bool:
        raise PolicyError(f"{where}.on: must be true or false")
    for key, values in (("districts", districts), ("hours", hours)):
        if not isinstance(values, list) or not all(isinstance(value, str) and value for value in values):
            raise PolicyError(f"{where}.{key}: must be a list of text; leave it out where there is no limit")
    spans = tuple(_span(text, f"{where}.hours") for text in hours)
    return Unit(on, frozenset(districts), spans, _response(unit.get("fallback"), f"{where}.fallback"))


def _span(text: str, where: str) -> tuple[int, int]:
    try:
        start, end = (_minute(part) for part in text.split("-"))
    except ValueError:
        raise PolicyError(f'{where}: must be like "07:00-23:00", not {text!r}') from None
    if start == end % 1440:
        raise PolicyError(f"{where}: {text!r} begins where it ends; leave hours out for round the clock")
    return start, end


def _minute(text: str) -> int:
    hour, minute = text.strip().split(":")
    if not (hour.isdigit() and minute.isdigit() and int(minute) < 60 and int(hour) * 60 + int(minute) <= 1440):
        raise ValueError(text)
    return int(hour) * 60 + int(minute)


def _check_chain(response: Response, units: Mapping[Response, Unit]) -> None:
    """Raise unless falling back from a response ends at one that always exists."""
    passed = [response]
    while (at := passed[-1]) in units and at not in ALWAYS_THERE:
        passed.append(units[at].fallback)
        if passed[-1] in passed[:-1]:
            raise PolicyError(f"units.{response}.fallback: goes in a circle: {' -> '.join(passed)}")
