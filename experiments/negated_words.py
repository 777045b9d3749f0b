"""Do words marked as negated help? Each word that a negation governs is added as a feature of its own, and judged.

Run `python experiments/negated_words.py [boston_fio.csv]`. Cross-validation over batches without the test split, and
transfer to labelled Boston rows where the CSV is given. Prints Markdown; writes experiments/results/negated_words.md.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from scipy.sparse import csr_matrix, hstack
from sklearn.metrics import roc_auc_score

from callnexus.corpus.boston import join_labels
from callnexus.corpus.examples import Example, read_examples, truth_of
from callnexus.corpus.splits import batch_folds
from callnexus.features import Extractor
from callnexus.labels import LABEL_NAMES
from callnexus.lexicon import SCOPES
from callnexus.narrative import COMMA, STOP, normalise
from callnexus.training.experiment import read_experiment
from callnexus.training.fit import NarrativeFeatures, fit_labels, out_of_fold_scores, scores_of
from callnexus.training.pipeline import features_of, fitting_of, split_of, weights_of
from callnexus.words import salt_of, split_words, to_buckets

HERE = Path(__file__).parent
BITS = 15
REACH = 4
SCALES = (0.0, 0.3, 0.6)


def negated_words(features: NarrativeFeatures, narratives: Sequence[str]) -> csr_matrix:
    """Return one hashed column a word that stands up to four words after a negation, in its clause."""
    table = Extractor(features.spec, features.lexicon).table
    rows, hashes = [], []
    for number, narrative in enumerate(narratives):
        words = split_words(normalise([narrative]))
        before = words.before
        matches = table.find(words)
        for first, size, phrase in zip(matches.first, matches.size, matches.phrase, strict=True):
            if phrase < table.cue_count:
                continue
            rule, end = table.rules[phrase - table.cue_count], first + size
            if rule.scope == SCOPES.index("negated") and rule.forward:
                stop = min(end + REACH, len(words.hashes))
                for place in range(end, stop):
                    if before[place] >= (STOP if rule.reach > REACH else COMMA):
                        break
                    rows.append(number)
                    hashes.append(words.hashes[place])
    columns = to_buckets(np.array(hashes, np.uint64), np.uint64(BITS), salt=salt_of(9))
    return csr_matrix((np.ones(len(rows)), (rows, columns)), shape=(len(narratives), 1 << BITS))


def main(source: Path | None) -> None:
    """Print the table and write it."""
    experiment = read_experiment(HERE / "default.toml")
    everything = read_examples(map(Path, experiment.data.examples))
    splits = split_of(everything, experiment)
    seen = [everything[i] for i in np.sort(np.concatenate([splits.training, splits.calibration]))]
    local = join_labels(HERE.parent / "data/boston_fio/labels.csv", [source]).examples if source else []
    features, fitting, weight = features_of(experiment), fitting_of(experiment), weights_of(seen, experiment)
    folds = batch_folds(seen, folds=experiment.data.folds - 1, seed=experiment.data.seed)
    parts = [(features.transform(texts), negated_words(features, texts)) for texts in map(_texts, (seen, local))]
    lines = ["| scale of negated words | judge | mh_nexus | safety_risk |", "| --- | --- | --- | --- |"]
    for scale in SCALES:
        matrix, real = (hstack([plain, scale * negated]).tocsr() for plain, negated in parts)
        truth = truth_of(seen)
        judged = {
            "batch folds": (truth, out_of_fold_scores(features, matrix, truth, folds, fitting, weight=weight, jobs=2))
        }
        if local:
            fit = fit_labels(features, matrix, truth, fitting, weight=weight, jobs=2)
            judged["Boston"] = (truth_of(local), scores_of(fit, real))
        for judge, (answer, scores) in judged.items():
            aucs = [roc_auc_score(answer[:, k], scores[:, k]) for k in range(len(LABEL_NAMES))]
            lines.append(f"| {scale} | {judge} | {aucs[0]:.4f} | {aucs[1]:.4f} |")
    text = "\n".join(lines) + "\n"
    print(text)
    (HERE / "results" / "negated_words.md").write_text(text, encoding="utf-8")


def _texts(examples: Sequence[Example]) -> list[str]:
    return [example.narrative for example in examples]


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else None)
