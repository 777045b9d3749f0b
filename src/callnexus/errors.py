"""Every error that callnexus raises on purpose: one family, each also a fitting builtin."""

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

    SHOWN = 50
    WHERE = "the examples"

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        more = len(self.problems) - self.SHOWN
        lines = [*self.problems[: self.SHOWN], *([f"... and {more} more"] if more > 0 else [])]
        super().__init__(f"{len(self.problems)} problem(s) in {self.WHERE}:\n" + "\n".join(lines))


class PredictionsError(ExamplesError):
    """Another system's predictions that cannot be joined to the examples."""

    WHERE = "the predictions"
