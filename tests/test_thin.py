"""Predicting needs the standard library and NumPy alone: checked by import, not by trust."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[1] / "src" / "callnexus"
THIN = ["__init__", "errors", "labels", "narrative", "words", "features", "model", "evidence", "prediction",
        "response", "sign_off", "jsonl", "lexicon/__init__", "lexicon/matching", "lexicon/scope"]  # fmt: skip
THIN += [f"model_folder/{path.stem}" for path in sorted((SOURCE / "model_folder").glob("*.py"))]
THIN += [f"dispatch/{path.stem}" for path in sorted((SOURCE / "dispatch").glob("*.py"))]
ALLOWED = {"callnexus", "numpy", *sys.stdlib_module_names}
PREDICT = """
import sys
import callnexus
model = callnexus.load(sys.argv[1])
model.predict("male with a gun").to_dict()
model.follow(1).append("male with a gun").to_dict()
model.predict_proba(["a", "b"])
loaded = {name.partition(".")[0] for name in sys.modules}
print(sorted(loaded - set(sys.stdlib_module_names) - {"callnexus", "numpy", "__main__"}))
print("pickle" in sys.modules, any(name.startswith("callnexus.training") for name in sys.modules))
"""


def imports_of(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add(node.module or "")
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def test_importing_loading_and_predicting_load_nothing_but_numpy(folder: Path):
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", PREDICT, str(folder)], capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stderr
    others, flags = done.stdout.splitlines()
    # Anything a .pth file of the environment loads at start-up is not ours.
    started = subprocess.run(
        [sys.executable, "-c", "import sys; print(sorted(n.partition('.')[0] for n in sys.modules))"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert set(ast.literal_eval(others)) <= set(ast.literal_eval(started.stdout))
    assert flags.endswith("False")


@pytest.mark.parametrize("module", THIN)
def test_a_module_of_the_predict_side_imports_only_its_own_side(module: str):
    names = imports_of(SOURCE / f"{module}.py")

    assert {name.partition(".")[0] for name in names} <= ALLOWED
    heavy = ("corpus", "training", "evaluation", "report", "cli", "terminal")
    assert not [name for name in names if name.startswith(tuple(f"callnexus.{wing}" for wing in heavy))]


def test_no_module_of_the_library_loads_a_pickle():
    for path in SOURCE.rglob("*.py"):
        source = path.read_text(encoding="utf-8")
        assert "allow_pickle=True" not in source
        assert "joblib.load" not in source
        assert not {"pickle", "cloudpickle", "dill"} & imports_of(path), path.name


def test_only_the_tracking_and_what_it_serves_import_mlflow():
    users = {
        path.name
        for path in SOURCE.rglob("*.py")
        if any(name.partition(".")[0] == "mlflow" for name in imports_of(path))
    }

    assert users == {"tracking.py", "served_model.py"}


def test_only_signing_imports_the_signing_library():
    users = {path.name for path in SOURCE.rglob("*.py") if any("model_signing" in name for name in imports_of(path))}

    assert users == {"signing.py"}


def test_evaluation_knows_no_model():
    for path in (SOURCE / "evaluation").glob("*.py"):
        ours = {name for name in imports_of(path) if name.startswith("callnexus.")}
        known = ("callnexus.evaluation", "callnexus.errors", "callnexus.labels")
        assert all(name.startswith(known) for name in ours), path.name
