"""What a system costs: bytes on disk, microseconds for one narrative, narratives a second in a batch. One thread."""

import gc
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from statistics import median
from time import perf_counter

from systems import System

LENGTH = 300
"""Bytes of the narratives that are timed, or as near as there are."""

SINGLE, BATCH, ROUNDS, WARM_UP = 200, 1024, 4, 5


def bytes_on_disk(system: System) -> int:
    """Return the size of all that predicting needs, libraries aside."""
    with tempfile.TemporaryDirectory() as folder:
        system.save(Path(folder))
        return sum(path.stat().st_size for path in Path(folder).rglob("*") if path.is_file())


def nearest(narratives: Sequence[str], count: int) -> list[str]:
    """Return the narratives nearest to LENGTH bytes, over again if there are fewer than wanted."""
    ordered = sorted(narratives, key=lambda text: abs(len(text.encode()) - LENGTH))
    return [ordered[i % len(ordered)] for i in range(count)]


def time_all(
    systems: Mapping[str, System], narratives: Sequence[str], tell: Callable[[str], None]
) -> dict[str, dict[str, float]]:
    """Return each system's microseconds for one narrative and narratives a second in a batch, both medians.

    Systems take turns, round by round, so that a busy minute of the machine falls on all of them.
    """
    single, batch = nearest(narratives, SINGLE), nearest(narratives, BATCH)
    part = SINGLE // ROUNDS
    one: dict[str, list[float]] = {key: [] for key in systems}
    many: dict[str, list[float]] = {key: [] for key in systems}
    for turn in range(ROUNDS):
        tell(f"timing round {turn + 1} of {ROUNDS}")
        for key, system in systems.items():
            gc.collect()
            for text in single[:WARM_UP]:
                system.predict([text])
            for text in single[turn * part : (turn + 1) * part]:
                one[key].append(_seconds(system, [text]))
            # A slow system's batch is long enough for one look at it to do.
            if sum(many[key]) < 10:
                many[key].append(_seconds(system, batch))
    return {
        key: {
            "microseconds_one": 1e6 * median(one[key]),
            "texts_per_second": BATCH / median(many[key]),
        }
        for key in systems
    }


def _seconds(system: System, narratives: Sequence[str]) -> float:
    began = perf_counter()
    system.predict(narratives)
    return perf_counter() - began
