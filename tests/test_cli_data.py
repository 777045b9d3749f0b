import json
from pathlib import Path

import pytest

from tests.test_cli import ROOT, call

COMMANDS = ("check", "suspects", "next", "import", "boston")


@pytest.mark.parametrize("command", COMMANDS)
def test_help_of_each_data_command_teaches_by_example(command: str):
    done = call("data", command, "--help")

    assert done.returncode == 0
    assert f"callnexus data {command}" in done.stdout


def test_check_writes_json_and_fails_on_a_corpus_that_gives_labels_away(tmp_path: Path):
    rows = (ROOT / "data" / "authored" / "b01.jsonl").read_text(encoding="utf-8").splitlines()[:40]
    copied = json.loads(rows[0]) | {"id": "copy", "group_id": None, "batch": "other"}
    (tmp_path / "rows.jsonl").write_text("\n".join([*rows, json.dumps(copied)]), encoding="utf-8")

    done = call("data", "check", str(tmp_path / "rows.jsonl"), "--to", str(tmp_path / "out" / "report.json"))

    assert done.returncode == 1
    assert "near-identical" in done.stderr
    report = json.loads((tmp_path / "out" / "report.json").read_text(encoding="utf-8"))
    assert (report["examples"], report["passed"]) == (41, False)
    assert json.loads(rows[0])["narrative"][:40] not in done.stdout + done.stderr
    assert "[5/5] looking for leaks" in done.stderr
    assert "label pairs" in done.stdout
    assert "batch b01" not in done.stdout
    assert {"batch b01", "all"} <= {row["part"] for row in report["agreement"]}


def test_next_gives_tasks_without_predictions(tmp_path: Path):
    texts = ["male with a gun", "lost wallet", "hearing voices", "dog barking"]
    source = tmp_path / "calls.jsonl"
    source.write_text("".join(json.dumps({"id": i, "narrative": t}) + "\n" for i, t in enumerate(texts)), "utf-8")

    done = call("data", "next", str(source), "--count", "2", "--to", str(tmp_path / "next.json"))

    assert done.returncode == 0, done.stderr
    tasks = json.loads((tmp_path / "next.json").read_text(encoding="utf-8"))
    assert len(tasks) == 2
    assert all(not task.get("predictions") for task in tasks)


def test_import_reads_a_table_and_says_what_was_skipped(tmp_path: Path):
    (tmp_path / "calls.csv").write_text("id,REMARKS,mh_nexus,safety_risk\n1,lost wallet,no,no\n", encoding="utf-8")

    done = call(
        "data", "import", str(tmp_path / "calls.csv"), "--to", str(tmp_path / "mine.jsonl"), "--batch", "ann",
        "--register", "notes", "--column", "narrative=REMARKS",
    )  # fmt: skip

    assert done.returncode == 0, done.stderr
    assert "1 examples; skipped: none" in done.stdout
    assert json.loads((tmp_path / "mine.jsonl").read_text(encoding="utf-8"))["narrative"] == "lost wallet"


def test_a_broken_import_is_refused_whole(tmp_path: Path):
    (tmp_path / "calls.csv").write_text("id,narrative,mh_nexus,safety_risk\n1,SECRET,maybe,no\n", encoding="utf-8")

    done = call(
        "data", "import", str(tmp_path / "calls.csv"), "--to", str(tmp_path / "mine.jsonl"), "--batch", "ann",
        "--register", "notes",
    )  # fmt: skip

    assert done.returncode == 2
    assert "mh_nexus" in done.stderr
    assert "SECRET" not in done.stderr
    assert not (tmp_path / "mine.jsonl").exists()


def test_a_line_that_is_no_object_is_called_so(tmp_path: Path):
    (tmp_path / "calls.jsonl").write_text("[1]\n", encoding="utf-8")

    done = call("data", "next", str(tmp_path / "calls.jsonl"), "--to", str(tmp_path / "next.json"))

    assert done.returncode == 2
    assert "calls.jsonl: line 1: row: not a JSON object" in done.stderr
