"""Keeping every run in MLflow: parameters, data hashes, metrics, figures, reports and model.

The only file that imports MLflow, beside the code that MLflow itself loads to serve a model.
"""

import contextlib
import logging
import os
import tempfile
from collections.abc import Iterator, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import joblib

from callnexus.errors import ExperimentError

# Before the import below: telemetry is decided when MLflow is first imported.
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
os.environ.setdefault("DO_NOT_TRACK", "true")
# The command line shows its own progress.
os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")

import mlflow
from mlflow.exceptions import MlflowException
from mlflow.models import ModelSignature
from mlflow.types import ColSpec, Schema

TRACKED = ("callnexus", "numpy", "scipy", "scikit-learn", "pandas", "joblib", "spacy", "mlflow")
_SIGNATURE = ModelSignature(
    inputs=Schema([ColSpec("string", "narrative")]),
    outputs=Schema(
        [
            ColSpec("string", "mh_nexus"),
            ColSpec("double", "mh_nexus_probability"),
            ColSpec("string", "safety_risk"),
            ColSpec("double", "safety_risk_probability"),
            ColSpec("string", "response"),
            ColSpec("string", "model_version"),
        ]
    ),
)
_SERVED = Path(__file__).with_name("served_model.py")


def log_run(
    *,
    uri: str,
    experiment: str,
    registered_name: str,
    alias: str,
    parameters: Mapping[str, Any],
    data_hashes: Mapping[str, str],
    metrics: Mapping[str, float],
    model_folder: Path,
    pipelines: Mapping[str, Any],
) -> str:
    """Return the id of a new run that holds everything, with the model folder registered under an alias.

    Args:
        uri: Of the tracking store, such as "sqlite:///mlflow.db".
        experiment: Name of the MLflow experiment.
        registered_name: Name in the model registry.
        alias: The registry alias that is moved to this version.
        parameters: Of the experiment file, flat.
        data_hashes: SHA-256 of each split's examples; never the examples.
        metrics: Flat, by name.
        model_folder: The packaged model, with its reports and figures.
        pipelines: The fitted scikit-learn pipelines, kept with joblib for data scientists; never loaded to predict.

    Raises:
        ExperimentError: If MLflow refuses the store or the names.
    """
    try:
        _hush()
        mlflow.set_tracking_uri(uri)
        mlflow.set_registry_uri(uri)
        mlflow.set_experiment(experiment)
        with mlflow.start_run() as run, _quiet():
            mlflow.log_params(dict(parameters))
            mlflow.set_tags({f"data.{name}": value for name, value in data_hashes.items()})
            mlflow.set_tags({f"library.{name}": version(name) for name in TRACKED})
            mlflow.set_tag("model_version_full", model_folder.name)
            mlflow.log_metrics(dict(metrics))
            mlflow.log_artifacts(str(model_folder), artifact_path="model_folder")
            with tempfile.TemporaryDirectory() as scratch:
                path = Path(scratch) / "pipelines.joblib"
                joblib.dump(dict(pipelines), path, compress=3)
                mlflow.log_artifact(str(path), artifact_path="pipelines")
            logged = mlflow.pyfunc.log_model(
                name="model",
                python_model=str(_SERVED),
                artifacts={"model_folder": str(model_folder)},
                signature=_SIGNATURE,
                pip_requirements=[f"callnexus=={version('callnexus')}"],
            )
            client = mlflow.MlflowClient()
            if not client.search_registered_models(f"name = '{registered_name}'"):
                client.create_registered_model(registered_name)
            registered = client.create_model_version(registered_name, logged.model_uri, run_id=run.info.run_id)
            client.set_registered_model_alias(registered_name, alias, registered.version)
            return str(run.info.run_id)
    except MlflowException as error:
        raise ExperimentError(f"tracking: MLflow refused the run: {error.message}") from error


def _hush() -> None:
    """Leave to MLflow's loggers what can be acted on: migrations and new versions are no news here."""
    for name in ("mlflow", "alembic"):
        logging.getLogger(name).setLevel(logging.ERROR)


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Send MLflow's advice about hints and examples to a logger: the schema is stated outright."""
    logging.getLogger("py.warnings").setLevel(logging.ERROR)
    logging.captureWarnings(True)
    try:
        yield
    finally:
        logging.captureWarnings(False)
