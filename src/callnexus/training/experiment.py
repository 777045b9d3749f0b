"""An experiment: one readable TOML file that says what a model is trained on, how, and for what limits."""

import datetime
import difflib
import tomllib
from pathlib import Path
from typing import Any, Literal, Self, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from callnexus.corpus.examples import GROUP_COLUMNS, group_columns
from callnexus.errors import ExperimentError
from callnexus.evaluation.counts import FEWEST
from callnexus.evaluation.identity_terms import KINDS
from callnexus.features import FeatureSpec


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class ModelSection(_Section):
    """What the packaged model is called, and the model folder that it adapts, if any.

    With a base, features and lexicon are the base model's, and the section [features] is not used. A demonstration can
    never be approved for real calls; a candidate can, by a reviewer.
    """

    name: str = Field("callnexus", pattern=r"^[a-z][a-z0-9_]*$")
    release: str = Field(pattern=r"^\d+\.\d+\.\d+$")
    policy: str = "boston_pilot"
    base: str | None = None
    status: Literal["demonstration", "candidate"] = "candidate"


class DataSection(_Section):
    """Where the examples are and how they are split.

    Folds are drawn by the seed, and move when batches are added. Batches that are named for the test or the
    calibration split stay there: what a model was once tested on is never trained on.
    """

    examples: list[str] = Field(min_length=1)
    folds: int = Field(5, ge=3)
    split: Literal["batch", "date"] = "batch"
    seed: int = 0
    test_batches: list[str] = Field(default_factory=list)
    calibration_batches: list[str] = Field(default_factory=list)

    @model_validator(mode="after")
    def _both_or_neither(self) -> Self:
        if bool(self.test_batches) != bool(self.calibration_batches):
            raise ValueError("name both test_batches and calibration_batches, or neither")
        if self.test_batches and self.split == "date":
            raise ValueError('test_batches and calibration_batches go with split = "batch"')
        return self


class FeaturesSection(_Section):
    """Which features are extracted; see callnexus.features.FeatureSpec."""

    lexicon_overlays: list[str] = Field(default_factory=list)
    word_lengths: list[int] = [1, 2]
    character_lengths: list[int] = [4]
    bits: int = 17
    pair_bits: int = 13
    cue_scale: float = 1.0
    pair_scale: float = 0.5
    word_scale: float = 1.0
    character_scale: float = 1.0

    def spec(self) -> FeatureSpec:
        """Return the feature spec of this section."""
        return FeatureSpec.from_mapping(self.model_dump(exclude={"lexicon_overlays"}))


class FitSection(_Section):
    """How the weights are fitted.

    A corpus made to be hard has far more figures of speech and denials than a day of calls; `hard_weight` says
    what a hard example outside a contrast group counts beside an ordinary one. `naive_bayes` is the power of the
    log-count ratio that each feature is scaled by; 0 leaves features as they are. A base model is adapted without it.
    """

    inverse_regularisation: float = Field(default=4.0, gt=0)
    hard_weight: float = Field(default=1.0, gt=0, le=1)
    naive_bayes: float = Field(default=0.0, ge=0, le=1)
    class_weight: Literal["balanced"] | None = None
    calibration: Literal["sigmoid"] = "sigmoid"


class LabelThreshold(_Section):
    """What is promised of one label's decisions, over calls like those of the calibration split.

    At most `miss` of the true calls get a no, and at most `false_alarm` of the others get a yes, each with this
    confidence. What lies between is unsure and goes to a person.
    """

    miss: float = Field(gt=0, lt=1)
    false_alarm: float = Field(gt=0, lt=1)
    confidence: float = Field(default=0.95, gt=0, lt=1)


class ThresholdsSection(_Section):
    """The promise of each label."""

    mh_nexus: LabelThreshold
    safety_risk: LabelThreshold


class SufficiencySection(_Section):
    """What a narrative needs to be judged at all.

    A word is known if at least `known_from` training narratives hold it. The largest novelty is that of the calibration
    split times `novelty_margin`: another city has other streets and names, another language has hardly a known word.
    """

    fewest_words: int = Field(default=2, ge=1)
    known_from: int = Field(default=4, ge=1)
    novelty_margin: float = Field(default=1.0, ge=1)


class FairnessSection(_Section):
    """Limits on disparities, fixed before results are seen; one that is not given limits nothing.

    Each holds for the point value: an interval of a small group would let almost any gap pass. A group is compared with
    the rest of its column, those whose group is recorded. What could not be checked fails too: a group of at least
    `smallest_group` where it or the rest has fewer than `fewest` cases, a column of `groups` of which no group has
    enough, and a kind of `swaps` with too few of them. A smaller group is held to the limits where it has enough cases,
    and is otherwise shown in the report as not checked.

    Attributes:
        largest_miss_gap: Largest difference of a group's miss rate to the rest's, either way, for each label.
        largest_false_alarm_gap: The same of the false alarm rate.
        over_policing_ratio: Largest ratio of a group's over-policing rate to the rest's.
        flip_rate: Largest share of identity swaps that change a label's decision, for each kind of swap over all its
            pairs of groups.
        groups: Columns whose groups are held to the limits.
        swaps: Kinds of identity swaps that are.
        smallest_group: Share, of the examples whose group is recorded, from which a group must be checkable.
        fewest: Cases that a rate must rest on: positives, negatives, calls that need no police, swaps.
    """

    largest_miss_gap: float | None = Field(default=None, gt=0, le=1)
    largest_false_alarm_gap: float | None = Field(default=None, gt=0, le=1)
    over_policing_ratio: float | None = Field(default=None, ge=1)
    flip_rate: float | None = Field(default=None, ge=0, le=1)
    groups: list[str] = Field(default=list(GROUP_COLUMNS), min_length=1)
    swaps: list[str] = Field(default=list(KINDS), min_length=1)
    smallest_group: float = Field(default=0.05, ge=0, lt=1)
    fewest: int = Field(default=FEWEST, ge=FEWEST)

    @field_validator("groups")
    @classmethod
    def _known_columns(cls, names: list[str]) -> list[str]:
        return list(group_columns(names))

    @field_validator("swaps")
    @classmethod
    def _known_kinds(cls, names: list[str]) -> list[str]:
        unknown = sorted(set(names) - set(KINDS))
        if unknown:
            raise ValueError(f"no kind of swap named {', '.join(map(repr, unknown))}; known are {', '.join(KINDS)}")
        return names


class Waiver(_Section):
    """Who lets failing gates pass, when, and why. Kept in the manifest and shown in the card.

    A gate is named as the failure names it: "behaviour.typos", or "fairness.miss_gap.safety_risk" for all its groups,
    or "fairness.miss_gap.safety_risk[subject_sex: female]" for one.
    """

    gates: list[str] = Field(min_length=1)
    by: str = Field(min_length=2)
    date: datetime.date
    reason: str = Field(min_length=20)

    def written(self) -> dict[str, str]:
        """Return who, when and why as text."""
        return {"by": self.by, "date": self.date.isoformat(), "reason": self.reason}


class GatesSection(_Section):
    """Limits that a model must keep to be packaged, and who waived which."""

    waivers: list[Waiver] = Field(default_factory=list)


class CardSection(_Section):
    """What the model card shows beside what was measured in training: Markdown files, by title."""

    appendices: dict[str, str] = Field(default_factory=dict)


class TrackingSection(_Section):
    """Where MLflow keeps the run."""

    uri: str = "sqlite:///mlflow.db"
    experiment: str = "callnexus"
    registered_name: str = "callnexus"
    alias: str = "challenger"


class Experiment(_Section):
    """A whole experiment."""

    model: ModelSection
    data: DataSection
    features: FeaturesSection = FeaturesSection()
    fit: FitSection = FitSection()
    thresholds: ThresholdsSection
    sufficiency: SufficiencySection = SufficiencySection()
    fairness: FairnessSection = FairnessSection()
    gates: GatesSection = GatesSection()
    card: CardSection = CardSection()
    tracking: TrackingSection = TrackingSection()


def read_experiment(path: Path) -> Experiment:
    """Return the experiment written in a TOML file; its paths are relative to where the command runs.

    Raises:
        ExperimentError: If the file is missing, is not TOML, has an unknown key (the nearest known one is named) or a
            value that is not allowed. All problems are listed at once.
    """
    values = _values(path)
    try:
        return Experiment.model_validate(values)
    except ValidationError as error:
        problems = [_problem(entry["loc"], entry["type"], entry["msg"]) for entry in error.errors(include_url=False)]
        raise ExperimentError("\n".join(f"{path}: {problem}" for problem in problems)) from error


def _values(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ExperimentError(f"{path}: cannot be read: {error.strerror}") from error
    # Bytes that are no UTF-8, lone surrogates and numbers of thousands of digits are plain ValueErrors.
    except (ValueError, RecursionError) as error:
        raise ExperimentError(f"{path}: not TOML: {error}") from error


def _problem(location: tuple[int | str, ...], kind: str, message: str) -> str:
    name = ".".join(map(str, location))
    if kind != "extra_forbidden":
        return f"{name}: {message}"
    known = _known_keys(location[:-1])
    nearest = difflib.get_close_matches(str(location[-1]), known, n=1, cutoff=0.0)
    return f"{name}: unknown key; did you mean {nearest[0]!r}? Known here: {', '.join(known)}"


def _known_keys(section: tuple[int | str, ...]) -> list[str]:
    kind: Any = Experiment
    for name in section:
        # A number is a place in a list, such as that of a waiver.
        kind = get_args(kind)[0] if isinstance(name, int) else kind.model_fields[name].annotation
    return list(kind.model_fields)
