"""What a fresh process costs: seconds from its start to its end, and its peak memory."""

import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from statistics import median
from time import perf_counter

PROGRAMS: Mapping[str, str] = {
    "python": "",
    "numpy": "import numpy",
    "callnexus": "import callnexus; callnexus.load().predict('male off his meds with a knife, neg injuries')",
}
"""By name; every program ends by saying its peak memory."""

_PEAK = """
import re
with open("/proc/self/status") as status:
    print(int(re.search(r"VmHWM:\\s+(\\d+)", status.read())[1]) * 1024)
"""
_LOAD = """
import json, time, callnexus
seconds = []
for _ in range(5):
    began = time.perf_counter()
    callnexus.load()
    seconds.append(time.perf_counter() - began)
print(json.dumps(seconds))
"""


@dataclass(frozen=True, slots=True)
class Process:
    """What one program costs.

    Attributes:
        seconds: Wall time of each run, in order.
        peak: Median peak memory, in bytes.
    """

    seconds: tuple[float, ...]
    peak: float


def measure_processes(*, rounds: int) -> dict[str, Process]:
    """Return what each program costs, programs taking turns; the first turn fills the disk's cache and is dropped."""
    seconds: dict[str, list[float]] = {name: [] for name in PROGRAMS}
    peaks: dict[str, list[int]] = {name: [] for name in PROGRAMS}
    for _ in range(rounds + 1):
        for name, program in PROGRAMS.items():
            began = perf_counter()
            subprocess.run([sys.executable, "-c", program], check=True)
            seconds[name].append(perf_counter() - began)
            said = subprocess.run([sys.executable, "-c", program + _PEAK], check=True, capture_output=True, text=True)
            peaks[name].append(int(said.stdout))
    return {name: Process(tuple(seconds[name][1:]), median(peaks[name][1:])) for name in PROGRAMS}


def load_seconds() -> float:
    """Return the median time of loading the default model in a process that has imported the library."""
    said = subprocess.run([sys.executable, "-c", _LOAD], check=True, capture_output=True, text=True)
    return median(json.loads(said.stdout))
