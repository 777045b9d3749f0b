import json
from pathlib import Path

import mlflow
import pandas as pd
import pytest

import callnexus
from callnexus.errors import ExperimentError, GateError
from callnexus.training.experiment import CardSection, Experiment, FairnessSection
from callnexus.training.pipeline import STEPS, Trained, train


def test_the_job_leaves_a_loadable_model_with_its_reports(trained: Trained):
    model = callnexus.load(trained.folder)

    assert model.version == trained.model.version
    document = json.loads((trained.folder / "fairness.json").read_text(encoding="utf-8"))
    assert document["metrics"] == trained.assessment.to_dict()
    assert model.manifest["notes"]["metrics"]["test"] == document["metrics"]


def test_the_report_of_the_test_split_holds_status_swaps_coverage_and_every_gate(trained: Trained):
    document = json.loads((trained.folder / "fairness.json").read_text(encoding="utf-8"))

    assert document["status"] == "demonstration"
    assert document["swaps"]["narratives"] == document["examples"] == len(trained.splits.test)
    assert {row["label"] for row in document["coverage"]} == {"mh_nexus", "safety_risk", "both"}
    assert document["gates"] == trained.model.manifest["notes"]["gates"]
    assert document["examples_shown"] == []


def test_a_broken_fairness_limit_stops_packaging_with_group_and_figure(experiment: Experiment, tmp_path: Path):
    section = FairnessSection(largest_miss_gap=0.0001, flip_rate=1, groups=["subject_sex"], swaps=["sex"])
    strict = experiment.model_copy(update={"fairness": section})

    with pytest.raises(GateError, match=r"fairness\.miss_gap\.\w+ \(subject_sex: \w+\): .*, limit 0\.000") as failed:
        train(strict, models=tmp_path, track=False)

    assert "flip_rate" not in str(failed.value)
    assert list(tmp_path.iterdir()) == []


def test_the_model_learns_both_labels_from_other_batches(trained: Trained):
    for metrics in trained.assessment.metrics.values():
        assert metrics.auc > 0.75


def test_the_same_data_and_experiment_give_the_same_version(trained: Trained, experiment: Experiment, tmp_path: Path):
    again = train(experiment, models=tmp_path, track=False, jobs=1)

    assert again.model.version == trained.model.version


def test_no_narrative_stands_in_the_model_folder(trained: Trained, experiment: Experiment):
    rows = [
        json.loads(line) for path in experiment.data.examples for line in Path(path).read_text("utf-8").splitlines()
    ]

    for path in trained.folder.rglob("*"):
        if path.is_file():
            text = path.read_bytes().decode("utf-8", "replace")
            assert not [row["id"] for row in rows if len(row["narrative"]) > 40 and row["narrative"] in text], path.name


def test_a_tracked_run_holds_metrics_hashes_and_a_registered_model(experiment: Experiment, tmp_path: Path):
    uri = f"sqlite:///{tmp_path / 'mlflow.db'}"
    tracking = experiment.tracking.model_copy(update={"uri": uri})
    steps: list[str] = []

    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path)
        absolute = [str(Path(__file__).parents[2] / path) for path in experiment.data.examples]
        data = experiment.data.model_copy(update={"examples": absolute})
        result = train(
            experiment.model_copy(update={"tracking": tracking, "data": data}),
            models=tmp_path / "models",
            progress=steps.append,
        )
        client = mlflow.MlflowClient(tracking_uri=uri, registry_uri=uri)
        run = client.get_run(result.run_id)
        registered = client.get_model_version_by_alias("callnexus", "challenger")
        served = mlflow.pyfunc.load_model("models:/callnexus@challenger")
        answer = served.predict(pd.DataFrame({"narrative": ["male with a gun"]}))

    assert tuple(steps) == STEPS
    assert run.data.metrics["test.mh_nexus.auc"] == pytest.approx(result.assessment.metrics["mh_nexus"].auc)
    assert set(run.data.tags) >= {"data.training", "data.calibration", "data.test", "library.numpy"}
    names = {item.path for item in client.list_artifacts(result.run_id)}
    assert names >= {"model_folder", "pipelines"}
    assert registered.run_id == result.run_id
    assert answer["model_version"].tolist() == [result.model.version]


def test_an_appendix_stands_in_the_card_and_a_missing_one_is_named(experiment: Experiment, tmp_path: Path):
    (tmp_path / "table.md").write_text("# Own heading\n| a | b |\n", encoding="utf-8")
    there = CardSection(appendices={"Peers": str(tmp_path / "table.md")})
    absent = CardSection(appendices={"Peers": "nowhere.md"})

    trained = train(experiment.model_copy(update={"card": there}), models=tmp_path, track=False)

    card = (trained.folder / "card.md").read_text(encoding="utf-8")
    assert card.endswith("## Peers\n\n| a | b |\n")
    with pytest.raises(ExperimentError, match=r"card\.appendices\.Peers: nowhere\.md cannot be read"):
        train(experiment.model_copy(update={"card": absent}), models=tmp_path, track=False)


def test_a_store_that_mlflow_refuses_is_a_clear_error(experiment: Experiment, tmp_path: Path):
    tracking = experiment.tracking.model_copy(update={"uri": "nosuchscheme://x"})

    with pytest.raises(ExperimentError, match="tracking: MLflow refused"):
        train(experiment.model_copy(update={"tracking": tracking}), models=tmp_path)
