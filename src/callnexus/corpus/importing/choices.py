"""Answers from a list of chosen labels, as doccano and Prodigy keep them.

Two styles are known. *Explicit*: "mh_nexus:yes", "mh_nexus:no", "mh_nexus:unclear". *Presence*: "mh_nexus" chosen is
a yes, not chosen is a no. An export is explicit as soon as one of its labels has a colon: nothing is guessed then.
"""

from collections.abc import Iterable, Mapping

from callnexus.corpus.examples import Answer
from callnexus.corpus.importing.values import FieldError, as_answer

Names = Mapping[str, str]
"""What the export calls each label, to the label."""


def is_explicit(lists: Iterable[object], names: Names) -> bool:
    """Return whether any chosen label of the export has a colon that is not in the label's own name."""
    for chosen in lists:
        for label in chosen if isinstance(chosen, list) else ():
            if isinstance(label, str) and ":" in label and label not in names:
                return True
    return False


def chosen_answers(field: str, chosen: Iterable[object], names: Names, *, explicit: bool) -> dict[str, Answer | None]:
    """Return the answers that the chosen labels state; in the presence style these are all yes.

    Raises:
        FieldError: If a label is unknown (a misspelt one would turn a yes into a no), or stands twice.
    """
    answers: dict[str, Answer | None] = {}
    for label in chosen:
        name, answer = _stated(label, explicit=explicit)
        if name not in names:
            allowed = ", ".join(f"{known}:yes|no|unclear" if explicit else known for known in names)
            raise FieldError(field, f"not a known label; allowed: {allowed}")
        if names[name] in answers:
            raise FieldError(field, f"{names[name]} is answered twice; one answer per label is allowed")
        answers[names[name]] = as_answer(field, answer)
    return answers


def _stated(label: object, *, explicit: bool) -> tuple[str, str]:
    """Return (name, answer) as a chosen label states them; no known label has an empty name."""
    if not isinstance(label, str):
        return "", ""
    if not explicit:
        return label.strip(), "yes"
    name, _, answer = label.rpartition(":")
    return name.strip(), answer
