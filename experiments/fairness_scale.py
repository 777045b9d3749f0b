"""How long the fairness document takes for 100,000 examples in 12 group columns (12, and 66 pairs of them).

Run `python experiments/fairness_scale.py [examples] [columns]`. It prints the seconds, the peak memory and the size of
the JSON, then the seconds that fairlearn's MetricFrame takes for the five rates alone of one outcome, by every column
and a sample of the pairs, against counting the same rates here.
"""

import resource
import sys
import time
from itertools import combinations

import numpy as np
from fairlearn.metrics import MetricFrame, false_negative_rate, false_positive_rate, selection_rate
from sklearn.metrics import precision_score

from callnexus.evaluation.counts import count, groupings, pairs_of
from callnexus.evaluation.fairness import fairness_document
from callnexus.evaluation.groups import rows_of
from callnexus.evaluation.judged import Judged
from callnexus.evaluation.routing import Routing
from callnexus.labels import LABEL_NAMES
from callnexus.report.page import to_json

GROUPS = 10
"""Groups of each column, beside "unknown"."""

PAIRS = 6


def synthetic(examples: int, columns: int, *, seed: int = 0) -> Judged:
    """Return the answers of a system that errs alike for every group."""
    generator = np.random.default_rng(seed)
    truth = (generator.random((examples, 2)) < (0.3, 0.25)).astype(np.float64)
    probability = np.where(truth == 1, generator.beta(5, 2, truth.shape), generator.beta(1, 6, truth.shape))
    truth[generator.random(truth.shape) < 0.02] = np.nan
    said = np.where(probability >= 0.5, "yes", np.where(probability < 0.4, "no", "unsure")).astype(object)
    clear = (said != "unsure").all(axis=1)
    names = np.array(["standard", "ems_clinician", "co_response"], dtype=object)

    def responses(nexus, risk):
        return names[np.where(nexus == 1, 1 + (risk == 1), 0)]

    sent = np.where(clear, responses(said[:, 0] == "yes", said[:, 1] == "yes"), "dispatcher_review")
    unknown = np.isnan(truth).any(axis=1)
    needed = np.where(unknown, None, responses(truth[:, 0], truth[:, 1]))
    routing = Routing(
        police_needed=truth[:, 1],
        police_recommended=(said[:, 1] == "yes").astype(np.float64),
        clinician_needed=truth[:, 0],
        clinician_recommended=(said[:, 0] == "yes").astype(np.float64),
        nexus=truth[:, 0],
        review=~clear,
    )
    values = np.array([*(f"group {i}" for i in range(GROUPS)), None], dtype=object)
    days = np.datetime64("2023-01-01") + generator.integers(0, 730, examples)
    return Judged(
        ids=list(map(str, range(examples))),
        truth=truth,
        probability=probability,
        decisions={name: said[:, place] for place, name in enumerate(LABEL_NAMES)},
        responses=sent,
        needed=needed.tolist(),
        reported=names.tolist(),
        routing=routing,
        groups={f"column {k}": values[generator.integers(0, len(values), examples)].tolist() for k in range(columns)},
        thresholds=dict.fromkeys(LABEL_NAMES, 0.5),
        dates=days.astype(str).tolist(),
    )


def main(examples: int, columns: int) -> None:
    """Print the figures."""
    judged = synthetic(examples, columns)
    start, worked = time.perf_counter(), time.process_time()
    document = fairness_document(judged, model="synthetic", data="synthetic")
    taken, worked = time.perf_counter() - start, time.process_time() - worked
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{examples:,} examples, {columns} columns: {taken:.1f} s, of processor {worked:.1f} s")
    print(f"peak memory: {memory:,.0f} MiB")
    print(f"fairness.json: {len(to_json(document)) / 1e6:.1f} MB")
    _compare(judged)


def _compare(judged: Judged) -> None:
    outcome = judged.label_outcomes()[0]
    known = ~np.isnan(outcome.truth)
    values = {name: np.array([v or "unknown" for v in column])[known] for name, column in judged.groups.items()}
    wanted = [*((name,) for name in values), *list(combinations(values, 2))[:PAIRS]]
    metrics = {
        "miss": false_negative_rate,
        "alarm": false_positive_rate,
        "precision": precision_score,
        "selection": selection_rate,
        # fairlearn passes one prediction to all metrics: the review rate gets its own as a sample parameter.
        "review": lambda _truth, _said, review: float(np.mean(review)),
    }
    start = time.process_time()
    for names in wanted:
        _ = MetricFrame(
            metrics=metrics,
            y_true=outcome.truth[known],
            y_pred=outcome.decided[known],
            sensitive_features={name: values[name] for name in names},
            sample_params={"review": {"review": outcome.review[known]}},
        ).by_group
    theirs = time.process_time() - start
    start = time.process_time()
    columns = groupings(judged.groups)
    for grouping in (*columns, *pairs_of(columns)[:PAIRS]):
        rows_of(count(outcome, grouping))
    ours = time.process_time() - start
    print(f"rates alone, {len(wanted)} columns and pairs, one outcome, processor seconds:")
    print(f"fairlearn {theirs:.1f}, here {ours:.2f}, ratio {theirs / ours:.0f}")


if __name__ == "__main__":
    main(*(int(given) for given in [*sys.argv[1:], *("100000", "12")[len(sys.argv) - 1 :]]))
