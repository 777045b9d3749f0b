"""Writers that die or meet: run as a program of its own, because it forks.

python -m tests.model_folder.writers (killed exchange | killed aside | replacing | first) FOLDER
"""

import os
import random
import shutil
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
from tests.old_models.freeze import first_parts, first_reports

from callnexus.errors import ModelFolderError
from callnexus.model_folder import Parts, exchange, read, to_model, write

MOMENTS = 200
TEXTS = ["male with a gun", "off his meds, hearing voices", "dog barking", ""]
REPORTS = first_reports()
ONE = first_parts()
OTHER = replace(ONE, weights=ONE.weights + np.float32(0.25), notes={"made_for": "the other version"})
SAID = [to_model(parts).scores(TEXTS) for parts in (ONE, OTHER)]
EVENTS = ("open", "os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.scandir", "os.listdir", "ctypes.dlsym")


def check(target: Path) -> int:
    """Return which version is there; raise if it does not load or says anything else."""
    scores = read(target).scores(TEXTS)
    return next(number for number, said in enumerate(SAID) if np.array_equal(scores, said))


def fork(work: Callable[[], object]) -> int:
    """Return the id of a child that does the work and exits with 0, or with 3 if a folder was refused."""
    child = os.fork()
    if child:
        return child
    code = 1
    try:
        work()
        code = 0
    except ModelFolderError:
        code = 3
    finally:
        os._exit(code)


def die_at(event: int) -> None:
    """Kill this process at its event-th operation on files."""
    left = event

    def count(name: str, arguments: tuple[object, ...]) -> None:
        nonlocal left
        if name in EVENTS:
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(count)


def rewrite(models: Path, times: int = 1) -> None:
    """Write the version that is not there, again and again."""
    for number in range(times):
        write(models, (OTHER, ONE)[number % 2], REPORTS, replace=True)


def killed(models: Path) -> None:
    """Kill a writer at 200 moments: half of them at each operation on files, half at any time.

    Where folders are moved aside, only the former: what is new there is one operation.
    """
    target = write(models, ONE, REPORTS)
    chance = random.Random(0)
    seen, deaths = set(), 0
    moments = MOMENTS // 2 if sys.argv[2] == "aside" else MOMENTS
    for moment in range(moments):
        write(models, ONE, REPORTS, replace=True)
        if moment < MOMENTS // 2:
            child = fork(lambda moment=moment: (die_at(moment + 1), rewrite(models, 2)))
        else:
            child = fork(lambda: rewrite(models, 1000))
            time.sleep(chance.random() * 0.04)
            os.kill(child, signal.SIGKILL)
        deaths += os.WIFSIGNALED(os.waitpid(child, 0)[1])
        if sys.argv[2] == "aside":
            exchange.recover(target)
        seen.add(check(target))
        for left in models.glob(".*"):
            shutil.rmtree(left) if left.is_dir() else left.unlink()
    assert seen == {0, 1}, seen
    assert deaths == moments, deaths


def replacing(models: Path) -> None:
    """Two writers replace each other's folder while it is read all the time."""
    target = write(models, ONE, REPORTS)
    children = [fork(lambda parts=parts: replace_often(models, parts)) for parts in (ONE, OTHER)]
    reads, running = 0, set(children)
    while running:
        check(target)
        reads += 1
        for child in list(running):
            done, code = os.waitpid(child, os.WNOHANG)
            if done:
                assert code == 0, code
                running.remove(child)
    check(target)
    assert reads > 20, reads
    assert sorted(path.name for path in models.iterdir()) == ["CHANGELOG.md", target.name]


def replace_often(models: Path, parts: Parts) -> None:
    """Replace the folder again and again."""
    for _ in range(40):
        write(models, parts, REPORTS, replace=True)


def first(models: Path) -> None:
    """Two writers start the same release at once, and neither may replace: one of them is told so."""
    for turn in range(25):
        place = models / str(turn)
        children = [fork(lambda parts=parts, at=place: write(at, parts, REPORTS)) for parts in (ONE, OTHER)]
        codes = sorted(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children)
        assert codes == [0, 3], codes
        check(place / "frozen-0.0.1")
        assert sorted(path.name for path in place.iterdir()) == ["CHANGELOG.md", "frozen-0.0.1"]


if __name__ == "__main__":
    # What a killed process wrote, the system still writes; only a loss of power needs fsync, which takes most time.
    os.fsync = lambda handle: None
    if sys.argv[2] == "aside":
        exchange._exchange = lambda one, other: False
    {"killed": killed, "replacing": replacing, "first": first}[sys.argv[1]](Path(sys.argv[-1]))
