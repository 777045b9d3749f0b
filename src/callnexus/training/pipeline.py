"""The whole job: examples to a trained, calibrated, assessed, packaged and tracked model."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from callnexus import lexicon, model_folder, policy
from callnexus.corpus.examples import GROUP_COLUMNS, Example, data_hash, read_examples, truth_of
from callnexus.corpus.splits import Splits, batch_folds, split_by_batch, split_by_date, split_by_name
from callnexus.errors import ExperimentError, unreadable
from callnexus.evaluation.behaviour import behaviour_json, behaviour_rows, shipped_cases
from callnexus.evaluation.metrics import label_metrics
from callnexus.labels import LABEL_NAMES
from callnexus.model import Model, Thresholds
from callnexus.report.card import model_card
from callnexus.report.page import fairness_page, to_json
from callnexus.training.assessment import Assessment, assess, coverage_of
from callnexus.training.audit import full_document, swaps_on
from callnexus.training.experiment import Experiment
from callnexus.training.fit import (
    Fit,
    Fitting,
    NarrativeFeatures,
    calibrate,
    fit_labels,
    out_of_fold_scores,
    probability_of,
    scores_of,
)
from callnexus.training.gates import behaviour_gates, fairness_gates, require, waived
from callnexus.training.sufficiency import sufficiency_of
from callnexus.training.thresholds import choose_thresholds
from callnexus.training.tracking import log_run

LIBRARIES = ("callnexus", "numpy", "scipy", "scikit-learn")
"""Libraries whose version can change the weights; recorded in the manifest."""

STEPS = (
    "reading and validating examples",
    "splitting, checking for leaks",
    "extracting features",
    "cross-validating over batches",
    "fitting and calibrating both labels",
    "assessing on the test split",
    "checking behaviour",
    "swapping identities, checking limits",
    "writing reports, packaging",
    "logging to MLflow",
)

_UNCHOSEN = Thresholds(yes_from=0.5, no_below=0.5)


@dataclass(frozen=True, slots=True)
class Trained:
    """What one training run gives.

    Attributes:
        folder: The packaged model.
        model: The same, loaded.
        assessment: On the test split.
        out_of_fold: Metrics over batch folds of training and calibration, by label name.
        splits: Which examples went where.
        run_id: Of the MLflow run, or None when tracking was off.
    """

    folder: Path
    model: Model
    assessment: Assessment
    out_of_fold: Mapping[str, Mapping[str, Any]]
    splits: Splits
    run_id: str | None


def train(
    experiment: Experiment,
    *,
    models: Path,
    replace_release: bool = False,
    track: bool = True,
    jobs: int = 2,
    progress: Callable[[str], None] = lambda step: None,
) -> Trained:
    """Return a packaged model trained as the experiment says.

    Args:
        experiment: What to train.
        models: Where the model folder goes.
        replace_release: Whether a folder of the same release with other content may be replaced.
        track: Whether MLflow keeps the run.
        jobs: Folds or labels worked on at once.
        progress: Told each of STEPS as it begins.

    Raises:
        ExamplesError: If the examples are bad or leak between splits.
        GateError: If the model falls short of a limit that is not waived; nothing is packaged then.
        ModelFolderError: If the release exists with other content and `replace_release` is false.
    """
    steps = iter(STEPS)
    progress(next(steps))
    appendices = _appendices(experiment)
    examples = read_examples(map(Path, experiment.data.examples))
    progress(next(steps))
    splits = split_of(examples, experiment)
    progress(next(steps))
    features = features_of(experiment)
    matrix = features.transform([example.narrative for example in examples])
    progress(next(steps))
    out_of_fold = _cross_validate(experiment, matrix, examples, splits, jobs)
    progress(next(steps))
    fit, parts = _fit(experiment, features, matrix, examples, splits, jobs)
    progress(next(steps))
    tested = [examples[i] for i in splits.test]
    model = model_folder.to_model(parts)
    columns = tuple(dict.fromkeys((*GROUP_COLUMNS, *experiment.fairness.groups)))
    assessment = assess(model, tested, columns=columns)
    hashes = {name: data_hash([examples[i] for i in indices]) for name, indices in splits.named().items()}
    progress(next(steps))
    behaviour = behaviour_rows(shipped_cases(), model.predict_many)
    progress(next(steps))
    document = full_document(
        assessment,
        tested,
        model=f"{parts.name}-{parts.release}",
        status=parts.status,
        data="the test split of the training examples",
        swaps=swaps_on(model, tested),
    )
    limited = [*behaviour_gates(behaviour), *fairness_gates(document, experiment.fairness)]
    gates = waived(limited, experiment.gates.waivers)
    require(gates)
    document["gates"] = [gate.to_dict() for gate in gates]
    progress(next(steps))
    measured = _notes(examples, splits, hashes, out_of_fold, assessment)
    measured["coverage"] = [row.to_dict() for row in coverage_of(assessment, tested)]
    measured |= {"behaviour": behaviour_json(behaviour), "gates": document["gates"]}
    parts = replace(parts, notes={**parts.notes, **measured})
    folder = model_folder.write(models, parts, _reports(parts, document, appendices), replace=replace_release)
    progress(next(steps))
    run_id = _track(experiment, hashes, out_of_fold, assessment, folder, fit) if track else None
    return Trained(folder, model_folder.read(folder), assessment, out_of_fold, splits, run_id)


def out_of_fold_probabilities(
    experiment: Experiment, examples: Sequence[Example], *, matrix: csr_matrix | None = None, jobs: int = 2
) -> NDArray[np.float64]:
    """Return for each example what a model says that never saw its batch, uncalibrated, shape (examples, 2).

    Raises:
        ExamplesError: If there are too few batches.
    """
    features = features_of(experiment)
    if matrix is None:
        matrix = features.transform([example.narrative for example in examples])
    seed = experiment.data.seed
    folds = batch_folds(examples, folds=experiment.data.folds - 1, seed=seed)
    weight, fitting = weights_of(examples, experiment), fitting_of(experiment)
    scores = out_of_fold_scores(features, matrix, truth_of(examples), folds, fitting, weight=weight, jobs=jobs)
    return probability_of(scores)


def split_of(examples: Sequence[Example], experiment: Experiment) -> Splits:
    """Return the splits that an experiment asks for.

    Raises:
        ExamplesError: If they cannot be made or something leaks between them.
    """
    data = experiment.data
    if data.split == "date":
        return split_by_date(examples, folds=data.folds)
    if data.test_batches:
        return split_by_name(examples, test_batches=data.test_batches, calibration_batches=data.calibration_batches)
    return split_by_batch(examples, folds=data.folds, seed=data.seed)


def features_of(experiment: Experiment) -> NarrativeFeatures:
    """Return the feature extraction that an experiment asks for: the base model's, where there is one."""
    if experiment.model.base is not None:
        extractor = model_folder.read(Path(experiment.model.base)).extractor
        return NarrativeFeatures(extractor.spec, extractor.lexicon)
    overlays = tuple(experiment.features.lexicon_overlays)
    return NarrativeFeatures(experiment.features.spec(), lexicon.shipped(overlays))


def fitting_of(experiment: Experiment) -> Fitting:
    """Return what the experiment says of fitting, with its base model loaded."""
    base = experiment.model.base
    return Fitting(experiment.fit, experiment.data.seed, base=None if base is None else model_folder.read(Path(base)))


def weights_of(examples: Sequence[Example], experiment: Experiment) -> NDArray[np.float64]:
    """Return what each example counts in fitting, shape (examples,)."""
    light = np.array([example.hard is not None and example.group_kind != "contrast" for example in examples])
    return np.where(light, experiment.fit.hard_weight, 1.0)


def _cross_validate(
    experiment: Experiment, matrix: csr_matrix, examples: Sequence[Example], splits: Splits, jobs: int
) -> dict[str, dict[str, Any]]:
    """Return metrics of models that never saw the batch they are measured on; the test split stays out."""
    seen = np.sort(np.concatenate([splits.training, splits.calibration]))
    members = [examples[i] for i in seen]
    truth = truth_of(members)
    probability = out_of_fold_probabilities(experiment, members, matrix=matrix[seen], jobs=jobs)
    return {
        name: label_metrics(truth[:, place], probability[:, place], threshold=0.5).to_dict()
        for place, name in enumerate(LABEL_NAMES)
    }


def _fit(
    experiment: Experiment,
    features: NarrativeFeatures,
    matrix: csr_matrix,
    examples: Sequence[Example],
    splits: Splits,
    jobs: int,
) -> tuple[Fit, model_folder.Parts]:
    """Return the fit on the training split, and the parts calibrated and given thresholds on the calibration split."""
    training, held_out = splits.training, splits.calibration
    truth, weight = truth_of(examples), weights_of(examples, experiment)[training]
    fitting = fitting_of(experiment)
    fit = fit_labels(features, matrix[training], truth[training], fitting, weight=weight, jobs=jobs)
    scores = scores_of(fit, matrix[held_out])
    calibrations = calibrate(scores, truth[held_out])
    slopes = np.array([calibration.slope for calibration in calibrations])
    shifts = np.array([calibration.intercept for calibration in calibrations])
    parts = model_folder.Parts(
        name=experiment.model.name,
        release=experiment.model.release,
        spec=features.spec,
        lexicon=features.lexicon,
        # Calibration is a straight line on the score: folded in, it costs nothing and evidence stays exact.
        weights=(fit.weights * slopes).astype(np.float32),
        intercepts=fit.intercepts * slopes + shifts,
        thresholds=dict.fromkeys(LABEL_NAMES, _UNCHOSEN),
        policy=policy.shipped_text(experiment.model.policy),
        sufficiency=sufficiency_of(
            experiment.sufficiency, *(_texts(examples, part) for part in (training, held_out)), base=fitting.base
        ),
        status=experiment.model.status,
        notes={
            "experiment": experiment.model_dump(mode="json", exclude={"tracking"}),
            "calibration": {
                name: {"method": "sigmoid", **asdict(calibration)}
                for name, calibration in zip(LABEL_NAMES, calibrations, strict=True)
            },
        },
    )
    # Thresholds are chosen on what the packaged model says: its weights are rounded, and a promise counts cases.
    probability = probability_of(model_folder.to_model(parts).scores(_texts(examples, held_out)))
    chosen = choose_thresholds(truth[held_out], probability, experiment.thresholds)
    promises = {name: {"no": found.no.to_dict(), "yes": found.yes.to_dict()} for name, found in chosen.items()}
    parts = replace(
        parts,
        thresholds={name: found.thresholds for name, found in chosen.items()},
        notes={**parts.notes, "promises": promises},
    )
    return fit, parts


def _texts(examples: Sequence[Example], indices: NDArray[np.int64]) -> list[str]:
    return [examples[i].narrative for i in indices]


def _notes(
    examples: list[Example],
    splits: Splits,
    hashes: Mapping[str, str],
    out_of_fold: Mapping[str, Any],
    assessment: Assessment,
) -> dict[str, Any]:
    return {
        "libraries": {name: version(name) for name in LIBRARIES},
        "data": {
            name: {
                "examples": len(indices),
                "batches": sorted({examples[i].batch for i in indices}),
                "sha256": hashes[name],
            }
            for name, indices in splits.named().items()
        },
        "metrics": {"test": assessment.to_dict(), "out_of_fold": dict(out_of_fold)},
    }


def _appendices(experiment: Experiment) -> dict[str, str]:
    """Return the Markdown of each appendix of the card by title, read before anything dear is done.

    Raises:
        ExperimentError: If a file cannot be read.
    """
    texts = {}
    for title, name in experiment.card.appendices.items():
        try:
            text = Path(name).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise ExperimentError(f"card.appendices.{title}: {name} cannot be read: {unreadable(error)}") from error
        # The card gives the title; a file's own first heading would say it twice.
        texts[title] = text.partition("\n")[2] if text.startswith("# ") else text
    return texts


def _reports(parts: model_folder.Parts, document: Mapping[str, Any], appendices: Mapping[str, str]) -> dict[str, str]:
    return {
        "fairness.json": to_json(document),
        "fairness.html": fairness_page(document),
        "card.md": model_card(parts, document, appendices),
    }


def _track(
    experiment: Experiment,
    hashes: Mapping[str, str],
    out_of_fold: Mapping[str, Mapping[str, Any]],
    assessment: Assessment,
    folder: Path,
    fit: Fit,
) -> str:
    measured = {"test": assessment.to_dict(), "out_of_fold": out_of_fold}
    metrics = {
        f"{split}.{label}.{name}": float(value)
        for split, labels in measured.items()
        for label, values in labels.items()
        for name, value in values.items()
        if value is not None
    }
    sections = experiment.model_dump(mode="json", exclude={"tracking"})
    parameters = {f"{section}.{key}": value for section, values in sections.items() for key, value in values.items()}
    return log_run(
        **experiment.tracking.model_dump(),
        parameters=parameters,
        data_hashes=hashes,
        metrics=metrics,
        model_folder=folder,
        pipelines=fit.pipelines,
    )
