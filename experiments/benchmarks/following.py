"""Prints what one remark costs after narratives of growing length, and the whole narrative predicted anew beside it.

python experiments/benchmarks/following.py
"""

import random
import time
from collections.abc import Callable

import callnexus
from callnexus.dispatch.growth import GrowingNarrative

REMARK = "// SUBJ NOW IN PARKING LOT, YELLING AT CARS, NO WEAPONS SEEN "
LENGTHS = (0, 1_000, 10_000, 100_000, 1_000_000)
REPEATS = 25
SAID = (
    "male with a knife in the lobby", "rp says he is off his meds", "neg weapons", "talking to himself", "he left now",
    "caller is crying", "units en route", "apt 12", "brother was suicidal last year", "door is open", "denies si hi",
    "blk van parked outside", "she wants to be seen", "yelling at the neighbour", "smells of alcohol", "call back",
)  # fmt: skip


def remarks_of(length: int) -> list[str]:
    """Return remarks of some hundred characters that are `length` characters together."""
    draw = random.Random(length)
    said: list[str] = []
    size = 0
    while size < length:
        said.append(", ".join(draw.sample(SAID, 6)))
        size += len(said[-1]) + 1
    return said


def median_ms(act: Callable[[], object], times: int) -> float:
    """Return the median duration of an action in milliseconds."""
    taken = []
    for _ in range(times):
        begun = time.perf_counter()
        act()
        taken.append(time.perf_counter() - begun)
    return sorted(taken)[times // 2] * 1000


def main() -> None:
    """Print the table."""
    model = callnexus.load()
    print(f"one remark of {len(REMARK)} characters, median of {REPEATS}; {model.version}")
    print(f"{'narrative':>10}  {'append':>9}  {'anew':>10}  {'ratio':>7}  {'kept':>5}")
    for length in LENGTHS:
        call, grown = model.follow(length), GrowingNarrative(model)
        for remark in remarks_of(length):
            call.append(remark)
        narrative = call.narrative
        grown.append(narrative)
        anew = median_ms(
            lambda narrative=narrative: model.predict(f"{narrative}\n{REMARK}"), 3 if length > 10**5 else 9
        )
        append = median_ms(lambda call=call: call.append(REMARK), REPEATS)
        print(f"{length:>10,}  {append:6.2f} ms  {anew:7.2f} ms  {anew / append:6.1f}x  {grown.pieces_kept:>5}")


if __name__ == "__main__":
    main()
