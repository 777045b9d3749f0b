import csv
import json
from pathlib import Path

import pytest

from callnexus import cli
from callnexus.corpus.examples import read_examples
from callnexus.evaluation.tables import records
from callnexus.training.pipeline import Trained

ROOT = Path(__file__).parents[1]
DATA = str(ROOT / "data" / "authored" / "b01.jsonl")


@pytest.fixture(autouse=True)
def wide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")


@pytest.fixture
def predictions(tmp_path: Path) -> Path:
    """Another system, which misses the risk of every call about a woman."""
    path = tmp_path / "vendor.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "mh_nexus", "safety_risk"])
        for example in read_examples([Path(DATA)]):
            risk = "no" if example.subject_sex == "female" else example.safety_risk
            writer.writerow([example.id, example.mh_nexus, risk])
    return path


def limits(folder: Path, fairness: str) -> Path:
    """Return the default experiment with these limits alone."""
    text = (ROOT / "experiments" / "default.toml").read_text(encoding="utf-8").partition("[fairness]")[0]
    path = folder / "limits.toml"
    path.write_text(f"{text}[fairness]\n{fairness}\n", encoding="utf-8")
    return path


def read(folder: Path) -> dict:
    return json.loads((folder / "fairness.json").read_text(encoding="utf-8"))


def test_evaluate_and_report_measure_the_same(trained: Trained, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    codes = [cli.run(["evaluate", DATA, "--model", str(trained.folder)])]
    told = capsys.readouterr().out

    codes += [cli.run(["report", DATA, "--model", str(trained.folder), "--to", str(tmp_path)])]

    assert codes == [0, 0]
    assert f"{read(tmp_path)['metrics']['mh_nexus']['auc']:.3f}" in told
    assert "not enough cases" in told


def test_a_report_compares_by_the_columns_asked_for_and_with_an_older_model(trained: Trained, tmp_path: Path):
    folder = str(trained.folder)

    code = cli.run(
        ["report", DATA, "-m", folder, "--groups", "subject_sex, register", "--compare", folder, "--to", str(tmp_path)]
    )

    document = read(tmp_path)
    assert code == 0
    assert {row["column"] for row in document["rows"]} == {"all", "subject_sex", "register"}
    assert document["comparison"]["model"] == trained.model.version
    assert document["swaps"]["swaps"] > 0
    assert document["status"] == "demonstration"
    assert document["examples_shown"] == []


def test_another_system_is_reported_on_with_errors_if_they_are_asked_for(
    predictions: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    code = cli.run(["report", DATA, "--predictions", str(predictions), "--with-examples", "--to", str(tmp_path)])

    document, told = read(tmp_path), capsys.readouterr().err
    assert code == 0
    assert (document["model"], document["status"]) == ("vendor.csv", "another system")
    assert {(row["group"], row["kind"]) for row in document["examples_shown"]} == {("subject_sex: female", "missed")}
    assert "swaps" not in document
    assert "identity swaps were not made: another system is known by its predictions only" in told
    assert "names may remain" in told


def test_a_report_that_breaks_a_limit_is_written_and_exits_with_1(
    predictions: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    strict = limits(tmp_path, 'groups = ["subject_sex"]\nlargest_miss_gap = 0.15')

    code = cli.run(
        ["report", DATA, "--predictions", str(predictions), "--groups", "register", "--experiment", str(strict),
         "--to", str(tmp_path)]
    )  # fmt: skip

    gates = {(gate["gate"], gate["group"]): gate for gate in read(tmp_path)["gates"]}
    assert code == 1
    assert gates["fairness.miss_gap.safety_risk", "subject_sex: female"]["figure"] == 1
    assert gates["fairness.miss_gap.mh_nexus", "subject_sex: female"]["passed"]
    assert "- fairness.miss_gap.safety_risk (subject_sex: female): 1.000, limit 0.150" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["report", DATA, "--groups", "age"], "no group column named 'age'; known are district"),
        (["report", DATA, "--groups", ""], "no group column named ''"),
        (["report", DATA, "--model", "m", "--predictions", "vendor.csv"], "leave one of them out"),
        (["report", DATA, "--predictions", "nowhere.csv"], "nowhere.csv: cannot be read"),
        (["report", DATA, "--compare", "nowhere"], "no such model folder"),
        (["report", DATA, "--experiment", "nowhere.toml"], "nowhere.toml: cannot be read"),
        (["report", DATA, "--policy", "nowhere.toml"], "nowhere.toml: cannot be read"),
        (["compare", "nowhere", "nowhere", DATA], "no such model folder"),
        (["compare", "models/callnexus-0.1.0"], "argument"),
    ],
)
def test_bad_input_exits_with_2_and_leaves_nothing(
    arguments: list[str], reason: str, tmp_path: Path, capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
):  # fmt: skip
    monkeypatch.chdir(tmp_path)

    assert cli.run(arguments) == 2

    assert reason.lower() in capsys.readouterr().err.lower()
    assert list(tmp_path.iterdir()) == []


def test_a_model_that_is_compared_with_itself_changes_nothing(
    trained: Trained, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    folder = str(trained.folder)

    code = cli.run(["compare", folder, folder, DATA, "--to", str(tmp_path / "changes.json")])

    document = json.loads((tmp_path / "changes.json").read_text(encoding="utf-8"))
    assert code == 0
    assert document["worst"] == []
    assert not any(row["changed"] for row in records(document["changed"]))
    told = capsys.readouterr().out
    assert "McNemar" in told
    assert "furthest moves" not in told


def test_two_models_are_compared_without_labels_and_by_ids_alone(
    trained: Trained, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    rows = [json.loads(line) for line in Path(DATA).read_text(encoding="utf-8").splitlines()]
    unlabelled = tmp_path / "unlabelled.jsonl"
    nothing = {"mh_nexus": None, "safety_risk": None, "votes": {}}
    unlabelled.write_text("".join(json.dumps(row | nothing) + "\n" for row in rows), encoding="utf-8")
    shipped = ROOT / "models" / (ROOT / "models" / "DEFAULT").read_text(encoding="utf-8").strip()

    code = cli.run(["compare", str(trained.folder), str(shipped), str(unlabelled), "--to", str(tmp_path / "c.json")])

    written, told = (tmp_path / "c.json").read_text(encoding="utf-8"), capsys.readouterr().out
    document = json.loads(written)
    assert code == 0
    assert document["tests"][0]["cases"] == 0
    assert {row["truth"] for row in document["worst"]} == {None}
    assert document["worst"][0]["id"] in told
    assert not [row["id"] for row in rows if row["narrative"][:40] in written + told]


def test_behave_writes_json_and_fails_where_a_capability_falls_short(
    trained: Trained, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    code = cli.run(["behave", str(trained.folder), "--to", str(tmp_path / "behaviour.json")])

    plain = json.loads((tmp_path / "behaviour.json").read_text(encoding="utf-8"))
    told = capsys.readouterr().err
    assert code == (1 if plain["not_ok"] else 0)
    assert all(name in told for name in plain["not_ok"])
    assert len(plain["capabilities"]) >= 40
    assert plain["cases"] >= 400


def test_a_report_on_hardly_any_example_is_written_too(trained: Trained, tmp_path: Path):
    few = tmp_path / "few.jsonl"
    few.write_text("".join(Path(DATA).read_text(encoding="utf-8").splitlines(keepends=True)[:3]), encoding="utf-8")

    code = cli.run(["report", str(few), "--model", str(trained.folder), "--to", str(tmp_path)])

    assert code == 0
    assert "not enough cases" in (tmp_path / "fairness.html").read_text(encoding="utf-8")


def test_recheck_names_the_errors_and_says_what_each_verdict_means(
    trained: Trained, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    batch = trained.model.manifest["notes"]["data"]["training"]["batches"][0]
    data = ROOT / "data" / "authored" / f"{batch}.jsonl"

    cli.run(["recheck", str(trained.folder), str(data), "--to", str(tmp_path / "recheck.json")])

    told = capsys.readouterr()
    rows = json.loads((tmp_path / "recheck.json").read_text(encoding="utf-8"))
    assert "missed (answered no)" in told.out
    assert "false alarm (answered yes)" in told.out
    assert all(f"\n{row['verdict']}: " in told.out for row in rows)
    count = len(read_examples([data]))
    assert f"warning: {count} of {count} examples are of batches that trained this model" in told.err


def test_only_the_steps_of_a_report_that_run_are_numbered(
    predictions: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    cli.run(["report", DATA, "--predictions", str(predictions), "--to", str(tmp_path)])

    told = capsys.readouterr().err
    assert "[4/4] writing the page" in told
    assert "swapping identities" not in told
    assert "trained this model" not in told


def test_predictions_of_other_ids_are_summed_up(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    rows = "".join(f"x{number},yes,no\n" for number in range(40))
    (tmp_path / "vendor.csv").write_text(f"id,mh_nexus,safety_risk\n{rows}", encoding="utf-8")

    code = cli.run(["report", DATA, "--predictions", str(tmp_path / "vendor.csv"), "--to", str(tmp_path / "report")])

    told = capsys.readouterr().err
    assert code == 2
    assert told.count("vendor.csv: row") == 5
    assert "... and 35 more: no example has it" in told
