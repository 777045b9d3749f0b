"""Site adaptation: the shipped model with 0 to 800 labelled rows of another source, tested there later and at home.

Run `python experiments/adaptation.py boston_fio.csv`. The base model is the shipped default. The rows added are the
last N before the date that splits the labelled rows two to one; tested are the later ones ("Boston") and the base
model's own test split ("authored"). Prints Markdown; writes experiments/results/adaptation.json and .svg.
"""

import json
import sys
from pathlib import Path

import matplotlib as mpl
import numpy as np
from scipy.sparse import csr_matrix
from sklearn.metrics import roc_auc_score

import callnexus
from callnexus.corpus.boston import join_labels
from callnexus.corpus.examples import Example, read_examples, truth_of
from callnexus.labels import LABEL_NAMES
from callnexus.training.experiment import FitSection, read_experiment
from callnexus.training.fit import Fit, Fitting, NarrativeFeatures, fit_labels, scores_of
from callnexus.training.pipeline import split_of

SIZES = (50, 100, 200, 400, 800)
EARLIER = 2 / 3
LOCAL = FitSection(inverse_regularisation=0.3)
"""Weaker than the base model's: larger values gain a little there and lose as much at home."""

HERE = Path(__file__).parent


def main(source: Path) -> None:
    """Print the curve, write it and its plot."""
    base = callnexus.load()
    features = NarrativeFeatures(base.extractor.spec, base.extractor.lexicon)
    experiment = read_experiment(HERE / "default.toml")
    authored = read_examples(map(Path, experiment.data.examples))
    home = [authored[i] for i in split_of(authored, experiment).test]
    joined = join_labels(HERE.parent / "data" / "boston_fio" / "labels.csv", [source]).examples
    local = sorted(joined, key=lambda example: (str(example.date), example.id))
    cut = round(EARLIER * len(local))
    parts = {"Boston": local[cut:], "authored": home}
    measured = {name: (matrix_of(features, members), truth_of(members)) for name, members in parts.items()}
    matrix, truth = matrix_of(features, local[:cut]), truth_of(local[:cut])
    rows = [{"rows": 0} | aucs(Fit({}, base.weights.astype(float), base.intercepts), measured)]
    for size in (*SIZES[:-1], min(SIZES[-1], cut)):
        fit = fit_labels(features, matrix[cut - size :], truth[cut - size :], Fitting(LOCAL, base=base), jobs=2)
        rows.append({"rows": size} | aucs(fit, measured))
    print(f"| {' | '.join(rows[0])} |\n|{' --- |' * len(rows[0])}")
    for row in rows:
        print("| " + " | ".join(map(str, row.values())) + " |")
    print(
        f"\nBase {base.version}; {len(local) - cut} Boston rows tested, from {local[cut].date}; {len(home)} authored."
    )
    (HERE / "results" / "adaptation.json").write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    plot(rows)


def matrix_of(features: NarrativeFeatures, examples: list[Example]) -> csr_matrix:
    """Return the feature matrix of examples."""
    return features.transform([example.narrative for example in examples])


def aucs(fit: Fit, measured: dict) -> dict[str, float]:
    """Return the AUC of both labels on each part."""
    found = {}
    for name, (matrix, truth) in measured.items():
        scores = scores_of(fit, matrix)
        for place, label in enumerate(LABEL_NAMES):
            known = ~np.isnan(truth[:, place])
            found[f"{name} {label}"] = round(float(roc_auc_score(truth[known, place], scores[known, place])), 4)
    return found


def plot(rows: list[dict]) -> None:
    """Write the curve as SVG."""
    mpl.use("svg")
    mpl.rcParams |= {"svg.hashsalt": "adaptation", "svg.fonttype": "none"}
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(figsize=(6.4, 3.6), layout="constrained")
    for name, style in zip(list(rows[0])[1:], ("o-", "s-", "o:", "s:"), strict=True):
        axes.plot([row["rows"] for row in rows], [row[name] for row in rows], style, label=name)
    axes.set(xlabel="labelled Boston rows added", ylabel="AUC")
    axes.legend(frameon=False)
    figure.savefig(HERE / "results" / "adaptation.svg", metadata={"Date": None})


if __name__ == "__main__":
    main(Path(sys.argv[1]))
