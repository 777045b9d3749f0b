"""A few seconds of the fuzzing in the normal suite; `.ci/run` gives it a minute."""

import itertools
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fuzz.__main__ import NAMES
from tests.fuzz.mutation import TOGETHER, inputs
from tests.fuzz.running import Run
from tests.fuzz.targets import TARGETS

ROOT = Path(__file__).parents[2]
TAKEN = {"predict": 4, "folder": 90, "importers": 300, "policy": 300, "jsonl": 2, "append": 1}
"""The seeds and some mutants, so that no target takes longer than a second; where inputs come together, blocks."""


def test_the_command_line_knows_every_target():
    assert tuple(TARGETS) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_no_mutant_breaks_a_promise(name: str):
    target = TARGETS[name]
    run = Run(target.check)

    for content in itertools.islice(inputs(target.seeds(), 7, target.between), TAKEN[name]):
        run.take(content)

    assert run.findings == {}
    assert run.inputs >= TAKEN[name] * (1 if target.between is None else TOGETHER)


@pytest.mark.parametrize("name", NAMES)
@given(content=st.binary(max_size=300))
@settings(max_examples=30)
def test_no_bytes_at_all_break_a_promise(name: str, content: bytes):
    TARGETS[name].check(content)


@pytest.mark.parametrize("between", [None, b"\n"])
def test_the_same_seed_gives_the_same_inputs(between: bytes | None):
    def some(seed: int) -> list[bytes]:
        return list(itertools.islice(inputs([b'{"a": [1, {"b": 2}]}', b"text"], seed, between), 50))

    assert some(1) == some(1)
    assert some(1) != some(2)
    assert len(set(some(1))) > 25
    assert between is None or some(1)[3].count(between) >= TOGETHER - 1


def test_a_broken_promise_is_told_once_and_its_input_kept(tmp_path: Path):
    def check(content: bytes) -> int:
        return 1 // (len(content) - 3)

    run = Run(check, tmp_path)
    for content in (b"four", b"one", b"two"):
        run.take(content)

    assert run.inputs == 3
    assert [finding.partition(" at ")[0] for finding in run.findings] == ["ZeroDivisionError"]
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"one"]
    assert "broken: 3 inputs, 1 findings (seeded)" in run.to_text("broken", "seeded")


def test_the_runner_counts_inputs_by_target():
    command = [sys.executable, "-m", "tests.fuzz", "--seconds", "0.5", "--engine", "seeded", "--target", "policy"]

    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("policy: ")
    assert done.stdout.endswith(" inputs, 0 findings (seeded)\n")
