"""Do negated words, length or novelty help as features? Each is added as columns of its own, and judged.

Run `python experiments/added_columns.py [boston_fio.csv]`. Cross-validation over batches without the test split, and
transfer to labelled Boston rows where the CSV is given. Prints Markdown; writes experiments/results/added_columns.md.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, hstack
from sklearn.metrics import roc_auc_score

from callnexus.corpus.boston import join_labels
from callnexus.corpus.examples import Example, read_examples, truth_of
from callnexus.corpus.splits import batch_folds
from callnexus.features import Extractor
from callnexus.labels import LABEL_NAMES
from callnexus.lexicon import SCOPES
from callnexus.narrative import COMMA, STOP, normalise
from callnexus.sufficiency import count_words, remember
from callnexus.training.experiment import read_experiment
from callnexus.training.fit import NarrativeFeatures, fit_labels, out_of_fold_scores, scores_of
from callnexus.training.pipeline import features_of, fitting_of, split_of, weights_of
from callnexus.words import salt_of, split_words, to_buckets

HERE = Path(__file__).parent
BITS = 15
REACH = 4
SCALES = (0.3, 0.6)


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


def length(features: NarrativeFeatures, narratives: Sequence[str]) -> csr_matrix:
    """Return one column: the logarithm of the number of words, about 1 for a long narrative."""
    counts = split_words(normalise(narratives)).counts
    return csr_matrix(np.log1p(counts)[:, None] / 5)


def new_words(features: NarrativeFeatures, narratives: Sequence[str], known: NDArray[np.bool_]) -> csr_matrix:
    """Return one column: the share of words that no authored narrative of another batch holds, times ten."""
    counts = count_words(split_words(normalise(narratives)), len(narratives), known)
    return csr_matrix(10 * counts.novelty()[:, None])


def main(source: Path | None) -> None:
    """Print the table and write it."""
    experiment = read_experiment(HERE / "default.toml")
    everything = read_examples(map(Path, experiment.data.examples))
    splits = split_of(everything, experiment)
    seen = [everything[i] for i in np.sort(np.concatenate([splits.training, splits.calibration]))]
    local = join_labels(HERE.parent / "data/boston_fio/labels.csv", [source]).examples if source else []
    features, fitting, weight = features_of(experiment), fitting_of(experiment), weights_of(seen, experiment)
    folds = batch_folds(seen, folds=experiment.data.folds - 1, seed=experiment.data.seed)
    texts = [_texts(seen), _texts(local)]
    plain = [features.transform(part) for part in texts]
    extras = {
        "negated words": [negated_words(features, part) for part in texts],
        "length": [length(features, part) for part in texts],
        "novelty": [_novelty(features, texts[0], folds), new_words(features, texts[1], _known(texts[0]))],
    }
    truth = truth_of(seen)
    lines = ["| added | scale | judge | mh_nexus | safety_risk |", "| --- | --- | --- | --- | --- |"]
    for name, scale in [("nothing", 0.0), *((name, scale) for name in extras for scale in SCALES)]:
        added = extras.get(name, [csr_matrix((len(part), 1)) for part in texts])
        matrix, real = (hstack([part, scale * extra]).tocsr() for part, extra in zip(plain, added, strict=True))
        scores = out_of_fold_scores(features, matrix, truth, folds, fitting, weight=weight, jobs=2)
        judged = {"batch folds": (truth, scores)}
        if local:
            fit = fit_labels(features, matrix, truth, fitting, weight=weight, jobs=2)
            judged["Boston"] = (truth_of(local), scores_of(fit, real))
        for judge, (answer, said) in judged.items():
            known = [~np.isnan(answer[:, k]) for k in range(len(LABEL_NAMES))]
            aucs = [roc_auc_score(answer[known[k], k], said[known[k], k]) for k in range(len(LABEL_NAMES))]
            lines.append(f"| {name} | {scale} | {judge} | {aucs[0]:.4f} | {aucs[1]:.4f} |")
    text = "\n".join(lines) + "\n"
    print(text)
    (HERE / "results" / "added_columns.md").write_text(text, encoding="utf-8")


def _known(texts: Sequence[str]) -> NDArray[np.bool_]:
    return remember(split_words(normalise(texts)))


def _novelty(features: NarrativeFeatures, texts: Sequence[str], folds: Sequence[NDArray[np.int64]]) -> csr_matrix:
    """Return the novelty of each narrative to the other folds: to its own writer nothing is new."""
    shares = np.zeros((len(texts), 1))
    for fold in folds:
        others = np.setdiff1d(np.arange(len(texts)), fold)
        found = new_words(features, [texts[i] for i in fold], _known([texts[i] for i in others]))
        shares[fold] = found.toarray()
    return csr_matrix(shares)


def _texts(examples: Sequence[Example]) -> list[str]:
    return [example.narrative for example in examples]


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else None)
