"""Fixtures that are dear to make: one small trained model, one migrated MLflow store."""

import shutil
from datetime import date
from pathlib import Path

import pytest

from callnexus import Model, model_folder
from callnexus.evaluation.behaviour import shipped_cases
from callnexus.training.experiment import (
    CardSection,
    Experiment,
    FairnessSection,
    GatesSection,
    Waiver,
    read_experiment,
)
from callnexus.training.pipeline import Trained, train

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="session")
def experiment() -> Experiment:
    """The default experiment, on a few batches so that it trains in seconds."""
    settings = read_experiment(ROOT / "experiments" / "default.toml")
    batches = [str(path) for path in sorted((ROOT / "data" / "authored").glob("*.jsonl"))[:8]]
    data = settings.data.model_copy(
        update={"examples": batches, "folds": 4, "test_batches": [], "calibration_batches": []}
    )
    gates = [f"behaviour.{case.capability}" for case in shipped_cases()]
    waiver = Waiver(gates=gates, by="the tests", date=date(2026, 1, 1), reason="Trained on a few batches, to be fast.")
    unlimited = {"card": CardSection(), "fairness": FairnessSection(), "gates": GatesSection(waivers=[waiver])}
    return settings.model_copy(update={"data": data, **unlimited})


@pytest.fixture(scope="session")
def trained(experiment: Experiment, tmp_path_factory: pytest.TempPathFactory) -> Trained:
    return train(experiment, models=tmp_path_factory.mktemp("models"), track=False)


@pytest.fixture(scope="session")
def model(trained: Trained) -> Model:
    return trained.model


@pytest.fixture
def folder(trained: Trained, tmp_path: Path) -> Path:
    """A copy of the trained model folder, free to be damaged."""
    return Path(shutil.copytree(trained.folder, tmp_path / trained.folder.name))


@pytest.fixture(scope="session")
def parts(experiment: Experiment, trained: Trained) -> model_folder.Parts:
    """The parts of the trained model, to be packaged again."""
    model = trained.model
    return model_folder.Parts(
        name=experiment.model.name,
        release=experiment.model.release,
        spec=model.extractor.spec,
        lexicon=model.extractor.lexicon,
        weights=model.weights,
        intercepts=model.intercepts,
        thresholds=model.thresholds,
        policy=(trained.folder / "policy.toml").read_text(encoding="utf-8"),
        sufficiency=model.sufficiency,
        notes={},
    )
