"""AUC on whole test batches as the training narratives grow: 250, 500, 1,000, 2,000, all; splits by batch.

Run `python experiments/learning_curve.py [experiment.toml]`. The means of three random subsets a size are printed
as Markdown and written to experiments/results/learning_curve.json.
"""

import json
import sys
from pathlib import Path

import numpy as np
from sklearn.metrics import roc_auc_score

from callnexus.corpus.examples import read_examples, truth_of
from callnexus.corpus.splits import split_by_batch
from callnexus.labels import LABEL_NAMES
from callnexus.training.experiment import read_experiment
from callnexus.training.fit import fit_labels, scores_of
from callnexus.training.pipeline import features_of, fitting_of, weights_of

SIZES = (250, 500, 1000, 2000)
REPEATS = 3
HERE = Path(__file__).parent


def main(path: Path) -> None:
    """Print the curve and write it."""
    experiment = read_experiment(path)
    examples = read_examples(map(Path, experiment.data.examples))
    splits = split_by_batch(examples, folds=experiment.data.folds, seed=experiment.data.seed)
    features = features_of(experiment)
    matrix = features.transform([example.narrative for example in examples])
    truth, weight = truth_of(examples), weights_of(examples, experiment)
    rows = []
    for size in (*SIZES, len(splits.training)):
        found = []
        for repeat in range(REPEATS if size < len(splits.training) else 1):
            chosen = np.random.default_rng(repeat).permutation(splits.training)[:size]
            fit = fit_labels(
                features, matrix[chosen], truth[chosen], fitting_of(experiment), weight=weight[chosen], jobs=2
            )
            scores = scores_of(fit, matrix[splits.test])
            found.append([roc_auc_score(truth[splits.test, k], scores[:, k]) for k in range(len(LABEL_NAMES))])
        rows.append({"training": size, **dict(zip(LABEL_NAMES, np.mean(found, axis=0).round(4).tolist(), strict=True))})
    print(f"| training narratives | {' | '.join(LABEL_NAMES)} |\n| --- | --- | --- |")
    for row in rows:
        print("| " + " | ".join(map(str, row.values())) + " |")
    target = HERE / "results" / "learning_curve.json"
    target.parent.mkdir(exist_ok=True)
    target.write_text(json.dumps({"test": len(splits.test), "rows": rows}, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE / "default.toml")
