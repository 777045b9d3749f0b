"""Transfer to real text: AUC on labelled Boston field narratives, before and after adding some of them to the training.

Run `python experiments/boston_transfer.py boston_fio.csv [experiment.toml]`; the CSV is the city's, or a slice of it.

- "authored alone": trained on every authored example, tested on all labelled rows and on the later ones;
- "with N rows": also N of the earlier rows (the last N before the date that splits them), tested on the later ones.
"""

import json
import sys
from pathlib import Path

import numpy as np
from sklearn.metrics import roc_auc_score

from callnexus.corpus.boston import join_labels
from callnexus.corpus.examples import read_examples, truth_of
from callnexus.labels import LABEL_NAMES
from callnexus.training.experiment import read_experiment
from callnexus.training.fit import fit_labels, scores_of
from callnexus.training.pipeline import features_of, fitting_of, weights_of

EARLIER = 2 / 3
"""Share of the labelled rows, by date, that may be added to the training."""

SIZES = (0, 50, 100, 200, 400)
LOCAL_WEIGHT = 5.0
"""What one local example counts beside an authored one."""

HERE = Path(__file__).parent


def main(source: Path, path: Path) -> None:
    """Print the table and write it."""
    experiment = read_experiment(path)
    authored = read_examples(map(Path, experiment.data.examples))
    joined = join_labels(HERE.parent / "data" / "boston_fio" / "labels.csv", [source])
    local = sorted(joined.examples, key=lambda example: (str(example.date), example.id))
    cut = round(EARLIER * len(local))
    features = features_of(experiment)
    matrix = features.transform([example.narrative for example in [*authored, *local]])
    truth = truth_of([*authored, *local])
    weight = np.concatenate([weights_of(authored, experiment), np.full(len(local), LOCAL_WEIGHT)])
    base, later = np.arange(len(authored)), np.arange(len(authored) + cut, len(truth))
    rows = []
    for size in (*SIZES, cut):
        chosen = np.concatenate([base, np.arange(len(authored) + cut - size, len(authored) + cut)])
        fit = fit_labels(features, matrix[chosen], truth[chosen], fitting_of(experiment), weight=weight[chosen], jobs=2)
        tests = {"later rows": later}
        if size == 0:
            tests["all rows"] = np.arange(len(authored), len(truth))
        for name, test in tests.items():
            rows.append(
                {"Boston rows in training": size, "tested on": f"{name} ({len(test)})"} | _auc(fit, matrix, truth, test)
            )
    print(f"| {' | '.join(rows[0])} |\n|{' --- |' * len(rows[0])}")
    for row in rows:
        print("| " + " | ".join(map(str, row.values())) + " |")
    print(f"\nmissing {len(joined.missing)}, altered {len(joined.altered)}; split at {local[cut].date}")
    target = HERE / "results" / "boston_transfer.json"
    target.parent.mkdir(exist_ok=True)
    target.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")


def _auc(fit, matrix, truth, test) -> dict[str, float]:
    scores = scores_of(fit, matrix[test])
    known = ~np.isnan(truth[test])
    return {
        name: round(float(roc_auc_score(truth[test][known[:, k], k], scores[known[:, k], k])), 4)
        for k, name in enumerate(LABEL_NAMES)
    }


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]) if len(sys.argv) > 2 else HERE / "default.toml")
