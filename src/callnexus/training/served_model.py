"""How MLflow serves a model folder: as code that loads data, so that no pickle is ever needed."""

from typing import Any

import mlflow
import pandas as pd

import callnexus


class ServedModel(mlflow.pyfunc.PythonModel):  # type: ignore[misc] # mlflow is not typed
    """Predictions for a column of narratives."""

    def load_context(self, context: Any) -> None:
        """Load the model folder of the run."""
        self.model = callnexus.load(context.artifacts["model_folder"])

    def predict(self, context, model_input, params=None):  # type: ignore[no-untyped-def] # hints change the schema
        """Return one row per narrative: decisions, probabilities, response, model version."""
        rows = []
        for prediction in self.model.predict_many(map(str, model_input["narrative"])):
            rows.append(
                {
                    "mh_nexus": str(prediction.mh_nexus.decision),
                    "mh_nexus_probability": prediction.mh_nexus.probability,
                    "safety_risk": str(prediction.safety_risk.decision),
                    "safety_risk_probability": prediction.safety_risk.probability,
                    "response": str(prediction.response),
                    "model_version": prediction.model_version,
                }
            )
        return pd.DataFrame(rows)


mlflow.models.set_model(ServedModel())
