"""The words of the reports: rates, differences and p values as text, titles of columns, outcomes and measures."""

import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any

from callnexus.labels import LABELS
from callnexus.response import Response

Row = Mapping[str, Any]

NOT_ENOUGH = "not enough cases"
DASH = "\N{EN DASH}"
MINUS = "\N{MINUS SIGN}"

MEASURES = {
    "miss_rate": "miss rate",
    "false_alarm_rate": "false alarm rate",
    "precision": "precision",
    "selection_rate": "selection rate",
    "review_rate": "review rate",
}
"""Title of each rate, in the order of the tables."""

ERROR_RATES = ("miss_rate", "false_alarm_rate")
"""The rates of a label that are plotted, and named first among the disparities."""

HARM = "harm_rate"
"""The measure of a routing harm's disparity."""

HARMS = {
    "over_policing": ("over-policing", "Police recommended although the true labels need none."),
    "under_protection": ("under-protection", "No police recommended although the true labels need them."),
    "clinician_missed": ("clinician missed", "No clinician recommended although the true labels need one."),
    "clinician_without_nexus": (
        "clinician without nexus",
        "A clinician recommended although there is no mental health nexus.",
    ),
}
"""Title and plain meaning of each routing harm, in the order of the tables."""

BEYOND_CHANCE = 0.05
"""A disparity whose p value after Holm's correction is below this is called beyond chance."""

LABEL_TITLES = {label.name: label.title for label in LABELS}


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
    """Return what people call a label, response or routing harm.

    >>> outcome_title("ems_clinician")
    'EMS with a clinician'
    """
    responses = {str(response): response.phrase for response in Response}
    harms = {harm: title for harm, (title, _) in HARMS.items()}
    return (LABEL_TITLES | responses | harms).get(name, name.replace("_", " "))


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


def signed_text(value: float) -> str:
    """Return a change with its sign and three decimals."""
    return f"{value:+.3f}".replace("-", MINUS)


def joined(items: Sequence[str]) -> str:
    """Return items as a person lists them.

    >>> joined(["a", "b", "c"])
    'a, b and c'
    """
    return " and ".join([*([", ".join(items[:-1])] if len(items) > 1 else []), *items[-1:]])


def points_text(difference: float) -> str:
    r"""Return a difference of two rates in percentage points, always with its sign.

    >>> points_text(0.0521), ascii(points_text(-0.01))
    ('+5.2', "'\\u22121.0'")
    """
    text = f"{100 * difference:+.1f}"
    # A rounded zero has no direction.
    return "0.0" if text in {"+0.0", "-0.0"} else text.replace("-", MINUS)


def difference_text(row: Mapping[str, Any]) -> str:
    """Return a difference in points with its interval, or "not enough cases"."""
    if row["difference"] is None:
        return NOT_ENOUGH
    return f"{points_text(row['difference'])} ({points_text(row['low'])} to {points_text(row['high'])})"


def ratio_text(row: Mapping[str, Any]) -> str:
    r"""Return how many times the rest's rate a group's is, with the interval.

    >>> ascii(ratio_text({"ratio": 1.41, "ratio_low": 0.9, "ratio_high": 2.13}))
    "'1.4 times (0.9\\u20132.1)'"
    >>> ratio_text({"ratio": None, "ratio_low": None, "ratio_high": None})
    'no ratio: none in the rest'
    """
    if row["ratio"] is None:
        return "no ratio: none in the rest"
    low, high = ("?" if end is None else f"{end:.1f}" for end in (row["ratio_low"], row["ratio_high"]))
    interval = "" if low == high == "?" else f" ({low} or more)" if high == "?" else f" ({low}{DASH}{high})"
    return f"{row['ratio']:.1f} times{interval}"


def p_text(p: float | None) -> str:
    """Return a p value with three decimals, never as zero.

    >>> p_text(0.31).split(), p_text(0.00001).split()
    (['p', '0.310'], ['p', '<0.001'])
    """
    if p is None:
        return "no p value"
    # A no-break space: a p at the end of a line reads like a word.
    return "p\N{NO-BREAK SPACE}" + ("<0.001" if p < 0.001 else f"{p:.3f}")


def beyond_chance(row: Mapping[str, Any]) -> bool:
    """Return whether a disparity or change remains after the correction for many comparisons."""
    return row["p_holm"] is not None and bool(row["p_holm"] < BEYOND_CHANCE)


def sentence(text: str) -> str:
    """Return text with a capital letter at its start; the rest as it is."""
    return text[:1].upper() + text[1:]
