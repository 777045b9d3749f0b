"""What each part of the features is worth: an experiment's variants, one thing changed at a time, before two judges.

The test split of the experiment is dropped first; nothing here ever sees it. The rest is judged twice:

- cross-validation: four folds of whole batches; AUC and log loss are means over the folds, each probability from a
  sigmoid (Platt) fitted on the other folds' scores;
- transfer, with --boston: trained on all the rest, measured on labelled Boston rows, by sampling weight in log loss.

A difference to the unchanged experiment stands beside each value, with a paired bootstrap interval of 95 %: batches are
resampled within their fold, Boston rows one by one, alike for every variant; models are not fitted again. It is bold
where the interval leaves out zero; of forty changes that do nothing, two will be bold.

Results go to experiments/results/ablation.json and .md; each variant is an MLflow run under one parent.
"""

import argparse
import json
import logging
import os
import shlex
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import Any

import joblib
import numpy as np
from numpy.typing import NDArray
from scipy import special
from scipy.sparse import csr_matrix
from threadpoolctl import threadpool_limits

from callnexus.corpus.boston import join_labels
from callnexus.corpus.examples import Example, data_hash, read_examples, truth_of
from callnexus.corpus.splits import batch_folds, leaks
from callnexus.errors import CallnexusError, ExamplesError
from callnexus.labels import LABEL_NAMES
from callnexus.lexicon import SCOPES, to_files
from callnexus.training.experiment import Experiment, read_experiment
from callnexus.training.fit import calibrate, fit_labels, scores_of
from callnexus.training.pipeline import features_of, fitting_of, split_of, weights_of

os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")  # read when MLflow is first imported, in `track`

HERE = Path(__file__).resolve().parent
LABELS = HERE.parent / "data" / "boston_fio" / "labels.csv"
FOLDS, RESAMPLES = 4, 1000
TITLES = {"cv_auc": "CV AUC", "cv_log_loss": "CV loss", "boston_auc": "Boston AUC", "boston_log_loss": "Boston loss"}
say = partial(print, file=sys.stderr, flush=True)
KINDS = ("value", "difference", "low", "high")

Array = NDArray[np.float64]
Indices = NDArray[np.int64]
Measures = Mapping[str, Array]
"""By measure: row 0 for the data as they are, then one row a resample; one column a label."""


@dataclass(frozen=True, slots=True)
class Bench:
    """What every variant is judged on: the examples outside the test split, then the Boston rows.

    Attributes:
        experiment: As read.
        examples: All of them; indices below point here.
        truth: 1, 0 or NaN, shape (examples, 2).
        groups: What is resampled as a whole: the batch, or the Boston row, shape (examples,).
        importance: What an example counts in a log loss, shape (examples,).
        folds: Indices of each fold of batches.
        local: Indices of the Boston rows, maybe none.
    """

    experiment: Experiment
    examples: list[Example]
    truth: Array
    groups: Indices
    importance: Array
    folds: Sequence[Indices]
    local: Indices

    @property
    def authored(self) -> Indices:
        """Indices of the examples that are not Boston rows."""
        return np.arange(len(self.examples) - len(self.local))

    def rounds(self) -> Iterator[tuple[Indices, Indices]]:
        """Yield the indices to train on and those to score: one round a fold, then the Boston rows."""
        for fold in self.folds:
            yield np.setdiff1d(self.authored, fold), fold
        if len(self.local):
            yield self.authored, self.local


def read_bench(path: Path, boston: Path | None) -> Bench:
    """Return the bench of an experiment, its test split dropped.

    Raises:
        CallnexusError: If a file is bad, or a narrative stands in two folds.
    """
    experiment = read_experiment(path)
    every = read_examples(map(Path, experiment.data.examples))
    test = split_of(every, experiment).test
    rest = [every[i] for i in np.setdiff1d(np.arange(len(every)), test)]
    folds = batch_folds(rest, folds=FOLDS, seed=experiment.data.seed)
    problems = leaks(rest, {f"fold {place}": fold for place, fold in enumerate(folds)})
    if problems:
        raise ExamplesError(problems)
    local, importance = [], np.ones(len(rest))
    if boston is not None:
        joined = join_labels(LABELS, [boston])
        say(f"Boston: {len(joined.examples)} rows, {len(joined.missing)} missing, {len(joined.altered)} altered")
        local, importance = joined.examples, np.append(importance, [joined.weights[e.id] for e in joined.examples])
    groups = np.append(np.unique([e.batch for e in rest], return_inverse=True)[1], np.arange(len(local)))
    whole = [*rest, *local]
    return Bench(experiment, whole, truth_of(whole), groups, importance, folds, np.arange(len(rest), len(whole)))


def platt(scores: Array, truth: Array) -> Callable[[Array], Array]:
    """Return the library's own calibration of both labels, fitted on these scores, as a function of other scores."""
    lines = calibrate(scores, truth)
    slopes, shifts = np.array([(line.slope, line.intercept) for line in lines]).T
    return lambda given: special.expit(given * slopes + shifts)


def cross_fitted(bench: Bench, scores: Array, method: Callable[[Array, Array], Callable[[Array], Array]]) -> Array:
    """Return the probability of every example from a calibration that never saw its fold, shape (examples, 2)."""
    probability = np.full_like(scores, np.nan)
    for rest, test in bench.rounds():
        probability[test] = method(scores[rest], bench.truth[rest])(scores[test])
    return probability


def measure(bench: Bench, scores: Array, probability: Array | None = None) -> Measures:
    """Return the measures of both judges for out-of-fold and Boston log-odds; calibrated by Platt, if not otherwise."""
    probability = cross_fitted(bench, scores, platt) if probability is None else probability
    found = {}
    with threadpool_limits(1):
        for judge, tests in {"cv": bench.folds, "boston": [bench.local]}.items():
            if len(tests[0]):
                parts = [_measure(bench, scores, probability, test, seed) for seed, test in enumerate(tests)]
                found[f"{judge}_auc"], found[f"{judge}_log_loss"] = np.mean(parts, axis=0)
    return found


def _draw(groups: Indices, *, seed: int) -> Array:
    """Return how often each example counts: once in row 0, then as often as its group was drawn."""
    names, place = np.unique(groups, return_inverse=True)
    drawn = np.random.default_rng(seed).multinomial(len(names), np.full(len(names), 1 / len(names)), RESAMPLES)
    return np.vstack([np.ones(len(names)), drawn])[:, place]


def _measure(bench: Bench, scores: Array, probability: Array, test: Indices, seed: int) -> Array:
    """Return AUC and log loss of one part, shape (2, 1 + RESAMPLES, labels)."""
    times, found = _draw(bench.groups[test], seed=seed), []
    for truth, score, given in zip(bench.truth[test].T, scores[test].T, probability[test].T, strict=True):
        yes, no = truth == 1, truth == 0
        # AUC is the share of (yes, no) pairs in the right order, a tie being half.
        wins = np.heaviside(score[yes][:, None] - score[no], 0.5).astype(np.float32)
        left, right = times[:, yes].astype(np.float32), times[:, no]
        auc = ((left @ wins) * right).sum(axis=1) / (left.sum(axis=1) * right.sum(axis=1))
        loss = -np.log(np.clip(np.where(yes, given, 1 - given), 1e-15, 1))
        weight = times * bench.importance[test] * (yes | no)
        found.append([auc, weight @ loss / weight.sum(axis=1)])
    return np.array(found).transpose(1, 2, 0)


def compare(variant: str, measures: Measures, base: Measures) -> dict[str, Any]:
    """Return a row: each measure by label, with its difference to the base and the interval of that."""
    row: dict[str, Any] = {"variant": variant}
    for key, values in measures.items():
        change = values - base[key]
        columns = np.vstack([values[0], change[0], np.percentile(change[1:], (2.5, 97.5), axis=0)]).round(5).T.tolist()
        row[key] = {
            name: dict(zip(KINDS, found, strict=True)) for name, found in zip(LABEL_NAMES, columns, strict=True)
        }
    return row


def table(rows: Sequence[Mapping[str, Any]], measured: Sequence[str], *, first: str = "variant") -> str:
    """Return rows as a Markdown table; the first row is the one that the others are compared with."""
    shown = [key for key in measured if key in rows[0]]
    header = [first, *(f"{TITLES[key]} {label}" for key in shown for label in LABEL_NAMES)]
    lines = [[row["variant"], *(_cell(row[key][label]) for key in shown for label in LABEL_NAMES)] for row in rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in [header, ["---"] * len(header), *lines])


def _cell(found: Mapping[str, float]) -> str:
    if not any(found[kind] for kind in ("difference", "low", "high")):
        return f"{found['value']:.4f}"
    mark = "**" if found["low"] > 0 or found["high"] < 0 else ""
    return f"{found['value']:.4f} {mark}{found['difference']:+.4f}{mark} [{found['low']:+.4f}, {found['high']:+.4f}]"


def provenance(bench: Bench) -> dict[str, Any]:
    """Return what the figures rest on: command, data, lexicon, libraries."""
    lexicon = json.dumps(to_files(features_of(bench.experiment).lexicon), sort_keys=True)
    return {
        "command": shlex.join(
            # The city's file by its name: where it lies is nobody's business.
            ["python", os.path.relpath(sys.argv[0]), *(Path(a).name if a.endswith(".csv") else a for a in sys.argv[1:])]
        ),
        "examples": len(bench.authored),
        "examples_sha256": data_hash([bench.examples[i] for i in bench.authored]),
        "boston_rows": len(bench.local),
        "lexicon_sha256": sha256(lexicon.encode()).hexdigest(),
        "settings": bench.experiment.model_dump(mode="json", include={"data", "features", "fit"}),
        "resamples": RESAMPLES,
        "libraries": {name: version(name) for name in ("callnexus", "numpy", "scipy", "scikit-learn")},
    }


def write(folder: Path, name: str, origin: Mapping[str, Any], tables: Mapping[str, str], **rows: Any) -> None:
    """Print the tables by title as Markdown, and write them; also write the rows as JSON."""
    markdown = (
        f"# {name.title()}\n\nMade by `{origin['command']}`: {origin['examples']} authored examples outside the test "
        f"split, {origin['boston_rows']} Boston rows.\nBeside a value: its difference to the first row [95 % interval, "
        "paired bootstrap]; bold where that leaves out zero. Loss is log loss, calibrated."
    ) + "".join(f"\n\n## {title}\n\n{body}" for title, body in tables.items())
    print(markdown)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.json").write_text(json.dumps({**origin, **rows}, indent=1) + "\n", encoding="utf-8")
    (folder / f"{name}.md").write_text(markdown + "\n", encoding="utf-8")


def track(experiment: Experiment, name: str, rows: Sequence[Mapping[str, Any]], origin: Mapping[str, Any]) -> None:
    """Keep each row as an MLflow run under one parent named like the script."""
    import mlflow

    logging.disable(logging.WARNING)  # migrations and new versions are no news here
    mlflow.set_tracking_uri(experiment.tracking.uri)
    mlflow.set_experiment(f"{experiment.tracking.experiment}-experiments")
    with mlflow.start_run(run_name=name):
        mlflow.set_tags({key: str(value) for key, value in origin.items()})
        for row in rows:
            with mlflow.start_run(run_name=row["variant"], nested=True):
                mlflow.log_params({"variant": row["variant"], **row.get("changes", {})})
                for key in TITLES.keys() & row.keys():
                    for label, kinds in row[key].items():
                        mlflow.log_metrics({f"{key}.{label}.{kind}": value for kind, value in kinds.items()})


def arguments(description: str, script: str) -> argparse.ArgumentParser:
    """Return the parser that this experiment and experiments/estimators.py share."""
    parser = argparse.ArgumentParser(
        description=description,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog=f"From the project's folder, where the experiment's paths begin:\n"
        f"  python experiments/{script}.py                          cross-validation alone\n"
        f"  python experiments/{script}.py --boston boston_fio.csv  also transfer to real text\n"
        f"  python experiments/{script}.py other.toml --no-tracking --to /tmp/results",
    )
    add = parser.add_argument
    add("experiment", type=Path, nargs="?", default=HERE / "default.toml", help="experiment file (%(default)s)")
    add("--boston", type=Path, metavar="CSV", help="the city's field contacts, or a slice of them: judge transfer too")
    add("--jobs", type=int, default=2, help="processes at once (%(default)s)")
    add("--to", type=Path, default=HERE / "results", metavar="FOLDER", help="where the results go (%(default)s)")
    add("--no-tracking", action="store_true", help="leave MLflow out")
    return parser


@dataclass(frozen=True, slots=True)
class Variant:
    """One change: settings of one section of the experiment, or the scopes of each cue merged."""

    name: str
    section: str = "features"
    settings: Mapping[str, Any] = field(default_factory=dict)
    merge_scopes: bool = False

    def apply(self, experiment: Experiment) -> Experiment:
        """Return the experiment with the change made."""
        plain = experiment.model_dump()
        return Experiment.model_validate({**plain, self.section: {**plain[self.section], **self.settings}})


def variants(experiment: Experiment) -> list[Variant]:
    """Return the unchanged experiment, then one variant a change that changes anything."""
    strength = experiment.fit.inverse_regularisation
    values: dict[str, Sequence[Any]] = {
        "pair_scale": [0.5],
        "character_lengths": [[3, 4, 5], [4], [6], [5, 6, 7]],
        "word_lengths": [[1], [1, 2, 3]],
        "bits": [15, 19],
        "cue_scale": [0.5, 2.0],
        "hard_weight": [1.0, 0.25],
        "inverse_regularisation": [round(strength * factor, 6) for factor in (0.3, 3)],
        "naive_bayes": [0.0, 0.5, 1.0],
        "lexicon_overlays": [[], ["boston"]],
    }
    chosen = [Variant("without scope", merge_scopes=True)]
    for part, title in {"cue": "cues", "word": "word runs", "character": "character runs"}.items():
        chosen.append(Variant(f"without {title}", settings={f"{part}_scale": 0.0}))
    for key, many in values.items():
        section = "fit" if key in type(experiment.fit).model_fields else "features"
        chosen += [Variant(f"{key} {value}", section, {key: value}) for value in many]
    return [Variant("unchanged"), *(v for v in chosen if v.merge_scopes or v.apply(experiment) != experiment)]


def judge(bench: Bench, variant: Variant) -> tuple[Measures, float]:
    """Return the measures of one variant and the seconds that it took."""
    begun, experiment = time.perf_counter(), variant.apply(bench.experiment)
    features = features_of(experiment)
    matrix = features.transform([example.narrative for example in bench.examples])
    if variant.merge_scopes:
        matrix = merge_scopes(matrix, len(features.lexicon.concepts) * len(SCOPES))
    weight, fitting = weights_of(bench.examples, experiment), fitting_of(experiment)
    scores = np.full_like(bench.truth, np.nan)
    for train, test in bench.rounds():
        fit = fit_labels(features, matrix[train], bench.truth[train], fitting, weight=weight[train])
        scores[test] = scores_of(fit, matrix[test])
    return measure(bench, scores), time.perf_counter() - begun


def merge_scopes(matrix: csr_matrix, cues: int) -> csr_matrix:
    """Return the matrix with every cue in its concept's "present" column, there once however often it was found."""
    whole = matrix.tocoo()
    column = np.where(whole.col < cues, whole.col // len(SCOPES) * len(SCOPES), whole.col)
    merged = csr_matrix((whole.data, (whole.row, column)), shape=matrix.shape)  # sums what meets in one place
    of_cue = merged.indices < cues
    merged.data[of_cue] = np.minimum(merged.data[of_cue], whole.data[whole.col < cues].max(initial=0))
    return merged


def main() -> None:
    """Judge every variant; print, write and track."""
    options = arguments(__doc__, "ablation").parse_args()
    bench = read_bench(options.experiment, options.boston)
    origin, chosen = provenance(bench), variants(bench.experiment)
    results = joblib.Parallel(n_jobs=options.jobs, return_as="generator")(
        joblib.delayed(judge)(bench, variant) for variant in chosen
    )
    rows: list[dict[str, Any]] = []
    base: Measures = {}
    for variant, (measures, seconds) in zip(chosen, results, strict=True):
        base = base or measures
        rows.append({**compare(variant.name, measures, base), "changes": dict(variant.settings)})
        say(f"[{len(rows)}/{len(chosen)}] {variant.name}: {seconds:.0f} s")
    write(options.to, "ablation", origin, {"One change at a time": table(rows, [*TITLES][:3])}, rows=rows)
    if not options.no_tracking:
        track(bench.experiment, "ablation", rows, origin)


if __name__ == "__main__":
    try:
        main()
    except CallnexusError as error:
        sys.exit(f"ablation: {error}")
