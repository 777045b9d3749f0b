import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from callnexus import cli
from callnexus.training.pipeline import Trained

ROOT = Path(__file__).parents[1]
COMMANDS = ("train", "predict", "follow", "explain", "evaluate", "recheck", "behave", "report", "compare",
            "status", "approve", "reject", "sign", "verify")  # fmt: skip


def call(*arguments: str, stdin: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "callnexus", *arguments], input=stdin, capture_output=True, text=True, check=False,
        cwd=ROOT, env=os.environ | {"COLUMNS": "200"} | environment,
    )  # fmt: skip


@pytest.mark.parametrize("command", COMMANDS)
def test_help_of_each_command_teaches_by_example(command: str):
    done = call(command, "--help")

    assert done.returncode == 0
    assert f"callnexus {command}" in done.stdout
    assert "Example" in done.stdout


def test_every_command_is_listed_in_the_readme():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")

    for command in COMMANDS:
        assert f"callnexus {command}" in readme


def test_one_narrative_gives_one_line_of_json(trained: Trained):
    done = call("predict", "off his meds, hearing voices", "--model", str(trained.folder))

    answer = json.loads(done.stdout)
    assert (done.returncode, done.stderr) == (0, "")
    assert answer["model_version"] == trained.model.version
    assert answer["mh_nexus"]["decision"] in ("yes", "no", "unsure")


def test_one_narrative_may_say_where_and_when_it_is(trained: Trained):
    text = "male hearing voices, off his meds, pointing a gun at his mother"

    answers = [
        json.loads(call("predict", text, "--model", str(trained.folder), "--district", name, "--time", "14:05").stdout)
        for name in ("A1", "E18")
    ]

    assert [answer["response"] for answer in answers] == ["co_response", "standard"]
    assert answers[1]["instead_of"] == "co_response"


def test_lines_keep_their_ids_and_a_bad_line_does_not_stop_the_rest(trained: Trained):
    lines = ['{"id": 7, "narrative": "male with a gun"}', "{SECRET", '{"id": 8}', "", '{"narrative": "dog barking"}']

    done = call("predict", "--model", str(trained.folder), stdin="\n".join(lines))

    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert [answer.get("id") for answer in answers] == [7, None, None, None]
    assert answers[1] == {"line": 2, "error": "not JSON"}
    assert answers[2]["line"] == 3
    assert "mh_nexus" in answers[3]
    assert "SECRET" not in done.stdout + done.stderr


def test_followed_calls_are_answered_line_by_line(trained: Trained):
    lines = ['{"call": 7, "remark": "male with a gun"}', "{SECRET", '{"call": 7, "clear": {"by": "", "reason": "x"}}']

    done = call("follow", "--model", str(trained.folder), stdin="\n".join(lines))

    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert (done.returncode, done.stderr) == (0, "")
    assert answers[0]["call"] == 7
    assert answers[1] == {"line": 2, "error": "not JSON"}
    assert answers[2] == {"line": 3, "error": "clear: by must be text that is not empty"}


def test_a_closed_pipe_ends_quietly(trained: Trained):
    line = '{"narrative": "male with a gun and a very long story"}\n' * 3000
    process = subprocess.Popen(
        [sys.executable, "-m", "callnexus", "predict", "--model", str(trained.folder)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    with process:
        process.stdout.close()
        _, complaint = process.communicate(line)

    assert (process.returncode, complaint) == (0, "")


@pytest.fixture
def stream(trained: Trained) -> Iterator[subprocess.Popen[bytes]]:
    """A process that answers lines, with pipes to it."""
    command = [sys.executable, "-m", "callnexus", "predict", "--model", str(trained.folder)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, bufsize=0) as process:
        yield process
        process.kill()


def test_a_live_sender_gets_each_answer_before_it_sends_the_next_line(stream: subprocess.Popen[bytes]):
    for number in range(3):
        stream.stdin.write(b'{"id": %d, "narrative": "male with a gun"}\n' % number)

        # Would wait for ever if answers were held back for a block to fill.
        assert json.loads(stream.stdout.readline())["id"] == number


def test_bytes_that_are_no_text_are_an_error_of_their_line(stream: subprocess.Popen[bytes]):
    out, complaint = stream.communicate(b'{"narrative": "\xff"}\n\x00\n{"id": 1, "narrative": "male with a gun"}')

    answers = [json.loads(line) for line in out.splitlines()]
    assert answers[:2] == [{"line": 1, "error": "not UTF-8"}, {"line": 2, "error": "not JSON"}]
    assert answers[2]["id"] == 1
    assert (stream.returncode, complaint) == (0, b"")


@pytest.mark.skipif(os.name != "posix", reason="interrupts of another process are POSIX signals")
@pytest.mark.parametrize("busy", [False, True])
def test_an_interrupt_ends_a_stream_without_a_traceback(stream: subprocess.Popen[bytes], busy: bool):
    stream.stdin.write(b'{"narrative": "male with a gun"}\n' * (1000 if busy else 1))
    stream.stdout.readline()

    stream.send_signal(signal.SIGINT)
    _, complaint = stream.communicate()

    assert (stream.returncode, complaint.strip()) == (130, b"")


@pytest.mark.skipif(os.name != "posix", reason="needs a POSIX shell")
def test_head_ends_a_stream_without_an_error(trained: Trained):
    line = b'{"narrative": "male with a gun"}\n'
    predict = f"{sys.executable} -m callnexus predict --model {trained.folder}"
    script = f"({predict}; echo $? >&2) | head -n 1"

    done = subprocess.run(["sh", "-c", script], input=line * 3000, capture_output=True, check=False)

    assert json.loads(done.stdout)["response"]
    assert done.stderr == b"0\n"


@pytest.mark.skipif(os.name != "posix", reason="needs a POSIX shell")
def test_no_standard_input_is_no_lines(trained: Trained):
    predict = f"{sys.executable} -m callnexus predict --model {trained.folder} <&-"

    done = subprocess.run(["sh", "-c", predict], capture_output=True, check=False)

    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


def test_explain_shows_the_narrative_the_decisions_and_who_decides(trained: Trained):
    done = call("explain", "Son on the roof says he will jump \x1b[31m", "--model", str(trained.folder))

    assert done.returncode == 0
    assert "on the roof" in done.stdout
    assert "The dispatcher decides." in done.stdout
    assert "\x1b[31m" not in done.stdout


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["train", "nowhere.toml"], "nowhere.toml: cannot be read"),
        (["predict", "x", "--model", "nowhere"], "no such model folder"),
        (["evaluate", "nowhere.jsonl"], "no such file or folder"),
        (["predict", "--colour"], "colour"),
        (["predict", "--time", "14:05"], "lines carry their own"),
        (["predict", "x", "--time", "soon"], '"time" like "14:05"'),
        (["fly"], "No such command 'fly'. See callnexus --help."),
        (["data", "next", "nowhere.jsonl"], "nowhere.jsonl: no such file"),
        (["policy", "check", "nowhere.toml"], "nowhere.toml: cannot be read: no such file"),
    ],
)
def test_bad_input_exits_with_2_and_says_why(arguments: list[str], reason: str):
    done = call(*arguments)

    assert done.returncode == 2
    assert reason in done.stderr
    assert "Traceback" not in done.stderr


def test_a_failed_gate_exits_with_1(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    def refuse(*arguments: object, **settings: object) -> None:
        raise cli.GateError("miss rate gap .2 is above .1")

    monkeypatch.setattr(cli, "app", refuse)

    assert cli.run([]) == 1
    assert "gate failed: miss rate gap" in capsys.readouterr().err


def test_a_command_whose_extra_is_missing_says_which_to_install(monkeypatch: pytest.MonkeyPatch, capsys):
    def lack(*arguments: object, **settings: object) -> None:
        raise ModuleNotFoundError("No module named 'sklearn'", name="sklearn.linear_model")

    monkeypatch.setattr(cli, "app", lack)

    assert cli.run([]) == 2
    assert "pip install 'callnexus[train]'" in capsys.readouterr().err
