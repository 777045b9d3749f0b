"""The words of the reports: rates as text, titles of outcomes, gaps in sentences, and what could not be checked."""

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from callnexus.labels import LABELS
from callnexus.response import Response

Row = Mapping[str, Any]

NOT_ENOUGH = "not enough cases"
DASH = "\N{EN DASH}"

MEASURES = {
    "miss_rate": "miss rate",
    "false_alarm_rate": "false alarm rate",
    "precision": "precision",
    "selection_rate": "selection rate",
    "review_rate": "review rate",
}
"""Title of each rate, in the order of the tables."""

ERROR_RATES = ("miss_rate", "false_alarm_rate")
"""The rates that are plotted, and named first among the gaps."""

LABEL_TITLES = {label.name: label.title for label in LABELS}

RESPONSE_TITLES = {
    Response.CO_RESPONSE: "co-response",
    Response.EMS_CLINICIAN: "EMS with a clinician",
    Response.PEER_LED: "peer-led response",
    Response.STANDARD: "standard response",
    Response.DISPATCHER_REVIEW: "dispatcher review",
}

_LABEL_GAPS = {
    "miss_rate": ("a {0} may be missed more often", "examples with a {0} that the model did not find"),
    "false_alarm_rate": ("a false alarm of a {0} may be more likely", "examples without a {0} that the model flagged"),
    "precision": ("a flagged {0} may be right more often", "examples flagged as a {0} that are one"),
    "selection_rate": ("a {0} may be flagged more often", "examples that the model flagged as a {0}"),
    "review_rate": ("a {0} may be left to a person more often", "examples without a clear answer on a {0}"),
}
_RESPONSE_GAPS = {
    "miss_rate": ("{0} may be withheld more often", "examples that need {0} and did not get it recommended"),
    "false_alarm_rate": (
        "{0} may be recommended needlessly more often",
        "examples that do not need {0} and got it recommended",
    ),
    "precision": ("a recommended {0} may be needed more often", "examples with {0} recommended that need it"),
    "selection_rate": ("{0} may be recommended more often", "examples with {0} recommended"),
    "review_rate": ("calls may be left to the dispatcher more often", "examples left to the dispatcher"),
}


def plain(value: object) -> object:
    """Return a string without characters that could hide or reorder what is written; anything else unchanged.

    Control characters are not allowed in HTML or SVG, lone surrogates cannot be written as UTF-8, and
    direction overrides make one name look like another.
    """
    if not isinstance(value, str):
        return value
    return "".join("\N{REPLACEMENT CHARACTER}" if _hides(character) else character for character in value)


def _hides(character: str) -> bool:
    # Line breaks and tabs are control characters too, but only whitespace to a reader.
    if character in "\t\n":
        return False
    overrides = "\u202a" <= character <= "\u202e" or "\u2066" <= character <= "\u2069"
    return overrides or unicodedata.category(character) in {"Cc", "Cs"}


def outcome_title(name: str) -> str:
    """Return what people call a label or response.

    >>> outcome_title("ems_clinician")
    'EMS with a clinician'
    """
    responses = {str(response): title for response, title in RESPONSE_TITLES.items()}
    return (LABEL_TITLES | responses).get(name, name.replace("_", " "))


def column_title(name: str) -> str:
    """Return a group column in words.

    >>> column_title("subject_age_band")
    'subject age band'
    """
    return name.replace("_", " ")


def group_title(name: str) -> str:
    """Return a group's name; "unknown" is said in full, or it reads like a column of unknown labels."""
    return "unknown (not recorded)" if name == "unknown" else name


def measured(rate: Mapping[str, Any] | None) -> bool:
    """Return whether a rate had enough cases to be shown."""
    return rate is not None and rate["value"] is not None


def rate_text(rate: Mapping[str, Any] | None) -> str:
    r"""Return a rate with its interval in percent, never a number where there were not enough cases.

    >>> ascii(rate_text({"value": 0.123, "low": 0.081, "high": 0.18, "hits": 20, "cases": 163}))
    "'12.3 % (8.1\\u201318.0)'"
    >>> rate_text(None)
    'not enough cases'
    """
    if rate is None or rate["value"] is None:
        return NOT_ENOUGH
    value, low, high = (100 * rate[key] for key in ("value", "low", "high"))
    return f"{value:.1f} % ({low:.1f}{DASH}{high:.1f})"


def number_text(value: float | int | None) -> str:
    """Return a count in full, any other number with three decimals, and None as "not measured"."""
    if value is None:
        return "not measured"
    return str(value) if isinstance(value, int) else f"{value:.3f}"


def joined(items: Sequence[str]) -> str:
    """Return items as a person lists them.

    >>> joined(["a", "b", "c"])
    'a, b and c'
    """
    return " and ".join([*([", ".join(items[:-1])] if len(items) > 1 else []), *items[-1:]])


@dataclass(frozen=True, slots=True)
class GapText:
    """One disparity in words.

    Attributes:
        headline: What may happen more often, without the groups.
        outcome: Title of the outcome.
        column: Title of the group column.
        measure: Title of the rate.
        counted: What the rates are shares of.
        highest: Name of the group with the highest rate.
        lowest: Name of the group with the lowest rate.
        high: The highest rate.
        low: The lowest rate.
        points: The difference in percentage points, as text.
        overlap: Whether the two intervals overlap.
    """

    headline: str
    outcome: str
    column: str
    measure: str
    counted: str
    highest: str
    lowest: str
    high: Mapping[str, Any]
    low: Mapping[str, Any]
    points: str
    overlap: bool


def first_gaps(document: Mapping[str, Any], count: int = 3) -> list[GapText]:
    """Return the gaps to read first: missed and falsely alarmed labels before all else, then by size.

    A difference of exactly zero is no gap.
    """
    gaps = [gap for gap in document["gaps"] if gap["difference"] > 0]
    first = [gap for gap in gaps if _comes_first(gap)]
    rest = [gap for gap in gaps if not _comes_first(gap)]
    rows = {(row["column"], row["outcome"], row["group"]): row for row in document["rows"]}
    return [_gap_text(gap, rows) for gap in [*first, *rest][:count]]


def _comes_first(gap: Mapping[str, Any]) -> bool:
    return gap["outcome"] in LABEL_TITLES and gap["measure"] in ERROR_RATES


def _gap_text(gap: Mapping[str, Any], rows: Mapping[tuple[str, str, str], Row]) -> GapText:
    outcome, measure = gap["outcome"], gap["measure"]
    title = outcome_title(outcome)
    headline, counted = (_LABEL_GAPS if outcome in LABEL_TITLES else _RESPONSE_GAPS)[measure]
    high, low = (rows[gap["column"], outcome, gap[end]][measure] for end in ("highest", "lowest"))
    return GapText(
        headline=_sentence(headline.format(title)),
        outcome=title,
        column=column_title(gap["column"]),
        measure=MEASURES[measure],
        counted=_sentence(counted.format(title)),
        highest=group_title(gap["highest"]),
        lowest=group_title(gap["lowest"]),
        high=high,
        low=low,
        points=f"{100 * gap['difference']:.1f}",
        overlap=high["low"] <= low["high"],
    )


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


@dataclass(frozen=True, slots=True)
class Unchecked:
    """Rates of one group that had not enough cases.

    Attributes:
        group: The group's name.
        outcomes: Title of each outcome concerned, with the titles of its missing rates, or "every rate".
        count: How many rates are missing.
    """

    group: str
    outcomes: Sequence[tuple[str, str]]
    count: int


@dataclass(frozen=True, slots=True)
class UncheckedColumn:
    """What one group column leaves open.

    Attributes:
        column: Title of the column.
        groups: The groups with missing rates.
        missing: Rates that had not enough cases.
        rates: Rates there would be.
    """

    column: str
    groups: Sequence[Unchecked]
    missing: int
    rates: int


def unchecked_columns(document: Mapping[str, Any]) -> list[UncheckedColumn]:
    """Return, for each group column, every rate of every group and outcome that had not enough cases."""
    columns: dict[str, dict[str, list[Row]]] = {}
    for row in document["rows"]:
        if row["column"] != "all":
            columns.setdefault(row["column"], {}).setdefault(row["group"], []).append(row)
    return [_unchecked_column(column, groups) for column, groups in columns.items()]


def _unchecked_column(column: str, groups: Mapping[str, Sequence[Row]]) -> UncheckedColumn:
    found = [entry for group, rows in groups.items() if (entry := _unchecked(group, rows)).count]
    rates = len(MEASURES) * sum(map(len, groups.values()))
    return UncheckedColumn(column_title(column), found, sum(entry.count for entry in found), rates)


def _unchecked(group: str, rows: Sequence[Row]) -> Unchecked:
    missing = {row["outcome"]: [m for m in MEASURES if not measured(row[m])] for row in rows}
    # Outcomes that miss the same rates share a line, or one tiny group fills a page.
    together: dict[tuple[str, ...], list[str]] = {}
    for outcome, measures in missing.items():
        if measures:
            together.setdefault(tuple(measures), []).append(outcome_title(outcome))
    outcomes = [
        (
            "every outcome" if len(titles) == len(rows) else joined(titles),
            "every rate" if len(measures) == len(MEASURES) else joined([MEASURES[m] for m in measures]),
        )
        for measures, titles in together.items()
    ]
    return Unchecked(group_title(group), outcomes, sum(map(len, missing.values())))
