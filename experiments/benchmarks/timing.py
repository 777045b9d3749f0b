"""Timing in turns: what is compared runs side by side, so that a busy moment of the machine falls on all of it."""

import threading
from collections.abc import Callable, Mapping, Sequence
from statistics import median, quantiles
from time import perf_counter

import numpy as np
from numpy.typing import NDArray

BLOCK, WARM_UP = 25, 5

Times = dict[str, list[float]]
"""Seconds by name; the n-th entries of all names were measured in the same turn."""


def take_turns(actions: Mapping[str, Callable[[], object]], *, rounds: int) -> Times:
    """Return the seconds each action took, one turn after the other; each turn runs it once before, unmeasured."""
    times: Times = {name: [] for name in actions}
    for _ in range(rounds):
        for name, action in actions.items():
            action()
            began = perf_counter()
            action()
            times[name].append(perf_counter() - began)
    return times


def turns_over(texts: Sequence[str], systems: Mapping[str, Callable[[str], object]], *, rounds: int) -> Times:
    """Return the seconds each system took for each text.

    Systems take turns after BLOCK texts, of which the first few are not measured: a system in service has its code and
    tables in the processor's caches, which the one before it has just emptied.
    """
    times: Times = {name: [] for name in systems}
    for _ in range(rounds):
        for start in range(0, len(texts), BLOCK):
            block = texts[start : start + BLOCK]
            for name, system in systems.items():
                for text in block[:WARM_UP]:
                    system(text)
                for text in block:
                    began = perf_counter()
                    system(text)
                    times[name].append(perf_counter() - began)
    return times


def ratio(times: Times, slower: str, faster: str) -> float:
    """Return the median over turns of how many times as long one took as the other."""
    return median(a / b for a, b in zip(times[slower], times[faster], strict=True))


def percentile_99(seconds: Sequence[float]) -> float:
    """Return the 99th percentile."""
    return quantiles(seconds, n=100)[98]


def sharing(score: Callable[[], NDArray[np.float64]], *, rounds: int) -> tuple[float, bool]:
    """Return the throughput of two threads as a multiple of one thread's, and whether all results are the same."""
    expected = score()
    results: list[bool] = []

    def work() -> None:
        for _ in range(rounds):
            results.append(np.array_equal(score(), expected))

    def run(threads: int) -> float:
        workers = [threading.Thread(target=work) for _ in range(threads)]
        began = perf_counter()
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        return perf_counter() - began

    pairs = [(run(1), run(2)) for _ in range(3)]
    return median(2 * one / two for one, two in pairs), all(results)
