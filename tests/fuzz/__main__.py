"""Runs the fuzzing of one target or of all, prints inputs and findings, and exits with 1 on a finding."""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path

from tests.fuzz.running import Run

NAMES = ("predict", "folder", "importers", "policy", "jsonl", "append")
_LED = ("callnexus", "json", "tomllib", "csv", "zipfile")


def main() -> int:
    """Run what the command line asks for and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60, help="for all targets together")
    parser.add_argument("--target", choices=(*NAMES, "all"), default="all")
    parser.add_argument("--engine", choices=("auto", "atheris", "seeded"), default="auto")
    parser.add_argument("--seed", type=int, default=1, help="another seed gives other inputs")
    parser.add_argument("--save", type=Path, help="folder for inputs that broke a promise")
    asked = parser.parse_args()
    if asked.target == "all":
        return max(_in_a_process(asked, name) for name in NAMES)
    atheris = asked.engine == "atheris" or (asked.engine == "auto" and find_spec("atheris") is not None)
    return _led_by_coverage(asked) if atheris else _by_seed(asked)


def _in_a_process(asked: argparse.Namespace, name: str) -> int:
    command = [sys.executable, "-m", "tests.fuzz", "--target", name, "--seconds", str(asked.seconds / len(NAMES))]
    command += ["--engine", asked.engine, "--seed", str(asked.seed)]
    return subprocess.run([*command, "--save", str(asked.save)] if asked.save else command, check=False).returncode


def _by_seed(asked: argparse.Namespace) -> int:
    from tests.fuzz.mutation import inputs
    from tests.fuzz.targets import TARGETS

    target = TARGETS[asked.target]
    run, until = Run(target.check, asked.save), time.monotonic() + asked.seconds
    for content in inputs(target.seeds(), asked.seed, target.between):
        run.take(content)
        if time.monotonic() > until:
            break
    return _told(run, asked, "seeded")


def _led_by_coverage(asked: argparse.Namespace) -> int:
    import atheris

    # Only what is imported in here is measured, so nothing of ours may be imported before.
    with atheris.instrument_imports(include=list(_LED)):
        from tests.fuzz.targets import TARGETS, clear

    target = TARGETS[asked.target]
    run, until = Run(target.check, asked.save), time.monotonic() + asked.seconds

    def take(content: bytes) -> None:
        run.take(content)
        if time.monotonic() > until:
            # The engine never returns, and would report its own way of ending as a crash.
            code = _told(run, asked, "atheris")
            sys.stdout.flush()
            clear()
            shutil.rmtree(corpus)
            os._exit(code)

    with tempfile.TemporaryDirectory() as corpus:
        for number, seed in enumerate(target.seeds()):
            (Path(corpus) / str(number)).write_bytes(seed)
        limits = (f"-seed={asked.seed}", "-max_len=65536", "-verbosity=0", "-rss_limit_mb=0")
        atheris.Setup([sys.argv[0], corpus, *limits], take)
        atheris.Fuzz()
    return 0


def _told(run: Run, asked: argparse.Namespace, engine: str) -> int:
    print(run.to_text(asked.target, engine))  # noqa: T201 # what the command is for
    return int(bool(run.findings))


if __name__ == "__main__":
    sys.exit(main())
