"""MLflow: every run with its parameters, data hashes, metrics, figures, reports and model. The only file that imports it."""

import logging
import os
import tempfile
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import joblib

from callnexus.errors import ExperimentError

# Before the import below: telemetry is decided when MLflow is first imported.
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
os.environ.setdefault("DO_NOT_TRACK", "true")

import mlflow  # noqa: E402 # see above
from mlflow.exceptions import MlflowException  # noqa: E402 # see above

TRACKED = ("callnexus", "numpy", "scipy", "scikit-learn", "pandas", "joblib", "spacy", "mlflow")
# The command line shows its own progress; MLflow's lines about migrations and versions say nothing to act on.
for _name in ("mlflow", "alembic"):
    logging.getLogger(_name).setLevel(logging.ERROR)

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
        mlflow.set_tracking_uri(uri)
        mlflow.set_registry_uri(uri)
        mlflow.set_experiment(experiment)
        with mlflow.start_run() as run:
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
                pip_requirements=[f"callnexus=={version('callnexus')}"],
                registered_model_name=registered_name,
            )
            client = mlflow.MlflowClient()
            client.set_registered_model_alias(registered_name, alias, str(logged.registered_model_version))
            return str(run.info.run_id)
    except MlflowException as error:
        raise ExperimentError(f"tracking: MLflow refused the run: {error.message}") from error
