"""Memory and speed of `callnexus predict` over many lines: one process, a pipe in, a pipe out.

    python experiments/benchmarks/streaming.py --lines 1000000

Lines are synthetic narratives of several lengths and scripts; one in a hundred cannot be read. The process's resident
memory is read (from /proc, so on Linux) while it answers: constant memory means that the last tenth of the lines needs
no more than the first.
"""

import argparse
import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from callnexus.model_folder.golden import shipped_narratives


def lines(count: int) -> Iterator[bytes]:
    """Yield the lines to answer, each with its number as id."""
    narratives = [json.dumps(text) for text in shipped_narratives()]
    for number in range(count):
        if number % 100 == 99:
            yield b'{"id": %d, "narrative": 7}\n' % number
        else:
            yield f'{{"id": {number}, "narrative": {narratives[number % len(narratives)]}}}\n'.encode()


def resident(process: int) -> int:
    """Return a process's resident memory in KiB."""
    status = Path(f"/proc/{process}/status").read_text(encoding="ascii")
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS"))


def main() -> int:
    """Run the stream, print a row for each tenth of it, and return 1 if an answer is missing."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--lines", type=int, default=1_000_000)
    count: int = parser.parse_args().lines
    command = [sys.executable, "-m", "callnexus", "predict"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None

        def send() -> None:
            with process.stdin as stdin:
                stdin.writelines(lines(count))

        threading.Thread(target=send, daemon=True).start()
        started = time.perf_counter()
        answered = errors = 0
        print("| lines answered | lines/s | resident memory, MiB |\n| --- | --- | --- |")
        for answer in process.stdout:
            answered += 1
            errors += answer.startswith(b'{"line"')
            if answered % max(count // 10, 1) == 0:
                rate = answered / (time.perf_counter() - started)
                print(f"| {answered:,} | {rate:,.0f} | {resident(process.pid) / 1024:.1f} |", flush=True)
    print(f"\n{answered:,} of {count:,} lines answered, {errors:,} of them with an error record")
    return int(answered != count or errors != count // 100 or process.returncode != 0)


if __name__ == "__main__":
    sys.exit(main())
