"""Narratives with what points to one person or home replaced by what it was: "[phone]", "[address]".

Patterns find phones, e-mail and web addresses, dates, ids, number plates, long runs of digits and street addresses;
with the extra `pii` installed, Presidio's pattern recognisers look again. In doubt a pattern replaces too much.

**Names of people may remain**: without a language model nobody finds them, and neither do these patterns. Neither are
places without a street, relatives, or what happened, which can name somebody just as well. A redacted narrative is
still for the eyes of reviewers only.
"""

import os
import re
from functools import cache
from importlib.util import find_spec
from typing import Any

PLACEHOLDERS = ("[url]", "[email]", "[date of birth]", "[date]", "[phone]", "[plate]", "[id]", "[address]")
"""What is written instead of a piece, by its type."""

_MONTH = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]{0,6}\.?"
_WRITTEN_DATE = rf"{_MONTH} \d{{1,2}}(?:st|nd|rd|th)?,? \d{{4}}|\d{{1,2}} {_MONTH} \d{{4}}"
_DATE = rf"(?:\d{{1,4}}[/.-]\d{{1,2}}[/.-]\d{{1,4}}|{_WRITTEN_DATE}|\d{{6,8}})"
_YEAR = r"(?:19|20)\d\d"
_FULL_DATE = rf"(?:\d{{1,2}}[/.-]\d{{1,2}}[/.-]{_YEAR}|{_YEAR}[/.-]\d{{1,2}}[/.-]\d{{1,2}}|{_WRITTEN_DATE})"
_LABEL = (
    r"(?:ssn?|social(?: security)?|oln|o/?l|dl|license|licence|lic|mrn|case|incident|inc|report|badge|acct|account|"
    r"member|medicaid|medicare|policy|inmate|booking|passport|id|pin)"
)
_PLATE_LABEL = r"(?:(?:license |lic )?plates?|registration|reg|tags?|lp)"
_NUMBER_SIGN = r"(?: ?(?:no\.?|number|num|is|of|#|:))*"
_SMALL_WORDS = (
    r"(?:a|an|the|this|that|his|her|their|my|our|your|no|some|any|in|on|at|to|of|by|for|from|with|w/|into|onto|near|"
    r"across|along|down|up|off|over|under|and|or|but|is|was|are|has|had|yo|y/o|yrs?|years?|old|same|other|"
    r"whole|side|main street of|cross|city|every|each|which|what|seen|sees|saw|it)"
)
_STREET = r"(?:streets?|st|avenue|ave|road|rd|boulevard|blvd|parkway|pkwy|terrace|ter)"
_STREET_WITH_NUMBER = (
    rf"(?:{_STREET}|drive|dr|lane|ln|court|ct|place|pl|square|sq|way|highway|hwy|circle|cir|row|wharf|park)"
)
_NAME_WORD = rf"(?:(?!{_SMALL_WORDS}\b)[^\W_][\w'.]{{0,30}} {{1,3}})"
_FLAT = r"(?:,? {0,3}(?:apt|apartment|unit|suite|ste|fl|floor|rm|room|#)\.? ?#? ?\w{1,5}\b)?"

_PATTERNS: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), placeholder)
    for pattern, placeholder in (
        (r"\b(?:https?://|www\.)\S+", "[url]"),
        (r"(?<![\w.+-])[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63})+", "[email]"),
        (r"(?<![\w@.-])[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63}){0,3}\.(?:com|org|net|gov|edu|io)\b(?:/\S*)?", "[url]"),
        (
            rf"(?P<keep>\b(?:d\.?o\.?b\.?|date of birth|birth ?date|born(?: on)?)[ :]{{0,3}}){_DATE}(?!\w)",
            "[date of birth]",
        ),
        (rf"(?<![\w/.-]){_FULL_DATE}(?![\w/])", "[date]"),
        (r"(?<!\w)(?:\+\d[\d ().-]{6,18}\d|\(\d{3}\) ?\d{7}|1?\d{10})(?!\w)", "[phone]"),
        (r"(?<![\w-])\d{3}[ -]\d{2}[ -]\d{4}(?![\w-])", "[id]"),
        (r"(?<![\w-])\d{4}(?:[ -]\d{4}){2,3}(?![\w-])", "[id]"),
        (r"(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?![\w.])", "[id]"),
        (
            r"(?<![\w+])(?:\+?\d{1,3}[ .-]?)?(?:\(\d{2,4}\) ?|\d{3}[ .-]?)?\d{3,5}[ .-]\d{4}(?:[ -]\d{3,4})?"
            r"(?: ?(?:x|ext\.?) ?\d{1,6})?(?!\w)",
            "[phone]",
        ),
        (
            rf"(?P<keep>\b{_PLATE_LABEL}\b{_NUMBER_SIGN} ?)(?=[a-z0-9]{{0,7}}[ -]?[a-z0-9]{{0,7}}\d)"
            r"(?:(?=[a-z]*\d)[a-z0-9]{2,8}|[a-z]{1,4}[ -]\d{1,5}|\d{1,4}[ -][a-z]{1,4})\b(?: ?[a-z]?\d{2,4}\b)?",
            "[plate]",
        ),
        (rf"(?P<keep>\b{_LABEL}\b{_NUMBER_SIGN} ?)(?=[a-z-]*\d)[a-z0-9-]{{3,40}}\b", "[id]"),
        (r"(?<![\w-])(?:[a-z]{3}-?\d{3,4}|\d{3,4}-[a-z]{2,3}|\d[a-z]{2,3}-?\d{2,3})(?![\w-])", "[plate]"),
        (r"(?<!\w)(?=[a-z0-9]*[a-z])(?=(?:[a-z]*\d){3})[a-z0-9]{7,}(?!\w)", "[id]"),
        (r"(?<![\w@])@\w{2,40}", "[id]"),
        (r"(?<![\w.])-?\d{1,3}\.\d{4,}(?:, ?-?\d{1,3}\.\d{4,})?(?![\w.])", "[address]"),
        (
            rf"(?<![\w$])\d{{1,5}}[a-z]?(?:-\d{{1,5}})? {{1,3}}{_NAME_WORD}{{1,3}}{_STREET_WITH_NUMBER}\b\.?{_FLAT}",
            "[address]",
        ),
        (rf"(?<!\w)(?:\d{{1,5}} ?(?:blk|block)(?: of)? )?{_NAME_WORD}{{1,2}}{_STREET}\b{_FLAT}", "[address]"),
        (r"\bp\.? ?o\.? box \d+", "[address]"),
        (r"\b(?:apt|apartment|suite)\.?(?: ?#? ?\d{1,5}[a-z]?| #?[a-z]\d{0,4})\b", "[address]"),
        (r"(?P<keep>\b[a-z]{2} )\d{5}(?:-\d{4})?(?!\w)", "[address]"),
        (r"\d{6,}", "[id]"),
    )
)

_PRESIDIO_TYPES = {
    "PHONE_NUMBER": "[phone]",
    "US_SSN": "[id]",
    "US_ITIN": "[id]",
    "US_PASSPORT": "[id]",
    "US_BANK_NUMBER": "[id]",
    "CREDIT_CARD": "[id]",
    "IBAN_CODE": "[id]",
    "IP_ADDRESS": "[id]",
    "CRYPTO": "[id]",
}
_LEAST_SCORE = 0.3
"""Presidio's score of a phone number without a word such as "call" beside it is 0.4."""


def presidio_installed() -> bool:
    """Return whether the extra `pii` is installed."""
    return find_spec("presidio_analyzer") is not None and find_spec("presidio_anonymizer") is not None


def redact(text: str) -> str:
    """Return the text with typed placeholders for what the patterns find, and Presidio if it is installed.

    Names may remain; see the top of this module.

    >>> redact("Call Ann at 617-555-0123, 12 Oak St apt 4")
    'Call Ann at [phone], [address]'
    """
    for pattern, placeholder in _PATTERNS:
        # A label such as "DOB" stays, so that a reader knows what was there.
        text = pattern.sub(rf"\g<keep>{placeholder}" if "keep" in pattern.groupindex else placeholder, text)
    return _with_presidio(text) if presidio_installed() else text


def _with_presidio(text: str) -> str:
    from presidio_anonymizer.entities import OperatorConfig

    analyzer, anonymizer = _presidio()
    # Presidio hands the text to spaCy, which cannot hold half of a surrogate pair.
    sound = "".join("\ufffd" if "\ud800" <= character <= "\udfff" else character for character in text)
    found = analyzer.analyze(sound, language="en", entities=list(_PRESIDIO_TYPES), score_threshold=_LEAST_SCORE)
    # At its lowest leniency, which 555 numbers need, any number is a phone: ages, 911 and 5150 among them.
    found = [one for one in found if one.entity_type != "PHONE_NUMBER" or _digits(sound[one.start : one.end]) >= 7]
    if not found:
        return text
    operators = {name: OperatorConfig("replace", {"new_value": put}) for name, put in _PRESIDIO_TYPES.items()}
    return str(anonymizer.anonymize(sound, found, operators).text)


def _digits(text: str) -> int:
    return sum(character.isdigit() for character in text)


@cache
def _presidio() -> tuple[Any, Any]:
    """Return Presidio's analyser and anonymiser, with spaCy's blank English in place of a downloaded model."""
    # Read when tldextract is imported: without it the list of domains would be fetched from the network.
    os.environ.setdefault("TLDEXTRACT_PUBLIC_SUFFIX_LIST_URLS", "")
    import spacy
    from presidio_analyzer import AnalyzerEngine, RecognizerRegistry
    from presidio_analyzer import predefined_recognizers as shipped
    from presidio_analyzer.nlp_engine import SpacyNlpEngine
    from presidio_anonymizer import AnonymizerEngine

    class BlankEngine(SpacyNlpEngine):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.nlp = {"en": spacy.blank("en")}

    # Not those for URLs and e-mail: they take 20 s for 20,000 characters of "a.a.a", and the patterns above do it.
    registry = RecognizerRegistry(
        recognizers=[
            shipped.PhoneRecognizer(leniency=0),  # stricter ones miss 555 numbers
            shipped.UsSsnRecognizer(),
            shipped.UsItinRecognizer(),
            shipped.UsPassportRecognizer(),
            shipped.UsBankRecognizer(),
            shipped.CreditCardRecognizer(),
            shipped.IbanRecognizer(),
            shipped.IpRecognizer(),
            shipped.CryptoRecognizer(),
        ]
    )
    engine = AnalyzerEngine(registry=registry, nlp_engine=BlankEngine(), supported_languages=["en"])
    return engine, AnonymizerEngine()
