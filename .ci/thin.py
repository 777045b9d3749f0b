"""Predicts where there is no network, no home and nothing to write to, and prints the scores of the golden narratives.

    python -I -W error .ci/thin.py --cut-off FOLDER... > scores.json

for a Python that has NumPy and callnexus alone. The folders are models with golden predictions, which loading repeats.
With --cut-off it stops unless the surroundings really refuse a connection and writing.
"""

import json
import os
import socket
import sys
from collections.abc import Callable
from pathlib import Path

import callnexus
from callnexus.model_folder.golden import shipped_narratives


def main(cut_off: bool, folders: list[str]) -> None:
    """Check the surroundings, load every folder, and print one prediction and all scores."""
    if cut_off:
        _expect_refusal(_connect, "a connection")
        _expect_refusal(lambda: (Path(callnexus.__file__).parent / "written").write_bytes(b""), "writing")
        if "HOME" in os.environ:
            sys.exit("there is a home here, so nothing is shown")
    for folder in folders:
        callnexus.load(folder)
    model = callnexus.load()
    call = model.predict("RP STS BROTHER OFF MEDS X 2 WKS TALKING TO THE WALLS, NEG WEAPONS, NOT VIOLENT")
    shown = [call.model_version, str(call.response), str(call.mh_nexus.decision), str(call.safety_risk.decision)]
    json.dump({"shown": shown, "scores": model.scores(shipped_narratives()).tolist()}, sys.stdout)


def _connect() -> None:
    # Without a route even this fails, and where there is one nothing is sent.
    with socket.socket(type=socket.SOCK_DGRAM) as datagrams:
        datagrams.connect(("192.0.2.1", 9))


def _expect_refusal(attempt: Callable[[], object], what: str) -> None:
    try:
        attempt()
    except OSError:
        return
    sys.exit(f"{what} was possible here, so nothing is shown")


if __name__ == "__main__":
    main("--cut-off" in sys.argv, [argument for argument in sys.argv[1:] if argument != "--cut-off"])
