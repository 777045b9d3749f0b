"""Every error that callnexus raises on purpose: one family, each also a fitting builtin."""

import re
from collections import Counter
from collections.abc import Sequence


class CallnexusError(Exception):
    """The parent of all callnexus errors: catch this one to catch them all."""


class NarrativeTypeError(CallnexusError, TypeError):
    """A narrative that is not a string."""


class ModelFolderError(CallnexusError, ValueError):
    """A model folder that is missing, altered, half-written or of an unknown format."""


class NotApprovedError(ModelFolderError):
    """A model folder that is intact, but that no reviewer approved."""


class SignatureError(ModelFolderError):
    """A model folder that is unsigned, or whose signature is not of this key or this content."""


class LexiconError(CallnexusError, ValueError):
    """A lexicon file with a row that cannot be used."""


class PolicyError(CallnexusError, ValueError):
    """A response policy that leaves a call without a response."""


class LineError(CallnexusError, ValueError):
    """A line of a stream that cannot be used; the text never quotes it."""


class CallError(CallnexusError, ValueError):
    """A followed call that is asked for something it cannot give: clearing what is not flagged, or by nobody."""


class ExperimentError(CallnexusError, ValueError):
    """An experiment file with an unknown key or a value that is not allowed."""


class GroupColumnError(CallnexusError, ValueError):
    """A column that examples are not grouped by."""


class GateError(CallnexusError):
    """A model that broke a limit fixed before its results were seen, or was never held to one."""


class MissingExtraError(CallnexusError, ImportError):
    """A command whose optional packages are not installed."""

    def __init__(self, extra: str, missing: str) -> None:
        super().__init__(f"{missing} is not installed; install it with: pip install 'callnexus[{extra}]'")


class ExamplesError(CallnexusError, ValueError):
    """Examples that break the schema or leak between splits.

    Attributes:
        problems: One line per problem: file, line, field and what is allowed. Never a narrative's text.
    """

    WHERE = "the examples"

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        super().__init__(f"{len(self.problems)} problem(s) in {self.WHERE}:\n" + "\n".join(summarised(self.problems)))


class PredictionsError(ExamplesError):
    """Another system's predictions that cannot be joined to the examples."""

    WHERE = "the predictions"


SHOWN, ALIKE = 50, 5
"""Problems that are listed in all, and of one kind."""


def summarised(problems: Sequence[str]) -> list[str]:
    """Return the lines to show of many problems: the first of each kind, then how many more there are of it.

    Two are of one kind if they say the same after the place, whatever the numbers and quoted names in them.

    >>> summarised([f"a.csv: row {row}: id: stands twice" for row in range(2, 9)])[-2:]
    ['a.csv: row 6: id: stands twice', '... and 2 more: stands twice']
    """
    counts: Counter[str] = Counter()
    lines: list[str] = []
    for problem in problems:
        counts[kind := _kind(problem)] += 1
        if counts[kind] <= ALIKE:
            lines.append(problem)
    told = [f"... and {count - ALIKE} more: {kind}" for kind, count in counts.items() if count > ALIKE]
    hidden = len(lines) - SHOWN
    return [*lines[:SHOWN], *([f"... and {hidden} more of other kinds"] if hidden > 0 else []), *told[:SHOWN]]


def _kind(problem: str) -> str:
    unquoted = re.sub(r"'[^']*'|\"[^\"]*\"", "...", problem)
    return re.sub(r"\d+", "N", unquoted.rsplit(": ", 1)[-1])


def unreadable(error: Exception) -> str:
    """Return why a file could not be read, in words.

    >>> unreadable(FileNotFoundError(2, "No such file or directory"))
    'no such file'
    """
    if isinstance(error, FileNotFoundError):
        return "no such file"
    if isinstance(error, IsADirectoryError):
        return "it is a folder"
    if isinstance(error, PermissionError):
        return "no permission to read it"
    if isinstance(error, UnicodeDecodeError):
        return "it is not UTF-8 text"
    if isinstance(error, OSError):
        return error.strerror or "it cannot be opened"
    return str(error)
