"""Predicting needs the standard library and NumPy alone: checked by import, not by trust."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[1] / "src" / "callnexus"
THIN = ["__init__", "errors", "labels", "narrative", "words", "features", "model", "evidence", "prediction",
        "response", "sign_off", "jsonl", "lines", "lexicon/__init__", "lexicon/matching", "lexicon/scope"]  # fmt: skip
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

GUARDED = """
import errno, os, sys

def guard(event, arguments):
    # As a read-only file system, a machine without a network and a service without a home would answer.
    if event.startswith(("socket.", "subprocess.", "os.exec", "os.fork", "os.system")):
        raise OSError(errno.ENETUNREACH, event)
    writing = os.O_WRONLY | os.O_RDWR | os.O_CREAT
    if event in ("os.mkdir", "os.rename", "os.remove") or (event == "open" and (arguments[2] or 0) & writing):
        raise OSError(errno.EROFS, f"{event} {arguments[0]}")

assert "HOME" not in os.environ
sys.addaudithook(guard)
try:
    open("written", "w")
except OSError:
    import callnexus
    print(callnexus.load(sys.argv[1]).predict("male with a gun").needs_review in (True, False))
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


def test_it_predicts_in_silence_where_nothing_can_be_written_without_a_network_or_a_home(folder: Path, tmp_path: Path):
    environment = {"PYTHONPATH": str(SOURCE.parent), "PATH": ""}
    command = [sys.executable, "-W", "error", "-c", GUARDED, str(folder)]

    done = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, check=False)

    assert (done.returncode, done.stdout, done.stderr) == (0, "True\n", "")


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
